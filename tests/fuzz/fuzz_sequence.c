/*
 * Orders to the registry in any sequence: writes, patches, removals, rollbacks,
 * dry runs, repeated requests, conditions, several in one commit; in between
 * the store is pruned, closed and opened. What comes of each is held against
 * what was there before:
 *
 *   refused, dry, unchanged, repeated   nothing is different
 *   taken                               the next revision; what the change
 *                                       names is different, and nothing else
 *   rollback                            the content of that revision
 *   the past, a new start               the state of that revision, with stamps
 *   a client's delta                    all that differs, as it is now
 *
 * An order is OP and three operands, four bytes.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "judge.h"
#include "registry/past_read.h"
#include "scratch.h"
#include "wire/json.h"
#include "world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ORDER_BYTES = 4, ORDERS_MAX = 48, REVISIONS_MAX = 128, ENVS = 2 };
enum { KEYS = 4, SEGMENTS = 2, FORMS = 2 };

static const char *const environments[ENVS] = { "default", "prod" };
static const struct string keys[KEYS] = {
	{ "a", 1 }, { "b", 1 }, { "b.c", 3 }, { "z", 1 }
};
static const struct string segments[SEGMENTS] = { { "s", 1 }, { "t", 1 } };

static const char *const bodies[] = {
	"{}",
	"{\"value\":true}",
	"{\"value\":\"x\"}",
	"{\"description\":\"d\",\"tags\":[\"u\"]}",
	"{\"description\":null}",
	"{\"state\":\"DISABLED\"}",
	"{\"variants\":{\"on\":true,\"off\":false},\"defaultVariant\":\"off\"}",
	"{\"variants\":{\"on\":1,\"off\":2.5},\"defaultVariant\":null}",
	"{\"targeting\":{\"if\":[{\"$ref\":\"s\"},\"on\",\"off\"]}}",
	"{\"targeting\":{\"if\":[{\"$ref\":\"t\"},\"on\",null]}}",
	"{\"targeting\":{\"nonsense\":1}}",
	"{\"targeting\":{}}",
	"{\"rollout\":{\"on\":30,\"off\":70}}",
	"{\"variants\":{\"on\":null}}",
	"{\"defaultVariant\":\"nowhere\"}",
	"{\"metadata\":{\"n\":1,\"s\":\"\\u00e9\"}}",
	"{\"==\":[{\"var\":\"p\"},1]}",
	"{\"$ref\":\"t\"}",
	"{\"in\":[{\"var\":\"p\"},\"abc\"]}",
	"[true]",
	/* By hand. Behind the others, which the corpus counts. */
	"{\"serve\":\"off\"}",
	"{\"serve\":\"on\"}",
	"{\"serve\":null}",
	"{\"enabled\":false}",
	"{\"enabled\":true}",
	"{\"serve\":\"on\",\"held\":{\"defaultVariant\":\"off\",\"targeting\":{"
	"\"if\":[{\"$ref\":\"s\"},\"on\"]}}}",
	"{\"state\":\"ENABLED\",\"variants\":{\"on\":true,\"off\":false},"
	"\"defaultVariant\":\"off\"}",
};

enum op {
	OP_PUT,
	OP_PATCH,
	OP_REMOVE,
	OP_FLAG,
	OP_SEGMENT,
	OP_SEGMENT_REMOVE,
	OP_ROLLBACK,
	OP_ROLLBACK_KEY,
	OP_ENVIRONMENT,
	OP_ENVIRONMENT_REMOVE,
	OP_COMMIT,
	OP_REOPEN,
	OP_PAST,
	OP_PRUNE,
	OP_TIME,
	OP_COUNT,
};

/* Of the second operand. */
enum {
	FLAG_PROD = 1 << 0,
	FLAG_DRY = 1 << 1,
	FLAG_LENIENT = 1 << 2,
	FLAG_KEY = 1 << 3, /* an Idempotency-Key: the order's last bit */
	FLAG_CONDITION = 1 << 4,
	FLAG_LATER = 1 << 5, /* the commit is left to another order */
};

struct order {
	enum op op;
	uint8_t what, flags, more;
};

/* What a key stands for. */
struct told {
	bool known;
	uint8_t bytes[ORDER_BYTES];
	enum verdict verdict;
	int64_t revision;
};

struct game {
	struct world world;
	char path[128];
	struct arena arena;
	struct job jobs[ORDERS_MAX];
	struct edit edits[ORDERS_MAX];
	size_t count;     /* of jobs */
	size_t committed; /* of them */
	/* Of each revision and environment: content, and with stamps. */
	struct bytes states[REVISIONS_MAX][ENVS][FORMS];
	struct told told[ENVS][2];
	bool pruned;
	struct snapshot *seen[ENVS]; /* by the client */
};

static struct bytes template;

/* --- the game ----------------------------------------------------------- */

static struct snapshot *
now(const struct game *game, size_t env)
{
	return catalog_find(game->world.group.catalog, environments[env],
			    strlen(environments[env]));
}

static void
note_state(struct game *game)
{
	const int64_t head = game->world.group.head;

	for (size_t env = 0; env < ENVS; env++)
		for (size_t form = 0; form < FORMS; form++) {
			struct bytes *state = &game->states[head][env][form];
			const struct snapshot *s = now(game, env);

			bytes_clear(state);
			bytes_append_str(state, "");
			if (s != NULL)
				world_dump(s, form == 1, state);
		}
}

static void
check_state(const struct game *game, int64_t revision, size_t env, bool stamps,
	    const struct snapshot *is)
{
	const struct bytes *ought = &game->states[revision][env][stamps];
	struct bytes dump;

	bytes_init(&dump);
	if (is != NULL)
		world_dump(is, stamps, &dump);
	if (dump.length != ought->length ||
	    (dump.length > 0 &&
	     memcmp(dump.data, ought->data, dump.length) != 0))
		finding("%s as of %" PRId64 " is\n%sand was\n%s",
			environments[env], revision,
			dump.data == NULL ? "" : dump.data,
			ought->data == NULL ? "" : ought->data);
	bytes_fini(&dump);
}

static void
commit(struct game *game)
{
	world_commit(&game->world);
	for (; game->committed < game->count; game->committed++) {
		struct job *job = &game->jobs[game->committed];

		if (job->status != job->error.code)
			finding("another verdict after the commit");
		job_fini(job);
	}
	game->count = 0;
	game->committed = 0;
}

static void
start(struct game *game)
{
	struct error err;

	error_init(&err);
	if (world_open(&game->world, game->path, &err) != STATUS_OK)
		finding("it does not start: %s", err.text);
}

static void
reopen(struct game *game)
{
	int64_t changes = 0;
	struct error err;

	commit(game);
	world_close(&game->world);
	start(game);
	for (size_t env = 0; env < ENVS; env++)
		check_state(game, game->world.group.head, env, true,
			    now(game, env));
	error_init(&err);
	if (store_verify(game->world.store, &changes, &err) != STATUS_OK)
		finding("verify: %s", err.text);
	if (!game->pruned && changes != game->world.group.head)
		finding("%" PRId64 " changes", changes);
}

/* --- checks ------------------------------------------------------------- */

/* Nothing of it may show. */
static void
check_nothing(const struct game *game, int64_t head)
{
	if (game->world.group.head != head)
		finding("a revision that nobody asked for");
	for (size_t env = 0; env < ENVS; env++)
		check_state(game, head, env, true, now(game, env));
}

static void
check_taken(struct game *game, size_t env, const struct job *job,
	    const struct snapshot *before)
{
	const struct change *change = job->change;

	if (job->revision != game->world.group.head || change == NULL ||
	    change->count == 0 || change->revision != job->revision)
		finding("taken, but as what?");
	judge_change(change, before, now(game, env));
	check_state(game, job->revision - 1, 1 - env, true, now(game, 1 - env));
	if (now(game, env) != NULL)
		judge_delta(&game->seen[env], now(game, env));
}

/* The condition of an order, held against what there is. */
static void
check_condition(const struct job *job, const struct snapshot *before)
{
	const struct precondition *want = &job->write.precondition;
	const struct edit *edit = &job->write.edits[0];
	const struct definition *d;
	bool holds = true;

	if (before == NULL || edit->kind == KIND_ENVIRONMENT)
		return;
	d = snapshot_find(before, edit->kind, edit->key.data, edit->key.length);
	if (want->must_exist)
		holds = d != NULL;
	if (want->must_not_exist)
		holds = d == NULL;
	if (want->revisions != NULL)
		holds = d != NULL && d->revision == want->revisions[0];
	if (holds == (job->status == STATUS_PRECONDITION))
		finding("the condition %s", holds ? "held" : "did not hold");
}

/* --- orders ------------------------------------------------------------- */

static void
fill_edit(struct game *game, const struct order *order, struct edit *edit)
{
	static const enum edit_verb verbs[] = {
		[OP_PUT] = EDIT_PUT,
		[OP_PATCH] = EDIT_PATCH,
		[OP_REMOVE] = EDIT_REMOVE,
		[OP_FLAG] = EDIT_FLAG,
		[OP_SEGMENT] = EDIT_PUT,
		[OP_SEGMENT_REMOVE] = EDIT_REMOVE,
		[OP_ENVIRONMENT] = EDIT_PUT,
		[OP_ENVIRONMENT_REMOVE] = EDIT_REMOVE,
	};
	const char *body =
	    bodies[order->what % (sizeof(bodies) / sizeof(bodies[0]))];
	const char *env = environments[(order->flags & FLAG_PROD) != 0];

	edit->verb = verbs[order->op];
	edit->pointer = "";
	edit->kind = KIND_TOGGLE;
	edit->key = keys[order->more % KEYS];
	if (order->op == OP_SEGMENT || order->op == OP_SEGMENT_REMOVE) {
		edit->kind = KIND_SEGMENT;
		edit->key = segments[order->more % SEGMENTS];
	} else if (order->op == OP_ENVIRONMENT ||
		   order->op == OP_ENVIRONMENT_REMOVE) {
		edit->kind = KIND_ENVIRONMENT;
		edit->key = (struct string){ env, strlen(env) };
		body = "{}";
	}
	if (json_decode(body, strlen(body), NULL, &game->arena, &edit->value,
			NULL) != STATUS_OK)
		finding("no JSON: %s", body);
}

static void
fill_condition(struct game *game, const struct order *order,
	       struct precondition *condition)
{
	int64_t *revision = arena_zalloc(&game->arena, 1, sizeof(*revision));

	if ((order->flags & FLAG_CONDITION) == 0)
		return;
	switch (order->more >> 4 & 3) {
	case 0:
		condition->must_exist = true;
		break;
	case 1:
		condition->must_not_exist = true;
		break;
	default:
		*revision = 1 + (order->more >> 4);
		condition->revisions = revision;
		condition->revision_count = 1;
		break;
	}
}

static struct job *
make_job(struct game *game, const struct order *order, const uint8_t *bytes)
{
	static const char *const names[] = { "key0", "key1" };
	const char *env = environments[(order->flags & FLAG_PROD) != 0];
	const bool rewinds =
	    order->op == OP_ROLLBACK || order->op == OP_ROLLBACK_KEY;
	struct edit *edit = &game->edits[game->count];
	struct job *job = &game->jobs[game->count++];

	memset(edit, 0, sizeof(*edit));
	job_init(job, rewinds ? JOB_ROLLBACK : JOB_WRITE);
	job->environment = (struct string){ env, strlen(env) };
	job->actor = (struct string){ "ann", 3 };
	job->comment = (struct string){ "", 0 };
	job->dry_run = (order->flags & FLAG_DRY) != 0;
	if ((order->flags & FLAG_KEY) != 0) {
		job->idempotency_key =
		    (struct string){ names[order->more & 1], 4 };
		memcpy(job->fingerprint, bytes, ORDER_BYTES);
	}
	if (rewinds) {
		job->rollback.to.revision = order->what;
		job->rollback.keys = &keys[order->more % KEYS];
		job->rollback.key_count = order->op == OP_ROLLBACK_KEY;
		return job;
	}
	fill_edit(game, order, edit);
	job->write.edits = edit;
	job->write.count = 1;
	job->write.create_environment = order->op == OP_ENVIRONMENT;
	job->write.lenient = (order->flags & FLAG_LENIENT) != 0;
	fill_condition(game, order, &job->write.precondition);
	return job;
}

/* True: it was asked before, and is done with. */
static bool
check_repeated(struct game *game, const struct job *job, struct told *told,
	       const uint8_t *bytes)
{
	/* What was pruned with the history may have been forgotten. */
	if (!told->known || game->pruned)
		return false;
	if (memcmp(told->bytes, bytes, ORDER_BYTES) != 0) {
		if (job->status != STATUS_CONFLICT)
			finding("a key for two orders");
	} else if (job->status != STATUS_OK || job->verdict != told->verdict ||
		   job->revision != told->revision) {
		finding("told %d of %" PRId64 ", first %d of %" PRId64,
			(int)job->verdict, job->revision, (int)told->verdict,
			told->revision);
	}
	return true;
}

static void
obey(struct game *game, const struct order *order, const uint8_t *bytes)
{
	const size_t env = (order->flags & FLAG_PROD) != 0;
	struct told *told = &game->told[env][order->more & 1];
	const bool has_key = (order->flags & FLAG_KEY) != 0;
	struct snapshot *before;
	struct job *job;
	int64_t head;

	if (has_key)
		commit(game);
	job = make_job(game, order, bytes);
	head = game->world.group.head;
	before = snapshot_ref(now(game, env));
	world_stage(&game->world, job);
	if (has_key && check_repeated(game, job, told, bytes)) {
		check_nothing(game, head);
	} else if (job->status == STATUS_OK && !job->dry_run &&
		   game->world.group.head != head) {
		if (game->world.group.head != head + 1)
			finding("more than a revision");
		check_taken(game, env, job, before);
		note_state(game);
	} else {
		check_nothing(game, head);
	}
	if (order->op == OP_ROLLBACK && !has_key && !job->dry_run &&
	    job->status == STATUS_OK)
		check_state(game, order->what, env, false, now(game, env));
	if (!has_key && job->type == JOB_WRITE)
		check_condition(job, before);
	if (has_key && job->status == STATUS_OK && !job->dry_run &&
	    !told->known) {
		told->known = true;
		memcpy(told->bytes, bytes, ORDER_BYTES);
		told->verdict = job->verdict;
		told->revision = job->revision;
	}
	snapshot_unref(before);
	if ((order->flags & FLAG_LATER) == 0)
		commit(game);
}

/* In steps of as many rows as the order says. */
static void
read_past(struct game *game, const struct order *order, struct job *job)
{
	struct store *store = game->world.store;
	struct past_read *read = past_read_new(store, job);

	if (read == NULL) {
		job->status = job->error.code;
		return;
	}
	past_read_add(read, job);
	while (!past_read_step(read, store, 1 + order->more % 8,
			       game->world.catalog))
		continue;
	past_read_answer(read, job);
	while (!past_read_free(read, 1))
		continue;
}

static void
look_back(struct game *game, const struct order *order)
{
	const size_t env = (order->flags & FLAG_PROD) != 0;
	struct job job;

	commit(game);
	job_init(&job, JOB_PAST);
	job.environment =
	    (struct string){ environments[env], strlen(environments[env]) };
	job.past.at.revision = order->what;
	read_past(game, order, &job);
	if (job.status == STATUS_OK)
		check_state(game, order->what, env, true, job.snapshot);
	else if (job.status == STATUS_NOT_FOUND)
		check_state(game, order->what, env, true, NULL);
	else if (order->what >= store_oldest(game->world.store) &&
		 order->what <= game->world.group.head)
		finding("no past: %s", job.error.text);
	job_fini(&job);
}

static void
prune(struct game *game, const struct order *order)
{
	struct error err;
	bool done = false;

	commit(game);
	error_init(&err);
	game->pruned = true;
	/* One step, so that the horizon stands anywhere. */
	if (store_prune(game->world.store, 1000 * order->what, INT64_MAX,
			1 + order->more % 4, &done, &err) != STATUS_OK)
		finding("prune: %s", err.text);
}

static void
set_time(struct game *game, const struct order *order)
{
	game->world.now_ms = 1000 * order->what;
}

static void
end_group(struct game *game, const struct order *order)
{
	(void)order;
	commit(game);
}

static void
start_again(struct game *game, const struct order *order)
{
	(void)order;
	reopen(game);
}

static void
play(struct game *game, const uint8_t *bytes)
{
	static void (*const plays[OP_COUNT])(struct game *,
					     const struct order *) = {
		[OP_COMMIT] = end_group, [OP_REOPEN] = start_again,
		[OP_PAST] = look_back,   [OP_PRUNE] = prune,
		[OP_TIME] = set_time,
	};
	const struct order order = { bytes[0] % OP_COUNT, bytes[1], bytes[2],
				     bytes[3] };

	if (plays[order.op] != NULL)
		plays[order.op](game, &order);
	else
		obey(game, &order, bytes);
}

static void
make_template(void)
{
	struct world world = { .now_ms = 1000 };
	const char *path = scratch_path("template");

	if (world_open(&world, path, NULL) != STATUS_OK)
		finding("no template");
	for (size_t env = 0; env < ENVS; env++)
		world_environment(&world, environments[env]);
	world_close(&world);
	scratch_read(path, &template);
	scratch_clear();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct game game;

	if (template.length == 0)
		make_template();
	game = (struct game){ .world.now_ms = 2000 };
	arena_init(&game.arena);
	strcpy(game.path, scratch_path("t.db"));
	scratch_write(game.path, template.data, template.length);
	start(&game);
	note_state(&game);
	/* The template's first revision made the first environment. */
	for (size_t form = 0; form < FORMS; form++)
		bytes_append(&game.states[1][0][form],
			     game.states[2][0][form].data,
			     game.states[2][0][form].length);
	for (size_t i = 0; i < ORDERS_MAX && size >= ORDER_BYTES; i++) {
		play(&game, data);
		data += ORDER_BYTES;
		size -= ORDER_BYTES;
	}
	reopen(&game);
	world_close(&game.world);
	for (size_t env = 0; env < ENVS; env++)
		snapshot_unref(game.seen[env]);
	for (size_t i = 0; i < REVISIONS_MAX * ENVS * FORMS; i++)
		bytes_fini(&game.states[i / (ENVS * FORMS)][i / FORMS % ENVS]
				       [i % FORMS]);
	arena_fini(&game.arena);
	scratch_clear();
	return 0;
}

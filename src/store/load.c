#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/map.h"
#include "base/mem.h"
#include "chain.h"
#include "store_private.h"
#include "version.h"

/*
 * Loading reads one version of each key, however many it has, in two passes:
 * gather the pointers to the newest versions (a small table, read in order),
 * then read the versions in the order in which they lie in the log. Reading
 * them in the order of the keys takes twice as long, because neighbours in name
 * are no neighbours on disk.
 *
 * For an older state, a pass before these reads the log since then: the first
 * item of a key in it points to what the key was. Following the list of each
 * key back from its newest version would read the same pages in no order.
 */
struct pointer {
	struct stored_key key; /* its strings lie in the arena */
	size_t group;          /* which environment, in order */
	int64_t revision;
};

struct gathering {
	struct arena arena;
	int64_t at;
	struct map older;  /* of keys with items after `at`: see older_put */
	struct bytes name; /* of the key at hand */
	struct pointer *pointers;
	size_t count;
	size_t capacity;
};

static struct string
keep(struct gathering *gathering, struct string s)
{
	return (struct string){ arena_copy(&gathering->arena, s.data, s.length),
				s.length };
}

static struct pointer *
new_pointer(struct gathering *gathering)
{
	if (gathering->count == gathering->capacity) {
		gathering->capacity =
		    gathering->capacity == 0 ? 64 : 2 * gathering->capacity;
		gathering->pointers =
		    mem_resize(gathering->pointers, gathering->capacity,
			       sizeof(*gathering->pointers));
	}
	return &gathering->pointers[gathering->count++];
}

/* Note what the key was before its first item after `at`. One is added, so
 * that "nothing" is no NULL. */
static void
older_put(struct gathering *gathering, int64_t revision)
{
	const struct bytes *name = &gathering->name;

	if (map_find(&gathering->older, name->data, name->length) == NULL)
		(void)map_put(&gathering->older, name->data, name->length,
			      (void *)(intptr_t)(revision + 1));
}

static enum status
walk_since(struct store *store, struct gathering *gathering, struct error *err)
{
	const enum statement_id id = STATEMENT_WALK_SINCE;
	const struct parameter parameter = parameter_integer(gathering->at);
	struct stored_key key;
	bool row = false;
	enum status status =
	    statement_start(store, id, &parameter, 1, &row, err);

	while (status == STATUS_OK && row) {
		status = version_kind(statement_integer(store, id, 1),
				      &key.kind, err);
		key.environment = statement_text(store, id, 0);
		key.key = statement_text(store, id, 2);
		if (status == STATUS_OK) {
			version_name(&key, &gathering->name);
			older_put(gathering, statement_integer(store, id, 3));
			status = statement_step(store, id, &row, err);
		}
	}
	statement_reset(store, id);
	return status;
}

/* Where the key pointed to at that time; 0: it was not there. */
static enum status
go_back(struct gathering *gathering, struct pointer *pointer, struct error *err)
{
	const void *older;

	if (pointer->revision <= gathering->at)
		return STATUS_OK;
	version_name(&pointer->key, &gathering->name);
	older = map_find(&gathering->older, gathering->name.data,
			 gathering->name.length);
	if (older == NULL)
		return error_set(err, STATUS_CORRUPT,
				 "revision %lld: its item '%.*s' is missing",
				 (long long)pointer->revision,
				 (int)pointer->key.key.length,
				 pointer->key.key.data);
	pointer->revision = (int64_t)(intptr_t)older - 1;
	return STATUS_OK;
}

/* The pointer that WALK_NEWEST stands on, as of `at`. */
static enum status
gather_one(struct store *store, struct gathering *gathering, struct error *err)
{
	const enum statement_id id = STATEMENT_WALK_NEWEST;
	const struct string environment = statement_text(store, id, 0);
	struct pointer *last = NULL;
	struct pointer found = {
		.key = { .environment = environment,
			 .key = statement_text(store, id, 2) },
		.revision = statement_integer(store, id, 3),
	};
	enum status status =
	    version_kind(statement_integer(store, id, 1), &found.key.kind, err);

	if (status == STATUS_OK)
		status = go_back(gathering, &found, err);
	if (status != STATUS_OK || found.revision == 0)
		return status;
	if (gathering->count > 0)
		last = &gathering->pointers[gathering->count - 1];
	if (last != NULL && string_equal(last->key.environment, environment)) {
		found.group = last->group;
		found.key.environment = last->key.environment;
	} else {
		found.group = last != NULL ? last->group + 1 : 0;
		found.key.environment = keep(gathering, environment);
	}
	found.key.key = keep(gathering, found.key.key);
	*new_pointer(gathering) = found;
	return STATUS_OK;
}

static enum status
gather(struct store *store, struct string environment,
       struct gathering *gathering, struct error *err)
{
	const enum statement_id id = STATEMENT_WALK_NEWEST;
	const struct parameter parameter = parameter_text(environment);
	bool row = false;
	enum status status =
	    statement_start(store, id, &parameter, 1, &row, err);

	while (status == STATUS_OK && row &&
	       (environment.length == 0 ||
		string_equal(environment, statement_text(store, id, 0)))) {
		status = gather_one(store, gathering, err);
		if (status == STATUS_OK)
			status = statement_step(store, id, &row, err);
	}
	statement_reset(store, id);
	return status;
}

/* By environment and kind, then as the items lie in the log. */
static int
compare_pointers(const void *a, const void *b)
{
	const struct pointer *x = a;
	const struct pointer *y = b;

	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	if (x->key.kind != y->key.kind)
		return x->key.kind < y->key.kind ? -1 : 1;
	if (x->revision != y->revision)
		return x->revision < y->revision ? -1 : 1;
	return chain_compare(x->key.kind, x->key.key, y->key.kind, y->key.key);
}

struct receiver {
	store_item_fn fn;
	void *ctx;
};

static enum status
deliver(struct store *store, const struct stored_key *key, int64_t revision,
	const struct receiver *receiver, struct error *err)
{
	struct version version;
	enum status status = version_read(store, key, revision, &version, err);

	if (status == STATUS_OK) {
		const struct stored_item item = {
			.environment = key->environment,
			.kind = key->kind,
			.key = key->key,
			.revision = revision,
			.at_ms = version.at_ms,
			.actor = version.actor,
			.text = version.text,
			.removed = version.removed,
		};
		status = receiver->fn(&item, receiver->ctx, err);
	}
	version_release(store);
	return status;
}

enum status
store_load(struct store *store, struct string environment, int64_t at,
	   store_item_fn fn, void *ctx, struct error *err)
{
	const struct receiver receiver = { fn, ctx };
	struct gathering gathering = { .at = at };
	enum status status = STATUS_OK;

	arena_init(&gathering.arena);
	map_init(&gathering.older);
	bytes_init(&gathering.name);
	if (at < store->head)
		status = walk_since(store, &gathering, err);
	if (status == STATUS_OK)
		status = gather(store, environment, &gathering, err);
	if (gathering.count > 0)
		qsort(gathering.pointers, gathering.count,
		      sizeof(*gathering.pointers), compare_pointers);
	for (size_t i = 0; i < gathering.count && status == STATUS_OK; i++)
		status =
		    deliver(store, &gathering.pointers[i].key,
			    gathering.pointers[i].revision, &receiver, err);
	free(gathering.pointers);
	bytes_fini(&gathering.name);
	map_fini(&gathering.older);
	arena_fini(&gathering.arena);
	return status;
}

enum status
store_load_one(struct store *store, const struct stored_key *key, int64_t at,
	       store_item_fn fn, void *ctx, struct error *err)
{
	const struct receiver receiver = { fn, ctx };
	int64_t revision = 0;
	enum status status = version_newest(store, key, &revision, err);

	if (status == STATUS_OK)
		status = version_go_back(store, key, at, &revision, err);
	if (status == STATUS_OK && revision == 0)
		status = error_set(err, STATUS_NOT_FOUND,
				   "there was no %s '%.*s' at that time",
				   kind_name(key->kind), (int)key->key.length,
				   key->key.data);
	if (status == STATUS_OK)
		status = deliver(store, key, revision, &receiver, err);
	return status;
}

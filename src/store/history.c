#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "store_private.h"
#include "version.h"

/*
 * The history is read in two steps: a listing gives the revisions that the
 * query means, newest first, then each change is put together from its rows and
 * the versions before its items. The strings of one change live in an arena
 * until the next.
 *
 * A listing is a statement, or, for one key, the lists of its versions: one for
 * each kind, merged.
 */
struct listing {
	bool is_of_key;
	enum statement_id id;      /* where it is a statement */
	struct stored_key key;     /* where it is of a key */
	int64_t heads[KIND_COUNT]; /* of its lists; 0: at the end */
};

struct receiver {
	store_change_fn fn;
	void *ctx;
};

struct assembly {
	struct arena arena;
	struct stored_change change;
	struct stored_change_item *items;
	size_t capacity;
};

/* By which of environment and key the query selects. */
static const enum statement_id listings[2][2] = {
	{ STATEMENT_LIST_CHANGES, STATEMENT_LIST_BY_KEY },
	{ STATEMENT_LIST_BY_ENVIRONMENT, STATEMENT_COUNT /* lists */ },
};

/* The revisions of the query are < this. */
static int64_t
upper_bound(const struct history_query *query)
{
	if (query->revision > 0)
		return query->revision + 1;
	return query->before > 0 ? query->before : INT64_MAX;
}

static enum status
begin_lists(struct store *store, struct listing *listing, int64_t before,
	    struct error *err)
{
	enum status status = STATUS_OK;

	for (int kind = 0; kind < KIND_COUNT && status == STATUS_OK; kind++) {
		int64_t *head = &listing->heads[kind];
		listing->key.kind = (enum kind)kind;
		status = version_newest(store, &listing->key, head, err);
		if (status == STATUS_OK)
			status = version_go_back(store, &listing->key,
						 before - 1, head, err);
	}
	return status;
}

static enum status
begin_listing(struct store *store, const struct history_query *query,
	      struct listing *listing, struct error *err)
{
	const bool has_environment = query->environment.length > 0;
	const bool has_key = query->key.length > 0;
	const struct parameter parameters[] = {
		parameter_integer(upper_bound(query)),
		parameter_text(has_environment ? query->environment
					       : query->key),
	};

	*listing = (struct listing){
		.is_of_key = has_environment && has_key && query->revision <= 0,
		.key = { .environment = query->environment, .key = query->key },
	};
	if (listing->is_of_key)
		return begin_lists(store, listing, upper_bound(query), err);
	/* For a single revision the walk over all is the shortest. */
	if (query->revision <= 0)
		listing->id = listings[has_environment][has_key];
	else
		listing->id = STATEMENT_LIST_CHANGES;
	return statement_bind(store, listing->id, parameters,
			      listing->id == STATEMENT_LIST_CHANGES ? 1 : 2,
			      err);
}

static enum status
next_of_lists(struct store *store, struct listing *listing, int64_t *revision,
	      struct error *err)
{
	enum status status = STATUS_OK;

	*revision = 0;
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		if (listing->heads[kind] > *revision)
			*revision = listing->heads[kind];
	}
	for (int kind = 0; kind < KIND_COUNT && status == STATUS_OK; kind++) {
		listing->key.kind = (enum kind)kind;
		status = version_go_back(store, &listing->key, *revision - 1,
					 &listing->heads[kind], err);
	}
	return status;
}

/* The next revision; 0: that was the last. */
static enum status
next_revision(struct store *store, struct listing *listing, int64_t *revision,
	      struct error *err)
{
	bool row = false;
	enum status status;

	if (listing->is_of_key)
		return next_of_lists(store, listing, revision, err);
	status = statement_step(store, listing->id, &row, err);
	if (status == STATUS_OK)
		*revision = row ? statement_integer(store, listing->id, 0) : 0;
	return status;
}

static struct string
keep(struct assembly *assembly, struct string s)
{
	return (struct string){ arena_copy(&assembly->arena,
					   s.data != NULL ? s.data : "",
					   s.length),
				s.length };
}

static enum status
read_change(struct store *store, int64_t revision, struct assembly *assembly,
	    struct error *err)
{
	const enum statement_id id = STATEMENT_READ_CHANGE;
	const struct parameter parameter = parameter_integer(revision);
	struct stored_change *change = &assembly->change;
	bool row = false;
	enum status status =
	    statement_start(store, id, &parameter, 1, &row, err);

	if (status == STATUS_OK && row) {
		change->revision = revision;
		change->environment =
		    keep(assembly, statement_text(store, id, 0));
		change->at_ms = statement_integer(store, id, 1);
		change->actor = keep(assembly, statement_text(store, id, 2));
		change->comment = keep(assembly, statement_text(store, id, 3));
	} else if (status == STATUS_OK) {
		status = error_set(err, STATUS_CORRUPT, "it is missing");
	}
	statement_reset(store, id);
	return status;
}

static struct stored_change_item *
new_item(struct assembly *assembly)
{
	if (assembly->change.count == assembly->capacity) {
		assembly->capacity =
		    assembly->capacity == 0 ? 16 : 2 * assembly->capacity;
		assembly->items =
		    mem_resize(assembly->items, assembly->capacity,
			       sizeof(*assembly->items));
	}
	return &assembly->items[assembly->change.count++];
}

/* The item of the current row of READ_ITEMS. */
static enum status
read_item(struct store *store, struct assembly *assembly, struct error *err)
{
	const enum statement_id id = STATEMENT_READ_ITEMS;
	struct stored_change_item *item = new_item(assembly);
	struct version before = { .revision = 0 };
	struct stored_key key = { .environment = assembly->change.environment };
	enum status status;

	*item = (struct stored_change_item){ .kind = KIND_COUNT };
	status =
	    version_kind(statement_integer(store, id, 0), &item->kind, err);
	item->key = keep(assembly, statement_text(store, id, 1));
	item->after = keep(assembly, statement_text(store, id, 2));
	key.kind = item->kind;
	key.key = item->key;
	if (status == STATUS_OK)
		status = version_read(
		    store, &key, statement_integer(store, id, 3), &before, err);
	item->before = keep(assembly, before.text);
	item->before_revision = before.revision;
	item->before_at_ms = before.at_ms;
	item->before_actor = keep(assembly, before.actor);
	version_release(store);
	return status;
}

static enum status
read_items(struct store *store, struct string key, struct assembly *assembly,
	   struct error *err)
{
	const enum statement_id id = STATEMENT_READ_ITEMS;
	const struct parameter parameter =
	    parameter_integer(assembly->change.revision);
	bool row = false;
	enum status status =
	    statement_start(store, id, &parameter, 1, &row, err);

	while (status == STATUS_OK && row) {
		if (key.length == 0 ||
		    string_equal(key, statement_text(store, id, 1)))
			status = read_item(store, assembly, err);
		if (status == STATUS_OK)
			status = statement_step(store, id, &row, err);
	}
	statement_reset(store, id);
	return status;
}

/* A listing may give more than was asked for: for a single revision it is the
 * way down to it. */
static bool
is_wanted(const struct history_query *query, const struct assembly *assembly)
{
	const struct stored_change *change = &assembly->change;

	return (query->revision <= 0 || change->revision == query->revision) &&
	       (query->environment.length == 0 ||
		string_equal(query->environment, change->environment)) &&
	       (query->key.length == 0 || change->count > 0);
}

static enum status
assemble(struct store *store, const struct history_query *query,
	 int64_t revision, struct assembly *assembly, struct error *err)
{
	enum status status;

	arena_reset(&assembly->arena);
	assembly->change = (struct stored_change){ .revision = 0 };
	status = read_change(store, revision, assembly, err);
	if (status == STATUS_OK)
		status = read_items(store, query->key, assembly, err);
	assembly->change.items = assembly->items;
	if (status != STATUS_OK)
		error_wrap(err, "revision %lld", (long long)revision);
	return status;
}

/* The changes of a listing that has begun. */
static enum status
walk(struct store *store, const struct history_query *query,
     struct listing *listing, const struct receiver *receiver,
     struct error *err)
{
	struct assembly assembly = { .capacity = 0 };
	const size_t limit = query->revision > 0 ? 1 : query->limit;
	int64_t revision = 0;
	enum status status = STATUS_OK;

	arena_init(&assembly.arena);
	for (size_t count = 0; count < limit;) {
		status = next_revision(store, listing, &revision, err);
		if (status != STATUS_OK || revision < query->revision ||
		    revision < store->oldest)
			break;
		status = assemble(store, query, revision, &assembly, err);
		if (status == STATUS_OK && is_wanted(query, &assembly)) {
			status =
			    receiver->fn(&assembly.change, receiver->ctx, err);
			count++;
		}
		if (status != STATUS_OK)
			break;
	}
	free(assembly.items);
	arena_fini(&assembly.arena);
	return status;
}

enum status
store_history(struct store *store, const struct history_query *query,
	      store_change_fn fn, void *ctx, struct error *err)
{
	const struct receiver receiver = { fn, ctx };
	struct listing listing;
	enum status status = begin_listing(store, query, &listing, err);

	if (status == STATUS_OK)
		status = walk(store, query, &listing, &receiver, err);
	if (!listing.is_of_key)
		statement_reset(store, listing.id);
	return status;
}

/* Revisions are dense and their times never fall, so the search needs no index
 * of times. */
enum status
store_revision_at(struct store *store, int64_t at_ms, int64_t *revision,
		  struct error *err)
{
	int64_t low = store->oldest - 1; /* is at or before at_ms, or nothing */
	int64_t high = store->head + 1;  /* is after it, or the end */

	while (high - low > 1) {
		const int64_t middle = low + (high - low) / 2;
		int64_t its_at_ms = 0;
		const enum status status =
		    version_read_at(store, middle, &its_at_ms, err);
		if (status != STATUS_OK)
			return status;
		if (its_at_ms <= at_ms)
			low = middle;
		else
			high = middle;
	}
	*revision = low < store->oldest ? 0 : low;
	return STATUS_OK;
}

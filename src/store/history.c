#include <stdlib.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "store_private.h"
#include "version.h"

/*
 * The history is read in steps of a few rows: the next revision that the query
 * means, newest first, then its row, then its items, each with the version
 * before it. Between two steps nothing is borrowed from SQLite and everything
 * may be written; what comes next is known by its place.
 *
 * The next revision comes from a statement, or, for one key, from the lists of
 * its versions: one for each kind, merged.
 */
enum { BEFORE_ALL_KINDS = -1 };

struct store_history {
	struct store *store;
	struct history_query query; /* its strings are the caller's */
	int64_t revision;           /* what comes next is before this, or … */
	bool is_inside;             /* … the rest of its items */
	int64_t kind;               /* the place among them */
	struct bytes key;
	size_t count; /* changes begun */

	bool is_of_key; /* with lists */
	bool is_listed; /* they have begun */
	struct stored_key list;
	int64_t heads[KIND_COUNT]; /* 0: at the end */

	struct arena arena; /* holds the strings of the change at hand */
	struct stored_change change;
	bool is_begun; /* its receiver knows of it */
};

/* The revisions of the query are < this. */
static int64_t
upper_bound(const struct history_query *query)
{
	if (query->revision > 0)
		return query->revision + 1;
	return query->before > 0 ? query->before : INT64_MAX;
}

struct store_history *
store_history_new(struct store *store, const struct history_query *query)
{
	struct store_history *history = mem_zalloc(1, sizeof(*history));

	history->store = store;
	history->query = *query;
	history->revision = upper_bound(query);
	history->is_of_key = query->environment.length > 0 &&
			     query->key.length > 0 && query->revision <= 0;
	history->list.environment = query->environment;
	history->list.key = query->key;
	arena_init(&history->arena);
	bytes_init(&history->key);
	return history;
}

void
store_history_free(struct store_history *history)
{
	if (history == NULL)
		return;
	arena_fini(&history->arena);
	bytes_fini(&history->key);
	free(history);
}

/* --- the next revision -------------------------------------------------- */

/* All lists at their newest version before `revision`. */
static enum status
move_lists(struct store_history *history, int64_t revision, int *rows,
	   struct error *err)
{
	enum status status = STATUS_OK;

	for (int kind = 0; kind < KIND_COUNT && status == STATUS_OK; kind++) {
		int64_t *head = &history->heads[kind];

		history->list.kind = (enum kind)kind;
		while (status == STATUS_OK && *head >= revision && *rows > 0) {
			status = version_previous(history->store,
						  &history->list, head, err);
			(*rows)--;
		}
	}
	return status;
}

static enum status
begin_lists(struct store_history *history, struct error *err)
{
	enum status status = STATUS_OK;

	for (int kind = 0; kind < KIND_COUNT && status == STATUS_OK; kind++) {
		history->list.kind = (enum kind)kind;
		status = version_newest(history->store, &history->list,
					&history->heads[kind], err);
	}
	history->is_listed = true;
	return status;
}

static int64_t
newest_head(const struct store_history *history)
{
	int64_t newest = 0;

	for (int kind = 0; kind < KIND_COUNT; kind++) {
		if (history->heads[kind] > newest)
			newest = history->heads[kind];
	}
	return newest;
}

/* *revision = 0: there is none; the bound itself: not found yet. */
static enum status
next_of_lists(struct store_history *history, int64_t *revision, int *rows,
	      struct error *err)
{
	enum status status = STATUS_OK;

	if (!history->is_listed)
		status = begin_lists(history, err);
	if (status == STATUS_OK)
		status = move_lists(history, history->revision, rows, err);
	*revision = newest_head(history);
	if (*revision >= history->revision)
		*revision = history->revision;
	return status;
}

/* For a single revision the walk over all is the shortest. A key, or an actor,
 * over all environments is looked for change by change: a statement that does
 * it would not come back before it has found one. */
static enum statement_id
listing_of(const struct history_query *query)
{
	return query->revision > 0 || query->environment.length == 0
		   ? STATEMENT_LIST_CHANGES
		   : STATEMENT_LIST_BY_ENVIRONMENT;
}

static enum status
next_of_statement(struct store_history *history, int64_t *revision,
		  struct error *err)
{
	const struct history_query *query = &history->query;
	const enum statement_id id = listing_of(query);
	const struct parameter parameters[] = {
		parameter_integer(history->revision),
		parameter_text(query->environment),
	};
	bool row = false;
	enum status status =
	    statement_start(history->store, id, parameters,
			    id == STATEMENT_LIST_CHANGES ? 1 : 2, &row, err);

	if (status == STATUS_OK)
		*revision = row ? statement_integer(history->store, id, 0) : 0;
	statement_reset(history->store, id);
	return status;
}

/* --- one change --------------------------------------------------------- */

static struct string
keep(struct store_history *history, struct string s)
{
	return (struct string){ arena_copy(&history->arena, s.data, s.length),
				s.length };
}

static enum status
read_change(struct store_history *history, int64_t revision, struct error *err)
{
	struct store *store = history->store;
	const enum statement_id id = STATEMENT_READ_CHANGE;
	const struct parameter parameter = parameter_integer(revision);
	struct stored_change *change = &history->change;
	bool row = false;
	enum status status =
	    statement_start(store, id, &parameter, 1, &row, err);

	arena_reset(&history->arena);
	*change = (struct stored_change){ .revision = revision };
	if (status == STATUS_OK && row) {
		change->environment =
		    keep(history, statement_text(store, id, 0));
		change->at_ms = statement_integer(store, id, 1);
		change->actor = keep(history, statement_text(store, id, 2));
		change->comment = keep(history, statement_text(store, id, 3));
		if (!statement_copy_blob(store, id, 4, change->hash,
					 SHA256_BYTES))
			status =
			    error_set(err, STATUS_CORRUPT, "it has no hash");
	} else if (status == STATUS_OK) {
		status = error_set(err, STATUS_CORRUPT, "it is missing");
	}
	statement_reset(store, id);
	return status;
}

/* A listing may give more than was asked for: for a single revision it is the
 * way down to it. */
static bool
is_wanted(const struct store_history *history)
{
	const struct history_query *query = &history->query;
	const struct stored_change *change = &history->change;

	return (query->revision <= 0 || change->revision == query->revision) &&
	       (query->actor.length == 0 ||
		string_equal(query->actor, change->actor)) &&
	       (query->environment.length == 0 ||
		string_equal(query->environment, change->environment));
}

static enum status
begin_once(struct store_history *history,
	   const struct history_receiver *receiver, struct error *err)
{
	if (history->is_begun)
		return STATUS_OK;
	history->is_begun = true;
	history->count++;
	return receiver->begin(&history->change, receiver->ctx, err);
}

static enum status
enter_change(struct store_history *history, int64_t revision,
	     const struct history_receiver *receiver, struct error *err)
{
	enum status status = read_change(history, revision, err);

	history->revision = revision;
	history->is_begun = false;
	history->is_inside = status == STATUS_OK && is_wanted(history);
	history->kind = BEFORE_ALL_KINDS;
	bytes_clear(&history->key);
	/* With a key it is known by its first item that it counts. */
	if (history->is_inside && history->query.key.length == 0)
		status = begin_once(history, receiver, err);
	if (history->query.is_bare)
		history->is_inside = false;
	return status;
}

/* The item of the current row of the statement. */
static enum status
take_item(struct store_history *history, enum statement_id id,
	  const struct history_receiver *receiver, struct error *err)
{
	struct store *store = history->store;
	struct stored_change_item item = { .key = statement_text(store, id, 1),
					   .after =
					       statement_text(store, id, 2) };
	struct stored_key key = { .environment = history->change.environment,
				  .key = item.key };
	struct version before = { .revision = 0 };
	enum status status;

	history->kind = statement_integer(store, id, 0);
	bytes_clear(&history->key);
	bytes_append(&history->key, item.key.data, item.key.length);
	status = version_kind(history->kind, &item.kind, err);
	/* A kind of a later release is nobody's here. */
	if (status == STATUS_OK && item.kind >= KIND_COUNT)
		return STATUS_OK;
	key.kind = item.kind;
	if (status == STATUS_OK)
		status = version_read(
		    store, &key, statement_integer(store, id, 3), &before, err);
	if (status == STATUS_OK) {
		item.before = before.text;
		item.before_revision = before.revision;
		item.before_at_ms = before.at_ms;
		item.before_actor = before.actor;
		status = begin_once(history, receiver, err);
	}
	if (status == STATUS_OK)
		status = receiver->item(&item, receiver->ctx, err);
	version_release(store);
	return status;
}

static enum status
take_items(struct store_history *history, int *rows,
	   const struct history_receiver *receiver, struct error *err)
{
	struct store *store = history->store;
	const enum statement_id id = STATEMENT_READ_ITEMS;
	const struct parameter place[] = {
		parameter_integer(history->revision),
		parameter_integer(history->kind),
		parameter_text(
		    (struct string){ history->key.data, history->key.length }),
	};
	bool row = false;
	enum status status = statement_start(store, id, place, 3, &row, err);

	while (status == STATUS_OK && row && (*rows)-- > 0) {
		status = take_item(history, id, receiver, err);
		if (status == STATUS_OK)
			status = statement_step(store, id, &row, err);
	}
	statement_reset(store, id);
	history->is_inside = status != STATUS_OK || row;
	return status;
}

/* Only the items of the key: one of each kind at most. */
static enum status
take_items_of_key(struct store_history *history, int *rows,
		  const struct history_receiver *receiver, struct error *err)
{
	struct store *store = history->store;
	const enum statement_id id = STATEMENT_READ_ITEM;
	enum status status = STATUS_OK;

	for (int kind = 0; kind < KIND_COUNT && status == STATUS_OK; kind++) {
		const struct parameter place[] = {
			parameter_integer(history->revision),
			parameter_integer(kind),
			parameter_text(history->query.key),
		};
		bool row = false;

		status = statement_start(store, id, place, 3, &row, err);
		if (status == STATUS_OK && row)
			status = take_item(history, id, receiver, err);
		statement_reset(store, id);
	}
	*rows -= KIND_COUNT;
	history->is_inside = false;
	return status;
}

/* --- the walk ----------------------------------------------------------- */

static bool
is_enough(const struct store_history *history)
{
	const size_t limit =
	    history->query.revision > 0 ? 1 : history->query.limit;

	return history->count >= limit;
}

/* *done: there is no further change. */
static enum status
next_change(struct store_history *history, int *rows,
	    const struct history_receiver *receiver, bool *done,
	    struct error *err)
{
	int64_t revision = 0;
	enum status status;

	*done = is_enough(history);
	if (*done)
		return STATUS_OK;
	if (history->is_of_key)
		status = next_of_lists(history, &revision, rows, err);
	else
		status = next_of_statement(history, &revision, err);
	(*rows)--;
	if (status != STATUS_OK ||
	    (history->is_of_key && revision == history->revision))
		return status;
	*done = revision < history->query.revision ||
		revision <= history->query.after ||
		revision < history->store->oldest;
	if (*done)
		return STATUS_OK;
	status = enter_change(history, revision, receiver, err);
	if (status != STATUS_OK)
		error_wrap(err, "revision %lld", (long long)revision);
	return status;
}

/* Was it pruned, what is to be read next? Lists may end there as well. */
static enum status
check_horizon(struct store_history *history, bool *done, struct error *err)
{
	const int64_t oldest = history->store->oldest;

	if (history->is_inside && history->revision < oldest)
		return error_set(err, STATUS_GONE,
				 "revision %lld has been pruned meanwhile",
				 (long long)history->revision);
	*done = !history->is_inside && history->is_listed &&
		newest_head(history) < oldest;
	return STATUS_OK;
}

enum status
store_history_step(struct store_history *history, int rows,
		   const struct history_receiver *receiver, bool *done,
		   struct error *err)
{
	enum status status;

	*done = false;
	status = check_horizon(history, done, err);
	while (status == STATUS_OK && !*done && rows > 0) {
		if (!history->is_inside) {
			status =
			    next_change(history, &rows, receiver, done, err);
			continue;
		}
		if (history->query.key.length > 0)
			status =
			    take_items_of_key(history, &rows, receiver, err);
		else
			status = take_items(history, &rows, receiver, err);
		if (status != STATUS_OK)
			error_wrap(err, "revision %lld",
				   (long long)history->revision);
	}
	return status;
}

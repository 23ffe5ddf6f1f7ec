#include "lookback.h"

#include <stdlib.h>

#include "base/mem.h"
#include "statement.h"
#include "store_private.h"
#include "version.h"

enum {
	/* Neighbours in the log lie side by side, versions of a key do not. */
	LOG_ROWS_A_VERSION = 3,
	BEFORE_ALL_KINDS = -1,
};

void
lookback_init(struct lookback *lookback, struct store *store,
	      const struct past_query *query)
{
	*lookback = (struct lookback){
		.store = store,
		.query = *query,
		.environment = query->environment,
		.kind = BEFORE_ALL_KINDS,
		.key = { "", 0 },
		.revision = query->at < INT64_MAX ? query->at + 1 : query->at,
	};
	arena_init(&lookback->arena);
	bytes_init(&lookback->name);
	bytes_init(&lookback->item_key);
	map_init(&lookback->open);
}

void
lookback_fini(struct lookback *lookback)
{
	free(lookback->pointers);
	free(lookback->later);
	map_fini(&lookback->open);
	bytes_fini(&lookback->item_key);
	bytes_fini(&lookback->name);
	arena_fini(&lookback->arena);
}

static struct string
keep(struct lookback *lookback, struct string s)
{
	return (struct string){ arena_copy(&lookback->arena, s.data, s.length),
				s.length };
}

/* --- listing ------------------------------------------------------------ */

/* The newest version of a key, whose environment is that of the last where the
 * two are equal. */
static void
add(struct lookback *lookback, const struct stored_key *key, int64_t revision)
{
	struct version_pointer *pointer;

	if (lookback->count == lookback->capacity) {
		lookback->capacity = lookback->capacity * 2 + 16;
		lookback->pointers =
		    mem_resize(lookback->pointers, lookback->capacity,
			       sizeof(*lookback->pointers));
		lookback->later =
		    mem_resize(lookback->later, lookback->capacity,
			       sizeof(*lookback->later));
	}
	if (lookback->count == 0 ||
	    !string_equal(lookback->environment, key->environment))
		lookback->environment = keep(lookback, key->environment);
	pointer = &lookback->pointers[lookback->count++];
	pointer->key = (struct stored_key){ lookback->environment, key->kind,
					    keep(lookback, key->key) };
	pointer->revision = revision;
	if (revision <= lookback->query.at)
		return;
	version_name(&pointer->key, &lookback->name);
	lookback->later[lookback->later_count++] = lookback->count - 1;
	(void)map_put(&lookback->open, lookback->name.data,
		      lookback->name.length,
		      (void *)(uintptr_t)lookback->count);
}

/* Does the row of the index belong to what is asked for? */
static bool
is_in_reach(const struct lookback *lookback, struct string environment,
	    int64_t kind)
{
	const struct past_query *query = &lookback->query;

	if (query->environment.length > 0 &&
	    !string_equal(query->environment, environment))
		return false;
	return !query->is_of_keys ||
	       kind <= (query->with_segments ? KIND_SEGMENT : KIND_ENVIRONMENT);
}

/* The row that the walk stands on; *more = false: it is behind all. */
static enum status
take_row(struct lookback *lookback, bool *more, struct error *err)
{
	const struct store *store = lookback->store;
	const enum statement_id id = STATEMENT_WALK_NEWEST;
	const int64_t kind = statement_integer(store, id, 1);
	struct stored_key key = { .environment = statement_text(store, id, 0),
				  .key = statement_text(store, id, 2) };
	const struct version_pointer *last;
	enum status status;

	*more = is_in_reach(lookback, key.environment, kind);
	if (!*more)
		return STATUS_OK;
	status = version_kind(kind, &key.kind, err);
	if (status != STATUS_OK)
		return status;
	add(lookback, &key, statement_integer(store, id, 3));
	last = &lookback->pointers[lookback->count - 1];
	lookback->kind = kind;
	lookback->key = last->key.key;
	return STATUS_OK;
}

static enum status
walk_index(struct lookback *lookback, int *rows, struct error *err)
{
	struct store *store = lookback->store;
	const enum statement_id id = STATEMENT_WALK_NEWEST;
	const struct parameter place[] = {
		parameter_text(lookback->environment),
		parameter_integer(lookback->kind),
		parameter_text(lookback->key),
	};
	bool more = false;
	enum status status = statement_start(store, id, place, 3, &more, err);

	while (status == STATUS_OK && more) {
		status = take_row(lookback, &more, err);
		if (!more || --*rows <= 0)
			break;
		if (status == STATUS_OK)
			status = statement_step(store, id, &more, err);
	}
	statement_reset(store, id);
	lookback->is_past_index = !more;
	return status;
}

static enum status
find_keys(struct lookback *lookback, int *rows, struct error *err)
{
	const struct past_query *query = &lookback->query;
	enum status status = STATUS_OK;

	while (status == STATUS_OK && lookback->next_key < query->key_count &&
	       (*rows)-- > 0) {
		const struct stored_key key = {
			query->environment, query->kind,
			query->keys[lookback->next_key++]
		};
		int64_t revision = 0;

		status = version_newest(lookback->store, &key, &revision, err);
		if (status == STATUS_OK && revision > 0)
			add(lookback, &key, revision);
	}
	return status;
}

static enum status
list(struct lookback *lookback, int *rows, struct error *err)
{
	enum status status = STATUS_OK;

	if (!lookback->is_past_index)
		status = walk_index(lookback, rows, err);
	if (status == STATUS_OK && lookback->is_past_index)
		status = find_keys(lookback, rows, err);
	lookback->is_listed = lookback->is_past_index &&
			      (!lookback->query.is_of_keys ||
			       lookback->next_key == lookback->query.key_count);
	return status;
}

/* --- searching ---------------------------------------------------------- */

static void
close_name(struct lookback *lookback, const struct stored_key *key)
{
	version_name(key, &lookback->name);
	(void)map_take(&lookback->open, lookback->name.data,
		       lookback->name.length);
}

/* One version back along the list of the key whose turn it is. */
static enum status
go_back_once(struct lookback *lookback, struct error *err)
{
	struct version_pointer *pointer;
	enum status status = STATUS_OK;

	if (lookback->turn >= lookback->later_count)
		lookback->turn = 0;
	pointer = &lookback->pointers[lookback->later[lookback->turn]];
	if (pointer->revision > lookback->query.at) {
		status = version_previous(lookback->store, &pointer->key,
					  &pointer->revision, err);
		if (status == STATUS_OK &&
		    pointer->revision <= lookback->query.at)
			close_name(lookback, &pointer->key);
	}
	/* Settled, here or by the walk through the log. */
	if (pointer->revision <= lookback->query.at)
		lookback->later[lookback->turn] =
		    lookback->later[--lookback->later_count];
	else
		lookback->turn++;
	return status;
}

/* The walk through the log comes upon an item of the change at hand. */
static enum status
meet_item(struct lookback *lookback, int64_t item_kind, struct string item_key,
	  struct error *err)
{
	struct stored_key key = { .environment = lookback->change_environment,
				  .key = item_key };
	uintptr_t number;
	enum status status = version_kind(item_kind, &key.kind, err);

	if (status != STATUS_OK)
		return status;
	version_name(&key, &lookback->name);
	number = (uintptr_t)map_take(&lookback->open, lookback->name.data,
				     lookback->name.length);
	if (number > 0)
		lookback->pointers[number - 1].revision = lookback->revision;
	return STATUS_OK;
}

/* Where a statement stands, to go on from there after a reset. */
static void
note_place(struct lookback *lookback, int64_t kind, struct string key)
{
	lookback->item_kind = kind;
	bytes_clear(&lookback->item_key);
	bytes_append(&lookback->item_key, key.data, key.length);
}

/* The rest of the change at hand. */
static enum status
walk_items(struct lookback *lookback, int *rows, struct error *err)
{
	struct store *store = lookback->store;
	const enum statement_id id = STATEMENT_ITEMS_BEHIND;
	const struct parameter place[] = {
		parameter_integer(lookback->revision),
		parameter_integer(lookback->item_kind),
		parameter_text((struct string){ lookback->item_key.data,
						lookback->item_key.length }),
	};
	bool row = false;
	enum status status = statement_start(store, id, place, 3, &row, err);

	while (status == STATUS_OK && row && (*rows)-- > 0) {
		const int64_t kind = statement_integer(store, id, 0);
		const struct string key = statement_text(store, id, 1);

		note_place(lookback, kind, key);
		status = meet_item(lookback, kind, key, err);
		if (status == STATUS_OK)
			status = statement_step(store, id, &row, err);
	}
	statement_reset(store, id);
	lookback->is_in_change = row;
	return status;
}

/* The row of the walk through the changes before the one at hand. */
static enum status
take_log_row(struct lookback *lookback, enum statement_id id, struct error *err)
{
	const struct store *store = lookback->store;
	const struct string environment = lookback->query.environment;
	const int64_t revision = statement_integer(store, id, 0);

	if (revision != lookback->revision && environment.length == 0)
		lookback->change_environment =
		    keep(lookback, statement_text(store, id, 3));
	else if (environment.length > 0)
		lookback->change_environment = environment;
	lookback->revision = revision;
	return meet_item(lookback, statement_integer(store, id, 1),
			 statement_text(store, id, 2), err);
}

static enum status
walk_changes(struct lookback *lookback, int *rows, struct error *err)
{
	struct store *store = lookback->store;
	const struct string environment = lookback->query.environment;
	const enum statement_id id = environment.length > 0
					 ? STATEMENT_WALK_BACK
					 : STATEMENT_WALK_BACK_ALL;
	const struct parameter place[] = {
		parameter_integer(lookback->revision),
		parameter_text(environment),
	};
	bool row = false;
	enum status status = statement_start(
	    store, id, place, environment.length > 0 ? 2 : 1, &row, err);

	while (status == STATUS_OK && row) {
		status = take_log_row(lookback, id, err);
		if (--*rows <= 0 || lookback->open.count == 0)
			break;
		if (status == STATUS_OK)
			status = statement_step(store, id, &row, err);
	}
	/* Of the change that it stands on there may be more. */
	if (row)
		note_place(lookback, statement_integer(store, id, 1),
			   statement_text(store, id, 2));
	lookback->is_in_change = row;
	lookback->is_at_end = !row;
	statement_reset(store, id);
	return status;
}

/* Up to `rows` rows back through the log. */
static enum status
walk_log(struct lookback *lookback, int rows, struct error *err)
{
	enum status status = STATUS_OK;

	while (status == STATUS_OK && rows > 0 && !lookback->is_at_end &&
	       lookback->open.count > 0) {
		if (lookback->is_in_change)
			status = walk_items(lookback, &rows, err);
		else
			status = walk_changes(lookback, &rows, err);
	}
	return status;
}

/* Nothing before: what is still open was not there. */
static void
settle_rest(struct lookback *lookback)
{
	for (size_t i = 0; i < lookback->later_count; i++) {
		struct version_pointer *pointer =
		    &lookback->pointers[lookback->later[i]];

		if (pointer->revision > lookback->query.at)
			pointer->revision = 0;
	}
	lookback->later_count = 0;
}

static enum status
search(struct lookback *lookback, int rows, struct error *err)
{
	const int shares = rows / (1 + LOG_ROWS_A_VERSION) + 1;
	enum status status = STATUS_OK;

	for (int i = 0;
	     i < shares && status == STATUS_OK && lookback->open.count > 0; i++)
		status = go_back_once(lookback, err);
	if (status == STATUS_OK)
		status = walk_log(lookback, shares * LOG_ROWS_A_VERSION, err);
	if (lookback->open.count == 0 || lookback->is_at_end) {
		settle_rest(lookback);
		lookback->is_done = true;
	}
	return status;
}

enum status
lookback_step(struct lookback *lookback, int rows, struct error *err)
{
	enum status status = STATUS_OK;

	if (!lookback->is_listed)
		status = list(lookback, &rows, err);
	if (status == STATUS_OK && lookback->is_listed)
		status = search(lookback, rows, err);
	return status;
}

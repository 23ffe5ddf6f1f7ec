#include <stdlib.h>

#include "base/mem.h"
#include "lookback.h"
#include "store_private.h"
#include "version.h"

/*
 * First where each version lies (lookback.h), then the versions: so many keys
 * at a time in the order in which they lie in the log. In the order of the keys
 * it takes twice as long, because neighbours in name are no neighbours on disk;
 * all at once they would take too long to sort.
 */
enum { SORTED_AT_ONCE = 16384 };

struct store_past {
	struct store *store;
	struct lookback lookback;
	size_t *order; /* numbers of pointers, SORTED_AT_ONCE at a time */
	size_t sorted; /* so many of them are in order */
	size_t next;   /* to be read */
	size_t position;
};

struct store_past *
store_past_new(struct store *store, const struct past_query *query)
{
	struct store_past *past = mem_zalloc(1, sizeof(*past));

	past->store = store;
	lookback_init(&past->lookback, store, query);
	return past;
}

void
store_past_free(struct store_past *past)
{
	if (past == NULL)
		return;
	lookback_fini(&past->lookback);
	free(past->order);
	free(past);
}

size_t
store_past_count(const struct store_past *past)
{
	return past->lookback.count;
}

size_t
store_past_position(const struct store_past *past)
{
	return past->position;
}

/* By environment and kind, then as the items lie in the log. */
static int
compare_pointers(const void *a, const void *b, void *ctx)
{
	const struct lookback *lookback = ctx;
	const struct version_pointer *x =
	    &lookback->pointers[*(const size_t *)a];
	const struct version_pointer *y =
	    &lookback->pointers[*(const size_t *)b];
	const int environments =
	    string_compare(x->key.environment, y->key.environment);

	if (environments != 0)
		return environments;
	if (x->key.kind != y->key.kind)
		return x->key.kind < y->key.kind ? -1 : 1;
	if (x->revision != y->revision)
		return x->revision < y->revision ? -1 : 1;
	return *(const size_t *)a < *(const size_t *)b ? -1 : 1;
}

static void
sort_more(struct store_past *past)
{
	const size_t first = past->sorted;
	const size_t rest = past->lookback.count - first;
	const size_t count = rest < SORTED_AT_ONCE ? rest : SORTED_AT_ONCE;

	if (past->order == NULL)
		past->order = mem_zalloc(past->lookback.count, sizeof(size_t));
	for (size_t i = 0; i < count; i++)
		past->order[first + i] = first + i;
	qsort_r(past->order + first, count, sizeof(size_t), compare_pointers,
		&past->lookback);
	past->sorted += count;
}

static enum status
read_some(struct store_past *past, int rows,
	  const struct store_receiver *receiver, struct error *err)
{
	const struct lookback *lookback = &past->lookback;
	enum status status = STATUS_OK;

	while (status == STATUS_OK && rows > 0 &&
	       past->next < lookback->count) {
		const struct version_pointer *pointer;

		if (past->next == past->sorted)
			sort_more(past);
		past->position = past->order[past->next++];
		pointer = &lookback->pointers[past->position];
		if (pointer->revision == 0)
			continue;
		status = version_deliver(past->store, &pointer->key,
					 pointer->revision, receiver, err);
		rows--;
	}
	return status;
}

enum status
store_past_step(struct store_past *past, int rows,
		const struct store_receiver *receiver, bool *done,
		struct error *err)
{
	const struct lookback *lookback = &past->lookback;
	enum status status;

	*done = false;
	if (lookback->query.at < past->store->oldest)
		return error_set(err, STATUS_GONE,
				 "the history up to revision %lld has been "
				 "pruned meanwhile",
				 (long long)lookback->query.at);
	if (!lookback->is_done)
		return lookback_step(&past->lookback, rows, err);
	status = read_some(past, rows, receiver, err);
	*done = past->next == lookback->count;
	return status;
}

/* The newest change at or before `at`; 0: there is none. */
static enum status
find_change(struct store *store, struct string environment, int64_t at,
	    int64_t *revision, struct error *err)
{
	const enum statement_id id = environment.length > 0
					 ? STATEMENT_LIST_BY_ENVIRONMENT
					 : STATEMENT_LIST_CHANGES;
	const struct parameter place[] = {
		parameter_integer(at < INT64_MAX ? at + 1 : at),
		parameter_text(environment),
	};
	bool row = false;
	enum status status = statement_start(
	    store, id, place, environment.length > 0 ? 2 : 1, &row, err);

	if (status == STATUS_OK)
		*revision = row ? statement_integer(store, id, 0) : 0;
	statement_reset(store, id);
	return status;
}

enum status
store_last_change(struct store *store, struct string environment, int64_t at,
		  int64_t *revision, int64_t *at_ms, struct error *err)
{
	enum status status = find_change(store, environment, at, revision, err);

	*at_ms = 0;
	if (status == STATUS_OK && *revision > 0)
		status = version_read_at(store, *revision, at_ms, err);
	return status;
}

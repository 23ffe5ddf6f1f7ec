#include <stdlib.h>

#include "base/mem.h"
#include "lookback.h"
#include "store_private.h"
#include "version.h"

/*
 * First where each version lies (lookback.h), then the versions, in the order
 * of their keys. Where the whole log is read at the start the order in which
 * they lie on the disk is twice as fast (load.c), but it takes a sort of all of
 * them at once, and each of these is compiled, which costs much more.
 */
struct store_past {
	struct store *store;
	struct lookback lookback;
	size_t next; /* of its pointers to be read */
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
	free(past);
}

enum status
store_past_step(struct store_past *past, int rows,
		const struct store_receiver *receiver, bool *done,
		struct error *err)
{
	struct lookback *lookback = &past->lookback;
	enum status status = STATUS_OK;

	*done = false;
	if (lookback->query.at < past->store->oldest)
		return error_set(err, STATUS_GONE,
				 "the history up to revision %lld has been "
				 "pruned meanwhile",
				 (long long)lookback->query.at);
	if (!lookback->is_done)
		return lookback_step(lookback, rows, err);
	while (status == STATUS_OK && rows > 0 &&
	       past->next < lookback->count) {
		const struct version_pointer *pointer =
		    &lookback->pointers[past->next++];

		if (pointer->revision == 0)
			continue;
		status = version_deliver(past->store, &pointer->key,
					 pointer->revision, receiver, err);
		rows--;
	}
	*done = past->next == lookback->count;
	return status;
}

/* The newest change at or before `at`; 0: there is none. */
static enum status
find_change(struct store *store, struct string environment, int64_t at,
	    int64_t *revision, struct error *err)
{
	const enum statement_id id = STATEMENT_LIST_BY_ENVIRONMENT;
	const struct parameter place[] = {
		parameter_integer(at < INT64_MAX ? at + 1 : at),
		parameter_text(environment),
	};
	bool row = false;
	enum status status = statement_start(store, id, place, 2, &row, err);

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

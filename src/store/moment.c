#include "store_private.h"
#include "version.h"

/*
 * The time of a change is what the wall clock said. Mostly it rises with the
 * revisions; where the clock was set back it falls, and the change that it fell
 * at stands in an index of its own. So the log is a row of stretches in which
 * times rise, each with its earliest time in front. The newest change at or
 * before a time is in the newest stretch that begins by then, and is found
 * there by halves.
 */

/* Between two revisions, in which times rise. */
struct stretch {
	int64_t first;
	int64_t end; /* behind the last one */
	int64_t began_ms;
};

/* The newest change of the stretch at or before the time; its first is. */
static enum status
search(struct store *store, const struct stretch *stretch, int64_t at_ms,
       int64_t *revision, struct error *err)
{
	int64_t low = stretch->first; /* is at or before at_ms */
	int64_t high = stretch->end;  /* is after it, or the end */

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
	*revision = low;
	return STATUS_OK;
}

/* The newest stretch that begins at or before the time, but for the oldest one;
 * *found = false: none does, and `end` is where that ends. */
static enum status
find_stretch(struct store *store, int64_t at_ms, struct stretch *stretch,
	     bool *found, struct error *err)
{
	const enum statement_id id = STATEMENT_STEPS_BEFORE;
	const struct parameter end = parameter_integer(stretch->end);
	bool row = false;
	enum status status = statement_start(store, id, &end, 1, &row, err);

	*found = false;
	while (status == STATUS_OK && row) {
		stretch->first = statement_integer(store, id, 0);
		if (stretch->first <= store->oldest)
			break;
		stretch->began_ms = statement_integer(store, id, 1);
		*found = stretch->began_ms <= at_ms;
		if (*found)
			break;
		stretch->end = stretch->first;
		status = statement_step(store, id, &row, err);
	}
	statement_reset(store, id);
	return status;
}

enum status
store_revision_at(struct store *store, int64_t at_ms, int64_t *revision,
		  struct error *err)
{
	struct stretch stretch = { .end = store->head + 1 };
	bool found = false;
	enum status status;

	if (store->head < store->oldest) {
		*revision = 0;
		return STATUS_OK;
	}
	status = find_stretch(store, at_ms, &stretch, &found, err);
	if (status == STATUS_OK && !found) {
		stretch.first = store->oldest;
		status = version_read_at(store, stretch.first,
					 &stretch.began_ms, err);
		found = stretch.began_ms <= at_ms;
	}
	if (status == STATUS_OK && found)
		return search(store, &stretch, at_ms, revision, err);
	if (status == STATUS_OK)
		*revision = 0;
	return status;
}

enum status
store_find_step(struct store *store, int64_t revision, int64_t at_ms,
		int64_t now_ms, struct clock_step *step, struct error *err)
{
	const enum statement_id id = STATEMENT_FIND_STEP;
	const struct parameter parameters[] = {
		parameter_integer(revision),
		parameter_integer(at_ms),
		parameter_integer(now_ms),
		parameter_integer(STORE_STEP_MS),
	};
	bool row = false;
	enum status status =
	    statement_start(store, id, parameters, 4, &row, err);

	if (status == STATUS_OK) {
		*step = (struct clock_step){ .revision = 0 };
		if (row) {
			step->revision = statement_integer(store, id, 0);
			step->to_ms = statement_integer(store, id, 1);
			step->from_ms =
			    step->to_ms + statement_integer(store, id, 2);
		}
	}
	statement_reset(store, id);
	return status;
}

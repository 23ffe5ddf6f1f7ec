#include "past.h"

#include <inttypes.h>

#include "base/clock.h"
#include "loader.h"
#include "page_reading.h"
#include "wire/definition.h"

enum { STEP_ROWS = 4096 };

enum status
past_set_pruned(const struct store *store, enum status code, struct error *err)
{
	return error_set(err, code,
			 "the history before revision %" PRId64
			 " has been pruned; that is the oldest revision kept",
			 store_oldest(store));
}

/* Of a change that is kept; else what is said does without. */
static void
format_time(struct store *store, int64_t revision, char text[CLOCK_TEXT_BYTES])
{
	struct string all = { "", 0 };
	int64_t found = 0;
	int64_t at_ms = 0;

	text[0] = '\0';
	if (store_last_change(store, all, revision, &found, &at_ms, NULL) ==
		STATUS_OK &&
	    found == revision)
		clock_format(at_ms, text);
}

static enum status
refuse_early(struct store *store, int64_t first, struct error *err)
{
	char at[CLOCK_TEXT_BYTES];

	if (first < store_oldest(store))
		return past_set_pruned(store, STATUS_INVALID, err);
	format_time(store, first, at);
	return error_set(err, STATUS_INVALID,
			 "that is before the first change, which was revision "
			 "%" PRId64 " at %s",
			 first, at);
}

enum status
past_revision(struct store *store, const struct moment *moment,
	      int64_t not_before, int64_t *revision, struct error *err)
{
	int64_t found = moment->revision;
	enum status rc = STATUS_OK;

	if (moment->is_time) {
		rc = store_revision_at(store, moment->at_ms, &found, err);
		if (rc == STATUS_OK && found == 0)
			return refuse_early(
			    store, not_before > 0 ? not_before : 1, err);
	} else if (found < 1 || found > store_head(store)) {
		return error_set(err, STATUS_INVALID,
				 "there is no revision %" PRId64
				 "; the newest is %" PRId64,
				 found, store_head(store));
	}
	if (rc == STATUS_OK && found < store_oldest(store))
		return past_set_pruned(store, STATUS_INVALID, err);
	if (rc == STATUS_OK)
		*revision = found;
	return rc;
}

/* One end of a range: before the first change is 0. */
static enum status
find_end(struct store *store, const struct moment *moment, int64_t *revision,
	 struct error *err)
{
	if (moment->is_time)
		return store_revision_at(store, moment->at_ms, revision, err);
	if (moment->revision > store_head(store))
		return error_set(err, STATUS_INVALID,
				 "there is no revision %" PRId64
				 "; the newest is %" PRId64,
				 moment->revision, store_head(store));
	*revision = moment->revision;
	return STATUS_OK;
}

static enum status
settle_end(struct store *store, struct job *job, const struct moment *moment,
	   int64_t *revision, struct point *point)
{
	enum status rc = find_end(store, moment, revision, &job->error);

	if (rc == STATUS_OK)
		rc = past_point(store, job->history.environment, *revision,
				point, &job->error);
	return rc;
}

enum status
past_range(struct store *store, struct job *job, struct history_query *query)
{
	const struct moment_range *range = &job->range;
	int64_t revision = 0;
	enum status rc = STATUS_OK;

	if (range->since != NULL)
		rc = settle_end(store, job, range->since, &query->after,
				&job->since);
	if (rc == STATUS_OK && range->until != NULL) {
		rc = settle_end(store, job, range->until, &revision,
				&job->until);
		if (query->before == 0 || revision < query->before)
			query->before = revision + 1;
	}
	return rc;
}

enum status
past_point(struct store *store, struct string environment, int64_t revision,
	   struct point *point, struct error *err)
{
	struct point found = { .revision = 0 };
	enum status rc = store_last_change(store, environment, revision,
					   &found.revision, &found.at_ms, err);

	if (rc == STATUS_OK)
		*point = found;
	return rc;
}

enum status
past_definition(const struct stored_item *item, struct arena *scratch,
		struct definition **out, struct error *err)
{
	struct definition_scope scope = { .lenient = true, .pointer = "" };

	return loader_definition(item, &scope, scratch, out, err);
}

/* --- idempotent requests ------------------------------------------------ */

/* A request that changed nothing was told what stood there. */
static enum status
take_item(const struct stored_item *item, void *ctx, struct error *err)
{
	struct job *job = ctx;
	struct definition *definition = NULL;
	struct arena scratch;
	enum status rc;

	arena_init(&scratch);
	rc = past_definition(item, &scratch, &definition, err);
	arena_fini(&scratch);
	job->current = definition;
	return rc;
}

/* The change of that revision, as a page of one. */
static enum status
take_change(struct store *store, struct job *job, int64_t revision)
{
	const struct history_query what = { .revision = revision, .limit = 1 };
	struct page_reading page;
	bool done = false;
	enum status rc = STATUS_OK;

	page_reading_begin(&page, store, &what);
	while (rc == STATUS_OK && !done)
		rc = page_reading_step(&page, STEP_ROWS, &done, &job->error);
	if (rc == STATUS_OK && page.count == 1) {
		job->change = page.changes[0];
		page.count = 0;
	}
	page_reading_end(&page);
	return rc;
}

void
past_replay(struct store *store, struct job *job,
	    const struct idempotency *found)
{
	enum status rc = STATUS_OK;

	job->revision = found->revision;
	job->verdict = (enum verdict)found->verdict;
	if (job->verdict != VERDICT_UNCHANGED) {
		rc = take_change(store, job, found->revision);
	} else {
		job->change =
		    change_new(job->environment, job->actor, job->comment);
		job->change->revision = found->revision;
		if (job->type == JOB_WRITE && job->write.count == 1)
			rc = store_load_one(
			    store,
			    &(struct stored_key){ job->environment,
						  job->write.edits[0].kind,
						  job->write.edits[0].key },
			    found->revision, take_item, job, &job->error);
	}
	job->status = rc;
}

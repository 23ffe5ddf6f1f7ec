#include "past.h"

#include <inttypes.h>

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

enum status
past_revision(struct store *store, const struct moment *moment,
	      int64_t *revision, struct error *err)
{
	int64_t found = moment->revision;
	enum status rc = STATUS_OK;

	if (moment->is_time) {
		rc = store_revision_at(store, moment->at_ms, &found, err);
		if (rc == STATUS_OK && found == 0 && store_oldest(store) > 1)
			return past_set_pruned(store, STATUS_INVALID, err);
		if (rc == STATUS_OK && found == 0)
			return error_set(err, STATUS_INVALID,
					 "that is before the first change");
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

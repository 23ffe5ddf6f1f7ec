#include "past.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "loader.h"
#include "wire/definition.h"

/* What is asked for has been forgotten. */
static enum status
set_pruned(struct error *err, enum status code, const struct store *store)
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
			return set_pruned(err, STATUS_INVALID, store);
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
		return set_pruned(err, STATUS_INVALID, store);
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

static void
take_snapshot(struct snapshot *snapshot, void *ctx)
{
	struct job *job = ctx;

	job->snapshot = snapshot_ref(snapshot);
}

void
past_snapshot(struct store *store, struct job *job)
{
	int64_t revision = 0;
	enum status rc =
	    past_revision(store, &job->past.at, &revision, &job->error);

	if (rc == STATUS_OK)
		rc = loader_run(store, job->environment, revision,
				take_snapshot, job, &job->error);
	if (rc == STATUS_OK && job->snapshot == NULL)
		rc = error_set(&job->error, STATUS_NOT_FOUND,
			       "environment '%.*s' did not exist at revision "
			       "%" PRId64,
			       (int)job->environment.length,
			       job->environment.data, revision);
	if (rc == STATUS_OK)
		job->revision = job->snapshot->revision;
	job->status = rc;
}

/* --- history ----------------------------------------------------------- */

/* Nobody else is served while definitions are decoded, and they stay in memory
 * until the answer has been sent. */
enum { GATHERED_BYTES_MAX = 4 << 20 };

struct gathering {
	struct job *job;
	size_t capacity;
	size_t bytes; /* of definitions so far */
	struct arena scratch;
};

static enum status
item_definitions(const struct stored_change *change,
		 const struct stored_change_item *item, struct arena *scratch,
		 struct definition **before, struct definition **after,
		 struct error *err)
{
	struct stored_item stored = { .environment = change->environment,
				      .kind = item->kind,
				      .key = item->key };
	enum status rc = STATUS_OK;

	if (item->before.length > 0) {
		stored.revision = item->before_revision;
		stored.at_ms = item->before_at_ms;
		stored.actor = item->before_actor;
		stored.text = item->before;
		rc = past_definition(&stored, scratch, before, err);
	}
	if (rc == STATUS_OK && item->after.length > 0) {
		stored.revision = change->revision;
		stored.at_ms = change->at_ms;
		stored.actor = change->actor;
		stored.text = item->after;
		rc = past_definition(&stored, scratch, after, err);
	}
	return rc;
}

static enum status
gather(const struct stored_change *stored, struct gathering *gathering,
       struct error *err)
{
	struct job *job = gathering->job;
	struct change *change =
	    change_new(stored->environment, stored->actor, stored->comment);
	enum status rc = STATUS_OK;

	change->revision = stored->revision;
	change->at_ms = stored->at_ms;
	for (size_t i = 0; i < stored->count && rc == STATUS_OK; i++) {
		const struct stored_change_item *item = &stored->items[i];
		struct definition *before = NULL, *after = NULL;

		rc = item_definitions(stored, item, &gathering->scratch,
				      &before, &after, err);
		if (rc == STATUS_OK)
			change_add(change, item->kind, item->key, before,
				   after);
		definition_unref(before);
		definition_unref(after);
	}
	arena_reset(&gathering->scratch);
	if (rc != STATUS_OK) {
		change_free(change);
		return rc;
	}
	if (job->change_count == gathering->capacity) {
		gathering->capacity = gathering->capacity * 2 + 16;
		job->changes = mem_resize(job->changes, gathering->capacity,
					  sizeof(struct change *));
	}
	job->changes[job->change_count++] = change;
	return STATUS_OK;
}

static size_t
text_bytes(const struct stored_change *stored)
{
	size_t bytes = 0;

	for (size_t i = 0; i < stored->count; i++)
		bytes += stored->items[i].before.length +
			 stored->items[i].after.length;
	return bytes;
}

/* At least one, however long it is. */
static enum status
gather_while_room(const struct stored_change *stored, void *ctx,
		  struct error *err)
{
	struct gathering *gathering = ctx;
	struct job *job = gathering->job;

	gathering->bytes += text_bytes(stored);
	if (job->change_count > 0 && gathering->bytes > GATHERED_BYTES_MAX)
		job->has_more_changes = true;
	if (job->has_more_changes)
		return STATUS_OK;
	return gather(stored, gathering, err);
}

static enum status
query(struct store *store, const struct history_query *what, struct job *job)
{
	struct gathering gathering = { .job = job };
	enum status rc;

	arena_init(&gathering.scratch);
	rc = store_history(store, what, gather_while_room, &gathering,
			   &job->error);
	arena_fini(&gathering.scratch);
	return rc;
}

void
past_history(struct store *store, struct job *job)
{
	const int64_t revision = job->history.revision;

	job->status = query(store, &job->history, job);
	if (job->status == STATUS_OK && revision > 0 &&
	    revision < store_oldest(store))
		job->status = set_pruned(&job->error, STATUS_NOT_FOUND, store);
	else if (job->status == STATUS_OK && job->history.revision != 0 &&
		 job->change_count == 0)
		job->status = error_set(
		    &job->error, STATUS_NOT_FOUND,
		    "there is no change %" PRId64 " in environment '%.*s'",
		    job->history.revision, (int)job->environment.length,
		    job->environment.data);
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

void
past_replay(struct store *store, struct job *job,
	    const struct idempotency *found)
{
	const struct history_query what = { .revision = found->revision,
					    .limit = 1 };
	enum status rc = STATUS_OK;

	job->revision = found->revision;
	job->verdict = (enum verdict)found->verdict;
	if (job->verdict != VERDICT_UNCHANGED) {
		rc = query(store, &what, job);
		if (rc == STATUS_OK && job->change_count == 1) {
			job->change = job->changes[0];
			job->change_count = 0;
		}
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

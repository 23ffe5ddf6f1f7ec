#include "group.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "advice.h"
#include "base/mem.h"
#include "draft.h"
#include "model/name.h"
#include "past.h"
#include "rollback.h"
#include "rules.h"
#include "then.h"

void
group_init(struct group *group, struct store *store,
	   const struct catalog *catalog, struct clock clock, size_t limit)
{
	memset(group, 0, sizeof(*group));
	group->store = store;
	group->clock = clock;
	group->catalog = catalog_ref(catalog);
	group->head = catalog->head;
	group->limit = limit;
	group->jobs = mem_zalloc(limit, sizeof(struct job *));
	group->writes = mem_zalloc(limit, sizeof(*group->writes));
}

void
group_fini(struct group *group)
{
	catalog_unref(group->catalog);
	free(group->jobs);
	free(group->writes);
}

void
group_clear(struct group *group)
{
	group->count = 0;
	group->write_count = 0;
	group->changes = 0;
}

bool
group_holds_key(const struct group *group, const struct job *job)
{
	if (job->idempotency_key.length == 0)
		return false;
	for (size_t i = 0; i < group->count; i++) {
		const struct job *other = group->jobs[i];

		if (string_equal(other->idempotency_key,
				 job->idempotency_key) &&
		    string_equal(other->environment, job->environment))
			return true;
	}
	return false;
}

/* What the moment of a rollback was found to mean the first time, where that is
 * the same now: what is so long ago is not, nor what was in the future. */
static void
replay_moment(struct job *job, const struct idempotency *found)
{
	const struct then *then = job->then;
	const bool is_change = job->verdict != VERDICT_UNCHANGED;

	if (job->type == JOB_ROLLBACK && then != NULL &&
	    then->error.code == STATUS_OK && !job->rollback.to.is_relative &&
	    then->to.revision + is_change <= found->revision)
		job->to = then->to;
}

/* The answer of the first request under the same key. True: answered. */
static bool
replay(struct group *group, struct job *job)
{
	struct idempotency found;
	enum status rc;

	if (job->idempotency_key.length == 0)
		return false;
	rc = store_find_request(group->store, job->environment,
				job->idempotency_key, &found, &job->error);
	if (rc == STATUS_NOT_FOUND) {
		error_init(&job->error);
		return false;
	}
	if (rc != STATUS_OK)
		return true;
	if (memcmp(found.fingerprint, job->fingerprint, SHA256_BYTES) != 0) {
		error_set(&job->error, STATUS_CONFLICT,
			  "this Idempotency-Key was used for a different "
			  "request; take a new key for a new request");
		return true;
	}
	past_replay(group->store, job, &found);
	replay_moment(job, &found);
	if (job->error.code == STATUS_OK && job->change != NULL)
		advice_give(job, job->change);
	return true;
}

static bool
is_among(const struct definition *now, const struct precondition *want)
{
	for (size_t i = 0; now != NULL && i < want->revision_count; i++)
		if (want->revisions[i] == now->revision)
			return true;
	return false;
}

/* If-Match, If-None-Match, and a PATCH of what is not there. */
static enum status
check_condition(struct job *job, const struct draft *draft)
{
	const struct precondition *want = &job->write.precondition;
	const struct edit *edit = &job->write.edits[0];
	const struct definition *now;
	bool holds;

	now = draft_find(draft, edit->kind, edit->key);
	holds = !(want->must_not_exist && now != NULL) &&
		!(want->must_exist && now == NULL) &&
		(want->revisions == NULL || is_among(now, want));
	if (holds && want->is_there && now == NULL)
		return error_set(
		    &job->error, STATUS_NOT_FOUND,
		    "there is no %s '%.*s' to patch; PUT makes one",
		    kind_name(edit->kind), (int)edit->key.length,
		    edit->key.data);
	if (holds)
		return STATUS_OK;
	if (now == NULL)
		return error_set(&job->error, STATUS_PRECONDITION,
				 "there is no %s '%.*s' yet",
				 kind_name(edit->kind), (int)edit->key.length,
				 edit->key.data);
	job->current = definition_ref(now);
	return error_set(&job->error, STATUS_PRECONDITION,
			 "%s '%.*s' is at revision %" PRId64
			 "; read it again before you write",
			 kind_name(edit->kind), (int)edit->key.length,
			 edit->key.data, now->revision);
}

static enum status
check_environment(struct job *job)
{
	const struct edit *edit = &job->write.edits[0];

	if (job->type == JOB_WRITE && job->write.count == 1 &&
	    edit->kind == KIND_ENVIRONMENT && edit->verb == EDIT_REMOVE &&
	    strcmp(NAME_DEFAULT_ENVIRONMENT, edit->key.data) == 0)
		return error_set(&job->error, STATUS_CONFLICT,
				 "the environment 'default' always exists");
	return STATUS_OK;
}

/* May the job make an environment that is not there? A rollback makes one again
 * that was there then: what was wrong with that moment is said here. */
static bool
may_make(struct job *job)
{
	const struct then *then = job->then;

	if (job->type == JOB_WRITE)
		return job->write.create_environment;
	/* It never was there. */
	if (job->type != JOB_ROLLBACK || then == NULL ||
	    then->newest.revision == 0)
		return false;
	if (then->error.code != STATUS_OK)
		job->error = then->error;
	else if (job->rollback.key_count > 0)
		error_set(&job->error, STATUS_CONFLICT,
			  "environment '%.*s' is not there, so it can only be "
			  "rolled back as a whole, without 'keys'",
			  (int)job->environment.length, job->environment.data);
	return job->error.code == STATUS_OK;
}

/* The environment the job is about; a new one is made for the job that creates
 * it. `*fresh` is to be released. */
static const struct snapshot *
find_base(struct group *group, struct job *job, struct snapshot **fresh)
{
	struct snapshot *base = catalog_find(
	    group->catalog, job->environment.data, job->environment.length);

	if (base != NULL)
		return base;
	if (!may_make(job)) {
		if (job->error.code != STATUS_OK)
			return NULL;
		error_set(&job->error, STATUS_NOT_FOUND,
			  "there is no environment '%.*s'; to make it: PUT "
			  "/v1/envs/%.*s",
			  (int)job->environment.length, job->environment.data,
			  (int)job->environment.length, job->environment.data);
		return NULL;
	}
	if (!name_is_reserved(job->environment.data, job->environment.length) &&
	    tree_count(group->catalog->snapshots) >= LIMIT_ENVIRONMENTS) {
		error_set(&job->error, STATUS_CONFLICT,
			  "there are %d environments already, the limit",
			  LIMIT_ENVIRONMENTS);
		return NULL;
	}
	*fresh = snapshot_new(job->environment);
	/* What an earlier environment of that name held is not known any more
	 * here, so cursors into it are answered with everything. */
	(*fresh)->horizon = group->head + 1;
	return *fresh;
}

/* Let the draft work out the change. */
static enum status
work_out(struct group *group, struct job *job, struct draft *draft)
{
	enum status rc;

	if (job->type == JOB_ROLLBACK) {
		rc = rollback_apply(group->store, job, group->catalog, draft,
				    &job->error);
	} else {
		rc = check_environment(job);
		if (rc == STATUS_OK && job->write.count == 1)
			rc = check_condition(job, draft);
		if (rc == STATUS_OK)
			rc = rules_check_first(draft, job->write.edits,
					       job->write.count, &job->error);
		if (rc == STATUS_OK)
			rc = draft_apply(draft, job->write.edits,
					 job->write.count, &job->error);
	}
	if (rc == STATUS_OK)
		rc = rules_check(draft, clock_wall_ms(&group->clock),
				 &job->error);
	if (rc == STATUS_OK && !draft->lenient)
		rc = draft_check_references(draft, &job->error);
	return rc;
}

static enum verdict
verdict_of(const struct change *change)
{
	if (change->count == 0)
		return VERDICT_UNCHANGED;
	if (change->count == 1 && change->items[0].before == NULL)
		return VERDICT_CREATED;
	return VERDICT_CHANGED;
}

/* What the next commit is to keep of this job. */
static void
record(struct group *group, struct job *job, bool changed)
{
	struct store_write *write = &group->writes[group->write_count++];

	write->change = changed ? job->change : NULL;
	write->idempotency = (struct idempotency){
		.key = job->idempotency_key,
		.environment = job->environment,
		.revision = job->revision,
		.verdict = (int32_t)job->verdict,
	};
	memcpy(write->idempotency.fingerprint, job->fingerprint, SHA256_BYTES);
}

static void
advance(struct group *group, const struct snapshot *after)
{
	struct catalog *next = catalog_with(group->catalog, after, group->head);

	catalog_unref(group->catalog);
	group->catalog = next;
}

/* The draft stands: what the job is told, and what of it is to be stored. */
static void
settle(struct group *group, struct job *job, struct draft *draft)
{
	struct snapshot *after = NULL;

	job->verdict = verdict_of(draft->change);
	job->revision = draft->change->revision;
	if (draft->change->count == 0) {
		job->revision = draft->base->revision;
		draft->change->revision = job->revision;
		if (job->type == JOB_WRITE && job->write.count == 1)
			job->current = definition_ref(
			    draft_find(draft, job->write.edits[0].kind,
				       job->write.edits[0].key));
	} else if (draft_finish(draft, &after, &job->error) != STATUS_OK) {
		return;
	}
	advice_give(job, draft->change);
	job->change = draft->change;
	draft->change = NULL;
	if (!job->dry_run && after != NULL) {
		group->head = job->revision;
		group->changes++;
		advance(group, after);
	}
	if (!job->dry_run && (after != NULL || job->idempotency_key.length > 0))
		record(group, job, after != NULL);
	snapshot_unref(after);
}

static void
hold_against(struct group *group, struct job *job, const struct token *by,
	     const struct snapshot *base)
{
	struct draft draft;
	struct stamp stamp = { .revision = group->head + 1,
			       .at_ms = clock_wall_ms(&group->clock),
			       .actor = job->actor };

	draft_init(&draft, base, job, &stamp);
	draft.pulse = group->pulse;
	draft.by = by;
	if (work_out(group, job, &draft) == STATUS_OK)
		settle(group, job, &draft);
	draft_fini(&draft);
}

/* Who was let in when the request came may have been revoked since, also by a
 * change that is only staged. */
static enum status
judge(const struct group *group, struct job *job, const struct token **by)
{
	static const struct string access = {
		NAME_ACCESS_ENVIRONMENT, sizeof(NAME_ACCESS_ENVIRONMENT) - 1
	};
	enum status rc =
	    principal_prove(&job->by, group->catalog,
			    clock_wall_ms(&group->clock), by, &job->error);

	/* What is done to tokens is judged by its kind alone. */
	if (rc != STATUS_OK || string_equal(job->environment, access))
		return rc;
	return token_check_environment(*by, job->environment, &job->error);
}

void
group_stage(struct group *group, struct job *job)
{
	struct snapshot *fresh = NULL;
	const struct snapshot *base;
	const struct token *by;

	group->jobs[group->count++] = job;
	if (judge(group, job, &by) == STATUS_OK && !replay(group, job)) {
		base = find_base(group, job, &fresh);
		if (base != NULL)
			hold_against(group, job, by, base);
	}
	snapshot_unref(fresh);
	job->status = job->error.code;
}

enum status
group_commit(struct group *group, const struct catalog *committed,
	     struct error *err)
{
	enum status rc = STATUS_OK;

	if (group->write_count > 0)
		rc = store_commit(group->store, group->writes,
				  group->write_count, err);
	if (rc == STATUS_OK)
		return STATUS_OK;
	for (size_t i = 0; i < group->count; i++) {
		struct job *job = group->jobs[i];

		job->status = rc;
		job->error = *err;
	}
	catalog_unref(group->catalog);
	group->catalog = catalog_ref(committed);
	group->head = committed->head;
	return rc;
}

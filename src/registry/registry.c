/*
 * One turn of the thread:
 *
 *   take what is in the mailbox, in order
 *     a write       is staged on top of the ones before it
 *     anything else first commits what is staged, then asks the store
 *   commit what is staged: one transaction, one publication, then every job
 *   of it is done
 *   one step of a running backup, one of forgetting old history
 *
 * A group grows by itself: what arrives while a transaction is being synced
 * waits in the mailbox and shares the next one.
 */
#include "registry/registry.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/random.h"
#include "group.h"
#include "loader.h"
#include "model/name.h"
#include "past.h"
#include "retention.h"
#include "tally.h"

enum {
	BACKUP_PAGES = 100, /* a step, about 400 KB */
	SLOW_COMMIT_MS = 250,
	TURN_MS = 1000, /* an idle thread still shows that it lives */
};

struct registry {
	struct registry_config config;
	struct store *store;
	struct catalog *catalog; /* committed and published */
	struct group group;
	struct store_backup *backup; /* NULL: none runs */
	struct job *backup_job;
	struct retention retention;
	bool dead;

	pthread_t thread;
	bool started;
	pthread_mutex_t mutex; /* of what follows */
	pthread_cond_t wake;
	struct job *first, **last;
	size_t queued;
	bool stopping;

	struct pulse pulse;
	struct tally tally;
};

/* --- the mailbox -------------------------------------------------------- */

enum status
registry_submit(struct registry *registry, struct job *job, struct error *err)
{
	bool refused;

	job->next = NULL;
	pthread_mutex_lock(&registry->mutex);
	refused = registry->stopping ||
		  registry->queued >= registry->config.mailbox_limit;
	if (!refused) {
		*registry->last = job;
		registry->last = &job->next;
		registry->queued++;
		pthread_cond_signal(&registry->wake);
	}
	pthread_mutex_unlock(&registry->mutex);
	if (!refused)
		return STATUS_OK;
	atomic_fetch_add(&registry->tally.turned_away, 1);
	return error_set(err, STATUS_BUSY,
			 "too many writes are waiting; try again");
}

/* On the clock that the condition variable was given. */
static struct timespec
turn_deadline(void)
{
	const struct clock clock = clock_system();
	const int64_t at_ms = clock_mono_ms(&clock) + TURN_MS;

	return (struct timespec){ .tv_sec = at_ms / 1000,
				  .tv_nsec = at_ms % 1000 * 1000000 };
}

/* Up to `limit` jobs, in order; waits for the first unless told not to. False
 * when the registry stops and the mailbox is empty. */
static bool
take_jobs(struct registry *registry, bool wait, struct job **jobs, size_t limit,
	  size_t *count)
{
	const struct timespec deadline = turn_deadline();
	bool more;

	*count = 0;
	pthread_mutex_lock(&registry->mutex);
	while (wait && registry->first == NULL && !registry->stopping) {
		if (pthread_cond_timedwait(&registry->wake, &registry->mutex,
					   &deadline) == ETIMEDOUT)
			break;
	}
	while (registry->first != NULL && *count < limit) {
		struct job *job = registry->first;

		registry->first = job->next;
		if (registry->first == NULL)
			registry->last = &registry->first;
		registry->queued--;
		jobs[(*count)++] = job;
	}
	more = *count > 0 || !registry->stopping;
	pthread_mutex_unlock(&registry->mutex);
	return more;
}

/* --- committing --------------------------------------------------------- */

static void
die(struct registry *registry, const struct error *err)
{
	if (registry->dead)
		return;
	registry->dead = true;
	log_to(registry->config.log, LOG_ERROR, "the store failed",
	       LOG_S("detail", err->text));
	if (registry->config.fatal != NULL)
		registry->config.fatal(registry->config.ctx, err);
}

static void
count_commit(struct registry *registry, int64_t took_us)
{
	tally_commit(&registry->tally, registry->group.changes,
		     (uint64_t)took_us);
	atomic_store(&registry->tally.head, registry->catalog->head);
	if (took_us > SLOW_COMMIT_MS * 1000)
		log_to(registry->config.log, LOG_WARN, "slow commit",
		       LOG_N("milliseconds", took_us / 1000),
		       LOG_N("changes", registry->group.changes));
}

static void
publish(struct registry *registry, const struct catalog *catalog)
{
	catalog_unref(registry->catalog);
	registry->catalog = catalog_ref(catalog);
	registry->config.publish(registry->config.ctx, registry->catalog);
}

static void
done(struct registry *registry, struct job *job)
{
	if (job->status != STATUS_OK)
		atomic_fetch_add(&registry->tally.refused, 1);
	job->done(job);
}

static void
commit_group(struct registry *registry)
{
	struct group *group = &registry->group;
	struct error err;
	int64_t began;
	enum status rc;

	if (group->count == 0)
		return;
	error_init(&err);
	began = clock_stopwatch_us();
	rc = group_commit(group, registry->catalog, &err);
	if (rc == STATUS_OK) {
		if (group->changes > 0) {
			publish(registry, group->catalog);
			count_commit(registry, clock_stopwatch_us() - began);
		}
	} else {
		atomic_fetch_add(&registry->tally.failed, 1);
		log_to(registry->config.log, LOG_ERROR, "commit failed",
		       LOG_S("detail", err.text),
		       LOG_N("writes", group->count));
		if (store_is_dead(registry->store))
			die(registry, &err);
	}
	for (size_t i = 0; i < group->count; i++)
		done(registry, group->jobs[i]);
	group_clear(group);
}

/* --- jobs --------------------------------------------------------------- */

static char *
backup_path(const struct registry *registry)
{
	struct bytes path;
	uint64_t salt;

	random_bytes(&salt, sizeof(salt));
	bytes_init(&path);
	bytes_printf(&path, "%s.backup-%016" PRIx64, registry->config.database,
		     salt);
	return bytes_take(&path);
}

static void
begin_backup(struct registry *registry, struct job *job)
{
	if (registry->backup != NULL) {
		job->status = error_set(&job->error, STATUS_BUSY,
					"a backup is running already");
		done(registry, job);
		return;
	}
	job->path = backup_path(registry);
	job->status = store_backup_begin(registry->store, job->path,
					 &registry->backup, &job->error);
	if (job->status != STATUS_OK) {
		done(registry, job);
		return;
	}
	registry->backup_job = job;
}

static void
step_backup(struct registry *registry)
{
	struct job *job = registry->backup_job;
	bool finished = false;

	if (registry->backup == NULL)
		return;
	job->status = store_backup_step(registry->backup, BACKUP_PAGES,
					&finished, &job->error);
	if (job->status == STATUS_OK && !finished)
		return;
	store_backup_end(registry->backup);
	registry->backup = NULL;
	registry->backup_job = NULL;
	job->revision = registry->catalog->head;
	done(registry, job);
}

static void
step_retention(struct registry *registry)
{
	struct error err;
	enum status rc;

	if (registry->dead)
		return;
	error_init(&err);
	rc = retention_step(&registry->retention, &err);
	atomic_store(&registry->tally.oldest, store_oldest(registry->store));
	if (rc == STATUS_OK)
		return;
	log_to(registry->config.log, LOG_WARN, "history not pruned",
	       LOG_S("detail", err.text));
	if (store_is_dead(registry->store))
		die(registry, &err);
}

/* Something goes on between the commits: do not wait for jobs. */
static bool
has_errand(const struct registry *registry)
{
	return registry->backup != NULL ||
	       (!registry->dead && registry->retention.is_busy);
}

static void
run_write(struct registry *registry, struct job *job)
{
	struct group *group = &registry->group;

	/* A repeated key is held against what its first use was told, and that
	 * is known only after the commit. */
	if (group->count == group->limit || group_holds_key(group, job))
		commit_group(registry);
	group_stage(group, job);
}

static void
run_job(struct registry *registry, struct job *job)
{
	pulse_beat(&registry->pulse);
	job->status = STATUS_OK;
	if (registry->dead) {
		job->status = error_set(&job->error, STATUS_IO,
					"the store failed; the server ends");
		done(registry, job);
		return;
	}
	switch (job->type) {
	case JOB_WRITE:
	case JOB_ROLLBACK:
		run_write(registry, job);
		return;
	case JOB_HISTORY:
		commit_group(registry);
		past_history(registry->store, job);
		break;
	case JOB_PAST:
		commit_group(registry);
		past_snapshot(registry->store, job);
		break;
	case JOB_BACKUP:
		commit_group(registry);
		begin_backup(registry, job);
		return;
	}
	done(registry, job);
}

static void *
run(void *ctx)
{
	struct registry *registry = ctx;
	const size_t limit = registry->config.group_limit;
	struct job **jobs = mem_zalloc(limit, sizeof(struct job *));
	size_t count;

	while (
	    take_jobs(registry, !has_errand(registry), jobs, limit, &count) ||
	    registry->backup != NULL) {
		pulse_beat(&registry->pulse);
		for (size_t i = 0; i < count; i++)
			run_job(registry, jobs[i]);
		commit_group(registry);
		step_backup(registry);
		step_retention(registry);
	}
	free(jobs);
	return NULL;
}

/* --- life --------------------------------------------------------------- */

static void
add_snapshot(struct snapshot *snapshot, void *ctx)
{
	struct catalog **catalog = ctx;
	struct catalog *next =
	    catalog_with(*catalog, snapshot, (*catalog)->head);

	catalog_unref(*catalog);
	*catalog = next;
}

/* Nobody has seen the snapshots yet. */
static enum status
note_births(struct registry *registry, const struct catalog *catalog,
	    struct error *err)
{
	enum status rc = STATUS_OK;
	struct snapshot *snapshot;
	struct tree_walk walk;

	tree_walk_from(&walk, catalog->snapshots, &catalog_by_environment,
		       NULL);
	while (rc == STATUS_OK && (snapshot = tree_walk_next(&walk)) != NULL) {
		rc = store_born(registry->store, snapshot->environment,
				&snapshot->born, err);
		/* A cursor into a former life needs everything. */
		if (snapshot->horizon < snapshot->born)
			snapshot->horizon = snapshot->born;
	}
	return rc;
}

static void
ignore_done(struct job *job)
{
	(void)job;
}

/* The environment that always exists, made on the thread of registry_start. */
static enum status
make_default(struct registry *registry, struct error *err)
{
	static const char name[] = NAME_DEFAULT_ENVIRONMENT;
	const struct string environment = { name, sizeof(name) - 1 };
	struct edit edit = { .verb = EDIT_PUT,
			     .kind = KIND_ENVIRONMENT,
			     .key = environment,
			     .value = { .type = VALUE_OBJECT },
			     .pointer = "" };
	struct job job;
	enum status rc = STATUS_OK;

	if (catalog_find(registry->catalog, name, sizeof(name) - 1) != NULL)
		return STATUS_OK;
	job_init(&job, JOB_WRITE);
	job.done = ignore_done;
	job.by.kind = PRINCIPAL_PROGRAM;
	job.environment = environment;
	job.actor = (struct string){ "toggled", 7 };
	job.comment =
	    (struct string){ "the environment that always exists", 34 };
	job.write.edits = &edit;
	job.write.count = 1;
	job.write.create_environment = true;
	run_job(registry, &job);
	commit_group(registry);
	if (job.status != STATUS_OK) {
		*err = job.error;
		rc = error_wrap(err, "make the environment '%s'", name);
	}
	job_fini(&job);
	return rc;
}

static enum status
rebuild(struct registry *registry, struct error *err)
{
	struct catalog *catalog = catalog_new(store_epoch(registry->store),
					      store_head(registry->store));
	enum status rc = loader_run(registry->store, (struct string){ "", 0 },
				    INT64_MAX, add_snapshot, &catalog, err);

	if (rc == STATUS_OK)
		rc = note_births(registry, catalog, err);
	if (rc == STATUS_OK)
		publish(registry, catalog);
	catalog_unref(catalog);
	return rc;
}

enum status
registry_start(const struct registry_config *config, struct registry **out,
	       struct error *err)
{
	struct registry *registry = mem_zalloc(1, sizeof(*registry));
	pthread_condattr_t attr;
	enum status rc;

	registry->config = *config;
	pulse_init(&registry->pulse, config->clock);
	registry->last = &registry->first;
	pthread_mutex_init(&registry->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&registry->wake, &attr);
	pthread_condattr_destroy(&attr);
	rc = store_open(config->database, clock_wall_ms(&config->clock),
			&registry->store, err);
	if (rc != STATUS_OK)
		goto out;
	rc = rebuild(registry, err);
	if (rc != STATUS_OK)
		goto out;
	group_init(&registry->group, registry->store, registry->catalog,
		   config->clock, config->group_limit);
	registry->group.pulse = &registry->pulse;
	retention_init(&registry->retention, registry->store, &config->clock,
		       config->log, config->history_ms);
	rc = make_default(registry, err);
	if (rc != STATUS_OK)
		goto out;
	atomic_store(&registry->tally.head, registry->catalog->head);
	atomic_store(&registry->tally.oldest, store_oldest(registry->store));
	if (pthread_create(&registry->thread, NULL, run, registry) != 0) {
		rc = error_set(err, STATUS_INTERNAL,
			       "cannot start the registry's thread");
		goto out;
	}
	registry->started = true;
	*out = registry;
	registry = NULL;
out:
	registry_stop(registry);
	return rc;
}

void
registry_stop(struct registry *registry)
{
	if (registry == NULL)
		return;
	if (registry->started) {
		pthread_mutex_lock(&registry->mutex);
		registry->stopping = true;
		pthread_cond_signal(&registry->wake);
		pthread_mutex_unlock(&registry->mutex);
		pthread_join(registry->thread, NULL);
	}
	if (registry->group.jobs != NULL)
		group_fini(&registry->group);
	store_close(registry->store);
	catalog_unref(registry->catalog);
	pthread_cond_destroy(&registry->wake);
	pthread_mutex_destroy(&registry->mutex);
	free(registry);
}

struct registry_counts
registry_counts(struct registry *registry)
{
	struct registry_counts counts = {
		.queue_limit = registry->config.mailbox_limit,
		.ticked_ms = atomic_load(&registry->pulse.beat_ms),
	};

	tally_read(&registry->tally, &counts);
	pthread_mutex_lock(&registry->mutex);
	counts.queued = registry->queued;
	pthread_mutex_unlock(&registry->mutex);
	return counts;
}

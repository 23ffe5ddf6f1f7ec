/*
 * One turn of the thread:
 *
 *   take what is in the mailbox, in order
 *     a write is staged on top of the ones before it
 *     a read of the past, and a rollback, which begins with one, goes into the
 *     archive
 *     a backup begins, on top of what is staged
 *   commit what is staged: one transaction, one publication, then every job
 *   of it is done
 *   one step of a running backup, one of forgetting old history
 *   a slice of the archive; a rollback that has what it needs is staged
 *
 * A group grows by itself: what arrives while a transaction is being synced
 * waits in the mailbox and shares the next one.
 */
#include "registry/registry.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "base/mem.h"
#include "clock_watch.h"
#include "copying.h"
#include "group.h"
#include "loader.h"
#include "mailbox.h"
#include "model/name.h"
#include "retention.h"
#include "tally.h"
#include "write_watch.h"

enum {
	SLOW_COMMIT_MS = 250,
};

struct registry {
	struct registry_config config;
	struct store *store;
	struct catalog *catalog; /* committed and published */
	struct group group;
	struct copying copying;
	struct archive archive;
	struct retention retention;
	struct clock_watch clock_watch;
	struct write_watch write_watch;
	bool dead;

	pthread_t thread;
	bool started;
	struct mailbox mailbox;
	struct pulse pulse;
	struct tally tally;
};

enum status
registry_submit(struct registry *registry, struct job *job, struct error *err)
{
	enum status rc;

	job->submitted_ms = clock_mono_ms(&registry->config.clock);
	rc = mailbox_put(&registry->mailbox, job, err);
	if (rc != STATUS_OK)
		atomic_fetch_add(mailbox_is_read(job)
				     ? &registry->tally.reads_refused
				     : &registry->tally.turned_away,
				 1);
	return rc;
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

/* Outside of the database, and so somewhere else than who can forge it. */
static void
log_commit(const struct registry *registry)
{
	char hash[SHA256_HEX_BYTES];

	sha256_hex(store_head_hash(registry->store), hash);
	log_to(registry->config.log, LOG_INFO, "committed",
	       LOG_N("revision", store_head(registry->store)),
	       LOG_N("changes", registry->group.changes), LOG_S("hash", hash));
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
	if (mailbox_is_read(job))
		mailbox_leave(&registry->mailbox, job);
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
			write_watch_note(&registry->write_watch, rc, &err);
			publish(registry, group->catalog);
			count_commit(registry, clock_stopwatch_us() - began);
			log_commit(registry);
		}
	} else {
		atomic_fetch_add(&registry->tally.failed, 1);
		log_to(registry->config.log, LOG_ERROR, "commit failed",
		       LOG_S("detail", err.text),
		       LOG_N("writes", group->count));
		write_watch_note(&registry->write_watch, rc, &err);
		if (store_is_dead(registry->store))
			die(registry, &err);
	}
	for (size_t i = 0; i < group->count; i++)
		done(registry, group->jobs[i]);
	group_clear(group);
}

/* --- jobs --------------------------------------------------------------- */

static void
begin_backup(struct registry *registry, struct job *job)
{
	job = copying_begin(&registry->copying, job);
	if (job != NULL)
		done(registry, job);
}

static void
step_backup(struct registry *registry)
{
	struct job *job =
	    copying_step(&registry->copying, registry->catalog->head);

	if (job != NULL)
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
	write_watch_note(&registry->write_watch, rc, &err);
	log_to(registry->config.log, LOG_WARN, "history not pruned",
	       LOG_S("detail", err.text));
	if (store_is_dead(registry->store))
		die(registry, &err);
}

/* Somebody waits for what goes on between the commits. */
static bool
has_errand_to_finish(const struct registry *registry)
{
	return registry->copying.backup != NULL ||
	       archive_is_busy(&registry->archive) || registry->group.count > 0;
}

/* Do not wait for jobs. */
static bool
has_errand(const struct registry *registry)
{
	return has_errand_to_finish(registry) ||
	       (!registry->dead && registry->retention.is_busy);
}

static void
run_write(struct registry *registry, struct job *job)
{
	struct group *group = &registry->group;

	clock_watch_look(&registry->clock_watch);
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
	if (registry->dead && job->type != JOB_ROLLBACK) {
		job->status = error_set(&job->error, STATUS_IO,
					"the store failed; the server ends");
		done(registry, job);
		return;
	}
	switch (job->type) {
	case JOB_WRITE:
		run_write(registry, job);
		return;
	case JOB_ROLLBACK:
	case JOB_HISTORY:
	case JOB_PAST:
		archive_put(&registry->archive, job);
		return;
	case JOB_BACKUP:
		commit_group(registry);
		begin_backup(registry, job);
		return;
	}
}

/* A read has its answer, a rollback what it needs: from here on it is a write
 * like any other. */
static void
archive_done(void *ctx, struct job *job)
{
	struct registry *registry = ctx;

	if (job->type != JOB_ROLLBACK) {
		done(registry, job);
		return;
	}
	mailbox_leave(&registry->mailbox, job);
	if (registry->dead)
		done(registry, job);
	else
		run_write(registry, job);
}

static bool
is_awaited(void *ctx)
{
	const struct registry *registry = ctx;

	return atomic_load(&registry->mailbox.has_write);
}

static void
step_archive(struct registry *registry)
{
	struct error err;

	if (!registry->dead) {
		archive_step(&registry->archive, registry->catalog);
		return;
	}
	error_init(&err);
	error_set(&err, STATUS_IO, "the store failed; the server ends");
	archive_refuse(&registry->archive, &err);
}

static void *
run(void *ctx)
{
	struct registry *registry = ctx;
	const size_t limit = registry->config.group_limit;
	struct job **jobs = mem_zalloc(limit, sizeof(struct job *));
	size_t count;

	while (mailbox_take(&registry->mailbox, !has_errand(registry), jobs,
			    limit, &count) ||
	       has_errand_to_finish(registry)) {
		pulse_beat(&registry->pulse);
		clock_watch_look(&registry->clock_watch);
		write_watch_look(&registry->write_watch);
		for (size_t i = 0; i < count; i++)
			run_job(registry, jobs[i]);
		commit_group(registry);
		step_backup(registry);
		step_retention(registry);
		step_archive(registry);
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
				INT64_MAX, &snapshot->born, err);
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

/* An environment that has to be there, made on the thread of registry_start. */
static enum status
make_environment(struct registry *registry, const char *name,
		 const char *comment, struct error *err)
{
	const struct string environment = { name, strlen(name) };
	struct edit edit = { .verb = EDIT_PUT,
			     .kind = KIND_ENVIRONMENT,
			     .key = environment,
			     .value = { .type = VALUE_OBJECT },
			     .pointer = "" };
	struct job job;
	enum status rc = STATUS_OK;

	if (registry->config.mode == STORE_READ ||
	    catalog_find(registry->catalog, name, environment.length) != NULL)
		return STATUS_OK;
	job_init(&job, JOB_WRITE);
	job.done = ignore_done;
	job.by.kind = PRINCIPAL_PROGRAM;
	job.environment = environment;
	job.actor = (struct string){ "toggled", 7 };
	job.comment = (struct string){ comment, strlen(comment) };
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
	enum status rc;

	catalog->is_restored = store_is_restored(registry->store);
	rc = loader_run(registry->store, (struct string){ "", 0 }, INT64_MAX,
			add_snapshot, &catalog, err);

	if (rc == STATUS_OK && store_later(registry->store) > 0)
		log_to(registry->config.log, LOG_WARN,
		       "a later release has stored what this one does not "
		       "know: it is kept, and not served",
		       LOG_N("things", (int64_t)store_later(registry->store)));
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
	enum status rc;

	registry->config = *config;
	archive_init(&registry->archive);
	pulse_init(&registry->pulse, config->clock);
	pthread_mutex_init(&registry->write_watch.mutex, NULL);
	mailbox_init(&registry->mailbox, config->mailbox_limit);
	rc = store_open(config->database, config->mode,
			clock_wall_ms(&config->clock), &registry->store, err);
	if (rc != STATUS_OK)
		goto out;
	rc = rebuild(registry, err);
	if (rc != STATUS_OK) {
		error_wrap(err, "database '%s'", config->database);
		goto out;
	}
	group_init(&registry->group, registry->store, registry->catalog,
		   config->clock, config->group_limit);
	registry->group.pulse = &registry->pulse;
	registry->copying.store = registry->store;
	registry->copying.database = config->database;
	registry->archive.store = registry->store;
	registry->archive.clock = config->clock;
	registry->archive.pulse = &registry->pulse;
	registry->archive.done = archive_done;
	registry->archive.is_urgent = is_awaited;
	registry->archive.ctx = registry;
	retention_init(&registry->retention, registry->store, &config->clock,
		       config->log, config->history_ms);
	write_watch_init(&registry->write_watch, registry->store,
			 &config->clock, config->log);
	clock_watch_init(&registry->clock_watch, registry->store,
			 &config->clock, config->log);
	clock_watch_look(&registry->clock_watch);
	rc = make_environment(registry, NAME_DEFAULT_ENVIRONMENT,
			      "the environment that always exists", err);
	if (rc == STATUS_OK && config->is_guarded)
		rc = make_environment(registry, NAME_ACCESS_ENVIRONMENT,
				      "there were tokens before: nobody gets "
				      "in without one",
				      err);
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
		mailbox_stop(&registry->mailbox);
		pthread_join(registry->thread, NULL);
	}
	if (registry->group.jobs != NULL)
		group_fini(&registry->group);
	archive_fini(&registry->archive);
	store_close(registry->store);
	catalog_unref(registry->catalog);
	mailbox_fini(&registry->mailbox);
	write_watch_fini(&registry->write_watch);
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
	counts.clock_behind_ms = atomic_load(&registry->clock_watch.behind_ms);
	counts.clock_steps = atomic_load(&registry->clock_watch.steps);
	counts.cannot_write =
	    write_watch_why(&registry->write_watch, counts.write_error);
	counts.reads_shared = atomic_load(&registry->archive.shared);
	counts.reads_dropped = atomic_load(&registry->archive.dropped);
	pthread_mutex_lock(&registry->mailbox.mutex);
	counts.queued = registry->mailbox.queued;
	counts.reads = registry->mailbox.reads.count;
	counts.read_limit = registry->mailbox.reads.limit;
	pthread_mutex_unlock(&registry->mailbox.mutex);
	return counts;
}

#include "offline.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "model/snapshot.h"

enum { MAILBOX = 1, GROUP = 1 };

static void
publish_cb(void *ctx, const struct catalog *catalog)
{
	struct offline *offline = ctx;

	catalog_unref(offline->catalog);
	offline->catalog = catalog_ref(catalog);
}

static void
fatal_cb(void *ctx, const struct error *err)
{
	(void)ctx;
	fprintf(stderr, "toggled: the database failed: %s\n", err->text);
	_exit(1);
}

enum status
offline_check(const char *database, struct error *err)
{
	if (access(database, F_OK) == 0)
		return STATUS_OK;
	return error_set(err, STATUS_NOT_FOUND, "no database at %s: %s",
			 database, strerror(errno));
}

/* Of a database that is held: what to do. */
static enum status
advise(struct error *err)
{
	const struct error locked = *err;

	error_init(err);
	return error_set(err, locked.code,
			 "%s; stop it, or leave --database out and it is asked",
			 locked.text);
}

enum status
offline_open(struct offline *offline, const char *database,
	     enum store_mode mode, struct error *err)
{
	struct registry_config config = {
		.database = database,
		.mode = mode,
		.mailbox_limit = MAILBOX,
		.group_limit = GROUP,
		.clock = clock_system(),
		.publish = publish_cb,
		.fatal = fatal_cb,
		.ctx = offline,
	};
	enum status rc;

	*offline = (struct offline){ 0 };
	sem_init(&offline->done, 0, 0);
	offline->log = log_new(STDERR_FILENO, LOG_WARN, LOG_TEXT);
	config.log = offline->log;
	rc = registry_start(&config, &offline->registry, err);
	return rc == STATUS_BUSY ? advise(err) : rc;
}

static void
done_cb(struct job *job)
{
	sem_post(job->owner);
}

enum status
offline_run(struct offline *offline, struct job *job, struct error *err)
{
	enum status rc;

	job->done = done_cb;
	job->owner = &offline->done;
	rc = registry_submit(offline->registry, job, err);
	while (rc == STATUS_OK && sem_wait(&offline->done) && errno == EINTR)
		continue;
	return rc;
}

enum status
offline_find(const struct offline *offline, const char *environment,
	     const struct snapshot **snapshot, struct error *err)
{
	*snapshot =
	    catalog_find(offline->catalog, environment, strlen(environment));
	if (*snapshot)
		return STATUS_OK;
	return error_set(err, STATUS_NOT_FOUND, "no environment '%s'",
			 environment);
}

void
offline_close(struct offline *offline)
{
	registry_stop(offline->registry);
	catalog_unref(offline->catalog);
	log_free(offline->log);
	*offline = (struct offline){ 0 };
}

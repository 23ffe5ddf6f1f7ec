/*
 * A database without a server around it: the commands that work on a file start
 * a registry of their own on it, which fails when a server holds the file.
 */
#ifndef SRC_DAEMON_OFFLINE_H
#define SRC_DAEMON_OFFLINE_H

#include <semaphore.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/log.h"
#include "model/catalog.h"
#include "registry/registry.h"

struct offline {
	struct log *log;
	struct registry *registry;
	struct catalog *catalog; /* as of the last commit */
	sem_t done;              /* the job that runs */
};

/* The file has to be there already. */
enum status offline_check(const char *database, struct error *err) MUST_CHECK;

/* Who only reads leaves the file as it is; in any other mode it is served for a
 * moment. */
enum status offline_open(struct offline *offline, const char *database,
			 enum store_mode mode, struct error *err) MUST_CHECK;

/* Submit a job and wait until it is done. Its own status is in the job. */
enum status offline_run(struct offline *offline, struct job *job,
			struct error *err) MUST_CHECK;

/* A snapshot of an environment, borrowed from the catalog. */
enum status offline_find(const struct offline *offline, const char *environment,
			 const struct snapshot **snapshot,
			 struct error *err) MUST_CHECK;

/* Half-opened ones are allowed. */
void offline_close(struct offline *offline);

#endif

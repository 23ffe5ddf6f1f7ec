/*
 * The backup that runs, a step at a time between the commits. One at a time; it
 * is given up when nobody waits for it any more.
 *
 * Lives on the registry's thread.
 */
#ifndef SRC_REGISTRY_COPYING_H
#define SRC_REGISTRY_COPYING_H

#include "registry/registry.h"
#include "store/store.h"

struct copying {
	struct store *store;
	const char *database;        /* path; the copy comes beside it */
	struct store_backup *backup; /* NULL: none runs */
	struct job *job;
};

/* The job when it is refused, NULL when it has begun. */
struct job *copying_begin(struct copying *copying, struct job *job);

/* One step. The job when it is over; `head` is the newest revision by then. */
struct job *copying_step(struct copying *copying, int64_t head);

#endif

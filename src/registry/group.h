/*
 * A group: the writes that share one transaction. Each is staged on top of the
 * ones before it and has its own verdict; one commit makes all of them durable,
 * one publication makes them visible. If the commit fails, nothing of the group
 * happened.
 *
 * Lives on the registry's thread.
 */
#ifndef SRC_REGISTRY_GROUP_H
#define SRC_REGISTRY_GROUP_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "model/catalog.h"
#include "pulse.h"
#include "registry/registry.h"
#include "store/store.h"

struct group {
	struct store *store;
	struct pulse *pulse; /* of its thread; NULL: nobody looks */
	struct clock clock;
	struct catalog *catalog; /* as it will be; owned */
	int64_t head;            /* of `catalog` */
	struct job **jobs;       /* staged, in order */
	size_t count;
	size_t limit;
	struct store_write *writes; /* of those that leave a trace */
	size_t write_count;
	size_t changes; /* of the writes: those with a revision */
};

void group_init(struct group *group, struct store *store,
		const struct catalog *catalog, struct clock clock,
		size_t limit);
void group_fini(struct group *group);

/* Judge who asks for a JOB_WRITE or JOB_ROLLBACK by the tokens as they will
 * be, work out what it comes to and stage it; the job's results are set. Every
 * job waits for the commit, refused ones too: what they were held against is
 * not true before. */
void group_stage(struct group *group, struct job *job);

/* Commit what is staged. On failure the error is set in every staged job and
 * the group stands again at `committed`. */
enum status group_commit(struct group *group, const struct catalog *committed,
			 struct error *err);

/* Forget the jobs of a commit that is done with. */
void group_clear(struct group *group);

/* Is a write with this job's Idempotency-Key staged, but not yet stored? */
bool group_holds_key(const struct group *group, const struct job *job);

#endif

/*
 * Rollback: an environment, or some of its toggles, exactly as it was at a
 * moment, as a new change. Nothing in the history is touched.
 */
#ifndef SRC_REGISTRY_ROLLBACK_H
#define SRC_REGISTRY_ROLLBACK_H

#include "draft.h"
#include "store/store.h"

/* Fill the draft with what job->rollback comes to, by what job->then has read;
 * NULL: it is read here, at once. `now` is what stands. The environment's
 * settings stay as they are where draft->by may not change them, and
 * job->warnings says so. */
enum status rollback_apply(struct store *store, struct job *job,
			   const struct catalog *now, struct draft *draft,
			   struct error *err) MUST_CHECK;

#endif

/*
 * The past, out of the store: which revision a moment names, what a stored text
 * says, and the answers that idempotent requests got.
 */
#ifndef SRC_REGISTRY_PAST_H
#define SRC_REGISTRY_PAST_H

#include "base/arena.h"
#include "model/snapshot.h"
#include "registry/registry.h"
#include "store/store.h"

/* The revision that a moment names. STATUS_INVALID when the store has not got
 * there yet, or did not exist. */
enum status past_revision(struct store *store, const struct moment *moment,
			  int64_t *revision, struct error *err) MUST_CHECK;

/* A stored definition; segments it refers to are not looked up, so it is good
 * for reading, not for evaluating. */
enum status past_definition(const struct stored_item *item,
			    struct arena *scratch, struct definition **out,
			    struct error *err) MUST_CHECK;

/* What is asked for has been forgotten: says so, with that status. */
enum status past_set_pruned(const struct store *store, enum status code,
			    struct error *err);

/* Fill in what the first request under the same key was told. */
void past_replay(struct store *store, struct job *job,
		 const struct idempotency *found);

#endif

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

/* The revision that a moment names: of a time, the newest change whose time is
 * not later. STATUS_INVALID when the store has not got there yet, or a time is
 * before the first change. `not_before` is the first one who asks may be told
 * of; 0: all. */
enum status past_revision(struct store *store, const struct moment *moment,
			  int64_t not_before, int64_t *revision,
			  struct error *err) MUST_CHECK;

/* Hold a JOB_HISTORY to its range: the query, and what its ends were found to
 * mean. A moment before the first change is the beginning. */
enum status past_range(struct store *store, struct job *job,
		       struct history_query *query) MUST_CHECK;

/* The newest change to the environment (length 0: to any) up to a revision. */
enum status past_point(struct store *store, struct string environment,
		       int64_t revision, struct point *point,
		       struct error *err) MUST_CHECK;

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

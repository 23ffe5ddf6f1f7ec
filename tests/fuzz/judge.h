/*
 * Is what a change says true of the environment before and after it? Is a
 * client that only ever hears deltas told all of it? Whoever is not ends the
 * process.
 */
#ifndef TESTS_FUZZ_JUDGE_H
#define TESTS_FUZZ_JUDGE_H

#include "model/change.h"
#include "model/snapshot.h"

/* What the change names went from what it says to what it says, and nothing
 * else did. `before` and `after` may be NULL: no environment. */
void judge_change(const struct change *change, const struct snapshot *before,
		  const struct snapshot *after);

/* `*seen` is the last state that the client was told of, NULL for none; it
 * becomes `is`. */
void judge_delta(struct snapshot **seen, struct snapshot *is);

#endif

/*
 * What is put into the hands of a waiter. Bodies that do not depend on a
 * context are built once a snapshot and shared by all loops (snapshot_memo).
 * Pure but for that.
 */
#ifndef FEED_ANSWER_H
#define FEED_ANSWER_H

#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "feed/feed.h"
#include "model/snapshot.h"

/* Whose answer it is; borrows everything. */
struct answer {
	const struct feed_evaluator *evaluator;
	const char *epoch;
	const struct topic *topic;
	int64_t since; /* TOPIC_CHANGES: the delta starts here; 0: all */
};

/* Is it seen in the snapshots whether a topic was touched, without an
 * evaluation? Then: was it, since that revision? */
bool answer_is_seen(const struct topic *topic);
bool answer_has_news(const struct topic *topic, const struct snapshot *now,
		     int64_t since);

/* The state of the topic at `snapshot`: for TOPIC_CHANGES what changed since
 * `answer->since`. */
struct blob *answer_state(const struct answer *answer,
			  const struct snapshot *snapshot) MUST_CHECK;

/* Nothing has changed: an empty delta, or the whole state where the form knows
 * no deltas; then NULL when there is no `snapshot`. `revision`: what the waiter
 * has seen; on return the one that the body carries. */
struct blob *answer_unchanged(const struct answer *answer,
			      const struct snapshot *snapshot,
			      int64_t *revision) MUST_CHECK;

#endif

/*
 * What a loop evaluates with: a clock, working memory, and the feed's question
 * whether a change touches what a context gets. It tells the loop's usage what
 * services evaluated. One a loop, on its thread only.
 */
#ifndef SRC_HTTP_EVALUATOR_H
#define SRC_HTTP_EVALUATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/clock.h"
#include "eval/evaluate.h"
#include "feed/feed.h"
#include "feed/usage.h"
#include "model/snapshot.h"

struct counters;
struct evaluator;
struct ofrep_cache;

/* Borrows `usage` and `counters`, the loop's. */
struct evaluator *evaluator_new(struct clock clock, struct usage *usage,
				struct counters *counters) MUST_CHECK;

/* NULL is allowed. */
void evaluator_free(struct evaluator *evaluator);

/* Where the context of the request at hand is decoded: a text comes to eighty
 * times its length, so that no request keeps it. Emptied by each call, and by
 * the feed's questions. */
struct arena *evaluator_arena(struct evaluator *evaluator);

/* The context as text, for a topic; good until the next call. */
struct string evaluator_text(struct evaluator *evaluator,
			     const struct value *context);

/* A context to evaluate toggles of `snapshot` in; borrows `data`. It has the
 * steps of one request, which are charged to `account` (effort.h) by
 * evaluator_afford. Good until the next use of the evaluator. */
struct eval_context evaluator_context(struct evaluator *evaluator,
				      const struct snapshot *snapshot,
				      const struct value *data,
				      uint64_t account);

/* The same for a service: what is evaluated in it is counted as usage. */
struct eval_context evaluator_counted(struct evaluator *evaluator,
				      const struct snapshot *snapshot,
				      const struct value *data,
				      uint64_t account);

/* After the last evaluation in that context: charge what it took. False: the
 * account is in debt, and this would have cost more than what is free. Then
 * what came out is not to be used; `*wait_ms` says how long the debt lasts. */
bool evaluator_afford(struct evaluator *evaluator, int64_t *wait_ms) MUST_CHECK;

/* A service has what the toggles of `snapshot` with this prefix come to, and
 * goes on using it. */
void evaluator_confirm(struct evaluator *evaluator,
		       const struct snapshot *snapshot, struct string prefix);

/* A service has the definitions, or gets them now. */
void evaluator_hand_out(struct evaluator *evaluator,
			const struct snapshot *snapshot);

/* What OFREP's bulk answers were, for the fast path. */
struct ofrep_cache *evaluator_ofrep_cache(struct evaluator *evaluator);

/* The answers to the feed's questions. */
struct feed_evaluator evaluator_for_feed(struct evaluator *evaluator);

#endif

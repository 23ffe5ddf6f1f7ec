/*
 * Usage: how often each toggle was evaluated, which variants came out, and when
 * it was last in use. In memory only: it never causes a write, and it begins
 * anew when the process does.
 *
 * One a loop. The loop's thread counts, without locks or locked instructions;
 * it takes the lock only to remember a toggle that it meets for the first time
 * or that has changed. Any thread may read, and holds the lock for one toggle
 * at a time. Whoever wants the whole adds up the loops.
 *
 * A client that is told that nothing has changed uses its toggles too, though
 * nothing is evaluated for it. Such a confirmation renews the time of all that
 * it stands for and counts nothing.
 *
 * Bounded: USAGE_TOGGLES_MAX toggles a loop; evaluations of further ones are
 * only counted by environment. Removed toggles and environments are forgotten,
 * an environment also where it has been made again meanwhile.
 */
#ifndef FEED_USAGE_H
#define FEED_USAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "eval/evaluate.h"
#include "model/catalog.h"
#include "model/name.h"

enum {
	USAGE_TOGGLES_MAX = 128 * 1024,
	USAGE_PREFIXES_MAX = 32, /* confirmed at a time, of an environment */
};

struct usage;

/* Counting begins at `now_ms` (wall time, as everywhere here). */
struct usage *usage_new(int64_t now_ms) MUST_CHECK;

/* NULL is allowed. */
void usage_free(struct usage *usage);

/* --- The loop's thread ---------------------------------------------------- */

/* The evaluations that follow are of this environment and at this time. */
void usage_begin(struct usage *usage, const struct snapshot *snapshot,
		 int64_t now_ms);

/* An evaluation: an eval_observe_fn, whose ctx is the usage. `toggle` NULL: one
 * that is not there. */
void usage_count(const struct definition *toggle,
		 const struct evaluation *evaluation, void *ctx);

/* A client has what stands in `snapshot` of the toggles whose key starts with
 * `prefix`, and goes on using it. */
void usage_confirm(struct usage *usage, const struct snapshot *snapshot,
		   struct string prefix, int64_t now_ms);

/* A client was given definitions, or waits for newer ones: it evaluates by
 * itself, and nobody counts that. */
void usage_hand_out(struct usage *usage, const struct snapshot *snapshot,
		    int64_t now_ms);

/* A newer catalog: forget what was removed. */
void usage_publish(struct usage *usage, const struct catalog *catalog);

/* --- Any thread ----------------------------------------------------------- */

int64_t usage_since_ms(const struct usage *usage);

/* Evaluations that no toggle was charged with, because there were too many. */
uint64_t usage_overflow(const struct usage *usage);

/* Sums over loops: zeroed before the first. */
struct usage_sum {
	uint64_t evaluations; /* of all variants, today's or not, and of none */
	uint64_t none;        /* among them: came to no variant */
	uint64_t errors;      /* among those: failed */
	int64_t last_ms;      /* when it was last in use; 0: never */
	uint64_t variants[LIMIT_VARIANTS]; /* as the toggle has them */
};

/* Add what this loop has counted for a toggle. */
void usage_gather(struct usage *usage, struct string environment,
		  const struct definition *toggle, struct usage_sum *sum);

/* Add this loop's evaluations of an environment by their reason. */
void usage_gather_reasons(struct usage *usage, struct string environment,
			  uint64_t reasons[REASON_COUNT]);

/* When definitions of an environment were handed out last; 0: never. */
int64_t usage_handed_out_ms(struct usage *usage, struct string environment);

/* Visit the toggles of an environment that were evaluated here, in no order,
 * with the lock held. A toggle that is new meanwhile may be missed, or others
 * come twice. */
typedef void (*usage_visit_fn)(struct string key, uint64_t evaluations,
			       void *ctx);
void usage_each(struct usage *usage, struct string environment,
		usage_visit_fn visit, void *ctx);

#endif

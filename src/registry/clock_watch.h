/*
 * Is the wall clock behind the newest change? Then what is changed now is
 * stamped with a time before that of the change before it: the clock is wrong,
 * or it was when that change was made. Nothing is refused for it; it is said,
 * counted and shown for as long as it lasts, which is until the clock has
 * caught up, or the next change is made.
 *
 * The registry's thread looks, whenever it turns and before it stages; the two
 * numbers may be read by any thread.
 */
#ifndef SRC_REGISTRY_CLOCK_WATCH_H
#define SRC_REGISTRY_CLOCK_WATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/store.h"

struct clock_watch {
	struct clock clock;
	struct log *log;
	const struct store *store;
	int64_t said_ms; /* monotonic time of the last line; 0: none yet */
	bool is_said;    /* of this time that it is behind */
	atomic_int_least64_t behind_ms; /* now; 0: it is not */
	atomic_uint_least64_t steps;    /* how often it came to be */
};

void clock_watch_init(struct clock_watch *watch, const struct store *store,
		      const struct clock *clock, struct log *log);

void clock_watch_look(struct clock_watch *watch);

#endif

/*
 * Deadlines: a wheel of WHEEL_SLOTS lists, one for each tick, so that to add,
 * to take off and to expire cost the same with one waiter and with 100,000.
 *
 * A tick is FEED_TICK_MS of monotonic time. Ticks are counted in 32 bits and
 * wrap after years; they are only ever compared by their distance. Waiters are
 * borrowed. One thread.
 */
#ifndef FEED_WHEEL_H
#define FEED_WHEEL_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "feed/feed.h"

/* 102 s: what the longest wait needs and room for a loop that lags. */
enum { WHEEL_SLOTS = 2048 };

struct wheel {
	uint32_t tick; /* everything due up to here has been popped */
	size_t count;
	struct waiter *slots[WHEEL_SLOTS];
};

void wheel_init(struct wheel *wheel, uint32_t now);

/* `waiter` expires at the first tick after `now` that is not before `due`. */
void wheel_add(struct wheel *wheel, struct waiter *waiter, uint32_t now,
	       uint32_t due);

/* Harmless when the waiter is not on the wheel. */
void wheel_remove(struct wheel *wheel, struct waiter *waiter);

/* Take off one that is due at `now`, or NULL when there is none left. Waiters
 * may be added and removed between calls. */
struct waiter *wheel_pop(struct wheel *wheel, uint32_t now) MUST_CHECK;

/* Ticks from `now`, up to which all were popped, until the next pop may find
 * one; -1 when the wheel is empty. */
int64_t wheel_next(const struct wheel *wheel);

#endif

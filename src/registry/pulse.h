/*
 * That the registry's thread lives. It beats with each job, each edit of a
 * large one, each toggle that a change compiles anew and each step of reading
 * the past: so a watchdog tells a thread that is stuck from one that has much
 * to do. Its thread beats, any thread reads.
 */
#ifndef SRC_REGISTRY_PULSE_H
#define SRC_REGISTRY_PULSE_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/clock.h"

struct pulse {
	struct clock clock;
	atomic_int_least64_t beat_ms; /* monotonic */
};

/* NULL is allowed: nobody looks. */
static inline void
pulse_beat(struct pulse *pulse)
{
	if (pulse == NULL)
		return;
	atomic_store_explicit(&pulse->beat_ms, clock_mono_ms(&pulse->clock),
			      memory_order_relaxed);
}

static inline void
pulse_init(struct pulse *pulse, struct clock clock)
{
	pulse->clock = clock;
	atomic_init(&pulse->beat_ms, clock_mono_ms(&clock));
}

#endif

/*
 * Time enters through a `struct clock`, so that tests own it. Wall time is
 * milliseconds since 1970 UTC; monotonic time only measures distances.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct clock {
	int64_t (*wall_ms)(void *ctx);
	int64_t (*mono_ms)(void *ctx);
	void *ctx;
};

/* The machine's own clocks. */
struct clock clock_system(void);

static inline int64_t
clock_wall_ms(const struct clock *clock)
{
	return clock->wall_ms(clock->ctx);
}

static inline int64_t
clock_mono_ms(const struct clock *clock)
{
	return clock->mono_ms(clock->ctx);
}

/* Microseconds of the machine's monotonic clock: for measuring how long
 * something took, never for deciding. */
int64_t clock_stopwatch_us(void);

enum { CLOCK_TEXT_BYTES = 32 };

/* "2026-11-22T14:03:00.123Z" (RFC 3339, UTC, milliseconds). */
void clock_format(int64_t wall_ms, char text[CLOCK_TEXT_BYTES]);

/* Reads RFC 3339 with any offset and fraction ("2026-11-22T14:03:00Z",
 * "…+01:00"). False when the text is no such time. */
bool clock_parse(const char *text, int64_t *wall_ms) MUST_CHECK;

#endif

/*
 * A moment: a point of the history as people and programs name it. The one
 * reader of these, wherever one is taken:
 *
 *   42, epoch.42             a revision, or a cursor
 *   2026-11-22T14:03:00Z     a time (RFC 3339), with a blank for the T too;
 *                            the seconds may be left out, and the zone: UTC
 *   2026-11-22               the beginning of that day
 *   yesterday                24 hours ago
 *   -10m, -1h30m             so long ago: s, m, h, d, w, or in words
 *   10m ago, 2 hours ago     the same
 *
 * Which revision a time means is the registry's to say: the newest change whose
 * time is not later.
 */
#ifndef WIRE_MOMENT_H
#define WIRE_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"

struct moment {
	bool is_time;
	bool is_relative; /* so long ago: asked again it means another time */
	int64_t revision; /* not negative */
	int64_t at_ms;
};

/* `now_ms` is the wall clock, for what is so long ago. `name` stands in front
 * of what is said of a fault; "": nothing does. */
enum status moment_decode(const char *text, const char *name, int64_t now_ms,
			  struct moment *out, struct error *err) MUST_CHECK;

#endif

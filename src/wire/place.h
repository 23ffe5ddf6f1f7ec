/*
 * Where a walk through a value stands, as a chain on its stack: the pointer is
 * only made for a fault. A name may have a megabyte and a thousand values
 * below it, so to make one for each of them has no limit.
 *
 * The first of the chain has no `up`; its name is the pointer of what is
 * walked.
 */
#ifndef WIRE_PLACE_H
#define WIRE_PLACE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/string.h"

struct place {
	const struct place *up;
	struct string name; /* of a member; data NULL: of an array */
	size_t index;
};

/* error_at at that place. Beyond ERROR_PLACES_MAX it is only counted. */
enum status place_fault(const struct place *place, struct arena *arena,
			struct error *err, const char *detail);

#endif

/*
 * A rollout: how many of all users get which variant, in percent.
 *
 *   {"on": 10}     [["on", 10], ["off", 90]]: what is missing to 100 goes to
 *                  the default variant
 *   10             the same: the variant that is on (hold_variant)
 *
 * It is never more than 100, and who is left is never left in silence to a
 * variant that has a share already.
 */
#ifndef WIRE_ROLLOUT_H
#define WIRE_ROLLOUT_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "model/value.h"

/* The toggle that it is for. */
struct rollout_ground {
	const struct value *variants; /* NULL: those of a switch */
	struct string otherwise;      /* its default; length 0: none */
};

/* {"fractional": […]}; shares structure with both. */
enum status rollout_expand(const struct value *json, const char *pointer,
			   const struct rollout_ground *ground,
			   struct arena *arena, struct value *out,
			   struct error *err) MUST_CHECK;

/* Is it of the form that rollout_expand makes, whatever the weights? */
bool rollout_is(const struct value *logic);

#endif

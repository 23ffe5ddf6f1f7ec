/*
 * A condition of a short rule, {"attr","op","value"}, written out as JsonLogic.
 */
#ifndef WIRE_CONDITION_H
#define WIRE_CONDITION_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "model/value.h"

/* One condition, or an array of those that all have to hold. The result shares
 * structure with `json`. */
enum status condition_expand(const struct value *json, const char *pointer,
			     struct arena *arena, struct value *out,
			     struct error *err) MUST_CHECK;

#endif

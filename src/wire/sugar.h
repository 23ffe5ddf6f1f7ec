/*
 * Sugar: shorter forms of a toggle that people type. They are taken apart
 * before anything else looks at the input and never stored:
 *
 *   "value": x                 one variant, "value", which is the default
 *   "rollout": {"on": 10, …}   targeting {"fractional": [["on", 10], …]}
 *   "rules": [{"if": condition or [condition, …], "serve": "on"}, …]
 *                              targeting {"if": […]}; a rollout beside it is
 *                              what those get whom no rule serves
 *
 * "enabled" is looked at here, and left where it is: what it means depends on
 * what the toggle is (hold.h).
 */
#ifndef WIRE_SUGAR_H
#define WIRE_SUGAR_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "model/value.h"

/* `json` without sugar; shares structure with it. A value without sugar comes
 * back as it is. `pointer` is where it stands in the input. */
enum status sugar_expand(const struct value *json, const char *pointer,
			 struct arena *arena, struct value *out,
			 struct error *err) MUST_CHECK;

#endif

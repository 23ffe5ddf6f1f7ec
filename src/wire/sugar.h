/*
 * Sugar: shorter forms of a toggle that people type. They are taken apart
 * before anything else looks at the input and never stored:
 *
 *   "value": x                 one variant, "value", which is the default
 *   "rollout": 10, {"on": 10, …}
 *                              targeting {"fractional": [["on", 10], …]},
 *                              in percent (rollout.h)
 *   "rules": [{"if": condition or [condition, …], "serve": "on"}, …]
 *                              targeting {"if": […]}, a "rollout" instead of
 *                              "serve" is for those that the rule is for; one
 *                              beside the rules is what those get whom no rule
 *                              serves
 *
 * Nothing is lost that was not said: where a toggle is there, "rollout" keeps
 * its rules and "rules" its rollout (null and [] are none), and what cannot be
 * kept is refused.
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

/* `json` without sugar; shares structure with it and with `base`, which is the
 * toggle that it is written on top of, by its rules (hold_lift); NULL: none, or
 * it is replaced. A value without sugar comes back as it is. `pointer` is where
 * it stands in the input. */
enum status sugar_expand(const struct value *json, const struct value *base,
			 const char *pointer, struct arena *arena,
			 struct value *out, struct error *err) MUST_CHECK;

#endif

/*
 * A hold: a toggle that is served by hand. `serve` names the variant that
 * everybody gets, and what the rules say is kept in `held` until `serve` is
 * null again.
 *
 * What is written is what is served: under a hold a toggle is a plain flag
 * (`defaultVariant` is what is served, there is no `targeting`), and `serve`
 * and `held` only stand beside it. So nothing that evaluates a toggle, follows
 * the feed or belongs to an older release needs to know of holds.
 *
 * Here are values before they are checked; what a hold has to be is said by
 * toggle_settle. Everything that comes out shares structure with what goes in.
 */
#ifndef WIRE_HOLD_H
#define WIRE_HOLD_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "model/value.h"

/* What a hold adds to a toggle, at most, beside what is held: two names of a
 * variant, a name, and a few words. */
enum { HOLD_BYTES_MAX = 2048 };

struct hold {
	struct string serve; /* length 0: there is none, the rules are served */
	bool was_disabled;   /* before it, so it will be again */
	struct value rest;   /* what a later release put into `held` */
};

/* A toggle as it is by its rules: what is held is put back into its place, and
 * `serve` and `held` are gone. `hold` gets what was lifted. A toggle without a
 * hold stays as it is. */
void hold_lift(const struct value *toggle, struct arena *arena,
	       struct value *out, struct hold *hold);

/* What is asked for: `serve` (a name or null) or `enabled` (off is served, or
 * the rules are, and it is ENABLED). */
struct hold_request {
	/* The members that came in, without other sugar. */
	const struct value *asked;
	const char *pointer;
	/* The toggle by its rules, with what was asked for merged into it. */
	const struct value *toggle;
	/* That stood before. */
	const struct hold *before;
};

/* The toggle with the hold that it then has, or without one: it has neither
 * `enabled` nor "serve":null any more. */
enum status hold_place(const struct hold_request *request, struct arena *arena,
		       struct value *out, struct error *err) MUST_CHECK;

/* Did it bring `held`? Then it is a document that was read, and all its members
 * are taken as they stand. */
bool hold_is_given(const struct value *asked);

/* Does it say anything of what is held: the rule, or its default? */
bool hold_is_written(const struct value *asked);

/* The variant that is on, or off: the one of that name, else the one whose
 * value is true, or false. `variants` NULL: those of a switch. Length 0: there
 * is none. */
struct string hold_variant(const struct value *variants, bool on);

/* "'a', 'b' and 3 more": the names of the members, for an error. */
const char *hold_names(const struct value *variants, struct arena *arena);

#endif

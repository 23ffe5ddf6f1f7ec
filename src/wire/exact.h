/*
 * The numbers of definitions are those that every client reads as they were
 * written: from -(2^53-1) to 2^53-1. Beyond that JavaScript and whatever reads
 * numbers as doubles lose digits. What was stored before this was asked for is
 * served as it stands.
 */
#ifndef WIRE_EXACT_H
#define WIRE_EXACT_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "model/value.h"
#include "wire/definition.h"

/* Every number in it. */
bool exact_is(const struct value *value);

/* Report those that are not, `value` being at `pointer`. True: none was. */
bool exact_check(const struct value *value, const char *pointer,
		 struct arena *arena, struct error *err) MUST_CHECK;

/* The same of a member of a definition (NULL: of the whole value, a segment's
 * rule), unless it stands so in what is replaced or written back. */
bool exact_check_new(const struct definition_scope *scope, const char *member,
		     const struct value *value, const char *pointer,
		     struct arena *arena, struct error *err) MUST_CHECK;

#endif

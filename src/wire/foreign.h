/*
 * JSON that is well formed and says more than jansson holds: integers beyond 64
 * bits, reals beyond every double, halves of surrogate pairs, NUL in a name.
 * Other people's programs write such contexts every day.
 *
 * It is rewritten into JSON that jansson takes. An integer beyond 64 bits
 * becomes a real, a number beyond every double the largest one. In strings and
 * names, U+FDD0 (no character, for such uses inside a program) and a digit
 * stand for what cannot be said, and for U+FDD0 itself; foreign_restore puts
 * them right in what was parsed.
 */
#ifndef WIRE_FOREIGN_H
#define WIRE_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/string.h"

/* The text in another form, behind what is in `out`. What is no JSON stays as
 * it is. False: nothing differs, and `out` is of no use. */
bool foreign_rewrite(const char *text, size_t length, struct bytes *out);

/* Where in `text` stands what is at `at` of the rewritten one. */
size_t foreign_origin(const char *text, size_t length, size_t at);

enum foreign_find {
	FOREIGN_NOTHING,
	FOREIGN_NUL,  /* "\u0000" */
	FOREIGN_HALF, /* half of a surrogate pair: now U+FFFD */
};

/* What a string of the rewritten text means, in `arena` where it differs; the
 * last thing found in it. */
struct string foreign_restore(struct string text, struct arena *arena,
			      enum foreign_find *found);

#endif

/*
 * JSON text to values. The only way input becomes a `struct value`; jansson
 * does the parsing. Refused: duplicate members, bad UTF-8, trailing text, and
 * more nesting than LIMIT_JSON_DEPTH.
 *
 * An integer beyond 64 bits is read as a real, a number beyond every double as
 * the largest one; who may not have such numbers says so with a pointer
 * (src/wire/exact.h). NUL and halves of surrogate pairs in a text are refused
 * with a pointer, but in what is `foreign`.
 */
#ifndef WIRE_JSON_H
#define WIRE_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "model/value.h"

struct json_limits {
	size_t depth; /* 0: LIMIT_JSON_DEPTH */
	/* A context: somebody else's data, which others answer too. NUL is
	 * kept, half of a surrogate pair is U+FFFD. */
	bool foreign;
};

/* The value in `arena`. On a syntax error the text names line and column.
 * `limits` may be NULL. */
enum status json_decode(const char *text, size_t length,
			const struct json_limits *limits, struct arena *arena,
			struct value *out, struct error *err) MUST_CHECK;

/* A JSON pointer under construction: `base` then "/" and `name`, escaped as RFC
 * 6901 says. Lives in `arena`. */
const char *json_pointer(struct arena *arena, const char *base,
			 const char *name, size_t length);
const char *json_pointer_index(struct arena *arena, const char *base,
			       size_t index);

/* How much of a text from outside an error quotes: the precision of a "%.*s".
 * Never in the middle of a UTF-8 sequence. */
int json_quoted(struct string text);

/* The one of `names` (NULL-terminated list) that is closest to `name`, when it
 * is close enough to be worth a hint; NULL otherwise. */
const char *json_hint(const char *const *names, const char *name,
		      size_t length);

/* "a, b and c": the names that there are, for an error. */
const char *json_listing(const char *const *names, struct arena *arena);

/* Is it one of `names`? */
bool json_is_listed(const char *const *names, struct string name);

/* Report every member of `object` that is not in `names`, with a hint where
 * one is close. True when there was none. */
bool json_known_members(const struct value *object, const char *const *names,
			const char *base, struct arena *arena,
			struct error *err);

/* Report one unknown member of the object at `base`, for decoders that walk
 * the members themselves. */
void json_unknown_member(struct string name, const char *const *names,
			 const char *base, struct arena *arena,
			 struct error *err);

/* Which jansson is loaded, whatever the header was. */
const char *json_jansson_version(void);

#endif

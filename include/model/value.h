/*
 * A JSON value as the rest of the program sees it: a plain tree in an arena,
 * immutable once built, the same for definitions, contexts and patches. Only
 * src/wire turns text into values; integers and reals are told apart, because
 * clients of typed languages tell 10 from 10.0.
 *
 * Strings are UTF-8, carry a length, may hold NUL only in contexts, and have a
 * NUL behind their last byte. Object members keep the order they came in;
 * names are unique.
 */
#ifndef MODEL_VALUE_H
#define MODEL_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/string.h"

enum value_type {
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_INTEGER,
	VALUE_REAL,
	VALUE_STRING,
	VALUE_ARRAY,
	VALUE_OBJECT,
};

struct member;

struct value {
	enum value_type type;
	union {
		bool boolean;
		int64_t integer;
		double real; /* finite */
		struct string string;
		struct {
			struct value *items;
			size_t count;
		} array;
		struct {
			struct member *members;
			size_t count;
		} object;
	};
};

struct member {
	struct string name;
	struct value value;
};

/* The member's value, or NULL when absent or when `object` is no object. */
const struct value *value_get(const struct value *object, const char *name);
const struct value *value_get_n(const struct value *object, const char *name,
				size_t length);

/* "null", "boolean", "integer", "number", "string", "array", "object". */
const char *value_type_name(const struct value *value);

static inline bool
value_is_number(const struct value *value)
{
	return value->type == VALUE_INTEGER || value->type == VALUE_REAL;
}

bool value_is_string(const struct value *value, const char *text);

/* Equal as JSON: the order of members does not matter, 1 and 1.0 differ. */
bool value_equal(const struct value *a, const struct value *b);

/* A deep copy into another arena. */
struct value value_copy(struct arena *arena, const struct value *value);

/* RFC 7396. The result shares structure with `target` and `patch`, so both
 * must live as long as it; what is new comes from `arena`. `target` may be
 * NULL. */
struct value value_merge_patch(struct arena *arena, const struct value *target,
			       const struct value *patch);

/* Compact JSON. Reals print in the shortest form that reads back as the same
 * double and always show that they are reals ("10.0"). */
void value_encode(const struct value *value, struct bytes *out);

/* Like value_encode with every number as a real. */
void value_encode_real(const struct value *value, struct bytes *out);

/* A JSON string with its quotes. */
void value_encode_string(const char *data, size_t length, struct bytes *out);

/* The shortest decimal text that reads back as the same double, without a
 * forced ".0" (1, 0.1, 1e+21): what JavaScript's Number::toString prints. */
void value_encode_number_js(double number, struct bytes *out);

#endif

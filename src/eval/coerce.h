/*
 * How JsonLogic makes one type out of another, and compares across types: the
 * rules of JavaScript, but for truth, where an empty array is false.
 */
#ifndef EVAL_COERCE_H
#define EVAL_COERCE_H

#include <math.h>
#include <stdbool.h>

#include "model/value.h"

struct machine;

/* False: null, false, 0, NaN, "", []. Everything else is true. */
bool is_truthy(const struct value *value);

/* Number(value): null and "" are 0, other text that is no number NaN. */
double to_number(struct machine *machine, const struct value *value);

/* parseFloat(value): what the text begins with counts; null is NaN. */
double to_number_prefix(struct machine *machine, const struct value *value);

/* String(value), but null is "", as it is where JavaScript joins arrays. */
struct string to_text(struct machine *machine, const struct value *value);

/* The texts of the values, one behind the other. */
struct string join_text(struct machine *machine, const struct value *values,
			size_t count);

/* === and ==. Arrays and objects equal only themselves under ===. */
bool strictly_equal(const struct value *a, const struct value *b);
bool loosely_equal(struct machine *machine, const struct value *a,
		   const struct value *b);

/* How a stands to b: as text when both are strings, else as numbers. */
enum order { ORDER_LESS, ORDER_EQUAL, ORDER_GREATER, ORDER_NONE };
enum order compare(struct machine *machine, const struct value *a,
		   const struct value *b);

/* The number in a value that is one. */
static inline double
number_of(const struct value *value)
{
	return value->type == VALUE_INTEGER ? (double)value->integer
					    : value->real;
}

#endif

#include "eval/coerce.h"

#include <string.h>

#include "eval/machine.h"
#include "eval/number.h"

/* How many steps a number takes to become text, and back. */
enum { FORMAT_STEPS = 48, PARSE_STEPS = 6 };

bool
is_truthy(const struct value *value)
{
	switch (value->type) {
	case VALUE_NULL:
		return false;
	case VALUE_BOOL:
		return value->boolean;
	case VALUE_INTEGER:
		return value->integer != 0;
	case VALUE_REAL:
		return value->real != 0 && !isnan(value->real);
	case VALUE_STRING:
		return value->string.length > 0;
	case VALUE_ARRAY:
		return value->array.count > 0;
	case VALUE_OBJECT:
		return true;
	}
	return false;
}

static void
append_text(struct machine *machine, const struct value *value)
{
	struct bytes *out = &machine->scratch->text;

	if (--machine->steps < 0 || out->length > MACHINE_MEMORY_BYTES) {
		machine_exhausted(machine);
		return;
	}
	switch (value->type) {
	case VALUE_NULL:
		break;
	case VALUE_BOOL:
		bytes_append_str(out, value->boolean ? "true" : "false");
		break;
	case VALUE_INTEGER:
		bytes_append_int(out, value->integer);
		break;
	case VALUE_REAL:
		machine_weigh(machine, FORMAT_STEPS);
		if (isnan(value->real))
			bytes_append_str(out, "NaN");
		else if (isinf(value->real))
			bytes_append_str(out, value->real < 0 ? "-Infinity"
							      : "Infinity");
		else
			value_encode_number_js(value->real, out);
		break;
	case VALUE_STRING:
		bytes_append(out, value->string.data, value->string.length);
		break;
	case VALUE_ARRAY:
		for (size_t i = 0; i < value->array.count; i++) {
			if (i > 0)
				bytes_append_char(out, ',');
			append_text(machine, &value->array.items[i]);
		}
		break;
	case VALUE_OBJECT:
		bytes_append_str(out, "[object Object]");
		break;
	}
}

struct string
join_text(struct machine *machine, const struct value *values, size_t count)
{
	struct bytes *text = &machine->scratch->text;
	char *copy;

	bytes_clear(text);
	for (size_t i = 0; i < count; i++)
		append_text(machine, &values[i]);
	copy = machine_alloc(machine, text->length + 1, 1);
	if (copy == NULL)
		return (struct string){ "", 0 };
	if (text->length > 0)
		memcpy(copy, text->data, text->length);
	copy[text->length] = '\0';
	machine_spend(machine, text->length, 64);
	return (struct string){ copy, text->length };
}

struct string
to_text(struct machine *machine, const struct value *value)
{
	if (value->type == VALUE_STRING)
		return value->string;
	return join_text(machine, value, 1);
}

double
to_number(struct machine *machine, const struct value *value)
{
	struct string text;

	switch (value->type) {
	case VALUE_NULL:
		return 0;
	case VALUE_BOOL:
		return value->boolean ? 1 : 0;
	case VALUE_INTEGER:
	case VALUE_REAL:
		return number_of(value);
	case VALUE_STRING:
	case VALUE_ARRAY:
	case VALUE_OBJECT:
		break;
	}
	text = to_text(machine, value);
	machine_spend(machine, text.length, 64);
	machine_weigh(machine, PARSE_STEPS);
	return number_parse(text);
}

double
to_number_prefix(struct machine *machine, const struct value *value)
{
	struct string text;

	if (value_is_number(value))
		return number_of(value);
	text = to_text(machine, value);
	machine_spend(machine, text.length, 64);
	machine_weigh(machine, PARSE_STEPS);
	return number_parse_prefix(text);
}

bool
strictly_equal(const struct value *a, const struct value *b)
{
	if (value_is_number(a) && value_is_number(b))
		return number_of(a) == number_of(b);
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case VALUE_NULL:
		return true;
	case VALUE_BOOL:
		return a->boolean == b->boolean;
	case VALUE_STRING:
		return string_equal(a->string, b->string);
	case VALUE_ARRAY:
		return a->array.items == b->array.items && a->array.count > 0;
	case VALUE_OBJECT:
		return a->object.members == b->object.members &&
		       a->object.count > 0;
	case VALUE_INTEGER:
	case VALUE_REAL:
		break;
	}
	return false;
}

static bool
is_composite(const struct value *value)
{
	return value->type == VALUE_ARRAY || value->type == VALUE_OBJECT;
}

/* Text or a number where the value is none of them. */
static struct value
to_primitive(struct machine *machine, const struct value *value)
{
	if (is_composite(value))
		return value_string(to_text(machine, value));
	return *value;
}

static bool
equal_across_types(struct machine *machine, const struct value *a,
		   const struct value *b)
{
	struct value x;
	struct value y;

	if (a->type == VALUE_NULL || b->type == VALUE_NULL)
		return false;
	if (is_composite(a) && is_composite(b))
		return false;
	x = to_primitive(machine, a);
	y = to_primitive(machine, b);
	if (x.type == VALUE_STRING && y.type == VALUE_STRING)
		return string_equal(x.string, y.string);
	return to_number(machine, &x) == to_number(machine, &y);
}

bool
loosely_equal(struct machine *machine, const struct value *a,
	      const struct value *b)
{
	if (a->type == b->type)
		return strictly_equal(a, b);
	return equal_across_types(machine, a, b);
}

static enum order
compare_text(struct string a, struct string b)
{
	const int difference = string_compare(a, b);

	if (difference == 0)
		return ORDER_EQUAL;
	return difference < 0 ? ORDER_LESS : ORDER_GREATER;
}

static enum order
compare_numbers(double a, double b)
{
	if (a < b)
		return ORDER_LESS;
	if (a > b)
		return ORDER_GREATER;
	return a == b ? ORDER_EQUAL : ORDER_NONE;
}

enum order
compare(struct machine *machine, const struct value *a, const struct value *b)
{
	struct value x;
	struct value y;

	if (value_is_number(a) && value_is_number(b))
		return compare_numbers(number_of(a), number_of(b));
	x = to_primitive(machine, a);
	y = to_primitive(machine, b);
	if (x.type == VALUE_STRING && y.type == VALUE_STRING)
		return compare_text(x.string, y.string);
	return compare_numbers(to_number(machine, &x), to_number(machine, &y));
}

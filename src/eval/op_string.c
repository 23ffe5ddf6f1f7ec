/*
 * Text: cat and substr of JsonLogic, starts_with and ends_with of flagd.
 * Positions count Unicode code points.
 */
#include <math.h>
#include <string.h>

#include "eval/coerce.h"
#include "eval/machine.h"
#include "eval/operation.h"

struct value
op_cat(struct machine *machine, const struct node *node)
{
	struct value *parts =
	    machine_alloc(machine, node->count, sizeof(*parts));

	if (parts == NULL)
		return value_null();
	for (uint32_t i = 0; i < node->count; i++)
		parts[i] = node_eval(machine, &node->args[i]);
	return value_string(join_text(machine, parts, node->count));
}

static bool
starts_code_point(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

static double
count_code_points(struct string text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.length; i++)
		count += starts_code_point(text.data[i]);
	return (double)count;
}

/* The byte at which the code point of that number starts. */
static size_t
find_code_point(struct string text, double number)
{
	double seen = 0;

	for (size_t i = 0; i < text.length; i++) {
		if (!starts_code_point(text.data[i]))
			continue;
		if (seen >= number)
			return i;
		seen++;
	}
	return text.length;
}

static double
whole_number(struct machine *machine, const struct value *value)
{
	double number = to_number(machine, value);

	return isnan(number) ? 0 : trunc(number);
}

/* {"substr": [text, start, length]}: a negative start counts from the end, a
 * negative length leaves off that many at the end. */
struct value
op_substr(struct machine *machine, const struct node *node)
{
	struct value source = node_arg(machine, node, 0);
	struct value start = node_arg(machine, node, 1);
	struct value length = node_arg(machine, node, 2);
	struct string text = to_text(machine, &source);
	double total = count_code_points(text);
	double from = whole_number(machine, &start);
	double to = total;
	size_t first;

	machine_spend(machine, text.length, 32);
	if (from < 0)
		from = fmax(total + from, 0);
	if (node->count > 2) {
		double n = whole_number(machine, &length);

		to = n < 0 ? total + n : from + n;
	}
	first = find_code_point(text, from);
	if (to <= from)
		return value_string((struct string){ text.data + first, 0 });
	return value_string((struct string){
	    text.data + first, find_code_point(text, to) - first });
}

/* Null unless both operands are strings. */
static struct value
has_edge(struct machine *machine, const struct node *node, bool at_end)
{
	struct value whole = node_arg(machine, node, 0);
	struct value part = node_arg(machine, node, 1);
	size_t offset;

	if (node->count != 2 || whole.type != VALUE_STRING ||
	    part.type != VALUE_STRING)
		return value_null();
	if (part.string.length > whole.string.length)
		return value_bool(false);
	offset = at_end ? whole.string.length - part.string.length : 0;
	return value_bool(memcmp(whole.string.data + offset, part.string.data,
				 part.string.length) == 0);
}

struct value
op_starts_with(struct machine *machine, const struct node *node)
{
	return has_edge(machine, node, false);
}

struct value
op_ends_with(struct machine *machine, const struct node *node)
{
	return has_edge(machine, node, true);
}

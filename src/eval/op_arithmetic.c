/*
 * Arithmetic in doubles. What has no result (division by 0, a text that is no
 * number) is NaN or infinite, which is no variant's name.
 */
#include <math.h>

#include "eval/coerce.h"
#include "eval/machine.h"
#include "eval/operation.h"

static double
number_at(struct machine *machine, const struct node *node, uint32_t index)
{
	struct value value = node_arg(machine, node, index);

	if (index >= node->count)
		return NAN;
	return to_number(machine, &value);
}

/* + and * read text up to where it stops being a number. */
static double
prefix_at(struct machine *machine, const struct node *node, uint32_t index)
{
	struct value value = node_arg(machine, node, index);

	return to_number_prefix(machine, &value);
}

struct value
op_add(struct machine *machine, const struct node *node)
{
	double sum = 0;

	for (uint32_t i = 0; i < node->count; i++)
		sum += prefix_at(machine, node, i);
	return value_real(sum);
}

struct value
op_multiply(struct machine *machine, const struct node *node)
{
	double product = 1;

	for (uint32_t i = 0; i < node->count; i++)
		product *= prefix_at(machine, node, i);
	return value_real(product);
}

struct value
op_subtract(struct machine *machine, const struct node *node)
{
	double a = number_at(machine, node, 0);

	if (node->count == 1)
		return value_real(-a);
	return value_real(a - number_at(machine, node, 1));
}

struct value
op_divide(struct machine *machine, const struct node *node)
{
	double a = number_at(machine, node, 0);

	return value_real(a / number_at(machine, node, 1));
}

/* The remainder has the sign of the dividend. */
struct value
op_modulo(struct machine *machine, const struct node *node)
{
	double a = number_at(machine, node, 0);

	return value_real(fmod(a, number_at(machine, node, 1)));
}

static struct value
extreme(struct machine *machine, const struct node *node, int sign)
{
	double best = sign > 0 ? -INFINITY : INFINITY;

	for (uint32_t i = 0; i < node->count; i++) {
		double number = number_at(machine, node, i);

		if (isnan(number) || isnan(best))
			best = NAN;
		else if (sign * number > sign * best)
			best = number;
	}
	return value_real(best);
}

struct value
op_max(struct machine *machine, const struct node *node)
{
	return extreme(machine, node, 1);
}

struct value
op_min(struct machine *machine, const struct node *node)
{
	return extreme(machine, node, -1);
}

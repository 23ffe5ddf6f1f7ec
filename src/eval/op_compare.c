/*
 * Equality and order. < and <= with three operands ask whether the one in the
 * middle lies between the others.
 */
#include "eval/coerce.h"
#include "eval/machine.h"
#include "eval/operation.h"

static bool
are_equal(struct machine *machine, const struct node *node)
{
	struct value a = node_arg(machine, node, 0);
	struct value b = node_arg(machine, node, 1);

	return loosely_equal(machine, &a, &b);
}

static bool
are_strictly_equal(struct machine *machine, const struct node *node)
{
	struct value a = node_arg(machine, node, 0);
	struct value b = node_arg(machine, node, 1);

	return strictly_equal(&a, &b);
}

struct value
op_equal(struct machine *machine, const struct node *node)
{
	return value_bool(are_equal(machine, node));
}

struct value
op_not_equal(struct machine *machine, const struct node *node)
{
	return value_bool(!are_equal(machine, node));
}

struct value
op_strict_equal(struct machine *machine, const struct node *node)
{
	return value_bool(are_strictly_equal(machine, node));
}

struct value
op_strict_not_equal(struct machine *machine, const struct node *node)
{
	return value_bool(!are_strictly_equal(machine, node));
}

enum {
	LESS = 1 << ORDER_LESS,
	EQUAL = 1 << ORDER_EQUAL,
	GREATER = 1 << ORDER_GREATER,
};

/* Whether each operand stands to the next in one of the `wanted` orders. */
static struct value
are_ordered(struct machine *machine, const struct node *node, unsigned wanted)
{
	struct value a = node_arg(machine, node, 0);
	struct value b = node_arg(machine, node, 1);
	struct value c = node_arg(machine, node, 2);
	bool holds =
	    node->count > 1 && (1u << compare(machine, &a, &b) & wanted) != 0;

	if (holds && node->count > 2)
		holds = (1u << compare(machine, &b, &c) & wanted) != 0;
	return value_bool(holds);
}

struct value
op_less(struct machine *machine, const struct node *node)
{
	return are_ordered(machine, node, LESS);
}

struct value
op_less_or_equal(struct machine *machine, const struct node *node)
{
	return are_ordered(machine, node, LESS | EQUAL);
}

struct value
op_greater(struct machine *machine, const struct node *node)
{
	return are_ordered(machine, node, GREATER);
}

struct value
op_greater_or_equal(struct machine *machine, const struct node *node)
{
	return are_ordered(machine, node, GREATER | EQUAL);
}

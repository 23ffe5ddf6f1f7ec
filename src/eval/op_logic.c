/*
 * if, and, or, !, !!. The first three evaluate only what they need.
 */
#include "eval/coerce.h"
#include "eval/machine.h"
#include "eval/operation.h"

static bool
holds(struct machine *machine, const struct node *node, uint32_t index)
{
	struct value value = node_arg(machine, node, index);

	return is_truthy(&value);
}

/* {"if": [condition, result, condition, result, …, otherwise]} */
struct value
op_if(struct machine *machine, const struct node *node)
{
	uint32_t i = 0;

	for (; i + 1 < node->count; i += 2) {
		if (holds(machine, node, i))
			return node_arg(machine, node, i + 1);
	}
	return node_arg(machine, node, i);
}

unsigned
role_if(uint32_t index, uint32_t count)
{
	bool is_otherwise = index == count - 1;

	return index % 2 == 1 || is_otherwise ? ROLE_RESULT : ROLE_OPERAND;
}

/* The first operand that is false, else the last. */
struct value
op_and(struct machine *machine, const struct node *node)
{
	struct value value = value_null();

	for (uint32_t i = 0; i < node->count; i++) {
		value = node_eval(machine, &node->args[i]);
		if (!is_truthy(&value))
			break;
	}
	return value;
}

/* The first operand that is true, else the last. */
struct value
op_or(struct machine *machine, const struct node *node)
{
	struct value value = value_null();

	for (uint32_t i = 0; i < node->count; i++) {
		value = node_eval(machine, &node->args[i]);
		if (is_truthy(&value))
			break;
	}
	return value;
}

struct value
op_not(struct machine *machine, const struct node *node)
{
	return value_bool(!holds(machine, node, 0));
}

struct value
op_truth(struct machine *machine, const struct node *node)
{
	return value_bool(holds(machine, node, 0));
}

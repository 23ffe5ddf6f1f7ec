/*
 * {"in": [x, array]}: an element equals x (===).
 * {"in": [x, text]}: x, as text, is part of it. What is unknown is part of
 * nothing.
 */
#include <string.h>

#include "eval/coerce.h"
#include "eval/compiler.h"
#include "eval/machine.h"
#include "eval/operation.h"

static bool
is_part(struct machine *machine, const struct value *part, struct string whole)
{
	struct string text;

	if (part->type == VALUE_NULL)
		return false;
	text = to_text(machine, part);
	if (text.length == 0)
		return true;
	machine_spend(machine, whole.length, 64);
	return memmem(whole.data, whole.length, text.data, text.length) != NULL;
}

struct value
op_in(struct machine *machine, const struct node *node)
{
	struct value x = node_arg(machine, node, 0);
	struct value in = node_arg(machine, node, 1);

	if (in.type == VALUE_STRING)
		return value_bool(is_part(machine, &x, in.string));
	if (in.type != VALUE_ARRAY)
		return value_bool(false);
	machine_spend(machine, in.array.count, 8);
	for (size_t i = 0; i < in.array.count; i++) {
		if (strictly_equal(&x, &in.array.items[i]))
			return value_bool(true);
	}
	return value_bool(false);
}

static struct value
in_set(struct machine *machine, const struct node *node)
{
	struct value x = node_arg(machine, node, 0);

	if (x.type == VALUE_STRING)
		machine_spend(machine, x.string.length, 64);
	return value_bool(set_find(node->plan, &x) >= 0);
}

void
prepare_in(struct compiler *compiler, struct node *node)
{
	const struct value *array;
	struct set *set;

	if (node->count != 2 || !node_is_literal(&node->args[1]))
		return;
	array = &node->args[1].literal;
	if (array->type != VALUE_ARRAY)
		return;
	set = arena_alloc(&compiler->program->arena, sizeof(*set));
	set_init(set, &compiler->program->arena, array->array.items,
		 array->array.count);
	node->plan = set;
	node->run = in_set;
}

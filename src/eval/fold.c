/*
 * Constant folding: what does not depend on the context is computed once, when
 * the toggle is written. What fails is left, to fail when it is evaluated.
 */
#include "eval/compiler.h"
#include "eval/machine.h"
#include "eval/operation.h"

static bool
can_fold(const struct node *node)
{
	if (!node->op->is_pure)
		return false;
	for (uint32_t i = 0; i < node->count; i++) {
		if (!node_is_literal(&node->args[i]))
			return false;
	}
	return true;
}

void
fold(struct compiler *compiler, struct node *node)
{
	struct eval_context context = { .fractional = FRACTIONAL_V2 };
	struct machine machine;
	char detail[EVAL_DETAIL_BYTES];
	struct value result;

	if (node->op == NULL || !can_fold(node))
		return;
	context.scratch = eval_scratch_new();
	machine_init(&machine, compiler->program, &context, detail);
	result = node_eval(&machine, node);
	if (machine.error == EVAL_ERROR_NONE)
		node_set_literal(
		    node, value_copy(&compiler->program->arena, &result));
	eval_scratch_free(context.scratch);
}

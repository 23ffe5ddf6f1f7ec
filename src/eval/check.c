/*
 * What strict compiling asks beyond what an evaluation would run into.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "eval/coerce.h"
#include "eval/compiler.h"
#include "eval/operation.h"
#include "eval/shown.h"
#include "model/nearest.h"

static struct string
nearest_variant(const struct program_source *source, struct string name)
{
	struct nearest nearest;

	nearest_init(&nearest, name);
	for (size_t i = 0; i < source->variant_count; i++)
		nearest_offer(&nearest, source->variants[i].data,
			      source->variants[i].length);
	return nearest.found;
}

/* The name that a result has among the variants: true is "true". */
static struct string
variant_name(const struct value *value, char text[32])
{
	if (value->type == VALUE_STRING)
		return value->string;
	if (value->type == VALUE_BOOL)
		snprintf(text, 32, "%s", value->boolean ? "true" : "false");
	else if (value->type == VALUE_INTEGER)
		snprintf(text, 32, "%" PRId64, value->integer);
	else
		snprintf(text, 32, "%.15g", value->real);
	return (struct string){ text, strlen(text) };
}

void
check_result(struct compiler *compiler, const struct value *value)
{
	const struct program_source *source = compiler->source;
	struct string name;
	struct string near;
	struct value wanted = { .type = VALUE_STRING };
	char text[32];

	if (source->variant_count == 0 || value->type == VALUE_NULL)
		return;
	if (value->type == VALUE_ARRAY || value->type == VALUE_OBJECT) {
		compiler_fault(compiler,
			       "the result is an %s, not a variant's name",
			       value_type_name(value));
		return;
	}
	name = variant_name(value, text);
	wanted.string = name;
	if (set_find(&compiler->program->variants, &wanted) >= 0)
		return;
	near = nearest_variant(source, name);
	if (near.data == NULL)
		compiler_fault(compiler, "\"%.*s\" is not a variant",
			       SHOWN(name));
	else
		compiler_fault(
		    compiler,
		    "\"%.*s\" is not a variant; did you mean \"%.*s\"?",
		    SHOWN(name), SHOWN(near));
}

void
check_arity(struct compiler *compiler, const struct operation *op, size_t count)
{
	bool is_open = op->max == ARGS_ANY;
	const char *plural =
	    op->min == 1 && (is_open || op->max == 1) ? "" : "s";

	if (count >= op->min && (count <= op->max || is_open))
		return;
	if (is_open)
		compiler_fault(compiler,
			       "%s takes at least %d operand%s, not %zu",
			       op->name, op->min, plural, count);
	else if (op->min == op->max)
		compiler_fault(compiler, "%s takes %d operand%s, not %zu",
			       op->name, op->min, plural, count);
	else
		compiler_fault(compiler, "%s takes %d to %d operand%s, not %zu",
			       op->name, op->min, op->max, plural, count);
}

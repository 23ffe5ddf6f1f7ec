#include "eval/compiler.h"

#include <stdio.h>
#include <string.h>

#include "eval/machine.h"
#include "eval/operation.h"
#include "eval/path.h"
#include "eval/shown.h"

size_t
compiler_push_name(struct compiler *compiler, struct string name)
{
	if (compiler->segment.data != NULL)
		return compiler->pointer.length;
	return pointer_push_name(&compiler->pointer, name);
}

size_t
compiler_push_index(struct compiler *compiler, size_t index)
{
	if (compiler->segment.data != NULL)
		return compiler->pointer.length;
	return pointer_push_index(&compiler->pointer, index);
}

static void
report(struct compiler *compiler, const char *detail)
{
	const char *pointer = compiler->pointer.text;

	if (compiler->source->lenient)
		return;
	compiler->status = STATUS_INVALID;
	if (compiler->segment.data == NULL)
		(void)error_at(compiler->err, pointer, "%s", detail);
	else
		(void)error_at(compiler->err, pointer, "segment \"%.*s\": %s",
			       SHOWN(compiler->segment), detail);
}

void
compiler_fault(struct compiler *compiler, const char *fmt, ...)
{
	char detail[EVAL_DETAIL_BYTES];
	va_list args;

	va_start(args, fmt);
	vsnprintf(detail, sizeof(detail), fmt, args);
	va_end(args);
	report(compiler, detail);
}

void
compiler_fault_at(struct compiler *compiler, const struct node *node,
		  uint32_t index, const char *fmt, ...)
{
	size_t length = compiler->pointer.length;
	char detail[EVAL_DETAIL_BYTES];
	va_list args;

	if (!node->bare)
		length = compiler_push_index(compiler, index);
	va_start(args, fmt);
	vsnprintf(detail, sizeof(detail), fmt, args);
	va_end(args);
	report(compiler, detail);
	pointer_cut(&compiler->pointer, length);
}

uint16_t
compiler_slot(struct compiler *compiler, struct string path)
{
	unsigned slot = 0;

	while (slot < compiler->slot_count &&
	       !string_equal(compiler->slots[slot], path))
		slot++;
	if (slot == compiler->slot_count && slot < SLOTS_MAX)
		compiler->slots[compiler->slot_count++] = path;
	return (uint16_t)slot;
}

void
compiler_uses_context(struct compiler *compiler)
{
	compiler->program->uses_context = true;
}

void
compiler_uses_anything(struct compiler *compiler)
{
	compiler->program->uses_context = true;
	if (!compiler->in_body)
		compiler->program->uses_timestamp = true;
}

void
compiler_uses_path(struct compiler *compiler, struct string path)
{
	static const char flagd[] = PATH_FLAGD;
	bool is_flagd = !compiler->in_body &&
			strncmp(path.data, flagd, sizeof(flagd) - 1) == 0;

	if (path.length == 0)
		compiler_uses_anything(compiler);
	else if (!is_flagd)
		compiler->program->uses_context = true;
	else if (strcmp(path.data, PATH_FLAG_KEY) != 0)
		compiler->program->uses_timestamp = true;
}

static struct value
run_literal(struct machine *machine, const struct node *node)
{
	(void)machine;
	return node->literal;
}

void
node_set_literal(struct node *node, struct value literal)
{
	*node = (struct node){
		.run = run_literal,
		.slot = SLOT_NONE,
		.literal = literal,
	};
}

static struct value
run_broken(struct machine *machine, const struct node *node)
{
	return machine_fail(machine, EVAL_ERROR_PARSE_ERROR, "%s",
			    node->literal.string.data);
}

static const struct operation operation_broken = {
	.name = "?",
	.run = run_broken,
};

void
node_set_broken(struct node *node, struct string text)
{
	node_set_literal(node, value_string(text));
	node->op = &operation_broken;
	node->run = run_broken;
}

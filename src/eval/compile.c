/*
 * From the JSON tree of a rule to a tree of nodes, in one walk. On the way:
 *
 *   segments   are inlined where they are referred to
 *   paths      of the context get a slot each (compiler_slot)
 *   operators  prepare themselves (operator.prepare): constant sets are hashed,
 *              weights summed, versions parsed
 *   constants  are folded
 *
 * Strict and lenient compile alike; strict also reports each fault.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "eval/compiler.h"
#include "eval/machine.h"
#include "eval/operation.h"
#include "eval/references.h"
#include "eval/shown.h"

/* Of a rule with its segments. Deeper or larger ones are broken. */
enum { DEPTH_MAX = 64, VALUES_MAX = 200000 };

static void compile_value(struct compiler *compiler, const struct value *value,
			  unsigned role, struct node *node);

static struct value
run_array(struct machine *machine, const struct node *node)
{
	struct value *items =
	    machine_alloc(machine, node->count, sizeof(*items));

	if (items == NULL)
		return value_null();
	for (uint32_t i = 0; i < node->count; i++)
		items[i] = node_eval(machine, &node->args[i]);
	return value_array(items, node->count);
}

static struct value
run_reference(struct machine *machine, const struct node *node)
{
	return node_eval(machine, node->args);
}

const struct operation operation_reference = {
	.name = REFERENCE_NAME,
	.run = run_reference,
	.min = 1,
	.max = 1,
};

static void compile_broken(struct compiler *compiler, struct node *node,
			   const char *fmt, ...) PRINTF_LIKE(3, 4);

static void
compile_broken(struct compiler *compiler, struct node *node, const char *fmt,
	       ...)
{
	char text[EVAL_DETAIL_BYTES];
	struct string copy;
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	compiler_fault(compiler, "%s", text);
	copy.length = strlen(text);
	copy.data = arena_copy(&compiler->program->arena, text, copy.length);
	node_set_broken(node, copy);
}

/* A node with room for its operands. */
static void
init_node(struct compiler *compiler, struct node *node, node_run_fn run,
	  size_t count)
{
	*node = (struct node){
		.run = run,
		.count = (uint32_t)count,
		.slot = SLOT_NONE,
		.args = arena_zalloc(&compiler->program->arena, count,
				     sizeof(*node)),
	};
}

/* Objects with one member are operators, others are data. */
static bool
is_operator(const struct value *value)
{
	return value->type == VALUE_OBJECT && value->object.count == 1;
}

/* Whether there is nothing in it to evaluate. Counts the values it has. */
static bool
is_data(const struct value *value, size_t *size)
{
	(*size)++;
	if (value->type != VALUE_ARRAY)
		return !is_operator(value);
	for (size_t i = 0; i < value->array.count; i++) {
		if (!is_data(&value->array.items[i], size))
			return false;
	}
	return true;
}

static void
compile_array(struct compiler *compiler, const struct value *array,
	      unsigned role, struct node *node)
{
	init_node(compiler, node, run_array, array->array.count);
	for (size_t i = 0; i < array->array.count; i++) {
		size_t length = compiler_push_index(compiler, i);
		/* A share is [variant, weight]. */
		bool is_variant = (role & ROLE_BUCKET) != 0 && i == 0;

		compile_value(compiler, &array->array.items[i],
			      is_variant ? role & ROLE_RESULT : ROLE_OPERAND,
			      &node->args[i]);
		pointer_cut(&compiler->pointer, length);
	}
}

static void
compile_literal(struct compiler *compiler, const struct value *value,
		unsigned role, struct node *node)
{
	if (role == ROLE_RESULT)
		check_result(compiler, value);
	node_set_literal(node, value_copy(&compiler->program->arena, value));
}

static void
compile_reference(struct compiler *compiler, const struct value *name,
		  unsigned role, struct node *node)
{
	const struct program_source *source = compiler->source;
	const struct value *rule = NULL;

	if (name->type != VALUE_STRING) {
		compile_broken(compiler, node, "$ref takes a segment's name");
		return;
	}
	if (compiler->segment.data != NULL) {
		compile_broken(compiler, node,
			       "a segment cannot refer to another segment");
		return;
	}
	if (source->segment != NULL)
		rule = source->segment(source->ctx, name->string);
	if (rule == NULL) {
		compile_broken(compiler, node, "there is no segment \"%.*s\"",
			       SHOWN(name->string));
		return;
	}
	init_node(compiler, node, run_reference, 1);
	node->op = &operation_reference;
	node->bare = true;
	node->literal = value_copy(&compiler->program->arena, name);
	compiler->segment = name->string;
	compile_value(compiler, rule, role, node->args);
	compiler->segment = (struct string){ NULL, 0 };
}

/* The operands of a node whose operator is set. */
static void
compile_operands(struct compiler *compiler, const struct value *operands,
		 unsigned role, struct node *node)
{
	const struct operation *op = node->op;
	bool in_body = compiler->in_body;

	for (uint32_t i = 0; i < node->count; i++) {
		size_t length = compiler->pointer.length;
		unsigned inner = ROLE_OPERAND;

		if (op->role != NULL)
			inner = op->role(i, node->count);
		if ((role & ROLE_RESULT) == 0)
			inner &= ~(unsigned)ROLE_RESULT;
		if (!node->bare)
			length = compiler_push_index(compiler, i);
		compiler->in_body = in_body || (op->has_body && i == 1);
		compile_value(compiler, &operands[i], inner, &node->args[i]);
		compiler->in_body = in_body;
		pointer_cut(&compiler->pointer, length);
	}
}

static void
compile_unknown(struct compiler *compiler, struct string name,
		struct node *node)
{
	const char *nearest = operation_nearest(name);

	if (nearest == NULL)
		compile_broken(compiler, node, "unknown operator \"%.*s\"",
			       SHOWN(name));
	else
		compile_broken(
		    compiler, node,
		    "unknown operator \"%.*s\"; did you mean \"%s\"?",
		    SHOWN(name), nearest);
}

static void
compile_operator(struct compiler *compiler, const struct member *member,
		 unsigned role, struct node *node)
{
	const struct operation *op = operation_find(member->name);
	const struct value *operands = &member->value;
	size_t count = 1;
	bool bare = operands->type != VALUE_ARRAY;

	if (is_reference(member)) {
		compile_reference(compiler, operands, role, node);
		return;
	}
	if (op == NULL) {
		compile_unknown(compiler, member->name, node);
		return;
	}
	if (!bare) {
		count = operands->array.count;
		operands = operands->array.items;
	}
	check_arity(compiler, op, count);
	init_node(compiler, node, op->run, count);
	node->op = op;
	node->bare = bare;
	compile_operands(compiler, operands, role, node);
	if (op->prepare != NULL)
		op->prepare(compiler, node);
	fold(compiler, node);
}

static void
compile_value(struct compiler *compiler, const struct value *value,
	      unsigned role, struct node *node)
{
	size_t size = 0;
	bool is_share = (role & ROLE_BUCKET) != 0 &&
			value->type == VALUE_ARRAY && value->array.count > 0;
	bool is_literal = !is_share && is_data(value, &size);

	compiler->size += is_literal ? size : 1;
	if (compiler->size > VALUES_MAX) {
		compile_broken(compiler, node,
			       "the rule has more than %d values", VALUES_MAX);
		return;
	}
	if (compiler->depth == DEPTH_MAX) {
		compile_broken(compiler, node,
			       "the rule is nested deeper than %d levels",
			       DEPTH_MAX);
		return;
	}
	compiler->depth++;
	if (is_literal) {
		compile_literal(compiler, value, role, node);
	} else if (value->type == VALUE_ARRAY) {
		compile_array(compiler, value, role, node);
	} else {
		const struct member *member = value->object.members;
		size_t length = compiler_push_name(compiler, member->name);

		compile_operator(compiler, member, role, node);
		pointer_cut(&compiler->pointer, length);
	}
	compiler->depth--;
}

static bool
is_empty(const struct value *targeting)
{
	return targeting == NULL || targeting->type == VALUE_NULL ||
	       (targeting->type == VALUE_OBJECT &&
		targeting->object.count == 0);
}

static struct program *
program_new(const struct program_source *source)
{
	struct program *program = mem_zalloc(1, sizeof(*program));
	struct arena *arena = &program->arena;
	struct value *names;

	arena_init(arena);
	program->key.length = source->key.length;
	program->key.data =
	    arena_copy(arena, source->key.data, source->key.length);
	names = arena_zalloc(arena, source->variant_count, sizeof(*names));
	for (size_t i = 0; i < source->variant_count; i++) {
		struct value name = value_string(source->variants[i]);

		names[i] = value_copy(arena, &name);
	}
	set_init(&program->variants, arena, names, source->variant_count);
	return program;
}

enum status
program_compile(const struct program_source *source, struct program **program,
		struct error *err)
{
	struct compiler compiler = { .source = source, .err = err };

	if (is_empty(source->targeting)) {
		*program = NULL;
		return STATUS_OK;
	}
	compiler.program = program_new(source);
	pointer_set(&compiler.pointer, source->pointer);
	compile_value(&compiler, source->targeting, ROLE_RESULT,
		      &compiler.program->root);
	if (compiler.status != STATUS_OK) {
		program_free(compiler.program);
		return compiler.status;
	}
	*program = compiler.program;
	return STATUS_OK;
}

void
program_free(struct program *program)
{
	if (program == NULL)
		return;
	arena_fini(&program->arena);
	free(program);
}

bool
program_uses_timestamp(const struct program *program)
{
	return program != NULL && program->uses_timestamp;
}

bool
program_uses_context(const struct program *program)
{
	return program != NULL && program->uses_context;
}

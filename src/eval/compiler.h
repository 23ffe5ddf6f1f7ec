/*
 * The state of one compilation: where it is in the rule, what it found. This is
 * what operators see when they prepare themselves.
 */
#ifndef EVAL_COMPILER_H
#define EVAL_COMPILER_H

#include <stdarg.h>

#include "base/attr.h"
#include "eval/code.h"
#include "eval/pointer.h"
#include "eval/program.h"

struct operation;

struct compiler {
	const struct program_source *source;
	struct program *program;
	struct error *err;
	enum status status;     /* STATUS_OK while there is no fault */
	struct pointer pointer; /* of the value that is compiled */
	struct string segment;  /* that it stands in; data NULL: in none */
	bool in_body;           /* `var` refers to an element (has_body) */
	unsigned depth;
	size_t size; /* values compiled so far */
	struct string slots[SLOTS_MAX];
	unsigned slot_count;
};

/* Go into a member or an element, and back out with pointer_cut. Places in a
 * segment are not places of this rule: there the pointer stays at the $ref. */
size_t compiler_push_name(struct compiler *compiler, struct string name);
size_t compiler_push_index(struct compiler *compiler, size_t index);

/* A fault at the value that is compiled, or at operand `index` of `node`.
 * Ignored when lenient: then it shows when the rule is evaluated. */
void compiler_fault(struct compiler *compiler, const char *fmt, ...)
    PRINTF_LIKE(2, 3);
void compiler_fault_at(struct compiler *compiler, const struct node *node,
		       uint32_t index, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* Strict checks, in check.c: a result that the rule spells out has to be a
 * variant, an operator has to have operands it can do something with. */
void check_result(struct compiler *compiler, const struct value *value);
void check_arity(struct compiler *compiler, const struct operation *op,
		 size_t count);

/* The slot for a path of the context, SLOT_NONE when there are no more. */
uint16_t compiler_slot(struct compiler *compiler, struct string path);

/* What the rule reads: the context, a path in it, or some path that is not
 * known yet. */
void compiler_uses_context(struct compiler *compiler);
void compiler_uses_path(struct compiler *compiler, struct string path);
void compiler_uses_anything(struct compiler *compiler);

/* Make the node this value, whatever it was before. */
void node_set_literal(struct node *node, struct value literal);

/* Make it one whose evaluation is a PARSE_ERROR with this text. */
void node_set_broken(struct node *node, struct string text);

/* In fold.c: replace an operator whose operands are all known by its result. */
void fold(struct compiler *compiler, struct node *node);

#endif

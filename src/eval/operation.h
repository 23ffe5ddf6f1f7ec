/*
 * The operators: JsonLogic's, and those that flagd adds.
 *
 * To add one: write its function in the op_*.c it belongs to, declare it here,
 * add a row to the table in operation.c, cases to tests/cases/eval and a line
 * to docs/API.md.
 */
#ifndef EVAL_OPERATION_H
#define EVAL_OPERATION_H

#include <stdbool.h>
#include <stdint.h>

#include "eval/code.h"

struct compiler;

/* What an operand is for, where that matters at compile time. */
enum role {
	ROLE_OPERAND = 0,
	ROLE_RESULT = 1, /* what it evaluates to is the result of the rule */
	ROLE_BUCKET = 2, /* a [variant, weight] of fractional */
};

enum { ARGS_ANY = UINT8_MAX };

struct operation {
	const char *name;
	node_run_fn run;

	/* Number of operands that make sense; max ARGS_ANY: any number. */
	uint8_t min;
	uint8_t max;

	bool is_pure;  /* the operands alone decide the result */
	bool has_body; /* operand 1 runs once for each element of operand 0 */

	/* Roles of the operands in a rule's result; NULL: all ROLE_OPERAND. */
	unsigned (*role)(uint32_t index, uint32_t count);

	/* May put a faster form of itself into a compiled node; or NULL. */
	void (*prepare)(struct compiler *compiler, struct node *node);
};

/* NULL when there is none of that name. */
const struct operation *operation_find(struct string name);

/* The operator whose name is nearest to a misspelt one, or NULL. */
const char *operation_nearest(struct string name);

/* {"$ref": name}: not in the table, because compiling resolves it. */
extern const struct operation operation_reference;

#define OPERATION_FN(name)                                                     \
	struct value name(struct machine *machine, const struct node *node)

/* op_logic.c */
OPERATION_FN(op_if);
OPERATION_FN(op_and);
OPERATION_FN(op_or);
OPERATION_FN(op_not);
OPERATION_FN(op_truth);
unsigned role_if(uint32_t index, uint32_t count);

/* op_compare.c */
OPERATION_FN(op_equal);
OPERATION_FN(op_not_equal);
OPERATION_FN(op_strict_equal);
OPERATION_FN(op_strict_not_equal);
OPERATION_FN(op_less);
OPERATION_FN(op_less_or_equal);
OPERATION_FN(op_greater);
OPERATION_FN(op_greater_or_equal);

/* op_arithmetic.c */
OPERATION_FN(op_add);
OPERATION_FN(op_subtract);
OPERATION_FN(op_multiply);
OPERATION_FN(op_divide);
OPERATION_FN(op_modulo);
OPERATION_FN(op_max);
OPERATION_FN(op_min);

/* op_data.c */
OPERATION_FN(op_var);
OPERATION_FN(op_missing);
OPERATION_FN(op_missing_some);
void prepare_var(struct compiler *compiler, struct node *node);
void prepare_missing(struct compiler *compiler, struct node *node);

/* op_array.c */
OPERATION_FN(op_map);
OPERATION_FN(op_filter);
OPERATION_FN(op_reduce);
OPERATION_FN(op_all);
OPERATION_FN(op_none);
OPERATION_FN(op_some);
OPERATION_FN(op_merge);

/* op_in.c */
OPERATION_FN(op_in);
void prepare_in(struct compiler *compiler, struct node *node);

/* op_string.c */
OPERATION_FN(op_cat);
OPERATION_FN(op_substr);
OPERATION_FN(op_starts_with);
OPERATION_FN(op_ends_with);

/* op_sem_ver.c */
OPERATION_FN(op_sem_ver);
void prepare_sem_ver(struct compiler *compiler, struct node *node);

/* op_fractional.c */
OPERATION_FN(op_fractional);
unsigned role_fractional(uint32_t index, uint32_t count);
void prepare_fractional(struct compiler *compiler, struct node *node);

#endif

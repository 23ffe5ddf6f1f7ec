/*
 * The compiled form of a rule: a tree of nodes, each knowing the function that
 * evaluates it. Everything a program consists of lies in its arena and is
 * immutable once compiled.
 *
 *   literal   a value                          operator NULL, count 0
 *   array     [a, b, …] with an operator in it operator NULL, count > 0
 *   operator  {"op": [a, b, …]}                operator set
 */
#ifndef EVAL_CODE_H
#define EVAL_CODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "eval/set.h"
#include "model/value.h"

struct machine;
struct node;
struct operation;

typedef struct value (*node_run_fn)(struct machine *machine,
				    const struct node *node);

/* Attributes are looked up once an evaluation: each path has a slot that
 * remembers what was found. Paths past this many are looked up each time. */
enum { SLOTS_MAX = 64, SLOT_NONE = SLOTS_MAX };

struct node {
	node_run_fn
	    run; /* the operator's, or a form of it for these operands */
	const struct operation *op;
	struct node *args;
	uint32_t count;
	uint16_t slot; /* of the path that is looked up, or SLOT_NONE */
	bool bare;     /* {"op": a}: the operand stood without brackets */
	union {
		struct value literal;
		const void
		    *plan; /* what an operator prepared at compile time */
	};
};

struct program {
	struct arena arena;
	struct node root;
	struct string key; /* of the toggle */
	struct set variants;
	bool uses_timestamp;
	bool uses_context;
};

static inline bool
node_is_literal(const struct node *node)
{
	return node->op == NULL && node->count == 0;
}

#endif

/*
 * The machine: the state of one evaluation. Lives on the stack of the
 * evaluating thread; what it allocates lies in the scratch and is gone with
 * the next evaluation.
 *
 * Invariant: once `error` is set, `steps` is 0 or less and every further node
 * evaluates to null at once, so that operators need not look for errors.
 */
#ifndef EVAL_MACHINE_H
#define EVAL_MACHINE_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "eval/code.h"
#include "eval/evaluate.h"

/* What one evaluation may cost. A step is
 * a node, or as much of a long string or array as takes about as long. */
enum {
	MACHINE_STEPS = 100 * 1000,
	MACHINE_MEMORY_BYTES = 1024 * 1024,
	MACHINE_NESTING = 64, /* of arrays that a rule builds */
};

/* For want of steps of the request's. */
#define MACHINE_TOO_MUCH                                                       \
	"the rules take more steps for this context than one request may"

struct slot {
	uint64_t evaluation; /* in which it was filled */
	const struct value *value;
};

struct eval_scratch {
	uint64_t evaluation; /* counts them, from 1 */
	struct slot slots[SLOTS_MAX];
	struct bytes text; /* a number while it is printed */
	struct member flagd[2];
	struct value flagd_value; /* the attribute "$flagd" */
	size_t used;
	alignas(max_align_t) unsigned char memory[MACHINE_MEMORY_BYTES];
};

/* What `var` refers to inside map, filter and the like. */
struct scope {
	const struct value *element;
	const struct value *accumulator; /* NULL outside of reduce */
};

struct machine {
	const struct program *program;
	const struct eval_context *context;
	struct eval_scratch *scratch;
	const struct scope *scope; /* NULL: the evaluation context */
	struct trace *trace;
	int64_t steps;
	int64_t granted; /* steps at the beginning */
	int64_t left;    /* steps at the end, where it failed */
	int64_t extra;   /* what it took beside steps: machine_weigh */
	enum eval_error error;
	char *detail; /* EVAL_DETAIL_BYTES, written with the error */
};

/* Begin an evaluation. What node_eval then returns lives until the next one
 * with the same scratch begins. */
void machine_init(struct machine *machine, const struct program *program,
		  const struct eval_context *context,
		  char detail[EVAL_DETAIL_BYTES]);

/* It is over: what it took is taken off what the request has. */
void machine_pay(const struct machine *machine);

/* Ends the evaluation; the first error stands. Returns null. */
struct value machine_fail(struct machine *machine, enum eval_error error,
			  const char *fmt, ...) PRINTF_LIKE(3, 4);

/* `count` elements of `size` bytes, uninitialised. NULL when the budget does
 * not allow it; the evaluation has failed then. */
void *machine_alloc(struct machine *machine, size_t count,
		    size_t size) MUST_CHECK;

/* Fails for want of steps. */
struct value machine_exhausted(struct machine *machine);

/* In trace.c: node_eval with every step recorded. */
struct value trace_node(struct machine *machine, const struct node *node);

/* In trace.c: remember a number with the operator that is being evaluated. */
void trace_note(struct machine *machine, const char *name, int64_t number);

static inline struct value
value_null(void)
{
	return (struct value){ .type = VALUE_NULL };
}

static inline struct value
value_bool(bool boolean)
{
	return (struct value){ .type = VALUE_BOOL, .boolean = boolean };
}

static inline struct value
value_real(double real)
{
	return (struct value){ .type = VALUE_REAL, .real = real };
}

static inline struct value
value_string(struct string string)
{
	return (struct value){ .type = VALUE_STRING, .string = string };
}

static inline struct value
value_array(struct value *items, size_t count)
{
	return (struct value){ .type = VALUE_ARRAY, .array = { items, count } };
}

/* What takes longer than its steps say counts by so many more against what the
 * request has. A rule's own limit stays what it was when it was stored. */
static inline void
machine_weigh(struct machine *machine, int64_t steps)
{
	machine->extra += steps;
}

/* Pay for work whose size the input decides, where it is done. Going through
 * strings and members takes about three times as long as nodes do. */
static inline void
machine_spend(struct machine *machine, size_t bytes_or_items, unsigned per_step)
{
	const int64_t steps = (int64_t)(bytes_or_items / per_step);

	machine->steps -= steps;
	machine_weigh(machine, 2 * steps);
}

/* What a node evaluates to. Nothing may stand behind the calls: results then
 * land where they are wanted without being copied. */
static inline struct value
node_eval(struct machine *machine, const struct node *node)
{
	if (--machine->steps < 0)
		return machine_exhausted(machine);
	if (machine->trace != NULL)
		return trace_node(machine, node);
	return node->run(machine, node);
}

/* The operand at `index`, or null where there is none. */
static inline struct value
node_arg(struct machine *machine, const struct node *node, uint32_t index)
{
	if (index >= node->count)
		return value_null();
	return node_eval(machine, &node->args[index]);
}

#endif

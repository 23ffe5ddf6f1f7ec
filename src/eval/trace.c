/*
 * While a trace is recorded, node_eval comes here for each node. Operators run
 * in their general form, not in the one they prepared, because that may skip
 * operands it knows already.
 */
#include "eval/trace.h"

#include <math.h>
#include <string.h>

#include "eval/machine.h"
#include "eval/operation.h"
#include "eval/pointer.h"

enum {
	NOTES_MAX = 2,
	VALUES_MAX = 4096, /* in an operand or a result */
};

struct step {
	struct step *next;
	struct string pointer;
	const struct operation *op;
	struct value operands;
	struct value result;
	struct member notes[NOTES_MAX];
	size_t note_count;
};

/* A node that is being evaluated. */
struct frame {
	struct frame *outer;
	const struct node *node;
	struct value *operands; /* room for node->count */
	size_t count;
	struct member notes[NOTES_MAX];
	size_t note_count;
};

struct trace {
	struct arena *arena;
	size_t used_before; /* of the arena */
	struct step *first;
	struct step *last;
	size_t count;
	struct frame *frame;    /* the innermost */
	struct pointer pointer; /* to its node */
};

struct trace *
trace_new(struct arena *arena)
{
	struct trace *trace = arena_zalloc(arena, 1, sizeof(*trace));

	trace->arena = arena;
	trace->used_before = arena->used_bytes;
	pointer_set(&trace->pointer, "/targeting");
	return trace;
}

static struct string
name_of(const struct operation *op)
{
	return (struct string){ op->name, strlen(op->name) };
}

/* NaN and infinity, which JSON has not, become null. */
static void
make_finite(struct value *value)
{
	if (value->type == VALUE_REAL && !isfinite(value->real))
		*value = value_null();
	if (value->type == VALUE_ARRAY) {
		for (size_t i = 0; i < value->array.count; i++)
			make_finite(&value->array.items[i]);
	}
	if (value->type == VALUE_OBJECT) {
		for (size_t i = 0; i < value->object.count; i++)
			make_finite(&value->object.members[i].value);
	}
}

/* Whether a value is small enough to be kept. */
static bool
fits(const struct value *value, size_t *left)
{
	size_t size = 1;

	if (value->type == VALUE_STRING)
		size += value->string.length / 16;
	if (*left < size)
		return false;
	*left -= size;
	if (value->type == VALUE_ARRAY) {
		for (size_t i = 0; i < value->array.count; i++) {
			if (!fits(&value->array.items[i], left))
				return false;
		}
	}
	if (value->type == VALUE_OBJECT) {
		for (size_t i = 0; i < value->object.count; i++) {
			if (!fits(&value->object.members[i].value, left))
				return false;
		}
	}
	return true;
}

static struct value
keep(struct trace *trace, struct value value)
{
	static const struct string too_large = { "(too large to show)", 19 };
	size_t left = VALUES_MAX;
	struct value copy;

	if (!fits(&value, &left))
		return value_string(too_large);
	copy = value_copy(trace->arena, &value);
	make_finite(&copy);
	return copy;
}

/* Which operand of a node is it? Its count when none is. Rules may have many
 * thousands, so they are not tried one by one. */
static uint32_t
index_of(const struct node *node, const struct node *operand)
{
	uintptr_t offset = (uintptr_t)operand - (uintptr_t)node->args;
	uintptr_t at = offset / sizeof(*operand);

	return at < node->count ? (uint32_t)at : node->count;
}

/* The way from a node to one that it evaluates: an operand, or (fractional) an
 * element of an operand. */
static void
push_place(struct pointer *pointer, const struct node *from,
	   const struct node *to)
{
	uint32_t at = index_of(from, to);

	if (at < from->count) {
		if (!from->bare)
			pointer_push_index(pointer, at);
		return;
	}
	for (uint32_t i = 0; i < from->count; i++) {
		const struct node *arg = &from->args[i];

		at = index_of(arg, to);
		if (at == arg->count)
			continue;
		pointer_push_index(pointer, i);
		pointer_push_index(pointer, at);
		return;
	}
}

static void
enter(struct trace *trace, const struct node *node)
{
	const struct frame *outer = trace->frame;

	if (outer != NULL && outer->node->op == &operation_reference) {
		pointer_set(&trace->pointer, "/segments");
		pointer_push_name(&trace->pointer, outer->node->literal.string);
	} else if (outer != NULL) {
		push_place(&trace->pointer, outer->node, node);
	}
	if (node->op != NULL)
		pointer_push_name(&trace->pointer, name_of(node->op));
}

static void
record(struct trace *trace, const struct frame *frame, struct value result)
{
	struct step *step;

	trace->count++;
	if (trace->count > TRACE_STEPS_MAX ||
	    trace->arena->used_bytes - trace->used_before > TRACE_BYTES_MAX)
		return;
	step = arena_zalloc(trace->arena, 1, sizeof(*step));
	step->pointer.length = trace->pointer.length;
	step->pointer.data = arena_copy(trace->arena, trace->pointer.text,
					trace->pointer.length);
	step->op = frame->node->op;
	step->operands =
	    keep(trace, value_array(frame->operands, frame->count));
	step->result = keep(trace, result);
	memcpy(step->notes, frame->notes, sizeof(step->notes));
	step->note_count = frame->note_count;
	if (trace->last == NULL)
		trace->first = step;
	else
		trace->last->next = step;
	trace->last = step;
}

/* The bodies of map and the like are steps, but no operands. */
static void
add_operand(struct frame *frame, struct value value)
{
	const struct operation *op = frame->node->op;

	if (op != NULL && op->has_body && frame->count > 0)
		return;
	if (frame->count < frame->node->count)
		frame->operands[frame->count++] = value;
}

struct value
trace_node(struct machine *machine, const struct node *node)
{
	struct trace *trace = machine->trace;
	struct pointer before = trace->pointer;
	struct frame frame = { .outer = trace->frame, .node = node };
	struct value result;

	frame.operands =
	    arena_alloc(trace->arena, node->count * sizeof(struct value));
	enter(trace, node);
	trace->frame = &frame;
	if (node->op == NULL) {
		result = node->run(machine, node);
	} else {
		result = node->op->run(machine, node);
		record(trace, &frame, result);
	}
	trace->frame = frame.outer;
	trace->pointer = before;
	if (frame.outer != NULL)
		add_operand(frame.outer, result);
	return result;
}

void
trace_note(struct machine *machine, const char *name, int64_t number)
{
	struct frame *frame = machine->trace->frame;
	struct member *note = &frame->notes[frame->note_count];

	if (frame->note_count == NOTES_MAX)
		return;
	note->name = (struct string){ name, strlen(name) };
	note->value =
	    (struct value){ .type = VALUE_INTEGER, .integer = number };
	frame->note_count++;
}

static void
put(struct value *object, const char *name, struct value value)
{
	struct member *member = &object->object.members[object->object.count];

	member->name = (struct string){ name, strlen(name) };
	member->value = value;
	object->object.count++;
}

static struct value
encode_step(struct arena *arena, const struct step *step)
{
	struct value object = { .type = VALUE_OBJECT };

	object.object.members =
	    arena_zalloc(arena, 4 + NOTES_MAX, sizeof(struct member));
	put(&object, "pointer", value_string(step->pointer));
	put(&object, "operator", value_string(name_of(step->op)));
	put(&object, "operands", step->operands);
	for (size_t i = 0; i < step->note_count; i++)
		put(&object, step->notes[i].name.data, step->notes[i].value);
	put(&object, "result", step->result);
	return object;
}

struct value
trace_result(const struct trace *trace)
{
	struct value *items =
	    arena_zalloc(trace->arena, trace->count + 1, sizeof(*items));
	size_t count = 0;

	for (const struct step *step = trace->first; step != NULL;
	     step = step->next)
		items[count++] = encode_step(trace->arena, step);
	return value_array(items, count);
}

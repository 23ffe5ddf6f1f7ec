/*
 * Operators over the elements of an array. Their second operand, the body, is
 * evaluated once for each element, which is then what `var` refers to.
 */
#include "eval/coerce.h"
#include "eval/machine.h"
#include "eval/operation.h"

/* The first operand if it is an array, else an empty one. */
static struct value
elements(struct machine *machine, const struct node *node)
{
	struct value array = node_arg(machine, node, 0);

	return array.type == VALUE_ARRAY ? array : value_array(NULL, 0);
}

static struct value
eval_body(struct machine *machine, const struct node *node,
	  const struct value *element, const struct value *accumulator)
{
	const struct scope *outer = machine->scope;
	struct scope scope = { element, accumulator };
	struct value result;

	machine->scope = &scope;
	result = node_arg(machine, node, 1);
	machine->scope = outer;
	return result;
}

static bool
body_holds(struct machine *machine, const struct node *node,
	   const struct value *element)
{
	struct value result = eval_body(machine, node, element, NULL);

	return is_truthy(&result);
}

struct value
op_map(struct machine *machine, const struct node *node)
{
	struct value in = elements(machine, node);
	struct value *out =
	    machine_alloc(machine, in.array.count, sizeof(*out));

	if (out == NULL)
		return value_null();
	for (size_t i = 0; i < in.array.count; i++)
		out[i] = eval_body(machine, node, &in.array.items[i], NULL);
	return value_array(out, in.array.count);
}

struct value
op_filter(struct machine *machine, const struct node *node)
{
	struct value in = elements(machine, node);
	struct value *out =
	    machine_alloc(machine, in.array.count, sizeof(*out));
	size_t kept = 0;

	if (out == NULL)
		return value_null();
	for (size_t i = 0; i < in.array.count; i++) {
		if (body_holds(machine, node, &in.array.items[i]))
			out[kept++] = in.array.items[i];
	}
	return value_array(out, kept);
}

/* Fails when arrays stand in arrays deeper than `levels`. Because an array may
 * hold another one several times, looking has to be paid for. */
static void
check_nesting(struct machine *machine, const struct value *array,
	      unsigned levels)
{
	machine_spend(machine, array->array.count + 16, 16);
	if (levels == 0)
		machine_fail(machine, EVAL_ERROR_GENERAL,
			     "the rule nests arrays deeper than %d levels",
			     MACHINE_NESTING);
	for (size_t i = 0; i < array->array.count && machine->steps > 0; i++) {
		if (array->array.items[i].type == VALUE_ARRAY)
			check_nesting(machine, &array->array.items[i],
				      levels - 1);
	}
}

/* {"reduce": [array, body, initial]}: the body sees the element as "current"
 * and its own last result as "accumulator". The only loop that can build
 * arrays into arrays without end, and others walk those recursively. */
struct value
op_reduce(struct machine *machine, const struct node *node)
{
	struct value in = elements(machine, node);
	struct value result = node_arg(machine, node, 2);

	for (size_t i = 0; i < in.array.count; i++) {
		struct value last = result;

		result = eval_body(machine, node, &in.array.items[i], &last);
		if (result.type == VALUE_ARRAY)
			check_nesting(machine, &result, MACHINE_NESTING);
	}
	return result;
}

/* All of nothing does not hold. */
struct value
op_all(struct machine *machine, const struct node *node)
{
	struct value in = elements(machine, node);

	for (size_t i = 0; i < in.array.count; i++) {
		if (!body_holds(machine, node, &in.array.items[i]))
			return value_bool(false);
	}
	return value_bool(in.array.count > 0);
}

static bool
any_holds(struct machine *machine, const struct node *node)
{
	struct value in = elements(machine, node);

	for (size_t i = 0; i < in.array.count; i++) {
		if (body_holds(machine, node, &in.array.items[i]))
			return true;
	}
	return false;
}

struct value
op_some(struct machine *machine, const struct node *node)
{
	return value_bool(any_holds(machine, node));
}

struct value
op_none(struct machine *machine, const struct node *node)
{
	return value_bool(!any_holds(machine, node));
}

/* One array of all operands and the elements of those that are arrays. */
struct value
op_merge(struct machine *machine, const struct node *node)
{
	struct value *parts =
	    machine_alloc(machine, node->count, sizeof(*parts));
	struct value *out;
	size_t count = 0;
	size_t at = 0;

	if (parts == NULL)
		return value_null();
	for (uint32_t i = 0; i < node->count; i++) {
		parts[i] = node_eval(machine, &node->args[i]);
		count +=
		    parts[i].type == VALUE_ARRAY ? parts[i].array.count : 1;
	}
	machine_spend(machine, count, 8);
	out = machine_alloc(machine, count, sizeof(*out));
	if (out == NULL)
		return value_null();
	for (uint32_t i = 0; i < node->count; i++) {
		if (parts[i].type != VALUE_ARRAY) {
			out[at++] = parts[i];
			continue;
		}
		for (size_t j = 0; j < parts[i].array.count; j++)
			out[at++] = parts[i].array.items[j];
	}
	return value_array(out, count);
}

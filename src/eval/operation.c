#include "eval/operation.h"

#include <stddef.h>
#include <string.h>

#include "model/nearest.h"

static const struct operation operations[] = {
	{ "var", op_var, 0, 2, .prepare = prepare_var },
	{ "missing", op_missing, 0, ARGS_ANY, .prepare = prepare_missing },
	{ "missing_some", op_missing_some, 2, 2, .prepare = prepare_missing },

	{ "if", op_if, 1, ARGS_ANY, .is_pure = true, .role = role_if },
	{ "?:", op_if, 1, ARGS_ANY, .is_pure = true, .role = role_if },
	{ "and", op_and, 1, ARGS_ANY, .is_pure = true },
	{ "or", op_or, 1, ARGS_ANY, .is_pure = true },
	{ "!", op_not, 1, 1, .is_pure = true },
	{ "!!", op_truth, 1, 1, .is_pure = true },

	{ "==", op_equal, 2, 2, .is_pure = true },
	{ "===", op_strict_equal, 2, 2, .is_pure = true },
	{ "!=", op_not_equal, 2, 2, .is_pure = true },
	{ "!==", op_strict_not_equal, 2, 2, .is_pure = true },
	{ "<", op_less, 2, 3, .is_pure = true },
	{ "<=", op_less_or_equal, 2, 3, .is_pure = true },
	{ ">", op_greater, 2, 2, .is_pure = true },
	{ ">=", op_greater_or_equal, 2, 2, .is_pure = true },

	{ "+", op_add, 1, ARGS_ANY, .is_pure = true },
	{ "-", op_subtract, 1, 2, .is_pure = true },
	{ "*", op_multiply, 1, ARGS_ANY, .is_pure = true },
	{ "/", op_divide, 2, 2, .is_pure = true },
	{ "%", op_modulo, 2, 2, .is_pure = true },
	{ "max", op_max, 1, ARGS_ANY, .is_pure = true },
	{ "min", op_min, 1, ARGS_ANY, .is_pure = true },

	{ "map", op_map, 2, 2, .has_body = true },
	{ "filter", op_filter, 2, 2, .has_body = true },
	{ "reduce", op_reduce, 2, 3, .has_body = true },
	{ "all", op_all, 2, 2, .has_body = true },
	{ "none", op_none, 2, 2, .has_body = true },
	{ "some", op_some, 2, 2, .has_body = true },
	{ "merge", op_merge, 0, ARGS_ANY, .is_pure = true },
	{ "in", op_in, 2, 2, .is_pure = true, .prepare = prepare_in },

	{ "cat", op_cat, 1, ARGS_ANY, .is_pure = true },
	{ "substr", op_substr, 2, 3, .is_pure = true },
	{ "starts_with", op_starts_with, 2, 2, .is_pure = true },
	{ "ends_with", op_ends_with, 2, 2, .is_pure = true },
	{ "sem_ver", op_sem_ver, 3, 3, .is_pure = true,
	  .prepare = prepare_sem_ver },
	{ "fractional", op_fractional, 1, ARGS_ANY, .role = role_fractional,
	  .prepare = prepare_fractional },
};

enum { OPERATION_COUNT = sizeof(operations) / sizeof(operations[0]) };

const struct operation *
operation_find(struct string name)
{
	for (size_t i = 0; i < OPERATION_COUNT; i++) {
		if (string_is(name, operations[i].name))
			return &operations[i];
	}
	return NULL;
}

const char *
operation_nearest(struct string name)
{
	struct nearest nearest;

	nearest_init(&nearest, name);
	for (size_t i = 0; i < OPERATION_COUNT; i++)
		nearest_offer(&nearest, operations[i].name,
			      strlen(operations[i].name));
	return nearest.found.data;
}

/*
 * var, missing, missing_some: what the context says.
 */
#include <string.h>

#include "eval/coerce.h"
#include "eval/compiler.h"
#include "eval/machine.h"
#include "eval/operation.h"
#include "eval/path.h"

/* What is null is as good as missing. */
static struct value
found_or_default(struct machine *machine, const struct node *node,
		 const struct value *found)
{
	if (found != NULL && found->type != VALUE_NULL)
		return *found;
	return node_arg(machine, node, 1);
}

/* {"var": path}, {"var": [path, default]}: no path means everything. */
struct value
op_var(struct machine *machine, const struct node *node)
{
	struct value path = node_arg(machine, node, 0);
	struct string text = to_text(machine, &path);
	const struct value *found;

	if (text.length == 0)
		return path_all(machine);
	found = path_find(machine, text);
	return found_or_default(machine, node, found);
}

/* The same with a path of the context that is known at compile time. */
static struct value
var_in_slot(struct machine *machine, const struct node *node)
{
	const struct value *found =
	    path_find_slot(machine, node->args[0].literal.string, node->slot);

	return found_or_default(machine, node, found);
}

void
prepare_var(struct compiler *compiler, struct node *node)
{
	const struct node *path = node->args;
	struct string text;

	if (node->count == 0 || !node_is_literal(path) ||
	    path->literal.type != VALUE_STRING) {
		compiler_uses_anything(compiler);
		return;
	}
	text = path->literal.string;
	compiler_uses_path(compiler, text);
	if (text.length == 0 || compiler->in_body)
		return;
	if (strcmp(text.data, PATH_FLAG_KEY) == 0) {
		node_set_literal(node, value_string(compiler->program->key));
		return;
	}
	node->slot = compiler_slot(compiler, text);
	if (node->slot != SLOT_NONE)
		node->run = var_in_slot;
}

static bool
is_missing(struct machine *machine, const struct value *key)
{
	struct string path = to_text(machine, key);
	const struct value *found;

	if (path.length == 0)
		return false;
	found = path_find(machine, path);
	return found == NULL || found->type == VALUE_NULL ||
	       (found->type == VALUE_STRING && found->string.length == 0);
}

/* Those of the keys that the context has no value for. */
static struct value
missing_of(struct machine *machine, const struct value *keys, size_t count)
{
	struct value *missing = machine_alloc(machine, count, sizeof(*missing));
	size_t found = 0;

	if (missing == NULL)
		return value_null();
	for (size_t i = 0; i < count; i++) {
		if (--machine->steps < 0)
			return machine_exhausted(machine);
		if (is_missing(machine, &keys[i]))
			missing[found++] = keys[i];
	}
	return value_array(missing, found);
}

/* {"missing": [key, …]}, or one operand that is an array of keys. */
struct value
op_missing(struct machine *machine, const struct node *node)
{
	struct value *keys = machine_alloc(machine, node->count, sizeof(*keys));

	if (keys == NULL)
		return value_null();
	for (uint32_t i = 0; i < node->count; i++)
		keys[i] = node_eval(machine, &node->args[i]);
	if (node->count > 0 && keys[0].type == VALUE_ARRAY)
		return missing_of(machine, keys[0].array.items,
				  keys[0].array.count);
	return missing_of(machine, keys, node->count);
}

/* {"missing_some": [n, [key, …]]}: nothing if n of them are there. */
struct value
op_missing_some(struct machine *machine, const struct node *node)
{
	struct value needed = node_arg(machine, node, 0);
	struct value keys = node_arg(machine, node, 1);
	struct value missing;
	double there;

	if (keys.type != VALUE_ARRAY)
		return value_array(NULL, 0);
	missing = missing_of(machine, keys.array.items, keys.array.count);
	if (missing.type != VALUE_ARRAY)
		return missing;
	there = (double)(keys.array.count - missing.array.count);
	if (there >= to_number(machine, &needed))
		return value_array(NULL, 0);
	return missing;
}

void
prepare_missing(struct compiler *compiler, struct node *node)
{
	(void)node;
	compiler_uses_context(compiler);
}

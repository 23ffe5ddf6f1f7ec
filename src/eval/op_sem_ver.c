/*
 * {"sem_ver": [version, relation, version]}. Null when one of them is none.
 */
#include <string.h>

#include "eval/coerce.h"
#include "eval/compiler.h"
#include "eval/machine.h"
#include "eval/operation.h"
#include "eval/semver.h"
#include "eval/shown.h"

enum {
	LESS = 1,
	EQUAL = 2,
	GREATER = 4,
};

/* To add one: add a row and a case in tests/cases/eval. */
struct relation {
	const char *name;
	unsigned orders;  /* those that satisfy it */
	unsigned numbers; /* or: how many of major, minor, patch must agree */
};

static const struct relation relations[] = {
	{ "=", EQUAL, 0 },   { "!=", LESS | GREATER, 0 },
	{ "<", LESS, 0 },    { "<=", LESS | EQUAL, 0 },
	{ ">", GREATER, 0 }, { ">=", GREATER | EQUAL, 0 },
	{ "~", 0, 2 },       { "^", 0, 1 },
};

static const struct relation *
find_relation(const struct value *name)
{
	for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]); i++) {
		if (value_is_string(name, relations[i].name))
			return &relations[i];
	}
	return NULL;
}

static bool
holds(const struct relation *relation, const struct semver *a,
      const struct semver *b)
{
	int order;

	if (relation->orders == 0)
		return semver_same_numbers(a, b, relation->numbers);
	order = semver_compare(a, b);
	if (order == 0)
		return (relation->orders & EQUAL) != 0;
	return (relation->orders & (order < 0 ? LESS : GREATER)) != 0;
}

/* A version is text, or a number such as 1 or 1.2. */
static bool
parse(struct machine *machine, const struct value *value,
      struct semver *version)
{
	struct string text;

	if (value->type != VALUE_STRING && !value_is_number(value))
		return false;
	text = to_text(machine, value);
	machine_spend(machine, text.length, 64);
	return semver_parse(text, version);
}

struct value
op_sem_ver(struct machine *machine, const struct node *node)
{
	struct value a = node_arg(machine, node, 0);
	struct value name = node_arg(machine, node, 1);
	struct value b = node_arg(machine, node, 2);
	const struct relation *relation = find_relation(&name);
	struct semver left;
	struct semver right;

	if (node->count != 3 || relation == NULL ||
	    !parse(machine, &a, &left) || !parse(machine, &b, &right))
		return value_null();
	return value_bool(holds(relation, &left, &right));
}

/* The relation and the version on the right, where the rule spells them. */
struct plan {
	const struct relation *relation;
	struct semver right;
};

static struct value
compare_with_plan(struct machine *machine, const struct node *node)
{
	const struct plan *plan = node->plan;
	struct value a = node_arg(machine, node, 0);
	struct semver left;

	if (!parse(machine, &a, &left))
		return value_null();
	return value_bool(holds(plan->relation, &left, &plan->right));
}

static void
check_version(struct compiler *compiler, struct node *node, uint32_t index)
{
	const struct node *arg = &node->args[index];
	struct semver version;

	if (!node_is_literal(arg) || value_is_number(&arg->literal))
		return;
	if (arg->literal.type != VALUE_STRING)
		compiler_fault_at(compiler, node, index,
				  "a version is a string such as \"1.2.3\"");
	else if (!semver_parse(arg->literal.string, &version))
		compiler_fault_at(compiler, node, index,
				  "\"%.*s\" is no semantic version",
				  SHOWN(arg->literal.string));
}

void
prepare_sem_ver(struct compiler *compiler, struct node *node)
{
	struct plan *plan;

	if (node->count != 3)
		return;
	check_version(compiler, node, 0);
	check_version(compiler, node, 2);
	if (!node_is_literal(&node->args[1]))
		return;
	if (find_relation(&node->args[1].literal) == NULL) {
		compiler_fault_at(compiler, node, 1,
				  "the relation of sem_ver is one of = != < <= "
				  "> >= ~ ^");
		return;
	}
	if (!node_is_literal(&node->args[2]) ||
	    node->args[2].literal.type != VALUE_STRING)
		return;
	plan = arena_alloc(&compiler->program->arena, sizeof(*plan));
	if (!semver_parse(node->args[2].literal.string, &plan->right))
		return;
	plan->relation = find_relation(&node->args[1].literal);
	node->plan = plan;
	node->run = compare_with_plan;
}

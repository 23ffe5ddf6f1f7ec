/*
 * To add an operator for rules: add a row to `conditions` and a line in
 * docs/API.md ("Shorter forms").
 */
#include "sugar.h"

#include <stdint.h>
#include <string.h>

#include "wire/json.h"

struct sugar {
	struct arena *arena;
	struct error *err;
	enum status status; /* not OK: a fault was reported */
	const char *pointer;
};

/* How a condition is written as JsonLogic; A is the attribute,
 * OP the operator, V the value. */
enum shape {
	SHAPE_PLAIN,    /* {OP: [A, V]} */
	SHAPE_REVERSED, /* {OP: [V, A]} */
	SHAPE_NEGATED,  /* {"!": [{OP: [A, V]}]} */
	SHAPE_VERSION,  /* {"sem_ver": [A, OP, V]} */
	SHAPE_SEGMENT,  /* {"$ref": V} */
};

enum operand { OPERAND_SCALAR, OPERAND_STRING, OPERAND_ARRAY };

static const struct condition {
	const char *name;
	const char *jsonlogic;
	enum shape shape;
	enum operand operand;
} conditions[] = {
	{ "equals", "==", SHAPE_PLAIN, OPERAND_SCALAR },
	{ "not_equals", "!=", SHAPE_PLAIN, OPERAND_SCALAR },
	{ "in", "in", SHAPE_PLAIN, OPERAND_ARRAY },
	{ "not_in", "in", SHAPE_NEGATED, OPERAND_ARRAY },
	{ "contains", "in", SHAPE_REVERSED, OPERAND_SCALAR },
	{ "starts_with", "starts_with", SHAPE_PLAIN, OPERAND_STRING },
	{ "ends_with", "ends_with", SHAPE_PLAIN, OPERAND_STRING },
	{ "greater", ">", SHAPE_PLAIN, OPERAND_SCALAR },
	{ "greater_or_equal", ">=", SHAPE_PLAIN, OPERAND_SCALAR },
	{ "less", "<", SHAPE_PLAIN, OPERAND_SCALAR },
	{ "less_or_equal", "<=", SHAPE_PLAIN, OPERAND_SCALAR },
	{ "sem_ver_equals", "=", SHAPE_VERSION, OPERAND_STRING },
	{ "sem_ver_not_equals", "!=", SHAPE_VERSION, OPERAND_STRING },
	{ "sem_ver_greater", ">", SHAPE_VERSION, OPERAND_STRING },
	{ "sem_ver_greater_or_equal", ">=", SHAPE_VERSION, OPERAND_STRING },
	{ "sem_ver_less", "<", SHAPE_VERSION, OPERAND_STRING },
	{ "sem_ver_less_or_equal", "<=", SHAPE_VERSION, OPERAND_STRING },
	{ "sem_ver_same_major", "^", SHAPE_VERSION, OPERAND_STRING },
	{ "sem_ver_same_minor", "~", SHAPE_VERSION, OPERAND_STRING },
	{ "segment", "$ref", SHAPE_SEGMENT, OPERAND_STRING },
};

enum { CONDITION_COUNT = sizeof(conditions) / sizeof(conditions[0]) };

static struct value
text_value(const char *text)
{
	return (struct value){ .type = VALUE_STRING,
			       .string = { text, strlen(text) } };
}

static struct value
array_value(struct sugar *s, size_t count)
{
	struct value value = { .type = VALUE_ARRAY };

	value.array.items = arena_zalloc(s->arena, count, sizeof(value));
	value.array.count = count;
	return value;
}

/* {name: value} */
static struct value
object_value(struct sugar *s, const char *name, struct value value)
{
	struct value object = { .type = VALUE_OBJECT };

	object.object.members =
	    arena_zalloc(s->arena, 1, sizeof(struct member));
	object.object.members->name = (struct string){ name, strlen(name) };
	object.object.members->value = value;
	object.object.count = 1;
	return object;
}

static const char *
below(struct sugar *s, const char *pointer, const char *name)
{
	return json_pointer(s->arena, pointer, name, strlen(name));
}

/* The member if it is there and of that type; else a fault. */
static const struct value *
required(struct sugar *s, const struct value *object, const char *name,
	 enum value_type type, const char *pointer)
{
	const struct value *value = value_get(object, name);

	if (value == NULL)
		s->status =
		    error_at(s->err, pointer, "member '%s' is missing", name);
	else if (value->type != type)
		s->status = error_at(
		    s->err, below(s, pointer, name), "must be %s %s, not %s",
		    type == VALUE_ARRAY ? "an" : "a",
		    value_type_name(&(struct value){ .type = type }),
		    value_type_name(value));
	else
		return value;
	return NULL;
}

static const struct condition *
find_condition(struct string name)
{
	for (size_t i = 0; i < CONDITION_COUNT; i++) {
		if (string_is(name, conditions[i].name))
			return &conditions[i];
	}
	return NULL;
}

static const struct condition *
read_operator(struct sugar *s, const struct value *json, const char *pointer)
{
	const char *names[CONDITION_COUNT + 1];
	const struct value *op;
	const struct condition *found;
	const char *hint;

	op = required(s, json, "op", VALUE_STRING, pointer);
	if (op == NULL)
		return NULL;
	found = find_condition(op->string);
	if (found != NULL)
		return found;
	for (size_t i = 0; i < CONDITION_COUNT; i++)
		names[i] = conditions[i].name;
	names[CONDITION_COUNT] = NULL;
	hint = json_hint(names, op->string.data, op->string.length);
	s->status =
	    error_at(s->err, below(s, pointer, "op"),
		     "unknown operator '%.*s'%s%s%s", json_quoted(op->string),
		     op->string.data, hint != NULL ? "; did you mean " : "",
		     hint != NULL ? hint : "", hint != NULL ? "?" : "");
	return NULL;
}

static const struct value *
read_operand(struct sugar *s, const struct value *json, enum operand operand,
	     const char *pointer)
{
	const struct value *value = value_get(json, "value");

	if (operand == OPERAND_STRING)
		return required(s, json, "value", VALUE_STRING, pointer);
	if (operand == OPERAND_ARRAY)
		return required(s, json, "value", VALUE_ARRAY, pointer);
	if (value == NULL)
		s->status =
		    error_at(s->err, pointer, "member 'value' is missing");
	else if (value->type == VALUE_ARRAY || value->type == VALUE_OBJECT)
		s->status = error_at(s->err, below(s, pointer, "value"),
				     "must be a string, number, boolean or "
				     "null, not %s",
				     value_type_name(value));
	else
		return value;
	return NULL;
}

/* The JsonLogic of one condition; null when it is faulty. */
static struct value
expand_condition(struct sugar *s, const struct value *json, const char *pointer)
{
	static const char *const names[] = { "attr", "op", "value", NULL };
	const struct condition *condition;
	const struct value *attribute = NULL;
	const struct value *operand;
	struct value call, logic;
	bool reversed;

	if (json->type != VALUE_OBJECT) {
		s->status = error_at(s->err, pointer,
				     "must be an object with attr, op and "
				     "value, not %s",
				     value_type_name(json));
		return (struct value){ .type = VALUE_NULL };
	}
	if (!json_known_members(json, names, pointer, s->arena, s->err))
		s->status = STATUS_INVALID;
	condition = read_operator(s, json, pointer);
	if (condition == NULL)
		return (struct value){ .type = VALUE_NULL };
	operand = read_operand(s, json, condition->operand, pointer);
	if (condition->shape != SHAPE_SEGMENT)
		attribute = required(s, json, "attr", VALUE_STRING, pointer);
	if (s->status != STATUS_OK || operand == NULL)
		return (struct value){ .type = VALUE_NULL };
	if (attribute == NULL)
		return object_value(s, condition->jsonlogic, *operand);

	if (condition->shape == SHAPE_VERSION) {
		call = array_value(s, 3);
		call.array.items[0] = object_value(s, "var", *attribute);
		call.array.items[1] = text_value(condition->jsonlogic);
		call.array.items[2] = *operand;
		return object_value(s, "sem_ver", call);
	}
	reversed = condition->shape == SHAPE_REVERSED;
	call = array_value(s, 2);
	call.array.items[reversed] = object_value(s, "var", *attribute);
	call.array.items[!reversed] = *operand;
	logic = object_value(s, condition->jsonlogic, call);
	if (condition->shape != SHAPE_NEGATED)
		return logic;
	call = array_value(s, 1);
	call.array.items[0] = logic;
	return object_value(s, "!", call);
}

/* One condition, or all of an array of them. */
static struct value
expand_if(struct sugar *s, const struct value *json, const char *pointer)
{
	struct value all;

	if (json->type != VALUE_ARRAY)
		return expand_condition(s, json, pointer);
	if (json->array.count == 0) {
		s->status = error_at(s->err, pointer,
				     "must have at least one condition");
		return (struct value){ .type = VALUE_NULL };
	}
	all = array_value(s, json->array.count);
	for (size_t i = 0; i < json->array.count; i++)
		all.array.items[i] =
		    expand_condition(s, &json->array.items[i],
				     json_pointer_index(s->arena, pointer, i));
	if (all.array.count == 1)
		return all.array.items[0];
	return object_value(s, "and", all);
}

static bool
is_weight(const struct value *value)
{
	return value->type == VALUE_INTEGER && value->integer >= 0 &&
	       value->integer <= INT32_MAX;
}

static struct value
expand_rollout(struct sugar *s, const struct value *json, const char *pointer)
{
	struct value parts;
	int64_t total = 0;

	if (json->type != VALUE_OBJECT) {
		s->status = error_at(s->err, pointer,
				     "must be an object of weights by variant, "
				     "not %s",
				     value_type_name(json));
		return (struct value){ .type = VALUE_NULL };
	}
	parts = array_value(s, json->object.count);
	for (size_t i = 0; i < json->object.count; i++) {
		const struct member *member = &json->object.members[i];
		struct value *part = &parts.array.items[i];

		if (!is_weight(&member->value)) {
			s->status = error_at(
			    s->err,
			    json_pointer(s->arena, pointer, member->name.data,
					 member->name.length),
			    "must be a weight: an integer from 0 to %d",
			    INT32_MAX);
			continue;
		}
		total += member->value.integer;
		*part = array_value(s, 2);
		part->array.items[0] = (struct value){ .type = VALUE_STRING,
						       .string = member->name };
		part->array.items[1] = member->value;
	}
	if (s->status == STATUS_OK && (total == 0 || total > INT32_MAX))
		s->status = error_at(s->err, pointer,
				     "the weights must sum up to 1 to %d, "
				     "not %lld",
				     INT32_MAX, (long long)total);
	return object_value(s, "fractional", parts);
}

/* One rule's condition and variant into two places of an if-chain. */
static void
expand_rule(struct sugar *s, const struct value *json, const char *pointer,
	    struct value pair[2])
{
	static const char *const names[] = { "if", "serve", NULL };
	const struct value *condition, *serve;

	if (json->type != VALUE_OBJECT) {
		s->status = error_at(s->err, pointer,
				     "must be an object with if and serve, "
				     "not %s",
				     value_type_name(json));
		return;
	}
	if (!json_known_members(json, names, pointer, s->arena, s->err))
		s->status = STATUS_INVALID;
	condition = value_get(json, "if");
	if (condition == NULL)
		s->status = error_at(s->err, pointer, "member 'if' is missing");
	else
		pair[0] = expand_if(s, condition, below(s, pointer, "if"));
	serve = required(s, json, "serve", VALUE_STRING, pointer);
	if (serve != NULL)
		pair[1] = *serve;
}

/* `otherwise` may be NULL. */
static struct value
expand_rules(struct sugar *s, const struct value *json,
	     const struct value *otherwise, const char *pointer)
{
	struct value chain;
	size_t count;

	if (json->type != VALUE_ARRAY) {
		s->status = error_at(s->err, pointer,
				     "must be an array of rules, not %s",
				     value_type_name(json));
		return (struct value){ .type = VALUE_NULL };
	}
	if (json->array.count == 0)
		return otherwise != NULL
			   ? *otherwise
			   : (struct value){ .type = VALUE_OBJECT };
	count = 2 * json->array.count;
	chain = array_value(s, count + (otherwise != NULL ? 1 : 0));
	for (size_t i = 0; i < json->array.count; i++)
		expand_rule(s, &json->array.items[i],
			    json_pointer_index(s->arena, pointer, i),
			    &chain.array.items[2 * i]);
	if (otherwise != NULL)
		chain.array.items[count] = *otherwise;
	return object_value(s, "if", chain);
}

/* What the sugar of one toggle came to. */
struct expansion {
	const struct value *value, *enabled, *rollout, *rules;
	struct value targeting;
};

static void
refuse_both(struct sugar *s, const struct value *json, const char *sugar,
	    const char *other)
{
	if (value_get(json, other) != NULL)
		s->status = error_at(s->err, below(s, s->pointer, sugar),
				     "'%s' and '%s' say the same: give one",
				     sugar, other);
}

static void
expand_targeting(struct sugar *s, const struct value *json, struct expansion *e)
{
	const struct value *otherwise = NULL;

	if (e->rollout != NULL) {
		refuse_both(s, json, "rollout", "targeting");
		e->targeting = expand_rollout(s, e->rollout,
					      below(s, s->pointer, "rollout"));
		otherwise = &e->targeting;
	}
	if (e->rules != NULL) {
		refuse_both(s, json, "rules", "targeting");
		e->targeting = expand_rules(s, e->rules, otherwise,
					    below(s, s->pointer, "rules"));
	}
}

static void
check_values(struct sugar *s, const struct value *json, struct expansion *e)
{
	if (e->value != NULL) {
		refuse_both(s, json, "value", "variants");
		refuse_both(s, json, "value", "defaultVariant");
		if (e->value->type == VALUE_NULL ||
		    e->value->type == VALUE_ARRAY)
			s->status = error_at(
			    s->err, below(s, s->pointer, "value"),
			    "must be a boolean, string, number or object, "
			    "not %s",
			    value_type_name(e->value));
	}
	if (e->enabled == NULL)
		return;
	refuse_both(s, json, "enabled", "state");
	refuse_both(s, json, "enabled", "serve");
	refuse_both(s, json, "enabled", "held");
	if (e->enabled->type != VALUE_BOOL)
		s->status = error_at(s->err, below(s, s->pointer, "enabled"),
				     "must be a boolean, not %s",
				     value_type_name(e->enabled));
}

static void
put(struct value *object, const char *name, struct value value)
{
	struct member *member = &object->object.members[object->object.count++];

	member->name = (struct string){ name, strlen(name) };
	member->value = value;
}

static bool
is_sugar(struct string name)
{
	static const char *const names[] = { "value", "rollout", "rules" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (string_is(name, names[i]))
			return true;
	}
	return false;
}

static struct value
rebuild(struct sugar *s, const struct value *json, const struct expansion *e)
{
	static const char variant[] = "value";
	struct value out = { .type = VALUE_OBJECT };

	/* No sugar stands for more than two members. */
	out.object.members = arena_zalloc(s->arena, 2 * json->object.count + 1,
					  sizeof(struct member));
	for (size_t i = 0; i < json->object.count; i++) {
		const struct member *member = &json->object.members[i];

		if (!is_sugar(member->name))
			out.object.members[out.object.count++] = *member;
	}
	if (e->value != NULL) {
		put(&out, "variants", object_value(s, variant, *e->value));
		put(&out, "defaultVariant", text_value(variant));
	}
	if (e->rollout != NULL || e->rules != NULL)
		put(&out, "targeting", e->targeting);
	return out;
}

enum status
sugar_expand(const struct value *json, const char *pointer, struct arena *arena,
	     struct value *out, struct error *err)
{
	struct sugar s = { arena, err, STATUS_OK, pointer };
	struct expansion e = {
		.value = value_get(json, "value"),
		.enabled = value_get(json, "enabled"),
		.rollout = value_get(json, "rollout"),
		.rules = value_get(json, "rules"),
	};

	if (e.value == NULL && e.enabled == NULL && e.rollout == NULL &&
	    e.rules == NULL) {
		*out = *json;
		return STATUS_OK;
	}
	check_values(&s, json, &e);
	expand_targeting(&s, json, &e);
	if (s.status != STATUS_OK)
		return s.status;
	*out = rebuild(&s, json, &e);
	return STATUS_OK;
}

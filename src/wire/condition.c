/*
 * To add an operator for rules: add a row to `conditions` and a line in
 * docs/API.md ("Shorter forms").
 */
#include "condition.h"

#include <string.h>

#include "logic.h"
#include "wire/json.h"

struct reader {
	struct arena *arena;
	struct error *err;
	enum status status; /* not OK: a fault was reported */
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

static const char *
below(struct reader *r, const char *pointer, const char *name)
{
	return json_pointer(r->arena, pointer, name, strlen(name));
}

/* The member if it is there and of that type; else a fault. */
static const struct value *
required(struct reader *r, const struct value *object, const char *name,
	 enum value_type type, const char *pointer)
{
	const struct value *value = value_get(object, name);

	if (value == NULL)
		r->status =
		    error_at(r->err, pointer, "member '%s' is missing", name);
	else if (value->type != type)
		r->status = error_at(
		    r->err, below(r, pointer, name), "must be %s %s, not %s",
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

/* Those for versions are many and alike: one of them stands for all, so that
 * the list fits into an error. */
static void
refuse_operator(struct reader *r, struct string name, const char *pointer)
{
	const char *names[CONDITION_COUNT + 1];
	const char *shown[CONDITION_COUNT + 1];
	const char *hint;
	size_t count = 0;

	for (size_t i = 0; i < CONDITION_COUNT; i++) {
		names[i] = conditions[i].name;
		if (conditions[i].shape != SHAPE_VERSION)
			shown[count++] = conditions[i].name;
	}
	names[CONDITION_COUNT] = NULL;
	shown[count++] = "sem_ver_equals (and so on)";
	shown[count] = NULL;
	hint = json_hint(names, name.data, name.length);
	r->status = error_at(
	    r->err, pointer, "unknown operator '%.*s'; %s%s%s %s",
	    json_quoted(name), name.data, hint != NULL ? "did you mean " : "",
	    hint != NULL ? hint : "",
	    hint != NULL ? "? There are" : "there are",
	    json_listing(shown, r->arena));
}

static const struct condition *
read_operator(struct reader *r, const struct value *json, const char *pointer)
{
	const struct value *op = required(r, json, "op", VALUE_STRING, pointer);
	const struct condition *found;

	if (op == NULL)
		return NULL;
	found = find_condition(op->string);
	if (found == NULL)
		refuse_operator(r, op->string, below(r, pointer, "op"));
	return found;
}

static const struct value *
read_operand(struct reader *r, const struct value *json, enum operand operand,
	     const char *pointer)
{
	const struct value *value = value_get(json, "value");

	if (operand == OPERAND_STRING)
		return required(r, json, "value", VALUE_STRING, pointer);
	if (operand == OPERAND_ARRAY)
		return required(r, json, "value", VALUE_ARRAY, pointer);
	if (value == NULL)
		r->status =
		    error_at(r->err, pointer, "member 'value' is missing");
	else if (value->type == VALUE_ARRAY || value->type == VALUE_OBJECT)
		r->status = error_at(r->err, below(r, pointer, "value"),
				     "must be a string, number, boolean or "
				     "null, not %s",
				     value_type_name(value));
	else
		return value;
	return NULL;
}

/* The JsonLogic of one condition; null when it is faulty. */
static struct value
expand_condition(struct reader *r, const struct value *json,
		 const char *pointer)
{
	static const char *const names[] = { "attr", "op", "value", NULL };
	const struct condition *condition;
	const struct value *attribute = NULL;
	const struct value *operand;
	struct value call, logic;
	bool reversed;

	if (json->type != VALUE_OBJECT) {
		r->status = error_at(r->err, pointer,
				     "must be an object with attr, op and "
				     "value, not %s",
				     value_type_name(json));
		return (struct value){ .type = VALUE_NULL };
	}
	if (!json_known_members(json, names, pointer, r->arena, r->err))
		r->status = STATUS_INVALID;
	condition = read_operator(r, json, pointer);
	if (condition == NULL)
		return (struct value){ .type = VALUE_NULL };
	operand = read_operand(r, json, condition->operand, pointer);
	if (condition->shape != SHAPE_SEGMENT)
		attribute = required(r, json, "attr", VALUE_STRING, pointer);
	if (r->status != STATUS_OK || operand == NULL)
		return (struct value){ .type = VALUE_NULL };
	if (attribute == NULL)
		return logic_call(r->arena, condition->jsonlogic, *operand);

	if (condition->shape == SHAPE_VERSION) {
		call = logic_array(r->arena, 3);
		call.array.items[0] = logic_call(r->arena, "var", *attribute);
		call.array.items[1] = logic_text(condition->jsonlogic);
		call.array.items[2] = *operand;
		return logic_call(r->arena, "sem_ver", call);
	}
	reversed = condition->shape == SHAPE_REVERSED;
	call = logic_array(r->arena, 2);
	call.array.items[reversed] = logic_call(r->arena, "var", *attribute);
	call.array.items[!reversed] = *operand;
	logic = logic_call(r->arena, condition->jsonlogic, call);
	if (condition->shape != SHAPE_NEGATED)
		return logic;
	call = logic_array(r->arena, 1);
	call.array.items[0] = logic;
	return logic_call(r->arena, "!", call);
}

/* One, or all of an array of them. */
static struct value
expand_all(struct reader *r, const struct value *json, const char *pointer)
{
	struct value all;

	if (json->type != VALUE_ARRAY)
		return expand_condition(r, json, pointer);
	if (json->array.count == 0) {
		r->status = error_at(r->err, pointer,
				     "must have at least one condition");
		return (struct value){ .type = VALUE_NULL };
	}
	all = logic_array(r->arena, json->array.count);
	for (size_t i = 0; i < json->array.count; i++)
		all.array.items[i] =
		    expand_condition(r, &json->array.items[i],
				     json_pointer_index(r->arena, pointer, i));
	if (all.array.count == 1)
		return all.array.items[0];
	return logic_call(r->arena, "and", all);
}

enum status
condition_expand(const struct value *json, const char *pointer,
		 struct arena *arena, struct value *out, struct error *err)
{
	struct reader r = { arena, err, STATUS_OK };
	const struct value logic = expand_all(&r, json, pointer);

	if (r.status == STATUS_OK)
		*out = logic;
	return r.status;
}

#include "logic.h"

#include <string.h>

struct value
logic_text(const char *text)
{
	return (struct value){ .type = VALUE_STRING,
			       .string = { text, strlen(text) } };
}

struct value
logic_array(struct arena *arena, size_t count)
{
	struct value value = { .type = VALUE_ARRAY };

	value.array.items = arena_zalloc(arena, count + 1, sizeof(value));
	value.array.count = count;
	return value;
}

struct value
logic_call(struct arena *arena, const char *name, struct value operand)
{
	struct value object = { .type = VALUE_OBJECT };

	object.object.members = arena_zalloc(arena, 1, sizeof(struct member));
	object.object.members->name = (struct string){ name, strlen(name) };
	object.object.members->value = operand;
	object.object.count = 1;
	return object;
}

const struct value *
logic_operand(const struct value *logic, const char *name)
{
	if (logic->type != VALUE_OBJECT || logic->object.count != 1 ||
	    !string_is(logic->object.members[0].name, name))
		return NULL;
	return &logic->object.members[0].value;
}

#include "model/value.h"

#include <string.h>

#include "base/map.h"

static const char *const type_names[] = {
	[VALUE_NULL] = "null",       [VALUE_BOOL] = "boolean",
	[VALUE_INTEGER] = "integer", [VALUE_REAL] = "number",
	[VALUE_STRING] = "string",   [VALUE_ARRAY] = "array",
	[VALUE_OBJECT] = "object",
};

const char *
value_type_name(const struct value *value)
{
	return type_names[value->type];
}

const struct value *
value_get(const struct value *object, const char *name)
{
	return value_get_n(object, name, strlen(name));
}

const struct value *
value_get_n(const struct value *object, const char *name, size_t length)
{
	const struct string wanted = { name, length };

	if (object->type != VALUE_OBJECT)
		return NULL;
	for (size_t i = 0; i < object->object.count; i++) {
		const struct member *member = &object->object.members[i];

		if (string_equal(member->name, wanted))
			return &member->value;
	}
	return NULL;
}

bool
value_is_string(const struct value *value, const char *text)
{
	return value->type == VALUE_STRING && string_is(value->string, text);
}

static bool
is_equal_array(const struct value *a, const struct value *b)
{
	if (a->array.count != b->array.count)
		return false;
	for (size_t i = 0; i < a->array.count; i++) {
		if (!value_equal(&a->array.items[i], &b->array.items[i]))
			return false;
	}
	return true;
}

/* The members of an object by name, for whoever looks for many of them: one by
 * one, two objects of 250 KB would keep the registry for half a minute. */
struct names {
	const struct value *object;
	bool is_mapped; /* when one was looked for */
	struct map map;
};

enum { NAMES_FEW = 16 };

static void
names_init(struct names *names, const struct value *object)
{
	names->object = object;
	names->is_mapped = false;
	map_init(&names->map);
}

static const struct value *
names_find(struct names *names, struct string name)
{
	const struct value *object = names->object;

	if (object->object.count <= NAMES_FEW)
		return value_get_n(object, name.data, name.length);
	for (size_t i = 0; i < object->object.count && !names->is_mapped; i++) {
		struct member *member = &object->object.members[i];

		(void)map_put(&names->map, member->name.data,
			      member->name.length, &member->value);
	}
	names->is_mapped = true;
	return map_find(&names->map, name.data, name.length);
}

static void
names_fini(struct names *names)
{
	map_fini(&names->map);
}

/* Objects mostly come in the same order: look there first. */
static bool
has_equal_members(const struct value *a, const struct value *b,
		  struct names *of_b)
{
	for (size_t i = 0; i < a->object.count; i++) {
		const struct member *mine = &a->object.members[i];
		const struct member *beside = &b->object.members[i];
		const struct value *other = &beside->value;

		if (!string_equal(beside->name, mine->name))
			other = names_find(of_b, mine->name);
		if (other == NULL || !value_equal(&mine->value, other))
			return false;
	}
	return true;
}

/* Names are unique, so equal counts and one direction are enough. */
static bool
is_equal_object(const struct value *a, const struct value *b)
{
	struct names of_b;
	bool equal;

	if (a->object.count != b->object.count)
		return false;
	names_init(&of_b, b);
	equal = has_equal_members(a, b, &of_b);
	names_fini(&of_b);
	return equal;
}

bool
value_equal(const struct value *a, const struct value *b)
{
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case VALUE_NULL:
		return true;
	case VALUE_BOOL:
		return a->boolean == b->boolean;
	case VALUE_INTEGER:
		return a->integer == b->integer;
	case VALUE_REAL:
		return !(a->real < b->real) && !(a->real > b->real);
	case VALUE_STRING:
		return string_equal(a->string, b->string);
	case VALUE_ARRAY:
		return is_equal_array(a, b);
	case VALUE_OBJECT:
		return is_equal_object(a, b);
	}
	return false;
}

static struct string
copy_string(struct arena *arena, struct string string)
{
	return (struct string){
		arena_copy(arena, string.data, string.length),
		string.length,
	};
}

static struct value
copy_array(struct arena *arena, const struct value *value)
{
	struct value copy = *value;

	copy.array.items =
	    arena_zalloc(arena, value->array.count, sizeof(struct value));
	for (size_t i = 0; i < value->array.count; i++)
		copy.array.items[i] = value_copy(arena, &value->array.items[i]);
	return copy;
}

static struct value
copy_object(struct arena *arena, const struct value *value)
{
	struct value copy = *value;

	copy.object.members =
	    arena_zalloc(arena, value->object.count, sizeof(struct member));
	for (size_t i = 0; i < value->object.count; i++) {
		const struct member *from = &value->object.members[i];
		struct member *to = &copy.object.members[i];

		to->name = copy_string(arena, from->name);
		to->value = value_copy(arena, &from->value);
	}
	return copy;
}

struct value
value_copy(struct arena *arena, const struct value *value)
{
	struct value copy = *value;

	switch (value->type) {
	case VALUE_STRING:
		copy.string = copy_string(arena, value->string);
		return copy;
	case VALUE_ARRAY:
		return copy_array(arena, value);
	case VALUE_OBJECT:
		return copy_object(arena, value);
	case VALUE_NULL:
	case VALUE_BOOL:
	case VALUE_INTEGER:
	case VALUE_REAL:
		return copy;
	}
	return copy;
}

static void
add_member(struct value *object, struct string name, struct value value)
{
	struct member *member = &object->object.members[object->object.count++];

	member->name = name;
	member->value = value;
}

/* What the target has, as the patch leaves it. */
static void
merge_old(struct arena *arena, const struct value *target,
	  struct names *of_patch, struct value *result)
{
	for (size_t i = 0; i < target->object.count; i++) {
		const struct member *old = &target->object.members[i];
		const struct value *change = names_find(of_patch, old->name);

		if (change == NULL)
			add_member(result, old->name, old->value);
		else if (change->type != VALUE_NULL)
			add_member(
			    result, old->name,
			    value_merge_patch(arena, &old->value, change));
	}
}

/* What only the patch has. */
static void
merge_new(struct arena *arena, struct names *of_target,
	  const struct value *patch, struct value *result)
{
	for (size_t i = 0; i < patch->object.count; i++) {
		const struct member *new = &patch->object.members[i];

		if (new->value.type != VALUE_NULL &&
		    names_find(of_target, new->name) == NULL)
			add_member(result, new->name,
				   value_merge_patch(arena, NULL, &new->value));
	}
}

struct value
value_merge_patch(struct arena *arena, const struct value *target,
		  const struct value *patch)
{
	static const struct value nothing = { .type = VALUE_OBJECT };
	struct value result = nothing;
	struct names of_patch;
	struct names of_target;

	if (patch->type != VALUE_OBJECT)
		return *patch;
	if (target == NULL || target->type != VALUE_OBJECT)
		target = &nothing;
	result.object.members =
	    arena_zalloc(arena, target->object.count + patch->object.count,
			 sizeof(struct member));
	names_init(&of_patch, patch);
	names_init(&of_target, target);
	merge_old(arena, target, &of_patch, &result);
	merge_new(arena, &of_target, patch, &result);
	names_fini(&of_patch);
	names_fini(&of_target);
	return result;
}

#include "eval/references.h"

#include <string.h>

#include "eval/program.h"

struct names {
	struct string *names;
	size_t max;
	size_t count;
};

bool
is_reference(const struct member *member)
{
	return strcmp(member->name.data, REFERENCE_NAME) == 0;
}

static void
add(struct names *names, struct string name)
{
	size_t kept = names->count < names->max ? names->count : names->max;

	for (size_t i = 0; i < kept; i++) {
		if (string_equal(names->names[i], name))
			return;
	}
	if (names->count < names->max)
		names->names[names->count] = name;
	names->count++;
}

static void
collect(const struct value *value, struct names *names)
{
	if (value->type == VALUE_ARRAY) {
		for (size_t i = 0; i < value->array.count; i++)
			collect(&value->array.items[i], names);
	}
	/* Only an object with one member is evaluated. */
	if (value->type == VALUE_OBJECT && value->object.count == 1) {
		const struct member *member = value->object.members;

		if (!is_reference(member))
			collect(&member->value, names);
		else if (member->value.type == VALUE_STRING)
			add(names, member->value.string);
	}
}

size_t
rule_references(const struct value *targeting, struct string *names, size_t max)
{
	struct names found = { names, max, 0 };

	if (targeting != NULL)
		collect(targeting, &found);
	return found.count;
}

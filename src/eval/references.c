#include "eval/references.h"

#include <string.h>

#include "base/map.h"
#include "eval/program.h"

/* A rule of 256 KB may name some twenty thousand segments. */
enum { NAMES_FEW = 16 };

struct names {
	struct string *names;
	size_t max;
	size_t count;
	struct map seen; /* those that are kept, if they are many */
};

bool
is_reference(const struct member *member)
{
	return strcmp(member->name.data, REFERENCE_NAME) == 0;
}

static size_t
kept(const struct names *names)
{
	return names->count < names->max ? names->count : names->max;
}

static bool
is_kept(const struct names *names, struct string name)
{
	if (kept(names) >= NAMES_FEW)
		return map_find(&names->seen, name.data, name.length) != NULL;
	for (size_t i = 0; i < kept(names); i++) {
		if (string_equal(names->names[i], name))
			return true;
	}
	return false;
}

/* From the one that makes them many, the map has all that are kept. */
static void
keep(struct names *names, struct string name)
{
	const size_t count = names->count + 1;

	names->names[names->count] = name;
	if (count < NAMES_FEW)
		return;
	for (size_t i = count == NAMES_FEW ? 0 : count - 1; i < count; i++)
		(void)map_put(&names->seen, names->names[i].data,
			      names->names[i].length, names);
}

static void
add(struct names *names, struct string name)
{
	if (is_kept(names, name))
		return;
	if (names->count < names->max)
		keep(names, name);
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
	struct names found = { .names = names, .max = max };

	map_init(&found.seen);
	if (targeting != NULL)
		collect(targeting, &found);
	map_fini(&found.seen);
	return found.count;
}

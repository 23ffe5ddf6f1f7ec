#include "part.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/name.h"

enum {
	/* Room for the members around the definitions. */
	PART_BYTES = LIMIT_CHANGE_BYTES - 100 * 1024,
	PART_ITEMS = LIMIT_CHANGE_ITEMS,
	GROUPS = 2,
};

/* The members that hold definitions, in the order they are sent. */
static const char *const flagd_groups[GROUPS] = { "$evaluators", "flags" };
static const char *const own_groups[GROUPS] = { "segments", "toggles" };

struct cutter {
	struct parts *parts;
	const char *const *groups;
	bool is_array[GROUPS];
	struct bytes rest;          /* the other members, for the first part */
	struct bytes group[GROUPS]; /* definitions of the part under way */
	size_t items;
};

static bool
is_filled(const struct value *value)
{
	return (value->type == VALUE_OBJECT && value->object.count > 0) ||
	       (value->type == VALUE_ARRAY && value->array.count > 0);
}

/* An empty one goes with the others: it tells what kind of document it is. */
static bool
is_group(const struct cutter *c, const struct member *member)
{
	for (size_t g = 0; g < GROUPS; g++) {
		if (strcmp(member->name.data, c->groups[g]) == 0)
			return is_filled(&member->value);
	}
	return false;
}

static void
append_name(struct bytes *out, struct string name)
{
	value_encode_string(name.data, name.length, out);
	bytes_append_char(out, ':');
}

static void
comma(struct bytes *out)
{
	if (out->length > 0)
		bytes_append_char(out, ',');
}

static void
finish_part(struct cutter *c)
{
	struct parts *parts = c->parts;
	struct bytes part;

	bytes_init(&part);
	bytes_append(&part, c->rest.data, c->rest.length);
	for (size_t g = 0; g < GROUPS; g++) {
		if (c->group[g].length == 0)
			continue;
		comma(&part);
		bytes_printf(&part, "\"%s\":%c", c->groups[g],
			     c->is_array[g] ? '[' : '{');
		bytes_append(&part, c->group[g].data, c->group[g].length);
		bytes_append_char(&part, c->is_array[g] ? ']' : '}');
		bytes_clear(&c->group[g]);
	}
	parts->items =
	    mem_resize(parts->items, parts->count + 1, sizeof(*parts->items));
	bytes_init(&parts->items[parts->count]);
	bytes_append_char(&parts->items[parts->count], '{');
	bytes_append(&parts->items[parts->count], part.data, part.length);
	bytes_append_char(&parts->items[parts->count], '}');
	parts->count++;
	bytes_fini(&part);
	bytes_clear(&c->rest);
	c->items = 0;
}

/* `name` with length 0: an item of an array. */
static void
add_item(struct cutter *c, size_t g, struct string name,
	 const struct value *value)
{
	struct bytes item;
	size_t used = c->rest.length;

	for (size_t i = 0; i < GROUPS; i++)
		used += c->group[i].length;
	bytes_init(&item);
	if (!c->is_array[g])
		append_name(&item, name);
	value_encode(value, &item);
	if (c->items > 0 &&
	    (c->items == PART_ITEMS || used + item.length > PART_BYTES))
		finish_part(c);
	comma(&c->group[g]);
	bytes_append(&c->group[g], item.data, item.length);
	bytes_fini(&item);
	c->items++;
}

static void
add_group(struct cutter *c, size_t g, const struct value *group)
{
	if (!group)
		return;
	c->is_array[g] = group->type == VALUE_ARRAY;
	for (size_t i = 0;
	     group->type == VALUE_OBJECT && i < group->object.count; i++)
		add_item(c, g, group->object.members[i].name,
			 &group->object.members[i].value);
	for (size_t i = 0; group->type == VALUE_ARRAY && i < group->array.count;
	     i++)
		add_item(c, g, (struct string){ "", 0 },
			 &group->array.items[i]);
}

static void
cut(struct cutter *c, const struct value *document)
{
	for (size_t i = 0; i < document->object.count; i++) {
		const struct member *member = &document->object.members[i];

		if (is_group(c, member))
			continue;
		comma(&c->rest);
		append_name(&c->rest, member->name);
		value_encode(&member->value, &c->rest);
	}
	for (size_t g = 0; g < GROUPS; g++)
		add_group(c, g, value_get(document, c->groups[g]));
	if (c->items > 0 || c->parts->count == 0)
		finish_part(c);
}

void
parts_init(struct parts *parts, const struct value *document)
{
	bool is_flagd =
	    value_get(document, "flags") || value_get(document, "$evaluators");
	struct cutter c = { .parts = parts,
			    .groups = is_flagd ? flagd_groups : own_groups };

	*parts = (struct parts){ NULL, 0 };
	bytes_init(&c.rest);
	for (size_t g = 0; g < GROUPS; g++)
		bytes_init(&c.group[g]);
	if (document->type == VALUE_OBJECT) {
		cut(&c, document);
	} else {
		parts->items = mem_alloc(sizeof(*parts->items));
		parts->count = 1;
		bytes_init(&parts->items[0]);
		value_encode(document, &parts->items[0]);
	}
	bytes_fini(&c.rest);
	for (size_t g = 0; g < GROUPS; g++)
		bytes_fini(&c.group[g]);
}

void
parts_fini(struct parts *parts)
{
	for (size_t i = 0; i < parts->count; i++)
		bytes_fini(&parts->items[i]);
	free(parts->items);
	*parts = (struct parts){ NULL, 0 };
}

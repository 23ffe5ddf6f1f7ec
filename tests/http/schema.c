#include "schema.h"

#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { PLACE_BYTES = 512 };

struct checker {
	json_t *document;
	char place[PLACE_BYTES]; /* JSON pointer into the value */
	char fault[PLACE_BYTES * 2];
};

static bool fits(struct checker *c, json_t *schema, json_t *value);

static bool
fault(struct checker *c, const char *what, const char *which)
{
	(void)snprintf(c->fault, sizeof(c->fault), "%s: %s '%s'", c->place,
		       what, which);
	return false;
}

json_t *
schema_resolve(json_t *document, json_t *json)
{
	const char *ref = json_string_value(json_object_get(json, "$ref"));
	char name[128];

	if (ref == NULL)
		return json;
	ck_assert_msg(*ref == '#', "$ref '%s'", ref);
	json = document;
	ref++;
	while (*ref == '/') {
		size_t length = strcspn(++ref, "/");

		(void)snprintf(name, sizeof(name), "%.*s", (int)length, ref);
		json = json_object_get(json, name);
		ck_assert_msg(json != NULL, "$ref: there is no '%s'", name);
		ref += length;
	}
	return schema_resolve(document, json);
}

static bool
is_type(json_t *value, const char *type)
{
	static const struct {
		const char *name;
		json_type type;
	} types[] = {
		{ "object", JSON_OBJECT },  { "array", JSON_ARRAY },
		{ "string", JSON_STRING },  { "integer", JSON_INTEGER },
		{ "number", JSON_INTEGER }, { "number", JSON_REAL },
		{ "boolean", JSON_TRUE },   { "boolean", JSON_FALSE },
		{ "null", JSON_NULL },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i].name, type) == 0 &&
		    types[i].type == json_typeof(value))
			return true;
	}
	return false;
}

/* "type" is a name or a list of names. */
static bool
has_type(struct checker *c, json_t *type, json_t *value)
{
	size_t i;
	json_t *one;

	if (type == NULL)
		return true;
	if (json_is_string(type))
		return is_type(value, json_string_value(type)) ||
		       fault(c, "is no", json_string_value(type));
	json_array_foreach(type, i, one)
	{
		if (is_type(value, json_string_value(one)))
			return true;
	}
	return fault(c, "has none of the types of", "type");
}

static bool
is_listed(struct checker *c, json_t *list, json_t *value)
{
	size_t i;
	json_t *one;

	if (list == NULL)
		return true;
	json_array_foreach(list, i, one)
	{
		if (json_equal(one, value))
			return true;
	}
	return fault(c, "is not listed in", "enum");
}

static bool
fits_below(struct checker *c, json_t *schema, json_t *value, const char *name)
{
	size_t length = strlen(c->place);
	bool good;

	(void)snprintf(c->place + length, sizeof(c->place) - length, "/%s",
		       name);
	good = fits(c, schema, value);
	c->place[length] = '\0';
	return good;
}

static bool
members_fit(struct checker *c, json_t *schema, json_t *object)
{
	json_t *properties = json_object_get(schema, "properties");
	json_t *others = json_object_get(schema, "additionalProperties");
	json_t *value;
	const char *name;
	size_t i;

	json_array_foreach(json_object_get(schema, "required"), i, value)
	{
		name = json_string_value(value);
		if (json_object_get(object, name) == NULL)
			return fault(c, "has no member", name);
	}
	json_object_foreach(object, name, value)
	{
		json_t *member = json_object_get(properties, name);

		if (member == NULL && json_is_false(others))
			return fault(c, "has the unknown member", name);
		if (member == NULL && json_is_object(others))
			member = others;
		if (member != NULL && !fits_below(c, member, value, name))
			return false;
	}
	return true;
}

static bool
items_fit(struct checker *c, json_t *schema, json_t *array)
{
	json_t *items = json_object_get(schema, "items");
	json_t *value;
	char name[24];
	size_t i;

	json_array_foreach(array, i, value)
	{
		(void)snprintf(name, sizeof(name), "%zu", i);
		if (items != NULL && !fits_below(c, items, value, name))
			return false;
	}
	return true;
}

static bool
some_fit(struct checker *c, json_t *list, json_t *value)
{
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		if (fits(c, one, value))
			return true;
	}
	return list == NULL;
}

static bool
all_fit(struct checker *c, json_t *list, json_t *value)
{
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		if (!fits(c, one, value))
			return false;
	}
	return true;
}

static bool
fits(struct checker *c, json_t *schema, json_t *value)
{
	schema = schema_resolve(c->document, schema);
	return has_type(c, json_object_get(schema, "type"), value) &&
	       is_listed(c, json_object_get(schema, "enum"), value) &&
	       some_fit(c, json_object_get(schema, "oneOf"), value) &&
	       all_fit(c, json_object_get(schema, "allOf"), value) &&
	       (!json_is_object(value) || members_fit(c, schema, value)) &&
	       (!json_is_array(value) || items_fit(c, schema, value));
}

void
schema_check(json_t *document, json_t *schema, json_t *value, const char *what)
{
	struct checker c = { .document = document };

	ck_assert_msg(fits(&c, schema, value), "%s: %s", what, c.fault);
}

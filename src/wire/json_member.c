/*
 * How input is spoken of: pointers to places in it, and names that are close
 * to the one that somebody mistyped.
 */
#include <string.h>

#include "base/bytes.h"
#include "model/nearest.h"
#include "wire/json.h"

const char *
json_pointer(struct arena *arena, const char *base, const char *name,
	     size_t length)
{
	size_t base_length = strlen(base);
	/* Each byte takes at most two. */
	char *pointer = arena_alloc(arena, base_length + 1 + 2 * length + 1);
	char *at = pointer + base_length;

	memcpy(pointer, base, base_length + 1);
	*at++ = '/';
	for (size_t i = 0; i < length; i++) {
		if (name[i] == '~' || name[i] == '/') {
			*at++ = '~';
			*at++ = name[i] == '~' ? '0' : '1';
		} else {
			*at++ = name[i];
		}
	}
	*at = '\0';
	return pointer;
}

const char *
json_pointer_index(struct arena *arena, const char *base, size_t index)
{
	struct bytes text;
	const char *pointer;

	bytes_init(&text);
	bytes_append_int(&text, (int64_t)index);
	pointer = json_pointer(arena, base, text.data, text.length);
	bytes_fini(&text);
	return pointer;
}

enum { QUOTED_MAX = 80 };

int
json_quoted(struct string text)
{
	size_t length = text.length;

	if (length <= QUOTED_MAX)
		return (int)length;
	length = QUOTED_MAX;
	while (length > 0 && ((unsigned char)text.data[length] & 0xc0) == 0x80)
		length--;
	return (int)length;
}

const char *
json_hint(const char *const *names, const char *name, size_t length)
{
	struct nearest nearest;

	nearest_init(&nearest, (struct string){ name, length });
	for (; *names != NULL; names++)
		nearest_offer(&nearest, *names, strlen(*names));
	return nearest.found.data;
}

const char *
json_listing(const char *const *names, struct arena *arena)
{
	struct bytes text;
	const char *listing;

	bytes_init(&text);
	for (size_t i = 0; names[i] != NULL; i++)
		bytes_printf(&text, "%s%s",
			     i == 0                 ? ""
			     : names[i + 1] == NULL ? " and "
						    : ", ",
			     names[i]);
	listing =
	    arena_copy(arena, text.data != NULL ? text.data : "", text.length);
	bytes_fini(&text);
	return listing;
}

bool
json_is_listed(const char *const *names, struct string name)
{
	for (; *names != NULL; names++) {
		if (string_is(name, *names))
			return true;
	}
	return false;
}

bool
json_known_members(const struct value *object, const char *const *names,
		   const char *base, struct arena *arena, struct error *err)
{
	bool known = true;

	if (object->type != VALUE_OBJECT)
		return true;
	for (size_t i = 0; i < object->object.count; i++) {
		struct string name = object->object.members[i].name;

		if (json_is_listed(names, name))
			continue;
		known = false;
		/* What would not be shown is not worth the search. */
		if (err != NULL && err->place_count >= ERROR_PLACES_MAX)
			err->place_count++;
		else
			json_unknown_member(name, names, base, arena, err);
	}
	return known;
}

void
json_unknown_member(struct string name, const char *const *names,
		    const char *base, struct arena *arena, struct error *err)
{
	const char *hint = json_hint(names, name.data, name.length);
	const char *pointer = json_pointer(arena, base, name.data, name.length);

	(void)error_at(err, pointer, "unknown member '%.*s'%s%s%s",
		       json_quoted(name), name.data,
		       hint != NULL ? "; did you mean " : "",
		       hint != NULL ? hint : "", hint != NULL ? "?" : "");
}

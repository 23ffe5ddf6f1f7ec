/*
 * How input is spoken of: pointers to places in it, and names that are close
 * to the one that somebody mistyped.
 */
#include <string.h>

#include "base/bytes.h"
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

enum { HINT_NAME_MAX = 40 };

static int
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Edits that make one name of the other, a swap of neighbours being one
 * (optimal string alignment); case does not count. */
static size_t
distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t rows[3][HINT_NAME_MAX + 1];
	size_t *before = rows[0]; /* two rows up */
	size_t *above = rows[1];
	size_t *row = rows[2];

	for (size_t j = 0; j <= b_length; j++) {
		before[j] = j;
		above[j] = j;
	}
	for (size_t i = 1; i <= a_length; i++) {
		size_t *oldest = before;

		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			bool same = lower(a[i - 1]) == lower(b[j - 1]);
			size_t cost = above[j - 1] + (same ? 0 : 1);

			cost = least(cost, above[j] + 1);
			cost = least(cost, row[j - 1] + 1);
			if (i > 1 && j > 1 &&
			    lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]))
				cost = least(cost, before[j - 2] + 1);
			row[j] = cost;
		}
		before = above;
		above = row;
		row = oldest;
	}
	return above[b_length];
}

const char *
json_hint(const char *const *names, const char *name, size_t length)
{
	const char *best = NULL;
	/* A third of the letters may be wrong. */
	size_t best_distance = length / 3 + 1;

	if (length == 0 || length > HINT_NAME_MAX)
		return NULL;
	for (; *names != NULL; names++) {
		size_t known = strlen(*names);
		size_t d;

		if (known > HINT_NAME_MAX)
			continue;
		d = distance(name, length, *names, known);
		if (d < best_distance && d < known) {
			best = *names;
			best_distance = d;
		}
	}
	return best;
}

static bool
is_listed(const char *const *names, struct string name)
{
	for (; *names != NULL; names++) {
		if (strlen(*names) == name.length &&
		    memcmp(*names, name.data, name.length) == 0)
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

		if (is_listed(names, name))
			continue;
		json_unknown_member(name, names, base, arena, err);
		known = false;
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

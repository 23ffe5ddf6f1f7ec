/*
 * Text to values in three steps: a scan that measures the nesting, so that a
 * megabyte of brackets is refused before anything is built from it; jansson,
 * which knows the grammar; a copy into the arena, which is all that stays.
 *
 * What jansson refuses is tried once more in another form, where it has one
 * (foreign.h); so nobody else pays for it.
 */
#include "wire/json.h"

#include <jansson.h>
#include <string.h>

#include "foreign.h"
#include "model/name.h"
#include "place.h"

#define LOAD_FLAGS (JSON_REJECT_DUPLICATES | JSON_DECODE_ANY)

struct position {
	size_t line;
	size_t column; /* in characters */
};

static struct position
position_of(const char *text, size_t at)
{
	struct position position = { 1, 1 };

	for (size_t i = 0; i < at; i++) {
		if (text[i] == '\n') {
			position.line++;
			position.column = 1;
		} else if (((unsigned char)text[i] & 0xc0) != 0x80) {
			position.column++;
		}
	}
	return position;
}

/* The offset behind the string whose quote is at `at`, or `length`. */
static size_t
skip_string(const char *text, size_t length, size_t at)
{
	for (at++; at < length; at++) {
		if (text[at] == '\\')
			at++;
		else if (text[at] == '"')
			return at + 1;
	}
	return length;
}

static enum status
check_depth(const char *text, size_t length, size_t limit, struct error *err)
{
	size_t depth = 0;
	size_t i = 0;

	while (i < length) {
		struct position position;

		switch (text[i]) {
		case '"':
			i = skip_string(text, length, i);
			continue;
		case '[':
		case '{':
			depth++;
			break;
		case ']':
		case '}':
			depth -= depth > 0;
			break;
		default:
			break;
		}
		if (depth > limit) {
			position = position_of(text, i);
			return error_set(err, STATUS_INVALID,
					 "JSON nested deeper than %zu levels "
					 "at line %zu, column %zu",
					 limit, position.line, position.column);
		}
		i++;
	}
	return STATUS_OK;
}

static bool
is_blank(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\0' || strchr(" \t\r\n", text[i]) == NULL)
			return false;
	}
	return true;
}

/* How many bytes the UTF-8 sequence at `text` has, 0 when it is none. */
static size_t
sequence_length(const char *text)
{
	unsigned char lead = (unsigned char)text[0];
	size_t length = lead < 0x80                   ? 1
			: lead >= 0xc2 && lead < 0xe0 ? 2
			: lead >= 0xe0 && lead < 0xf0 ? 3
			: lead >= 0xf0 && lead < 0xf5 ? 4
						      : 0;

	for (size_t i = 1; i < length; i++) {
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			return 0;
	}
	return length;
}

/* jansson quotes what it stumbled over and cuts it anywhere: the text has to
 * go into a JSON answer and a log all the same. */
static void
clean(char *text)
{
	size_t at = 0;

	while (text[at] != '\0') {
		size_t length = sequence_length(text + at);
		unsigned char c = (unsigned char)text[at];

		if (length == 0 || c < 0x20 || c == 0x7f)
			text[at] = '?';
		at += length > 0 ? length : 1;
	}
}

static enum status
report(json_error_t *fault, struct error *err)
{
	clean(fault->text);
	return error_set(err, STATUS_INVALID,
			 "malformed JSON at line %d, column %d: %s",
			 fault->line, fault->column, fault->text);
}

static struct value convert(struct arena *arena, json_t *json);

static struct value
convert_array(struct arena *arena, json_t *json)
{
	size_t count = json_array_size(json);
	struct value value = { .type = VALUE_ARRAY };

	value.array.items = arena_zalloc(arena, count, sizeof(struct value));
	value.array.count = count;
	for (size_t i = 0; i < count; i++)
		value.array.items[i] = convert(arena, json_array_get(json, i));
	return value;
}

static struct value
convert_object(struct arena *arena, json_t *json)
{
	struct value value = { .type = VALUE_OBJECT };
	struct member *member;

	member = arena_zalloc(arena, json_object_size(json), sizeof(*member));
	value.object.members = member;
	value.object.count = json_object_size(json);
	for (void *at = json_object_iter(json); at != NULL;
	     at = json_object_iter_next(json, at), member++) {
		size_t length = json_object_iter_key_len(at);

		member->name.data =
		    arena_copy(arena, json_object_iter_key(at), length);
		member->name.length = length;
		member->value = convert(arena, json_object_iter_value(at));
	}
	return value;
}

static struct value
convert_string(struct arena *arena, json_t *json)
{
	struct value value = { .type = VALUE_STRING };

	value.string.length = json_string_length(json);
	value.string.data =
	    arena_copy(arena, json_string_value(json), value.string.length);
	return value;
}

static struct value
convert(struct arena *arena, json_t *json)
{
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		return convert_object(arena, json);
	case JSON_ARRAY:
		return convert_array(arena, json);
	case JSON_STRING:
		return convert_string(arena, json);
	case JSON_INTEGER:
		return (struct value){ .type = VALUE_INTEGER,
				       .integer = json_integer_value(json) };
	case JSON_REAL:
		return (struct value){ .type = VALUE_REAL,
				       .real = json_real_value(json) };
	case JSON_TRUE:
	case JSON_FALSE:
		return (struct value){ .type = VALUE_BOOL,
				       .boolean = json_is_true(json) };
	case JSON_NULL:
		break;
	}
	return (struct value){ .type = VALUE_NULL };
}

/* --- what was rewritten ----------------------------------------------------
 */

struct restoring {
	struct arena *arena;
	bool foreign;
	enum status status; /* not OK: a fault was reported */
	struct error *err;
};

static struct string
restore(struct restoring *r, struct string text, const struct place *place,
	const char *faults[])
{
	enum foreign_find found;
	const struct string plain = foreign_restore(text, r->arena, &found);

	if (found != FOREIGN_NOTHING && !r->foreign)
		r->status = place_fault(place, r->arena, r->err, faults[found]);
	return plain;
}

static void
restore_value(struct restoring *r, struct value *value,
	      const struct place *place)
{
	static const char *in_text[] = {
		[FOREIGN_NUL] = "holds NUL (\\u0000), which only a context may",
		[FOREIGN_HALF] = "holds half of a surrogate pair, as \\ud83d "
				 "alone is: that is no character",
	};
	static const char *in_name[] = {
		[FOREIGN_NUL] = "the name of a member holds NUL (\\u0000), "
				"which only a context may",
		[FOREIGN_HALF] = "the name of a member holds half of a "
				 "surrogate pair: that is no character",
	};
	struct place below = { .up = place };

	if (value->type == VALUE_STRING) {
		value->string = restore(r, value->string, place, in_text);
	} else if (value->type == VALUE_ARRAY) {
		for (size_t i = 0; i < value->array.count; i++) {
			below.index = i;
			restore_value(r, &value->array.items[i], &below);
		}
	} else if (value->type == VALUE_OBJECT) {
		for (size_t i = 0; i < value->object.count; i++) {
			struct member *member = &value->object.members[i];

			member->name = restore(r, member->name, place, in_name);
			below.name = member->name;
			restore_value(r, &member->value, &below);
		}
	}
}

/* jansson did not take it as it stands. */
static enum status
decode_other(const char *text, size_t length, const struct restoring *how,
	     struct value *out, json_error_t *fault)
{
	const struct place root = { .name = { "", 0 } };
	struct restoring r = *how;
	struct bytes other;
	json_t *json = NULL;

	bytes_init(&other);
	if (foreign_rewrite(text, length, &other)) {
		json = json_loadb(other.data, other.length, LOAD_FLAGS, fault);
		if (json == NULL) {
			const struct position position = position_of(
			    text, foreign_origin(text, length,
						 (size_t)fault->position));

			fault->line = (int)position.line;
			fault->column = (int)position.column - 1;
		}
	}
	bytes_fini(&other);
	if (json == NULL)
		return report(fault, r.err);
	*out = convert(r.arena, json);
	json_decref(json);
	restore_value(&r, out, &root);
	return r.status;
}

enum status
json_decode(const char *text, size_t length, const struct json_limits *limits,
	    struct arena *arena, struct value *out, struct error *err)
{
	size_t depth = limits != NULL && limits->depth > 0 ? limits->depth
							   : LIMIT_JSON_DEPTH;
	const struct restoring how = {
		.arena = arena,
		.foreign = limits != NULL && limits->foreign,
		.err = err,
	};
	json_error_t fault;
	enum status status;
	json_t *json;

	if (is_blank(text, length))
		return error_set(err, STATUS_INVALID,
				 "JSON expected, but there is nothing");
	status = check_depth(text, length, depth, err);
	if (status != STATUS_OK)
		return status;
	json =
	    json_loadb(text, length,
		       LOAD_FLAGS | (how.foreign ? JSON_ALLOW_NUL : 0), &fault);
	if (json == NULL)
		return decode_other(text, length, &how, out, &fault);
	*out = convert(arena, json);
	json_decref(json);
	return STATUS_OK;
}

const char *
json_jansson_version(void)
{
	return jansson_version_str();
}

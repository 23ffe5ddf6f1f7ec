#include "wire/edit.h"

#include <string.h>

#include "base/clock.h"
#include "base/map.h"
#include "model/name.h"
#include "wire/cursor.h"
#include "wire/json.h"

struct decoder {
	struct arena *arena;
	struct error *err;
	enum status status; /* not OK: a fault was reported */
	struct edit_list *out;
};

static void
check_key(struct decoder *d, enum kind kind, struct string key,
	  const char *pointer)
{
	if (!name_is_key(key.data, key.length))
		d->status = error_at(d->err, pointer,
				     "'%.*s' is no name for a %s: 1 to %d of "
				     "A-Z a-z 0-9 . _ : ~ - were expected",
				     json_quoted(key), key.data,
				     kind_name(kind), NAME_KEY_MAX);
}

static struct edit *
add(struct decoder *d, enum edit_verb verb, enum kind kind, struct string key)
{
	struct edit *edit = &d->out->edits[d->out->count++];

	edit->verb = verb;
	edit->kind = kind;
	edit->key = key;
	return edit;
}

/* It would become a switch that is off, whatever it is where it comes from. A
 * short form says what it is. */
static void
check_variants(struct decoder *d, const struct value *flag, const char *pointer)
{
	if (flag->type == VALUE_OBJECT && value_get(flag, "variants") == NULL &&
	    value_get(flag, "value") == NULL)
		d->status = error_at(d->err, pointer,
				     "member 'variants' is missing: a flag of "
				     "a flagd document has them");
}

/* One edit for each member of an object of definitions. */
static void
add_members(struct decoder *d, const struct value *object, enum kind kind,
	    enum edit_verb verb, const char *pointer)
{
	for (size_t i = 0; i < object->object.count; i++) {
		const struct member *member = &object->object.members[i];
		const char *place = json_pointer(
		    d->arena, pointer, member->name.data, member->name.length);
		bool remove =
		    member->value.type == VALUE_NULL && verb != EDIT_FLAG;
		struct edit *edit =
		    add(d, remove ? EDIT_REMOVE : verb, kind, member->name);

		check_key(d, kind, member->name, place);
		if (verb == EDIT_FLAG)
			check_variants(d, &member->value, place);
		edit->pointer = place;
		edit->value = member->value;
	}
}

/* The form of flags as an array, each with its key inside. */
static void
add_items(struct decoder *d, const struct value *array, const char *pointer)
{
	struct map seen;

	map_init(&seen);
	for (size_t i = 0; i < array->array.count; i++) {
		const struct value *item = &array->array.items[i];
		const struct value *key = value_get(item, "key");
		const char *place = json_pointer_index(d->arena, pointer, i);
		struct edit *edit;

		if (key == NULL || key->type != VALUE_STRING) {
			d->status = error_at(d->err, place,
					     "must be an object with a string "
					     "'key'");
			continue;
		}
		check_key(d, KIND_TOGGLE, key->string, place);
		check_variants(d, item, place);
		edit = add(d, EDIT_FLAG, KIND_TOGGLE, key->string);
		edit->pointer = place;
		edit->value = *item;
		if (map_put(&seen, key->string.data, key->string.length,
			    edit) != NULL)
			d->status = error_at(
			    d->err, place, "key '%.*s' is there twice",
			    json_quoted(key->string), key->string.data);
	}
	map_fini(&seen);
}

/* The member as an object, NULL when it is absent or something else. */
static const struct value *
object_member(struct decoder *d, const struct value *body, const char *name)
{
	const struct value *value = value_get(body, name);

	if (value == NULL || value->type == VALUE_OBJECT)
		return value;
	d->status =
	    error_at(d->err, json_pointer(d->arena, "", name, strlen(name)),
		     "must be an object, not %s", value_type_name(value));
	return NULL;
}

static size_t
item_count(const struct value *value)
{
	if (value == NULL)
		return 0;
	if (value->type == VALUE_OBJECT)
		return value->object.count;
	return value->type == VALUE_ARRAY ? value->array.count : 0;
}

/* Room for all edits; false when they are too many. */
static bool
make_room(struct decoder *d, const struct value *a, const struct value *b)
{
	size_t count = item_count(a) + item_count(b);

	if (count > LIMIT_CHANGE_ITEMS) {
		d->status = error_set(d->err, STATUS_TOO_LARGE,
				      "%zu definitions in one change; %d is "
				      "the limit",
				      count, LIMIT_CHANGE_ITEMS);
		return false;
	}
	d->out->edits =
	    arena_zalloc(d->arena, count + 2, sizeof(*d->out->edits));
	return true;
}

/* The metadata of a flag set is that of the environment, but for what the
 * server says of it by itself. */
static void
add_metadata(struct decoder *d, const struct value *metadata)
{
	struct value *kept = arena_zalloc(d->arena, 1, sizeof(*kept));
	struct member *outer = arena_zalloc(d->arena, 1, sizeof(*outer));
	struct edit *edit;

	*kept = *metadata;
	kept->object.members = arena_zalloc(
	    d->arena, metadata->object.count + 1, sizeof(struct member));
	kept->object.count = 0;
	for (size_t i = 0; i < metadata->object.count; i++) {
		const struct member *member = &metadata->object.members[i];

		if (string_is(member->name, "flagSetId") ||
		    string_is(member->name, "version"))
			continue;
		kept->object.members[kept->object.count++] = *member;
	}
	if (kept->object.count == 0)
		return;
	outer->name = (struct string){ "metadata", 8 };
	outer->value = *kept;
	edit = &d->out->edits[d->out->count++];
	edit->verb = EDIT_PATCH;
	edit->kind = KIND_ENVIRONMENT;
	edit->key = (struct string){ "", 0 };
	edit->pointer = "";
	edit->value.type = VALUE_OBJECT;
	edit->value.object.members = outer;
	edit->value.object.count = 1;
}

static void
decode_flagd(struct decoder *d, const struct value *body)
{
	static const char *const names[] = { "flags",    "$evaluators",
					     "metadata", "$schema",
					     "comment",  NULL };
	const struct value *flags = value_get(body, "flags");
	const struct value *rules = object_member(d, body, "$evaluators");
	const struct value *metadata = object_member(d, body, "metadata");

	if (!json_known_members(body, names, "", d->arena, d->err))
		d->status = STATUS_INVALID;
	if (!make_room(d, flags, rules))
		return;
	if (metadata != NULL)
		add_metadata(d, metadata);
	if (rules != NULL)
		add_members(d, rules, KIND_SEGMENT, EDIT_PUT, "/$evaluators");
	if (flags == NULL)
		return;
	if (flags->type == VALUE_OBJECT)
		add_members(d, flags, KIND_TOGGLE, EDIT_FLAG, "/flags");
	else if (flags->type == VALUE_ARRAY)
		add_items(d, flags, "/flags");
	else
		d->status = error_at(d->err, "/flags",
				     "must be an object or an array, not %s",
				     value_type_name(flags));
}

static void
decode_own(struct decoder *d, const struct value *body)
{
	static const char *const names[] = {
		"comment",     "toggles", "segments", "revision", "epoch",
		"environment", "full",    "cursor",   NULL
	};
	const struct value *toggles = object_member(d, body, "toggles");
	const struct value *segments = object_member(d, body, "segments");
	/* An export holds whole definitions, not patches. */
	const enum edit_verb verb =
	    value_get(body, "epoch") != NULL ? EDIT_PUT : EDIT_PATCH;

	if (!json_known_members(body, names, "", d->arena, d->err))
		d->status = STATUS_INVALID;
	if (!make_room(d, toggles, segments))
		return;
	if (segments != NULL)
		add_members(d, segments, KIND_SEGMENT, EDIT_PUT, "/segments");
	if (toggles != NULL)
		add_members(d, toggles, KIND_TOGGLE, verb, "/toggles");
}

static void
decode_comment(struct decoder *d, const struct value *body,
	       struct string *comment)
{
	const struct value *value = value_get(body, "comment");

	*comment = (struct string){ "", 0 };
	if (value == NULL)
		return;
	if (value->type != VALUE_STRING)
		d->status =
		    error_at(d->err, "/comment", "must be a string, not %s",
			     value_type_name(value));
	else if (value->string.length > NAME_COMMENT_MAX)
		d->status =
		    error_at(d->err, "/comment", "%zu bytes; %d is the limit",
			     value->string.length, NAME_COMMENT_MAX);
	else
		*comment = value->string;
}

static bool
is_object(struct decoder *d, const struct value *body)
{
	if (body->type == VALUE_OBJECT)
		return true;
	d->status = error_at(d->err, "", "the body must be an object, not %s",
			     value_type_name(body));
	return false;
}

enum status
edit_decode_changes(const struct value *body, struct arena *arena,
		    struct edit_list *out, struct error *err)
{
	struct edit_list list = { .edits = NULL };
	struct decoder d = { arena, err, STATUS_OK, &list };

	if (!is_object(&d, body))
		return d.status;
	decode_comment(&d, body, &list.comment);
	if (value_get(body, "flags") != NULL ||
	    value_get(body, "$evaluators") != NULL)
		decode_flagd(&d, body);
	else
		decode_own(&d, body);
	if (d.status == STATUS_OK)
		*out = list;
	return d.status;
}

static void
decode_to(struct decoder *d, const struct value *body, int64_t now_ms,
	  struct moment *to)
{
	const struct value *value = value_get(body, "to");
	struct error fault;

	error_init(&fault);
	if (value == NULL)
		d->status = error_at(d->err, "",
				     "member 'to' is missing: a revision, a "
				     "time, or how long ago");
	else if (value->type == VALUE_INTEGER && value->integer >= 0)
		to->revision = value->integer;
	else if (value->type != VALUE_STRING)
		d->status =
		    error_at(d->err, "/to",
			     "must be a revision or a text: a time, or how "
			     "long ago");
	else if (moment_decode(value->string.data, "", now_ms, to, &fault) !=
		 STATUS_OK)
		d->status = error_at(d->err, "/to", "%s", fault.text);
}

static void
decode_keys(struct decoder *d, const struct value *body, struct rollback *out)
{
	const struct value *keys = value_get(body, "keys");

	if (keys == NULL)
		return;
	/* An empty list must not come to mean everything. */
	if (keys->type != VALUE_ARRAY || keys->array.count == 0) {
		d->status = error_at(d->err, "/keys",
				     "must be an array of at least one key");
		return;
	}
	if (keys->array.count > LIMIT_CHANGE_ITEMS) {
		d->status =
		    error_at(d->err, "/keys", "%zu keys; %d is the limit",
			     keys->array.count, LIMIT_CHANGE_ITEMS);
		return;
	}
	out->keys =
	    arena_zalloc(d->arena, keys->array.count, sizeof(*out->keys));
	for (size_t i = 0; i < keys->array.count; i++) {
		const struct value *key = &keys->array.items[i];
		const char *place = json_pointer_index(d->arena, "/keys", i);

		if (key->type != VALUE_STRING) {
			d->status =
			    error_at(d->err, place, "must be a string, not %s",
				     value_type_name(key));
			continue;
		}
		check_key(d, KIND_TOGGLE, key->string, place);
		out->keys[out->key_count++] = key->string;
	}
}

enum status
rollback_decode(const struct value *body, int64_t now_ms, struct arena *arena,
		struct rollback *out, struct error *err)
{
	static const char *const names[] = { "to", "keys", "comment", NULL };
	struct decoder d = { arena, err, STATUS_OK, NULL };
	struct rollback rollback = { .keys = NULL };

	if (!is_object(&d, body))
		return d.status;
	if (!json_known_members(body, names, "", arena, err))
		d.status = STATUS_INVALID;
	decode_to(&d, body, now_ms, &rollback.to);
	decode_keys(&d, body, &rollback);
	decode_comment(&d, body, &rollback.comment);
	if (d.status == STATUS_OK)
		*out = rollback;
	return d.status;
}

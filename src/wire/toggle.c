/*
 * To add a member: add a row to `members`, a reader, a line in toggle_encode
 * and in docs/API.md ("Toggles").
 */
#include "toggle.h"

#include <string.h>

#include "exact.h"
#include "model/name.h"
#include "wire/json.h"

struct reader {
	struct toggle *toggle;
	struct arena *arena;
	struct error *err;
	enum status status; /* not OK: a fault was reported */
};

static const char *
below(struct reader *r, const char *pointer, struct string name)
{
	return json_pointer(r->arena, pointer, name.data, name.length);
}

static const char *
place_of(struct reader *r, const char *member)
{
	return json_pointer(r->arena, r->toggle->pointer, member,
			    strlen(member));
}

static void
refuse_type(struct reader *r, const char *member, const char *wanted,
	    const struct value *value)
{
	r->status = error_at(r->err, place_of(r, member), "must be %s, not %s",
			     wanted, value_type_name(value));
}

static void
read_key(struct reader *r, const struct value *value)
{
	struct string key = r->toggle->key;

	if (r->toggle->trusted)
		return;
	if (value->type != VALUE_STRING)
		refuse_type(r, "key", "a string", value);
	else if (!string_equal(value->string, key))
		r->status =
		    error_at(r->err, place_of(r, "key"),
			     "is '%.*s', but the toggle is '%.*s'",
			     json_quoted(value->string), value->string.data,
			     json_quoted(key), key.data);
}

static void
read_state(struct reader *r, const struct value *value)
{
	bool enabled = value_is_string(value, "ENABLED");

	r->toggle->disabled = value_is_string(value, "DISABLED");
	if (!enabled && !r->toggle->disabled)
		r->status = error_at(r->err, place_of(r, "state"),
				     "must be \"ENABLED\" or \"DISABLED\"");
}

static void
read_type(struct reader *r, const struct value *value)
{
	if (value->type != VALUE_STRING)
		refuse_type(r, "type", "a string", value);
	else if (variant_type_parse(value->string.data, &r->toggle->type))
		r->toggle->type_declared = true;
	else
		r->status =
		    error_at(r->err, place_of(r, "type"),
			     "'%.*s' is no type: boolean, string, "
			     "integer, float or object was expected",
			     json_quoted(value->string), value->string.data);
}

static bool
is_printable(struct string text)
{
	for (size_t i = 0; i < text.length; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c < 0x20 || c == 0x7f)
			return false;
	}
	return true;
}

static void
check_numbers(struct reader *r, const char *member, const struct value *value)
{
	if (!r->toggle->trusted &&
	    !exact_check_new(r->toggle->scope, member, value,
			     place_of(r, member), r->arena, r->err))
		r->status = STATUS_INVALID;
}

static void
check_variant(struct reader *r, const struct member *variant)
{
	const char *pointer = below(r, place_of(r, "variants"), variant->name);

	if (variant->name.length == 0 || variant->name.length > NAME_KEY_MAX ||
	    !is_printable(variant->name))
		r->status = error_at(r->err, pointer,
				     "the name of a variant is 1 to %d bytes "
				     "without control characters",
				     NAME_KEY_MAX);
	if (variant->value.type == VALUE_NULL ||
	    variant->value.type == VALUE_ARRAY)
		r->status = error_at(r->err, pointer,
				     "must be a boolean, string, number or "
				     "object, not %s",
				     value_type_name(&variant->value));
}

static void
read_variants(struct reader *r, const struct value *value)
{
	if (value->type != VALUE_OBJECT) {
		refuse_type(r, "variants", "an object", value);
		return;
	}
	if (value->object.count < 1 || value->object.count > LIMIT_VARIANTS) {
		r->status = error_at(r->err, place_of(r, "variants"),
				     "%zu variants; a toggle has 1 to %d",
				     value->object.count, LIMIT_VARIANTS);
		return;
	}
	r->toggle->variants = value;
	if (r->toggle->trusted)
		return;
	for (size_t i = 0; i < value->object.count; i++)
		check_variant(r, &value->object.members[i]);
	check_numbers(r, "variants", value);
}

static void
read_default_variant(struct reader *r, const struct value *value)
{
	r->toggle->default_variant = value;
	if (value->type != VALUE_STRING && value->type != VALUE_NULL)
		refuse_type(r, "defaultVariant",
			    "the name of a variant or null", value);
}

static void
read_targeting(struct reader *r, const struct value *value)
{
	if (value->type != VALUE_OBJECT) {
		refuse_type(r, "targeting", "an object", value);
		return;
	}
	r->toggle->targeting = value;
	check_numbers(r, "targeting", value);
}

bool
toggle_check_metadata(const struct value *value, const char *pointer,
		      struct arena *arena, struct error *err)
{
	bool good = true;

	if (value->type != VALUE_OBJECT) {
		(void)error_at(err, pointer, "must be an object, not %s",
			       value_type_name(value));
		return false;
	}
	for (size_t i = 0; i < value->object.count; i++) {
		const struct member *member = &value->object.members[i];

		if (member->value.type == VALUE_STRING ||
		    member->value.type == VALUE_BOOL ||
		    value_is_number(&member->value))
			continue;
		(void)error_at(err,
			       json_pointer(arena, pointer, member->name.data,
					    member->name.length),
			       "must be a string, number or boolean, not %s",
			       value_type_name(&member->value));
		good = false;
	}
	return good;
}

bool
toggle_check_text(const struct value *value, const char *pointer,
		  struct error *err)
{
	if (value->type != VALUE_STRING) {
		(void)error_at(err, pointer, "must be a string, not %s",
			       value_type_name(value));
		return false;
	}
	if (value->string.length > NAME_TEXT_MAX) {
		(void)error_at(err, pointer, "%zu bytes; %d is the limit",
			       value->string.length, NAME_TEXT_MAX);
		return false;
	}
	return true;
}

/* A value is looked at when the variants are known. */
static void
read_serve(struct reader *r, const struct value *value)
{
	r->toggle->serve = value;
}

static void
read_held(struct reader *r, const struct value *value)
{
	r->toggle->held = value;
}

/* Nobody can set these two. */
static void
read_served_since(struct reader *r, const struct value *value)
{
	if (r->toggle->trusted)
		r->toggle->served_since = value;
}

static void
read_served_by(struct reader *r, const struct value *value)
{
	if (r->toggle->trusted)
		r->toggle->served_by = value;
}

static void
read_metadata(struct reader *r, const struct value *value)
{
	r->toggle->metadata = value;
	if (!r->toggle->trusted &&
	    !toggle_check_metadata(value, place_of(r, "metadata"), r->arena,
				   r->err))
		r->status = STATUS_INVALID;
	check_numbers(r, "metadata", value);
}

static void
read_description(struct reader *r, const struct value *value)
{
	r->toggle->description = value;
	if (!r->toggle->trusted &&
	    !toggle_check_text(value, place_of(r, "description"), r->err))
		r->status = STATUS_INVALID;
}

static void
read_owner(struct reader *r, const struct value *value)
{
	r->toggle->owner = value;
	if (!r->toggle->trusted &&
	    !toggle_check_text(value, place_of(r, "owner"), r->err))
		r->status = STATUS_INVALID;
}

static bool
is_repeated(const struct value *tags, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (value_equal(&tags->array.items[i], &tags->array.items[at]))
			return true;
	}
	return false;
}

static void
read_tags(struct reader *r, const struct value *value)
{
	const char *pointer = place_of(r, "tags");

	if (value->type != VALUE_ARRAY) {
		refuse_type(r, "tags", "an array of strings", value);
		return;
	}
	if (value->array.count > LIMIT_TAGS) {
		r->status =
		    error_at(r->err, pointer, "%zu tags; %d is the limit",
			     value->array.count, LIMIT_TAGS);
		return;
	}
	r->toggle->tags = value;
	for (size_t i = 0; i < value->array.count; i++) {
		const struct value *tag = &value->array.items[i];
		const char *place = json_pointer_index(r->arena, pointer, i);

		if (tag->type != VALUE_STRING ||
		    !name_is_key(tag->string.data, tag->string.length))
			r->status = error_at(r->err, place,
					     "must be a string of 1 to %d of "
					     "A-Z a-z 0-9 . _ : ~ -",
					     NAME_KEY_MAX);
		else if (is_repeated(value, i))
			r->status = error_at(
			    r->err, place, "'%.*s' is there twice",
			    json_quoted(tag->string), tag->string.data);
	}
}

/* What answers carry and nobody can set. */
static void
ignore(struct reader *r, const struct value *value)
{
	(void)r;
	(void)value;
}

static const struct {
	const char *name;
	void (*read)(struct reader *r, const struct value *value);
} members[] = {
	{ "key", read_key },
	{ "type", read_type },
	{ "description", read_description },
	{ "owner", read_owner },
	{ "tags", read_tags },
	{ "state", read_state },
	{ "variants", read_variants },
	{ "defaultVariant", read_default_variant },
	{ "targeting", read_targeting },
	{ "metadata", read_metadata },
	{ "serve", read_serve },
	{ "held", read_held },
	{ "servedSince", read_served_since },
	{ "servedBy", read_served_by },
	{ "warnings", ignore },
	{ "revision", ignore },
	{ "updatedAt", ignore },
	{ "updatedBy", ignore },
};

enum { MEMBER_COUNT = sizeof(members) / sizeof(members[0]) };

static void
refuse_member(struct reader *r, struct string name)
{
	/* Sugar is gone by now, but it is worth a hint. */
	static const char *const sugar[] = { "value", "enabled", "rollout",
					     "rules", NULL };
	enum { SUGAR = sizeof(sugar) / sizeof(sugar[0]) };
	const char *names[MEMBER_COUNT + SUGAR];

	for (size_t i = 0; i < MEMBER_COUNT; i++)
		names[i] = members[i].name;
	memcpy(names + MEMBER_COUNT, sugar, sizeof(sugar));
	json_unknown_member(name, names, r->toggle->pointer, r->arena, r->err);
	r->status = STATUS_INVALID;
}

static bool
is_same(const struct value *stored, const struct member *member)
{
	const struct value *same = value_get(stored, member->name.data);

	return same != NULL && value_equal(same, &member->value);
}

bool
toggle_keeps(const struct toggle *toggle, const struct member *member)
{
	const struct value *stored = toggle->stored;
	const struct value *held;

	if (toggle->trusted)
		return true;
	if (stored == NULL)
		return false;
	/* It moves with what is held. */
	held = value_get(stored, "held");
	return is_same(stored, member) ||
	       (held != NULL && is_same(held, member));
}

static void
read_member(struct reader *r, const struct member *member)
{
	for (size_t i = 0; i < MEMBER_COUNT; i++) {
		if (strcmp(members[i].name, member->name.data) == 0) {
			members[i].read(r, &member->value);
			return;
		}
	}
	if (toggle_keeps(r->toggle, member))
		r->toggle->later[r->toggle->later_count++] = *member;
	else
		refuse_member(r, member->name);
}

bool
toggle_knows(struct string member)
{
	for (size_t i = 0; i < MEMBER_COUNT; i++) {
		if (string_is(member, members[i].name))
			return true;
	}
	return false;
}

/* What a toggle is of which nobody said more: on and off, and off. */
static void
assume_switch(struct toggle *toggle, struct arena *arena)
{
	static const struct value off = { .type = VALUE_STRING,
					  .string = { "off", 3 } };
	struct value *variants = arena_zalloc(arena, 1, sizeof(*variants));
	struct member *both = arena_zalloc(arena, 2, sizeof(*both));

	both[0].name = (struct string){ "on", 2 };
	both[1].name = (struct string){ "off", 3 };
	for (size_t i = 0; i < 2; i++) {
		both[i].value.type = VALUE_BOOL;
		both[i].value.boolean = i == 0;
	}
	variants->type = VALUE_OBJECT;
	variants->object.members = both;
	variants->object.count = 2;
	toggle->variants = variants;
	if (toggle->default_variant == NULL && toggle->serve == NULL)
		toggle->default_variant = &off;
}

enum status
toggle_read(struct toggle *toggle, const struct value *json,
	    struct arena *arena, struct error *err)
{
	struct reader r = { toggle, arena, err, STATUS_OK };
	enum status settled = STATUS_OK;

	if (json->type != VALUE_OBJECT)
		return error_at(err, toggle->pointer,
				"must be an object, not %s",
				value_type_name(json));
	toggle->later =
	    arena_zalloc(arena, json->object.count + 1, sizeof(*toggle->later));
	for (size_t i = 0; i < json->object.count; i++)
		read_member(&r, &json->object.members[i]);
	if (value_get(json, "variants") == NULL)
		assume_switch(toggle, arena);
	if (toggle->held != NULL && r.status == STATUS_OK)
		r.status = toggle_read_held(toggle, arena, err);
	if (toggle->variants != NULL)
		settled = toggle_settle(toggle, arena, err);
	return r.status != STATUS_OK ? r.status : settled;
}

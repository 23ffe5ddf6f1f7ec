#include "wire/definition.h"

#include <string.h>

#include "eval/program.h"
#include "form.h"
#include "sugar.h"
#include "toggle.h"
#include "wire/json.h"

/* To add a kind: add a row, and a form_read_… for it. */
static const struct {
	enum status (*read)(struct form *form, const struct value *json);
	/* What the store keeps is members, which it may know, and no whole
	 * value. */
	bool (*knows)(struct string member);
} kinds[KIND_COUNT] = {
	[KIND_ENVIRONMENT] = { form_read_environment, form_environment_knows },
	[KIND_SEGMENT] = { form_read_segment, NULL },
	[KIND_TOGGLE] = { form_read_toggle, toggle_knows },
	[KIND_TOKEN] = { form_read_token, form_token_knows },
};

bool
definition_knows(enum kind kind, struct string member)
{
	return kinds[kind].knows == NULL || kinds[kind].knows(member);
}

static size_t
depth_of(const struct value *value)
{
	size_t deepest = 0;

	if (value->type == VALUE_ARRAY) {
		for (size_t i = 0; i < value->array.count; i++) {
			size_t depth = depth_of(&value->array.items[i]);

			deepest = depth > deepest ? depth : deepest;
		}
		return deepest + 1;
	}
	if (value->type == VALUE_OBJECT) {
		for (size_t i = 0; i < value->object.count; i++) {
			size_t depth =
			    depth_of(&value->object.members[i].value);

			deepest = depth > deepest ? depth : deepest;
		}
		return deepest + 1;
	}
	return 0;
}

static enum status
check_size(const struct form *form)
{
	if (form->stored_length <= LIMIT_DEFINITION_BYTES)
		return STATUS_OK;
	return error_set(form->err, STATUS_TOO_LARGE,
			 "%s '%s': %zu bytes; %d is the limit",
			 kind_name(form->parts.kind), form->parts.key.data,
			 form->stored_length, LIMIT_DEFINITION_BYTES);
}

/* NOLINTBEGIN(readability-function-size): all that it is made of */
enum status
definition_decode(enum kind kind, struct string key, const struct value *json,
		  const struct stamp *stamp,
		  const struct definition_scope *scope, struct arena *scratch,
		  struct definition **out, struct error *err)
{
	struct definition_scope inner = *scope;
	struct value body = *json;
	struct form form;
	enum status status = STATUS_OK;

	if (kind == KIND_SEGMENT && form_segment_rule(json) != json) {
		body = *form_segment_rule(json);
		inner.pointer =
		    json_pointer(scratch, scope->pointer, "rule", 4);
	}
	form_init(&form, kind, key);
	form.stamp = stamp;
	form.scope = &inner;
	form.scratch = scratch;
	form.err = err;
	if (kind == KIND_TOGGLE)
		status =
		    sugar_expand(&body, inner.pointer, scratch, &body, err);
	/* Behind the expansion, which may nest deeper. */
	if (status == STATUS_OK && depth_of(&body) > DEFINITION_DEPTH_MAX)
		status =
		    error_at(err, inner.pointer, "nested deeper than %d levels",
			     DEFINITION_DEPTH_MAX);
	if (status == STATUS_OK)
		status = kinds[kind].read(&form, &body);
	if (status == STATUS_OK)
		status = check_size(&form);
	if (status == STATUS_OK)
		*out = form_take(&form);
	form_fini(&form);
	return status;
}
/* NOLINTEND(readability-function-size) */

/* The store's text as a value: members get their braces back. */
static enum status
parse_stored(enum kind kind, struct string stored, struct arena *arena,
	     struct value *out, struct error *err)
{
	char *text;

	if (kinds[kind].knows == NULL)
		return json_decode(stored.data, stored.length, NULL, arena, out,
				   err);
	text = arena_alloc(arena, stored.length + 2);
	text[0] = '{';
	memcpy(text + 1, stored.data, stored.length);
	text[stored.length + 1] = '}';
	return json_decode(text, stored.length + 2, NULL, arena, out, err);
}

/* Whatever is wrong with what we wrote, it is not the client's fault. */
static enum status
damaged(enum kind kind, struct string key, const struct error *cause,
	struct error *err)
{
	return error_set(err, STATUS_CORRUPT, "stored %s '%s': %s",
			 kind_name(kind), key.data, cause->text);
}

/* NOLINTBEGIN(readability-function-size): all that it is made of */
enum status
definition_load(enum kind kind, struct string key, struct string stored,
		const struct stamp *stamp, const struct definition_scope *scope,
		struct arena *scratch, struct definition **out,
		struct error *err)
{
	struct definition_scope trusting = *scope;
	struct error fault;
	struct value json;
	struct form form;
	enum status status;

	trusting.lenient = true;
	error_init(&fault);
	form_init(&form, kind, key);
	form.stamp = stamp;
	form.scope = &trusting;
	form.scratch = scratch;
	form.err = &fault;
	form.trusted = stored;
	if (stored.length == 0)
		status = error_set(&fault, STATUS_INVALID, "it is empty");
	else
		status = parse_stored(kind, stored, scratch, &json, &fault);
	if (status == STATUS_OK)
		status = kinds[kind].read(&form, &json);
	if (status == STATUS_OK)
		*out = form_take(&form);
	else
		status = damaged(kind, key, &fault, err);
	form_fini(&form);
	return status;
}
/* NOLINTEND(readability-function-size) */

enum status
definition_value(const struct definition *definition, struct arena *arena,
		 struct value *out, struct error *err)
{
	struct error fault;

	error_init(&fault);
	if (parse_stored(definition->kind, definition->stored, arena, out,
			 &fault) == STATUS_OK)
		return STATUS_OK;
	return damaged(definition->kind, definition->key, &fault, err);
}

/* Everything but count and program, which are the new one's own. */
static void
borrow_parts(struct definition *parts, const struct definition *from)
{
	parts->removed = from->removed;
	parts->revision = from->revision;
	parts->text = from->text;
	parts->stored = from->stored;
	parts->core = from->core;
	parts->has_later = from->has_later;
	parts->enabled = from->enabled;
	parts->has_origins = from->has_origins;
	parts->type = from->type;
	parts->variants = from->variants;
	parts->variant_count = from->variant_count;
	parts->default_variant = from->default_variant;
	parts->tags = from->tags;
	parts->tag_count = from->tag_count;
	parts->metadata = from->metadata;
}

enum status
definition_recompile(const struct definition *definition,
		     const struct definition_scope *scope,
		     struct arena *scratch, struct definition **out,
		     struct error *err)
{
	struct value json;
	struct form form;
	enum status status;

	form_init(&form, definition->kind, definition->key);
	form.scope = scope;
	form.scratch = scratch;
	form.err = err;
	borrow_parts(&form.parts, definition);
	status = definition_value(definition, scratch, &json, err);
	if (status == STATUS_OK && definition->kind == KIND_TOGGLE)
		status =
		    form_set_targeting(&form, value_get(&json, "targeting"));
	if (status == STATUS_OK) {
		*out = definition_new(&form.parts);
		form.parts.program = NULL;
	}
	form_fini(&form);
	return status;
}

/* The member's place in the object, NULL when it is not there. */
static struct value *
find_member(struct value *object, const char *name)
{
	if (object->type != VALUE_OBJECT)
		return NULL;
	for (size_t i = 0; i < object->object.count; i++) {
		struct member *member = &object->object.members[i];

		if (strcmp(member->name.data, name) == 0)
			return &member->value;
	}
	return NULL;
}

/* Members that this release does not know, as far as the merge would hide them:
 * null, and what a later release has stored under that name. Others are refused
 * with what comes of it. */
static enum status
check_unknown(enum kind kind, const struct value *patch,
	      const struct value *target, const char *pointer,
	      struct arena *arena, struct error *err)
{
	enum status status = STATUS_OK;

	for (size_t i = 0;
	     patch->type == VALUE_OBJECT && i < patch->object.count; i++) {
		const struct member *member = &patch->object.members[i];
		const struct string name = member->name;
		const struct value *stored = value_get(target, name.data);

		if (definition_knows(kind, name) ||
		    (stored == NULL && member->value.type != VALUE_NULL) ||
		    (stored != NULL && value_equal(stored, &member->value)))
			continue;
		status = error_at(
		    err, json_pointer(arena, pointer, name.data, name.length),
		    "unknown member '%.*s'", json_quoted(name), name.data);
	}
	return status;
}

enum status
definition_patch(const struct definition *current, const struct value *patch,
		 const char *pointer, struct arena *arena, struct value *out,
		 struct error *err)
{
	const struct value *targeting;
	struct value target = { .type = VALUE_OBJECT };
	struct value expanded = *patch, *merged;
	enum status status = STATUS_OK;

	if (current == NULL || current->kind == KIND_TOGGLE)
		status = sugar_expand(patch, pointer, arena, &expanded, err);
	if (status == STATUS_OK && current != NULL && !current->removed)
		status = definition_value(current, arena, &target, err);
	if (status == STATUS_OK)
		status =
		    check_unknown(current == NULL ? KIND_TOGGLE : current->kind,
				  &expanded, &target, pointer, arena, err);
	if (status != STATUS_OK)
		return status;
	*out = value_merge_patch(arena, &target, &expanded);
	targeting = value_get(&expanded, "targeting");
	merged = find_member(out, "targeting");
	if (targeting != NULL && merged != NULL)
		*merged = *targeting;
	return STATUS_OK;
}

enum fractional_version
definition_fractional(const struct definition *settings)
{
	if (settings != NULL && string_is(settings->core, "\"v3\""))
		return FRACTIONAL_V3;
	return FRACTIONAL_V2;
}

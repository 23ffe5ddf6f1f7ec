#include "wire/definition.h"

#include <string.h>

#include "eval/program.h"
#include "form.h"
#include "hold.h"
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

/* What is held stands a level deeper than it will when it is put back: no rule
 * is too deep to serve something else in its place. */
static size_t
depth_of_toggle(const struct value *toggle)
{
	size_t deepest = 0;

	if (toggle->type != VALUE_OBJECT)
		return depth_of(toggle);
	for (size_t i = 0; i < toggle->object.count; i++) {
		const struct member *member = &toggle->object.members[i];
		size_t depth = depth_of(&member->value);

		if (depth > 0 && string_is(member->name, "held"))
			depth--;
		deepest = depth > deepest ? depth : deepest;
	}
	return deepest + 1;
}

static enum status
check_depth(const struct form *form, const struct value *body)
{
	const size_t depth = form->parts.kind == KIND_TOGGLE
				 ? depth_of_toggle(body)
				 : depth_of(body);

	if (depth <= DEFINITION_DEPTH_MAX)
		return STATUS_OK;
	return error_at(form->err, form->scope->pointer,
			"nested deeper than %d levels", DEFINITION_DEPTH_MAX);
}

/* Nor is one too long for it. */
static enum status
check_size(const struct form *form)
{
	const size_t limit =
	    LIMIT_DEFINITION_BYTES + (form->parts.is_held ? HOLD_BYTES_MAX : 0);

	if (form->stored_length <= limit)
		return STATUS_OK;
	return error_set(form->err, STATUS_TOO_LARGE,
			 "%s '%s': %zu bytes; %d is the limit",
			 kind_name(form->parts.kind), form->parts.key.data,
			 form->stored_length, LIMIT_DEFINITION_BYTES);
}

/* What people type, in its long form. */
static enum status
take_apart(struct value *body, const char *pointer, struct arena *scratch,
	   struct error *err)
{
	const struct hold none = { .rest = { .type = VALUE_OBJECT } };
	struct value long_form;
	enum status status =
	    sugar_expand(body, NULL, pointer, scratch, &long_form, err);

	if (status != STATUS_OK)
		return status;
	*body = long_form;
	if (hold_is_given(body))
		return STATUS_OK;
	return hold_place(&(struct hold_request){ .asked = &long_form,
						  .pointer = pointer,
						  .toggle = &long_form,
						  .before = &none },
			  scratch, body, err);
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
	if (inner.request == NULL)
		inner.request = json;
	if (kind == KIND_TOGGLE)
		status = take_apart(&body, inner.pointer, scratch, err);
	/* Behind the expansion, which may nest deeper. */
	if (status == STATUS_OK)
		status = check_depth(&form, &body);
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
	parts->is_held = from->is_held;
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
		status = form_set_rules(&form, &json);
	if (status == STATUS_OK) {
		*out = definition_new(&form.parts);
		form.parts.program = NULL;
	}
	form_fini(&form);
	return status;
}

bool
definition_served(const struct definition *toggle, struct arena *arena,
		  struct served *out)
{
	const struct value *since, *by;
	struct value stored;

	if (!toggle->is_held ||
	    definition_value(toggle, arena, &stored, NULL) != STATUS_OK)
		return false;
	since = value_get(&stored, "servedSince");
	by = value_get(&stored, "servedBy");
	if (since == NULL || since->type != VALUE_INTEGER || by == NULL ||
	    by->type != VALUE_STRING)
		return false;
	out->since = since->integer;
	out->by = by->string;
	return true;
}

enum fractional_version
definition_fractional(const struct definition *settings)
{
	if (settings != NULL && string_is(settings->core, "\"v3\""))
		return FRACTIONAL_V3;
	return FRACTIONAL_V2;
}

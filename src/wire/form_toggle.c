#include <string.h>

#include "form.h"
#include "hold.h"
#include "toggle.h"
#include "wire/json.h"

static void
toggle_text(struct form *form, const struct toggle *toggle)
{
	struct bytes *text = &form->text;

	form_begin(form, "key");
	if (toggle->type != VARIANT_FLOAT) {
		bytes_append_str(text, "\"type\":\"");
		bytes_append_str(text, variant_type_name(toggle->type));
		bytes_append_str(text, "\",");
	}
	form_begin_stored(form);
	if (form->trusted.length > 0 && toggle->later_count == 0 &&
	    toggle->held == NULL && !toggle->was_let_go) {
		form_put_trusted(form);
		form->core = form->stored +
			     form_find_member(form->trusted, "\"state\":");
	} else {
		toggle_encode(toggle, form->parts.variants, text, &form->core);
	}
	form_end(form);
}

static void
set_toggle_parts(struct form *form, const struct toggle *toggle)
{
	struct definition *parts = &form->parts;
	size_t count = toggle->variants->object.count;

	parts->enabled = !toggle->disabled;
	parts->type = toggle->type;
	parts->default_variant = toggle->default_index;
	parts->variants =
	    arena_zalloc(form->scratch, count, sizeof(*parts->variants));
	parts->variant_count = count;
	toggle_encode_variants(toggle, parts->variants, &form->values);
	if (toggle->tags == NULL)
		return;
	parts->tag_count = toggle->tags->array.count;
	parts->tags =
	    arena_zalloc(form->scratch, parts->tag_count, sizeof(*parts->tags));
	for (size_t i = 0; i < parts->tag_count; i++)
		parts->tags[i] = toggle->tags->array.items[i].string;
}

/* Since when, and by whom: as it was noted, while the same variant is served.
 */
static void
set_served(struct form *form, struct toggle *toggle)
{
	const struct value *stored = form->scope->stored;
	const struct value *before =
	    stored == NULL ? NULL : value_get(stored, "serve");
	struct value *now;

	if (toggle->serve == NULL || toggle->trusted)
		return;
	if (before != NULL && value_equal(before, toggle->serve)) {
		toggle->served_since = value_get(stored, "servedSince");
		toggle->served_by = value_get(stored, "servedBy");
		return;
	}
	now = arena_zalloc(form->scratch, 2, sizeof(*now));
	now[0].type = VALUE_INTEGER;
	now[0].integer = form->stamp->revision;
	now[1].type = VALUE_STRING;
	now[1].string = form->stamp->actor;
	toggle->served_since = &now[0];
	toggle->served_by = &now[1];
}

static enum status
set_rules(struct form *form, const struct toggle *toggle)
{
	enum status status = form_set_targeting(form, toggle->targeting);

	if (status != STATUS_OK || toggle->held_targeting == NULL)
		return status;
	form_set_references(form, toggle->held_targeting);
	/* Out of the store: it was checked when it came. */
	if (toggle->trusted)
		return STATUS_OK;
	/* A rule that stood before and is only held must not keep anybody from
	 * serving something else in its place. */
	return form_check_held(
	    form, toggle->held_targeting, toggle->held_pointer,
	    hold_is_given(form->scope->request) ||
		hold_is_written(form->scope->request) ||
		value_get(form->scope->request, "variants") != NULL);
}

enum status
form_set_rules(struct form *form, const struct value *json)
{
	const struct value *held = value_get(json, "held");
	const struct value *targeting =
	    held == NULL ? NULL : value_get(held, "targeting");
	enum status status =
	    form_set_targeting(form, value_get(json, "targeting"));

	if (status == STATUS_OK && form->parts.is_held && targeting != NULL)
		form_set_references(form, targeting);
	return status;
}

static const char *
held_pointer(const struct form *form)
{
	const struct value *request = form->scope->request;
	const char *pointer = form->scope->pointer;

	if (request != NULL && !hold_is_given(request) &&
	    hold_is_written(request))
		return pointer;
	return json_pointer(form->scratch, pointer, "held", strlen("held"));
}

enum status
form_read_toggle(struct form *form, const struct value *json)
{
	struct toggle toggle = {
		.key = form->parts.key,
		.pointer = form->scope->pointer,
		.trusted = form->trusted.length > 0,
		.stored = form->scope->stored,
		.scope = form->scope,
		.held_pointer = held_pointer(form),
	};
	enum status status;

	status = toggle_read(&toggle, json, form->scratch, form->err);
	if (status != STATUS_OK)
		return status;
	form->parts.has_later =
	    toggle.later_count > 0 || toggle.held_later_count > 0;
	form->parts.is_held = toggle.serve != NULL;
	set_served(form, &toggle);
	set_toggle_parts(form, &toggle);
	form->parts.metadata = form_object_text(form, toggle.metadata);
	status = set_rules(form, &toggle);
	if (status == STATUS_OK)
		toggle_text(form, &toggle);
	return status;
}

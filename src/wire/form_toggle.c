#include "form.h"
#include "toggle.h"

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
	if (form->trusted.length > 0 && toggle->later_count == 0) {
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

enum status
form_read_toggle(struct form *form, const struct value *json)
{
	struct toggle toggle = {
		.key = form->parts.key,
		.pointer = form->scope->pointer,
		.trusted = form->trusted.length > 0,
		.stored = form->scope->stored,
		.scope = form->scope,
	};
	enum status status;

	status = toggle_read(&toggle, json, form->scratch, form->err);
	if (status != STATUS_OK)
		return status;
	form->parts.has_later = toggle.later_count > 0;
	set_toggle_parts(form, &toggle);
	form->parts.metadata = form_object_text(form, toggle.metadata);
	status = form_set_targeting(form, toggle.targeting);
	if (status == STATUS_OK)
		toggle_text(form, &toggle);
	return status;
}

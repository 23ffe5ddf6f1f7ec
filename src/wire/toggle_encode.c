#include "toggle.h"

void
toggle_encode_variants(const struct toggle *toggle, struct variant *variants,
		       struct bytes *text)
{
	size_t count = toggle->variants->object.count;
	size_t at = 0;

	for (size_t i = 0; i < count; i++) {
		const struct member *member =
		    &toggle->variants->object.members[i];
		size_t start = text->length;

		variants[i].name = member->name;
		if (toggle->type == VARIANT_FLOAT)
			value_encode_real(&member->value, text);
		else
			value_encode(&member->value, text);
		variants[i].json.length = text->length - start;
	}
	/* Now that the text stays where it is. */
	for (size_t i = 0; i < count; i++) {
		variants[i].json.data = text->data + at;
		at += variants[i].json.length;
	}
}

static void
put_member(struct bytes *out, const char *name, const struct value *value)
{
	if (value == NULL)
		return;
	bytes_append_str(out, name);
	value_encode(value, out);
	bytes_append_char(out, ',');
}

static void
put_variants(struct bytes *out, const struct variant *variants, size_t count)
{
	bytes_append_str(out, "\"variants\":{");
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			bytes_append_char(out, ',');
		value_encode_string(variants[i].name.data,
				    variants[i].name.length, out);
		bytes_append_char(out, ':');
		bytes_append(out, variants[i].json.data,
			     variants[i].json.length);
	}
	bytes_append_str(out, "},");
}

static void
put_later(struct bytes *out, const struct member *later, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		value_encode_string(later[i].name.data, later[i].name.length,
				    out);
		bytes_append_char(out, ':');
		value_encode(&later[i].value, out);
		bytes_append_char(out, ',');
	}
}

static void
put_hold(struct bytes *out, const struct toggle *toggle)
{
	if (toggle->serve == NULL)
		return;
	put_member(out, "\"serve\":", toggle->serve);
	bytes_append_str(out, "\"held\":{");
	if (toggle->held_disabled)
		bytes_append_str(out, "\"state\":\"DISABLED\",");
	put_member(out, "\"defaultVariant\":", toggle->held_default);
	put_member(out, "\"targeting\":", toggle->held_targeting);
	put_later(out, toggle->held_later, toggle->held_later_count);
	if (out->data[out->length - 1] == ',')
		out->length--;
	bytes_append_str(out, "},");
	put_member(out, "\"servedSince\":", toggle->served_since);
	put_member(out, "\"servedBy\":", toggle->served_by);
}

void
toggle_encode(const struct toggle *toggle, const struct variant *variants,
	      struct bytes *out, size_t *core)
{
	/* That 10 is meant as 10.0 has to survive a patch which gives new
	 * numbers; every other type can be seen from the variants. */
	if (toggle->type == VARIANT_FLOAT)
		bytes_append_str(out, "\"type\":\"float\",");
	put_member(out, "\"description\":", toggle->description);
	put_member(out, "\"owner\":", toggle->owner);
	put_member(out, "\"tags\":", toggle->tags);
	put_hold(out, toggle);
	put_later(out, toggle->later, toggle->later_count);
	*core = out->length;
	bytes_append_str(out, toggle->disabled ? "\"state\":\"DISABLED\","
					       : "\"state\":\"ENABLED\",");
	put_variants(out, variants, toggle->variants->object.count);
	if (toggle->default_index >= 0)
		put_member(out, "\"defaultVariant\":", toggle->default_variant);
	put_member(out, "\"targeting\":", toggle->targeting);
	put_member(out, "\"metadata\":", toggle->metadata);
	out->length--;
	out->data[out->length] = '\0';
}

/*
 * What the members of a toggle come to together: one type for all variants,
 * and a default that is one of them.
 */
#include <string.h>

#include "model/name.h"
#include "toggle.h"
#include "wire/json.h"

struct settler {
	struct toggle *toggle;
	struct arena *arena;
	struct error *err;
	enum status status; /* not OK: a fault was reported */
};

static const char *
place_of(struct settler *s, const char *member)
{
	return json_pointer(s->arena, s->toggle->pointer, member,
			    strlen(member));
}

/* The type of a variant with such a value; the rest is no variant. */
static const struct {
	bool is_variant;
	enum variant_type type;
} types[] = {
	[VALUE_NULL] = { false, VARIANT_OBJECT },
	[VALUE_BOOL] = { true, VARIANT_BOOLEAN },
	[VALUE_INTEGER] = { true, VARIANT_INTEGER },
	[VALUE_REAL] = { true, VARIANT_FLOAT },
	[VALUE_STRING] = { true, VARIANT_STRING },
	[VALUE_ARRAY] = { false, VARIANT_OBJECT },
	[VALUE_OBJECT] = { true, VARIANT_OBJECT },
};

static bool
is_numeric(enum variant_type type)
{
	return type == VARIANT_INTEGER || type == VARIANT_FLOAT;
}

/* The one type of all variants; false when a fault makes it unknown. */
static bool
derive_type(struct settler *s, enum variant_type *derived)
{
	const struct member *variants = s->toggle->variants->object.members;
	size_t count = s->toggle->variants->object.count;
	enum variant_type type;

	if (!types[variants[0].value.type].is_variant)
		return false;
	*derived = types[variants[0].value.type].type;
	for (size_t i = 1; i < count; i++) {
		if (!types[variants[i].value.type].is_variant)
			return false;
		type = types[variants[i].value.type].type;
		if (is_numeric(type) && is_numeric(*derived)) {
			if (type == VARIANT_FLOAT)
				*derived = type;
		} else if (type != *derived) {
			s->status = error_at(
			    s->err,
			    json_pointer(s->arena, place_of(s, "variants"),
					 variants[i].name.data,
					 variants[i].name.length),
			    "is %s where '%.*s' is %s: all variants "
			    "have one type",
			    variant_type_name(type),
			    json_quoted(variants[0].name),
			    variants[0].name.data, variant_type_name(*derived));
			return false;
		}
	}
	return true;
}

static void
settle_type(struct settler *s)
{
	struct toggle *toggle = s->toggle;
	enum variant_type derived;

	if (!derive_type(s, &derived))
		return;
	if (!toggle->type_declared) {
		toggle->type = derived;
		return;
	}
	/* 10 is a float, too, if somebody says so. */
	if (toggle->type == derived ||
	    (toggle->type == VARIANT_FLOAT && derived == VARIANT_INTEGER))
		return;
	s->status = error_at(
	    s->err, place_of(s, "type"), "is %s, but the variants are %s",
	    variant_type_name(toggle->type), variant_type_name(derived));
}

static int
find_variant(const struct value *variants, struct string name)
{
	for (size_t i = 0; i < variants->object.count; i++) {
		if (string_equal(variants->object.members[i].name, name))
			return (int)i;
	}
	return -1;
}

static void
refuse_default(struct settler *s, struct string name)
{
	const struct value *variants = s->toggle->variants;
	const char *names[LIMIT_VARIANTS + 1];
	const char *hint;

	for (size_t i = 0; i < variants->object.count; i++)
		names[i] = variants->object.members[i].name.data;
	names[variants->object.count] = NULL;
	hint = json_hint(names, name.data, name.length);
	s->status =
	    error_at(s->err, place_of(s, "defaultVariant"),
		     "there is no variant '%.*s'%s%s%s", json_quoted(name),
		     name.data, hint != NULL ? "; did you mean " : "",
		     hint != NULL ? hint : "", hint != NULL ? "?" : "");
}

static void
settle_default(struct settler *s)
{
	struct toggle *toggle = s->toggle;
	struct string name;

	toggle->default_index = -1;
	if (toggle->default_variant == NULL ||
	    toggle->default_variant->type != VALUE_STRING)
		return;
	name = toggle->default_variant->string;
	toggle->default_index = find_variant(toggle->variants, name);
	if (toggle->default_index < 0)
		refuse_default(s, name);
}

enum status
toggle_settle(struct toggle *toggle, struct arena *arena, struct error *err)
{
	struct settler s = { toggle, arena, err, STATUS_OK };

	settle_type(&s);
	if (toggle->serve != NULL || toggle->held != NULL) {
		const enum status held = toggle_settle_hold(toggle, arena, err);

		/* What is wrong with it is not said twice. */
		if (held != STATUS_OK)
			return held;
	}
	settle_default(&s);
	return s.status;
}

/* A toggle's `serve` and `held`: what they have to be, and be to the rest. */
#include <string.h>

#include "exact.h"
#include "hold.h"
#include "model/name.h"
#include "toggle.h"
#include "wire/json.h"

struct holder {
	struct toggle *toggle;
	struct arena *arena;
	struct error *err;
	enum status status; /* not OK: a fault was reported */
};

static const char *
place_of(struct holder *h, const char *member)
{
	return json_pointer(h->arena, h->toggle->pointer, member,
			    strlen(member));
}

static const char *
held_place_of(struct holder *h, const char *member, size_t length)
{
	return json_pointer(h->arena, h->toggle->held_pointer, member, length);
}

/* --- what is held --------------------------------------------------------- */

static void
read_state(struct holder *h, const struct value *value)
{
	h->toggle->held_disabled = value_is_string(value, "DISABLED");
	if (!h->toggle->held_disabled && !value_is_string(value, "ENABLED"))
		h->status = error_at(h->err, held_place_of(h, "state", 5),
				     "must be \"ENABLED\" or \"DISABLED\"");
}

static void
read_default(struct holder *h, const struct value *value)
{
	if (value->type == VALUE_STRING)
		h->toggle->held_default = value;
	else if (value->type != VALUE_NULL)
		h->status =
		    error_at(h->err, held_place_of(h, "defaultVariant", 14),
			     "must be the name of a variant or null, not %s",
			     value_type_name(value));
}

static void
read_targeting(struct holder *h, const struct value *value)
{
	const struct toggle *toggle = h->toggle;
	const char *place = held_place_of(h, "targeting", 9);

	if (value->type != VALUE_OBJECT) {
		h->status = error_at(h->err, place, "must be an object, not %s",
				     value_type_name(value));
		return;
	}
	if (value->object.count > 0)
		h->toggle->held_targeting = value;
	if (!toggle->trusted &&
	    !exact_check_new(toggle->scope, "targeting", value, place, h->arena,
			     h->err))
		h->status = STATUS_INVALID;
}

static const struct {
	const char *name;
	void (*read)(struct holder *h, const struct value *value);
} members[] = {
	{ "state", read_state },
	{ "defaultVariant", read_default },
	{ "targeting", read_targeting },
};

enum { MEMBER_COUNT = sizeof(members) / sizeof(members[0]) };

static void
read_member(struct holder *h, const struct member *member)
{
	const char *names[MEMBER_COUNT + 1] = { NULL };

	for (size_t i = 0; i < MEMBER_COUNT; i++) {
		names[i] = members[i].name;
		if (string_is(member->name, names[i])) {
			members[i].read(h, &member->value);
			return;
		}
	}
	if (toggle_keeps(h->toggle, member)) {
		h->toggle->held_later[h->toggle->held_later_count++] = *member;
		return;
	}
	json_unknown_member(member->name, names, h->toggle->held_pointer,
			    h->arena, h->err);
	h->status = STATUS_INVALID;
}

enum status
toggle_read_held(struct toggle *toggle, struct arena *arena, struct error *err)
{
	struct holder h = { toggle, arena, err, STATUS_OK };
	const struct value *held = toggle->held;

	if (held->type != VALUE_OBJECT) {
		/* It will not hold (toggle_settle_hold). */
		if (toggle->trusted)
			return STATUS_OK;
		return error_at(err, place_of(&h, "held"),
				"must be an object, not %s",
				value_type_name(held));
	}
	toggle->held_later = arena_zalloc(arena, held->object.count + 1,
					  sizeof(*toggle->held_later));
	for (size_t i = 0; i < held->object.count; i++)
		read_member(&h, &held->object.members[i]);
	return toggle->trusted ? STATUS_OK : h.status;
}

/* --- and what is served --------------------------------------------------- */

static void
let_go(struct toggle *toggle)
{
	toggle->serve = NULL;
	toggle->held = NULL;
	toggle->served_since = NULL;
	toggle->served_by = NULL;
	toggle->held_default = NULL;
	toggle->held_targeting = NULL;
	toggle->held_disabled = false;
	toggle->held_later_count = 0;
	toggle->was_let_go = true;
}

static bool
has_rule(const struct toggle *toggle)
{
	return toggle->targeting != NULL && toggle->targeting->object.count > 0;
}

/* What is written is what is served, so that is what has to stand there. */
static bool
holds(const struct toggle *toggle)
{
	return toggle->serve != NULL && toggle->serve->type == VALUE_STRING &&
	       toggle->held != NULL && toggle->held->type == VALUE_OBJECT &&
	       toggle->default_variant != NULL && !has_rule(toggle) &&
	       value_equal(toggle->serve, toggle->default_variant);
}

static void
check_variant(struct holder *h, const struct value *name, const char *pointer)
{
	if (value_get_n(h->toggle->variants, name->string.data,
			name->string.length) == NULL)
		h->status = error_at(
		    h->err, pointer, "there is no variant '%.*s', only %s",
		    json_quoted(name->string), name->string.data,
		    hold_names(h->toggle->variants, h->arena));
}

static void
check_served(struct holder *h)
{
	struct toggle *toggle = h->toggle;

	check_variant(h, toggle->serve, place_of(h, "serve"));
	if (h->status != STATUS_OK)
		return;
	if (toggle->default_variant == NULL)
		toggle->default_variant = toggle->serve;
	if (!value_equal(toggle->default_variant, toggle->serve))
		h->status = error_at(
		    h->err, place_of(h, "defaultVariant"),
		    "is not '%.*s', which is served. With 'held' all is taken "
		    "as it stands; leave 'held' out to change the rules",
		    json_quoted(toggle->serve->string),
		    toggle->serve->string.data);
	if (has_rule(toggle))
		h->status = error_at(
		    h->err, place_of(h, "targeting"),
		    "would not be served. With 'held' all is taken as it "
		    "stands; leave 'held' out to change the rules");
	else
		toggle->targeting = NULL;
}

enum status
toggle_settle_hold(struct toggle *toggle, struct arena *arena,
		   struct error *err)
{
	struct holder h = { toggle, arena, err, STATUS_OK };

	if (toggle->trusted) {
		if (holds(toggle))
			toggle->targeting = NULL;
		else
			let_go(toggle);
		return STATUS_OK;
	}
	if (toggle->serve == NULL || toggle->serve->type == VALUE_NULL)
		return error_at(err, place_of(&h, "held"),
				"stands beside 'serve', which names the "
				"variant that is served. {\"serve\":null} "
				"without 'held' puts it back");
	if (toggle->serve->type != VALUE_STRING)
		return error_at(err, place_of(&h, "serve"),
				"must be the name of a variant, not %s",
				value_type_name(toggle->serve));
	check_served(&h);
	if (toggle->held_default != NULL)
		check_variant(&h, toggle->held_default,
			      held_place_of(&h, "defaultVariant", 14));
	return h.status;
}

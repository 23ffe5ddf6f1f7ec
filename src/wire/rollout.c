#include "rollout.h"

#include "hold.h"
#include "logic.h"
#include "wire/json.h"

enum { ALL = 100 };

struct maker {
	const struct rollout_ground *ground;
	struct arena *arena;
	struct error *err;
	enum status status; /* not OK: a fault was reported */
	const char *pointer;
	struct value parts;
	int64_t total;
	bool has_default; /* it has a share of its own */
};

static bool
is_share(const struct value *value)
{
	return value->type == VALUE_INTEGER && value->integer >= 0 &&
	       value->integer <= ALL;
}

static void
add(struct maker *m, struct string variant, int64_t share)
{
	struct value part = logic_array(m->arena, 2);

	part.array.items[0].type = VALUE_STRING;
	part.array.items[0].string = variant;
	part.array.items[1].type = VALUE_INTEGER;
	part.array.items[1].integer = share;
	m->parts.array.items[m->parts.array.count++] = part;
	m->total += share;
	if (string_equal(variant, m->ground->otherwise))
		m->has_default = true;
}

static void
read_shares(struct maker *m, const struct value *json)
{
	for (size_t i = 0; i < json->object.count; i++) {
		const struct member *member = &json->object.members[i];

		if (is_share(&member->value))
			add(m, member->name, member->value.integer);
		else
			m->status = error_at(
			    m->err,
			    json_pointer(m->arena, m->pointer,
					 member->name.data,
					 member->name.length),
			    "must be percent: an integer from 0 to %d", ALL);
	}
	if (json->object.count == 0)
		m->status = error_at(m->err, m->pointer,
				     "must have the share of at least one "
				     "variant");
}

/* 10: so many get what is on. */
static void
read_number(struct maker *m, const struct value *json)
{
	const struct string on = hold_variant(m->ground->variants, true);

	if (!is_share(json))
		m->status = error_at(m->err, m->pointer,
				     "must be percent: an integer from 0 to "
				     "%d, or an object of them by variant",
				     ALL);
	else if (on.length == 0)
		m->status = error_at(
		    m->err, m->pointer,
		    "no variant is named 'on' or is true, the toggle has %s: "
		    "say whose share it is, as in {\"NAME\":%lld}",
		    hold_names(m->ground->variants, m->arena),
		    (long long)json->integer);
	else
		add(m, on, json->integer);
}

static void
read_rest(struct maker *m)
{
	const struct string otherwise = m->ground->otherwise;
	const int64_t rest = ALL - m->total;

	if (rest < 0)
		m->status =
		    error_at(m->err, m->pointer,
			     "the shares are percent: they sum up to %lld, "
			     "and %d is everybody",
			     (long long)m->total, ALL);
	else if (rest > 0 && otherwise.length == 0)
		m->status =
		    error_at(m->err, m->pointer,
			     "the shares sum up to %lld percent, and there is "
			     "no 'defaultVariant' that gets the rest",
			     (long long)m->total);
	else if (rest > 0 && m->has_default)
		m->status = error_at(
		    m->err, m->pointer,
		    "the shares sum up to %lld percent, and the default "
		    "variant '%.*s', which gets the rest, has one already: "
		    "say who gets all %d",
		    (long long)m->total, json_quoted(otherwise), otherwise.data,
		    ALL);
	/* flagd's schema wants two of them. */
	else if (rest > 0 || (m->parts.array.count == 1 && !m->has_default &&
			      otherwise.length > 0))
		add(m, otherwise, rest);
}

enum status
rollout_expand(const struct value *json, const char *pointer,
	       const struct rollout_ground *ground, struct arena *arena,
	       struct value *out, struct error *err)
{
	struct maker m = { .ground = ground,
			   .arena = arena,
			   .err = err,
			   .status = STATUS_OK,
			   .pointer = pointer };

	m.parts = logic_array(
	    arena, (json->type == VALUE_OBJECT ? json->object.count : 1) + 1);
	m.parts.array.count = 0;
	if (json->type == VALUE_OBJECT)
		read_shares(&m, json);
	else if (value_is_number(json))
		read_number(&m, json);
	else
		m.status = error_at(err, pointer,
				    "must be percent, or an object of them by "
				    "variant, not %s",
				    value_type_name(json));
	if (m.status == STATUS_OK)
		read_rest(&m);
	if (m.status == STATUS_OK)
		*out = logic_call(arena, "fractional", m.parts);
	return m.status;
}

bool
rollout_is(const struct value *logic)
{
	const struct value *parts = logic_operand(logic, "fractional");

	if (parts == NULL || parts->type != VALUE_ARRAY ||
	    parts->array.count == 0)
		return false;
	for (size_t i = 0; i < parts->array.count; i++) {
		const struct value *part = &parts->array.items[i];

		if (part->type != VALUE_ARRAY || part->array.count != 2 ||
		    part->array.items[0].type != VALUE_STRING ||
		    part->array.items[1].type != VALUE_INTEGER)
			return false;
	}
	return true;
}

/*
 * `rules` and `rollout` are the two parts of one rule, the ladder
 *
 *   {"if": [condition, served, …, {"fractional": […]}]}
 *
 * Who writes one of them on top of what is there keeps the other. That is only
 * possible where what is there is a ladder; whatever else it is would be lost,
 * so it is refused then.
 */
#include "sugar.h"

#include <string.h>

#include "condition.h"
#include "hold.h"
#include "logic.h"
#include "rollout.h"
#include "wire/json.h"

struct sugar {
	struct arena *arena;
	struct error *err;
	enum status status; /* not OK: a fault was reported */
	const char *pointer;
	struct rollout_ground ground;
};

/* What the sugar of one toggle came to. */
struct expansion {
	const struct value *value, *enabled, *rollout, *rules;
	struct value targeting;
};

/* The rule of a toggle, in its two parts. */
struct ladder {
	const struct value *steps; /* condition, served, …; NULL: none */
	size_t step_count;
	const struct value *share; /* NULL: none */
};

static const char *
below(struct sugar *s, const char *pointer, const char *name)
{
	return json_pointer(s->arena, pointer, name, strlen(name));
}

static bool
is_step(const struct value *served)
{
	return served->type == VALUE_STRING || rollout_is(served);
}

/* False: it is no ladder. */
static bool
read_ladder(const struct value *logic, struct ladder *out)
{
	const struct value *chain;
	size_t count;

	memset(out, 0, sizeof(*out));
	if (logic == NULL || logic->type == VALUE_NULL ||
	    (logic->type == VALUE_OBJECT && logic->object.count == 0))
		return true;
	if (rollout_is(logic)) {
		out->share = logic;
		return true;
	}
	chain = logic_operand(logic, "if");
	if (chain == NULL || chain->type != VALUE_ARRAY)
		return false;
	count = chain->array.count;
	if (count < 2 ||
	    (count % 2 == 1 && !rollout_is(&chain->array.items[count - 1])))
		return false;
	for (size_t i = 1; i < count; i += 2) {
		if (!is_step(&chain->array.items[i]))
			return false;
	}
	out->steps = chain->array.items;
	out->step_count = count - count % 2;
	if (count % 2 == 1)
		out->share = &chain->array.items[count - 1];
	return true;
}

static struct value
make_ladder(struct sugar *s, const struct ladder *ladder)
{
	const size_t count = ladder->step_count;
	struct value chain;

	if (count == 0)
		return ladder->share != NULL
			   ? *ladder->share
			   : (struct value){ .type = VALUE_OBJECT };
	chain = logic_array(s->arena, count + (ladder->share != NULL ? 1 : 0));
	memcpy(chain.array.items, ladder->steps,
	       count * sizeof(*ladder->steps));
	if (ladder->share != NULL)
		chain.array.items[count] = *ladder->share;
	return logic_call(s->arena, "if", chain);
}

/* --- what people type ----------------------------------------------------- */

static void
expand_served(struct sugar *s, const struct value *json, const char *pointer,
	      struct value *out)
{
	const struct value *serve = value_get(json, "serve");
	const struct value *rollout = value_get(json, "rollout");
	enum status status = STATUS_OK;

	if (serve != NULL && rollout != NULL)
		status = error_at(s->err, below(s, pointer, "rollout"),
				  "'rollout' and 'serve' say the same: give "
				  "one");
	else if (rollout != NULL)
		status = rollout_expand(rollout, below(s, pointer, "rollout"),
					&s->ground, s->arena, out, s->err);
	else if (serve == NULL)
		status = error_at(s->err, pointer,
				  "member 'serve' is missing, or 'rollout'");
	else if (serve->type != VALUE_STRING)
		status = error_at(s->err, below(s, pointer, "serve"),
				  "must be a string, not %s",
				  value_type_name(serve));
	else
		*out = *serve;
	if (status != STATUS_OK)
		s->status = status;
}

/* One rule's condition and what it serves into two places of a ladder. */
static void
expand_rule(struct sugar *s, const struct value *json, const char *pointer,
	    struct value pair[2])
{
	static const char *const names[] = { "if", "serve", "rollout", NULL };
	const struct value *condition;

	if (json->type != VALUE_OBJECT) {
		s->status = error_at(s->err, pointer,
				     "must be an object with if and serve, "
				     "not %s",
				     value_type_name(json));
		return;
	}
	if (!json_known_members(json, names, pointer, s->arena, s->err))
		s->status = STATUS_INVALID;
	condition = value_get(json, "if");
	if (condition == NULL)
		s->status = error_at(s->err, pointer, "member 'if' is missing");
	else if (condition_expand(condition, below(s, pointer, "if"), s->arena,
				  &pair[0], s->err) != STATUS_OK)
		s->status = STATUS_INVALID;
	expand_served(s, json, pointer, &pair[1]);
}

static void
expand_rules(struct sugar *s, const struct value *json, struct ladder *ladder)
{
	const char *pointer = below(s, s->pointer, "rules");
	struct value steps;

	ladder->step_count = 0;
	if (json->type == VALUE_NULL)
		return;
	if (json->type != VALUE_ARRAY) {
		s->status = error_at(s->err, pointer,
				     "must be an array of rules, not %s",
				     value_type_name(json));
		return;
	}
	steps = logic_array(s->arena, 2 * json->array.count);
	for (size_t i = 0; i < json->array.count; i++)
		expand_rule(s, &json->array.items[i],
			    json_pointer_index(s->arena, pointer, i),
			    &steps.array.items[2 * i]);
	ladder->steps = steps.array.items;
	ladder->step_count = steps.array.count;
}

static void
expand_share(struct sugar *s, const struct value *json, struct ladder *ladder)
{
	struct value *share = arena_zalloc(s->arena, 1, sizeof(*share));

	ladder->share = NULL;
	if (json->type == VALUE_NULL)
		return;
	if (rollout_expand(json, below(s, s->pointer, "rollout"), &s->ground,
			   s->arena, share, s->err) != STATUS_OK)
		s->status = STATUS_INVALID;
	else
		ladder->share = share;
}

static void
refuse_both(struct sugar *s, const struct value *json, const char *sugar,
	    const char *other)
{
	if (value_get(json, other) != NULL)
		s->status = error_at(s->err, below(s, s->pointer, sugar),
				     "'%s' and '%s' say the same: give one",
				     sugar, other);
}

/* Whoever says both says all of the rule, and nothing of what is there is
 * unsaid. */
static void
refuse_loss(struct sugar *s, const struct expansion *e)
{
	const bool is_rollout = e->rollout != NULL;

	s->status = error_at(
	    s->err, below(s, s->pointer, is_rollout ? "rollout" : "rules"),
	    "the rule that is there is not of the form of 'rules' and "
	    "'rollout', and would be lost: send 'targeting', or '%s' beside it "
	    "(%s for none)",
	    is_rollout ? "rules" : "rollout", is_rollout ? "[]" : "null");
}

static void
expand_targeting(struct sugar *s, const struct value *json,
		 const struct value *base, struct expansion *e)
{
	const bool is_all = e->rollout != NULL && e->rules != NULL;
	struct ladder ladder;

	if (e->rollout == NULL && e->rules == NULL)
		return;
	if (!read_ladder(base == NULL ? NULL : value_get(base, "targeting"),
			 &ladder) &&
	    !is_all && value_get(json, "targeting") == NULL)
		refuse_loss(s, e);
	if (e->rollout != NULL) {
		refuse_both(s, json, "rollout", "targeting");
		expand_share(s, e->rollout, &ladder);
	}
	if (e->rules != NULL) {
		refuse_both(s, json, "rules", "targeting");
		expand_rules(s, e->rules, &ladder);
	}
	if (s->status == STATUS_OK)
		e->targeting = make_ladder(s, &ladder);
}

/* A toggle with other variants would get one more, which is then the default:
 * what was the default is forgotten. */
static void
check_variants(struct sugar *s, const struct value *base)
{
	const struct value *variants =
	    base == NULL ? NULL : value_get(base, "variants");

	if (variants == NULL || variants->type != VALUE_OBJECT ||
	    (variants->object.count == 1 &&
	     value_get(variants, "value") != NULL))
		return;
	s->status = error_at(
	    s->err, below(s, s->pointer, "value"),
	    "would be one more variant beside %s: send 'variants' to change "
	    "what they are, 'defaultVariant' to change which one it is",
	    hold_names(variants, s->arena));
}

static void
check_values(struct sugar *s, const struct value *json,
	     const struct value *base, struct expansion *e)
{
	if (e->value != NULL) {
		refuse_both(s, json, "value", "variants");
		refuse_both(s, json, "value", "defaultVariant");
		if (e->value->type == VALUE_NULL ||
		    e->value->type == VALUE_ARRAY)
			s->status = error_at(
			    s->err, below(s, s->pointer, "value"),
			    "must be a boolean, string, number or object, "
			    "not %s",
			    value_type_name(e->value));
		check_variants(s, base);
	}
	if (e->enabled == NULL)
		return;
	refuse_both(s, json, "enabled", "state");
	refuse_both(s, json, "enabled", "serve");
	refuse_both(s, json, "enabled", "held");
	if (e->enabled->type != VALUE_BOOL)
		s->status = error_at(s->err, below(s, s->pointer, "enabled"),
				     "must be a boolean, not %s",
				     value_type_name(e->enabled));
}

/* What the toggle will have, of what a rollout asks for. */
static void
find_ground(struct sugar *s, const struct value *json, const struct value *base,
	    const struct expansion *e)
{
	const struct value none = { .type = VALUE_OBJECT };
	const struct value whole =
	    value_merge_patch(s->arena, base != NULL ? base : &none, json);
	const struct value *variants = value_get(&whole, "variants");
	const struct value *otherwise = value_get(json, "defaultVariant");
	struct value *own;

	if (otherwise == NULL && base != NULL)
		otherwise = value_get(base, "defaultVariant");
	if (e->value != NULL) {
		own = arena_zalloc(s->arena, 1, sizeof(*own));
		*own = logic_call(s->arena, "value", *e->value);
		s->ground.variants = own;
		s->ground.otherwise = (struct string){ "value", 5 };
		return;
	}
	if (variants != NULL && variants->type == VALUE_OBJECT) {
		own = arena_zalloc(s->arena, 1, sizeof(*own));
		*own = *variants;
		s->ground.variants = own;
	} else if (otherwise == NULL) {
		s->ground.otherwise = hold_variant(NULL, false);
	}
	if (otherwise != NULL && otherwise->type == VALUE_STRING)
		s->ground.otherwise = otherwise->string;
}

static void
put(struct value *object, const char *name, struct value value)
{
	struct member *member = &object->object.members[object->object.count++];

	member->name = (struct string){ name, strlen(name) };
	member->value = value;
}

static bool
is_sugar(struct string name)
{
	static const char *const names[] = { "value", "rollout", "rules" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (string_is(name, names[i]))
			return true;
	}
	return false;
}

static struct value
rebuild(struct sugar *s, const struct value *json, const struct expansion *e)
{
	static const char variant[] = "value";
	struct value out = { .type = VALUE_OBJECT };

	/* No sugar stands for more than two members. */
	out.object.members = arena_zalloc(s->arena, 2 * json->object.count + 1,
					  sizeof(struct member));
	for (size_t i = 0; i < json->object.count; i++) {
		const struct member *member = &json->object.members[i];

		if (!is_sugar(member->name))
			out.object.members[out.object.count++] = *member;
	}
	if (e->value != NULL) {
		put(&out, "variants", logic_call(s->arena, variant, *e->value));
		put(&out, "defaultVariant", logic_text(variant));
	}
	if (e->rollout != NULL || e->rules != NULL)
		put(&out, "targeting", e->targeting);
	return out;
}

enum status
sugar_expand(const struct value *json, const struct value *base,
	     const char *pointer, struct arena *arena, struct value *out,
	     struct error *err)
{
	struct sugar s = { .arena = arena,
			   .err = err,
			   .status = STATUS_OK,
			   .pointer = pointer,
			   .ground = { .otherwise = { "", 0 } } };
	struct expansion e = {
		.value = value_get(json, "value"),
		.enabled = value_get(json, "enabled"),
		.rollout = value_get(json, "rollout"),
		.rules = value_get(json, "rules"),
	};

	if (e.value == NULL && e.enabled == NULL && e.rollout == NULL &&
	    e.rules == NULL) {
		*out = *json;
		return STATUS_OK;
	}
	find_ground(&s, json, base, &e);
	check_values(&s, json, base, &e);
	expand_targeting(&s, json, base, &e);
	if (s.status != STATUS_OK)
		return s.status;
	*out = rebuild(&s, json, &e);
	return STATUS_OK;
}

/*
 * What a request makes of a definition that is there, before it is checked.
 *
 * A toggle is patched as it is by its rules: a hold (hold.h) is lifted, what
 * was asked for is merged, and the hold is placed again. So who writes a rule
 * while a variant is served by hand changes what is held.
 */
#include <string.h>

#include "hold.h"
#include "sugar.h"
#include "wire/definition.h"
#include "wire/json.h"

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

/* What is not said in a document that was read is not there. */
static void
forget_hold(struct value *target)
{
	static const char *const held[] = {
		"serve",          "held",      "servedSince", "servedBy",
		"defaultVariant", "targeting", NULL
	};
	struct member *members = target->object.members;
	size_t n = 0;

	for (size_t i = 0; i < target->object.count; i++) {
		if (!json_is_listed(held, members[i].name))
			members[n++] = members[i];
	}
	target->object.count = n;
}

/* Two rules do not merge. */
static void
replace_targeting(struct value *merged, const struct value *patch)
{
	const struct value *targeting = value_get(patch, "targeting");
	struct value *place = find_member(merged, "targeting");

	if (targeting != NULL && place != NULL)
		*place = *targeting;
}

static bool
are_numbers(const struct value *variants)
{
	for (size_t i = 0;
	     variants->type == VALUE_OBJECT && i < variants->object.count;
	     i++) {
		if (!value_is_number(&variants->object.members[i].value))
			return false;
	}
	return true;
}

/* A type that was declared stays with numbers. Variants that are none have
 * another type, which the request did not name, and are not at fault for it. */
static bool
forgets_type(const struct value *asked, const struct value *variants)
{
	return value_get(asked, "type") == NULL && variants != NULL &&
	       !are_numbers(variants);
}

static void
forget_member(struct value *object, const char *name)
{
	size_t n = 0;

	if (object->type != VALUE_OBJECT)
		return;
	for (size_t i = 0; i < object->object.count; i++) {
		if (!string_is(object->object.members[i].name, name))
			object->object.members[n++] = object->object.members[i];
	}
	object->object.count = n;
}

static enum status
patch_toggle(const struct value *stored, const struct value *patch,
	     const char *pointer, struct arena *arena, struct value *out,
	     struct error *err)
{
	struct value target = *stored;
	struct value asked;
	struct value merged;
	struct hold before;
	enum status status;

	if (hold_is_given(patch))
		forget_hold(&target);
	hold_lift(&target, arena, &target, &before);
	status = sugar_expand(patch, &target, pointer, arena, &asked, err);
	if (status == STATUS_OK)
		status = check_unknown(KIND_TOGGLE, &asked, &target, pointer,
				       arena, err);
	if (status != STATUS_OK)
		return status;
	merged = value_merge_patch(arena, &target, &asked);
	replace_targeting(&merged, &asked);
	if (forgets_type(&asked, value_get(&merged, "variants")))
		forget_member(&merged, "type");
	if (hold_is_given(&asked) || asked.type != VALUE_OBJECT) {
		*out = merged;
		return STATUS_OK;
	}
	return hold_place(&(struct hold_request){ .asked = &asked,
						  .pointer = pointer,
						  .toggle = &merged,
						  .before = &before },
			  arena, out, err);
}

enum status
definition_patch(const struct definition *current, const struct value *patch,
		 const char *pointer, struct arena *arena, struct value *out,
		 struct error *err)
{
	const enum kind kind = current == NULL ? KIND_TOGGLE : current->kind;
	struct value target = { .type = VALUE_OBJECT };
	enum status status = STATUS_OK;

	if (current != NULL && !current->removed)
		status = definition_value(current, arena, &target, err);
	if (status == STATUS_OK && kind == KIND_TOGGLE)
		return patch_toggle(&target, patch, pointer, arena, out, err);
	if (status == STATUS_OK)
		status =
		    check_unknown(kind, patch, &target, pointer, arena, err);
	if (status != STATUS_OK)
		return status;
	*out = value_merge_patch(arena, &target, patch);
	return STATUS_OK;
}

/* --- flags of a flagd document -------------------------------------------- */

static bool
is_nothing(const struct value *value)
{
	return value == NULL || value->type == VALUE_NULL ||
	       (value->type == VALUE_OBJECT && value->object.count == 0);
}

/* Is the flag what is served under the hold? Then nobody has written it: it was
 * read, and comes back. */
static bool
is_what_is_served(const struct value *flag, const struct value *stored)
{
	const struct value *served = value_get(stored, "serve");
	const struct value *otherwise = value_get(flag, "defaultVariant");
	const struct value *state = value_get(flag, "state");

	return otherwise != NULL && served != NULL &&
	       value_equal(otherwise, served) &&
	       is_nothing(value_get(flag, "targeting")) &&
	       (state == NULL ||
		value_equal(state, value_get(stored, "state")));
}

/* The flag's members, and those of `old` that are none of a flag. */
static struct value
merge_flag(const struct value *old, const struct value *flag, bool keep_rule,
	   struct arena *arena)
{
	static const char *const replaced[] = { "state", "variants", "metadata",
						NULL };
	static const char *const rule[] = { "defaultVariant", "targeting",
					    NULL };
	struct value out = { .type = VALUE_OBJECT };
	struct member *members =
	    arena_zalloc(arena, flag->object.count + old->object.count + 1,
			 sizeof(*members));
	size_t n = 0;

	for (size_t i = 0; i < old->object.count; i++) {
		const struct string name = old->object.members[i].name;
		const bool is_rule = json_is_listed(rule, name);

		if (json_is_listed(replaced, name) ||
		    (is_rule ? !keep_rule : value_get(flag, name.data) != NULL))
			continue;
		members[n++] = old->object.members[i];
	}
	for (size_t i = 0; i < flag->object.count; i++) {
		if (!keep_rule ||
		    !json_is_listed(rule, flag->object.members[i].name))
			members[n++] = flag->object.members[i];
	}
	out.object.members = members;
	out.object.count = n;
	if (forgets_type(flag, value_get(flag, "variants")))
		forget_member(&out, "type");
	return out;
}

enum status
definition_merge_flag(const struct definition *current,
		      const struct value *flag, const char *pointer,
		      struct arena *arena, struct value *out, struct error *err)
{
	struct value stored = { .type = VALUE_OBJECT };
	struct value old;
	struct value asked;
	struct value merged;
	struct hold before;
	bool keeps_rule;
	enum status status;

	*out = *flag;
	if (current == NULL || flag->type != VALUE_OBJECT)
		return STATUS_OK;
	status = sugar_expand(flag, NULL, pointer, arena, &asked, err);
	if (status == STATUS_OK)
		status = definition_value(current, arena, &stored, err);
	if (status != STATUS_OK)
		return status;
	hold_lift(&stored, arena, &old, &before);
	keeps_rule = before.serve.length > 0 && !hold_is_given(&asked) &&
		     is_what_is_served(&asked, &stored);
	merged = merge_flag(&old, &asked, keeps_rule, arena);
	if (hold_is_given(&asked)) {
		*out = merged;
		return STATUS_OK;
	}
	/* A document says what the flag is by its rules, its state too. */
	before.was_disabled = before.was_disabled && keeps_rule;
	return hold_place(&(struct hold_request){ .asked = &asked,
						  .pointer = pointer,
						  .toggle = &merged,
						  .before = &before },
			  arena, out, err);
}

/*
 * Order inside a change: a toggle's targeting is checked against the segments
 * of the same change, so segments go first; an environment's settings go before
 * everything.
 *
 * "Nothing changed" is decided on the definition as it would be stored, after
 * defaults and sugar: first by its bytes, then as JSON, so that the order of
 * members makes no revision.
 */
#include "draft.h"

#include <stdio.h>
#include <string.h>

#include "model/name.h"
#include "slip.h"

enum { CONFLICTS_NAMED = 10 };

void
draft_init(struct draft *draft, const struct snapshot *base,
	   const struct job *job, const struct stamp *stamp)
{
	memset(draft, 0, sizeof(*draft));
	draft->base = base;
	draft->stamp = *stamp;
	draft->change = change_new(job->environment, job->actor, job->comment);
	draft->change->revision = stamp->revision;
	draft->change->at_ms = stamp->at_ms;
	draft->lenient = job->type == JOB_WRITE && job->write.lenient;
	arena_init(&draft->arena);
	arena_init(&draft->scratch);
	map_init(&draft->rules);
	map_init(&draft->touched);
}

void
draft_fini(struct draft *draft)
{
	change_free(draft->change);
	map_fini(&draft->rules);
	map_fini(&draft->touched);
	arena_fini(&draft->arena);
	arena_fini(&draft->scratch);
}

/* "<kind><key>": what a change may touch only once. */
static struct string
touch_name(struct draft *draft, enum kind kind, struct string key)
{
	char *name = arena_alloc(&draft->arena, key.length + 1);

	name[0] = (char)('0' + (int)kind);
	memcpy(name + 1, key.data, key.length);
	return (struct string){ name, key.length + 1 };
}

static const struct change_item *
find_item(const struct draft *draft, enum kind kind, struct string key)
{
	char name[NAME_KEY_MAX + 2];
	const char *end;

	if (key.length > NAME_KEY_MAX)
		return NULL;
	name[0] = (char)('0' + (int)kind);
	memcpy(name + 1, key.data, key.length);
	end = map_find(&draft->touched, name, key.length + 1);
	if (end == NULL)
		return NULL;
	/* The map holds the item's number, counted from 1, as a pointer. */
	return &draft->change->items[(size_t)(uintptr_t)end - 1];
}

const struct definition *
draft_find(const struct draft *draft, enum kind kind, struct string key)
{
	const struct change_item *item = find_item(draft, kind, key);

	if (item != NULL)
		return item->after;
	return snapshot_find(draft->base, kind, key.data, key.length);
}

static void
add(struct draft *draft, enum kind kind, struct string key,
    const struct definition *before, const struct definition *after)
{
	struct string name = touch_name(draft, kind, key);

	change_add(draft->change, kind, key, before, after);
	map_put(&draft->touched, name.data, name.length,
		(void *)(uintptr_t)draft->change->count);
}

/* The rule of a segment as it will be; parsed once a draft. */
static const struct value *
find_rule(void *ctx, struct string name)
{
	struct draft *draft = ctx;
	const struct definition *segment;
	struct value *rule = map_find(&draft->rules, name.data, name.length);

	if (rule != NULL)
		return rule;
	segment = draft_find(draft, KIND_SEGMENT, name);
	if (segment == NULL)
		return NULL;
	rule = arena_alloc(&draft->arena, sizeof(*rule));
	if (definition_value(segment, &draft->arena, rule, NULL) != STATUS_OK)
		return NULL;
	map_put(&draft->rules, name.data, name.length, rule);
	return rule;
}

static struct definition_scope
scope_of(struct draft *draft, const char *pointer)
{
	return (struct definition_scope){ .segment = find_rule,
					  .ctx = draft,
					  .lenient = draft->lenient,
					  .pointer = pointer };
}

/* What the definition is to be, before it is checked. */
static enum status
wanted(struct draft *draft, const struct edit *edit,
       const struct definition *before, struct value *out, struct error *err)
{
	if (edit->verb == EDIT_FLAG)
		return definition_merge_flag(before, &edit->value,
					     edit->pointer, &draft->scratch,
					     out, err);
	if (edit->verb == EDIT_PATCH && edit->kind != KIND_SEGMENT)
		return definition_patch(before, &edit->value, edit->pointer,
					&draft->scratch, out, err);
	*out = edit->value;
	return STATUS_OK;
}

static bool
same(struct draft *draft, const struct definition *a,
     const struct definition *b)
{
	struct value va, vb;

	/* Both are compact, so another order of members has the same length. */
	if (a->stored.length != b->stored.length)
		return false;
	if (memcmp(a->stored.data, b->stored.data, a->stored.length) == 0)
		return true;
	return definition_value(a, &draft->scratch, &va, NULL) == STATUS_OK &&
	       definition_value(b, &draft->scratch, &vb, NULL) == STATUS_OK &&
	       value_equal(&va, &vb);
}

static enum status
set(struct draft *draft, const struct edit *edit, struct error *err)
{
	struct definition_scope scope = scope_of(draft, edit->pointer);
	const struct string key = edit->kind == KIND_ENVIRONMENT
				      ? draft->base->environment
				      : edit->key;
	const struct definition *before = draft_find(draft, edit->kind, key);
	struct definition *after = NULL;
	struct value value;
	struct value stored;
	enum status rc = wanted(draft, edit, before, &value, err);

	scope.before = before;
	scope.request = &edit->value;
	if (rc == STATUS_OK && before != NULL &&
	    (before->has_later || before->is_held)) {
		rc = definition_value(before, &draft->scratch, &stored, err);
		scope.stored = &stored;
	}
	if (edit->is_stored)
		scope.stored = &edit->value;
	if (rc == STATUS_OK)
		rc = definition_decode(edit->kind, key, &value, &draft->stamp,
				       &scope, &draft->scratch, &after, err);
	if (rc == STATUS_OK)
		rc = slip_check_type(edit, before, after, err);
	if (rc == STATUS_OK && (before == NULL || !same(draft, before, after)))
		add(draft, edit->kind, key, before, after);
	definition_unref(after);
	arena_reset(&draft->scratch);
	return rc;
}

/* An environment goes with everything in it, so that its past stays exact. That
 * of the tokens is never removed. */
static void
remove_environment(struct draft *draft)
{
	static const enum kind kinds[] = { KIND_TOGGLE, KIND_SEGMENT };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct snapshot_walk walk;
		const struct definition *d;

		snapshot_walk_from(&walk, draft->base, kinds[i],
				   (struct string){ "", 0 });
		for (;;) {
			d = snapshot_walk_next(&walk);
			if (d == NULL)
				break;
			add(draft, kinds[i], d->key, d, NULL);
		}
	}
	add(draft, KIND_ENVIRONMENT, draft->base->settings->key,
	    draft->base->settings, NULL);
}

static enum status
drop(struct draft *draft, const struct edit *edit, struct error *err)
{
	const struct definition *before =
	    draft_find(draft, edit->kind, edit->key);
	enum status rc;

	if (before == NULL && edit->pointer[0] != '\0')
		return error_at(err, edit->pointer,
				"there is no %s of that name to remove",
				kind_name(edit->kind));
	if (before == NULL)
		return error_set(err, STATUS_NOT_FOUND,
				 "there is no %s '%.*s' in environment '%.*s'",
				 kind_name(edit->kind), (int)edit->key.length,
				 edit->key.data,
				 (int)draft->base->environment.length,
				 draft->base->environment.data);
	if (edit->kind != KIND_ENVIRONMENT) {
		add(draft, edit->kind, edit->key, before, NULL);
		return STATUS_OK;
	}
	rc = slip_check_content(draft->base, edit, err);
	if (rc == STATUS_OK)
		remove_environment(draft);
	return rc;
}

/* Faults of one edit do not hide those of the next: all are reported. */
enum status
draft_apply(struct draft *draft, const struct edit *edits, size_t count,
	    struct error *err)
{
	static const enum kind order[] = { KIND_ENVIRONMENT, KIND_SEGMENT,
					   KIND_TOGGLE, KIND_TOKEN };
	enum status rc = STATUS_OK;

	for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++) {
		for (size_t i = 0; i < count; i++) {
			const struct edit *edit = &edits[i];
			enum status one;

			if (edit->kind != order[k])
				continue;
			pulse_beat(draft->pulse);
			one = edit->verb == EDIT_REMOVE ? drop(draft, edit, err)
							: set(draft, edit, err);
			if (rc == STATUS_OK)
				rc = one;
		}
	}
	return rc;
}

/* Names collected for an error: "a, b and 3 more". */
struct names {
	char text[ERROR_TEXT_BYTES / 2];
	size_t used;
	size_t count;
};

static void
name_add(struct names *names, struct string name)
{
	int n;

	names->count++;
	if (names->count > CONFLICTS_NAMED)
		return;
	n = snprintf(names->text + names->used,
		     sizeof(names->text) - names->used, "%s'%.*s'",
		     names->used > 0 ? ", " : "", (int)name.length, name.data);
	if (n > 0 && (size_t)n < sizeof(names->text) - names->used)
		names->used += (size_t)n;
	else
		names->text[names->used] = '\0';
}

static bool
removes_segments(const struct draft *draft)
{
	for (size_t i = 0; i < draft->change->count; i++) {
		const struct change_item *item = &draft->change->items[i];

		if (item->kind == KIND_SEGMENT && item->after == NULL)
			return true;
	}
	return false;
}

/* Does the toggle, as it will be, miss one of its segments? */
static bool
misses_segment(const struct draft *draft, const struct definition *toggle,
	       struct string *missing)
{
	for (size_t i = 0; i < toggle->reference_count; i++) {
		if (draft_find(draft, KIND_SEGMENT, toggle->references[i]) ==
		    NULL) {
			*missing = toggle->references[i];
			return true;
		}
	}
	return false;
}

/* Toggles that lose a segment which they had: only a change that removes
 * segments can do that to toggles it does not touch. */
static void
collect_untouched(const struct draft *draft, struct names *names,
		  struct string *missing)
{
	struct snapshot_walk walk;
	const struct definition *toggle;

	snapshot_walk_from(&walk, draft->base, KIND_TOGGLE,
			   (struct string){ "", 0 });
	for (;;) {
		toggle = snapshot_walk_next(&walk);
		if (toggle == NULL)
			return;
		if (toggle->reference_count == 0 ||
		    find_item(draft, KIND_TOGGLE, toggle->key) != NULL)
			continue;
		for (size_t i = 0; i < toggle->reference_count; i++) {
			const struct change_item *item = find_item(
			    draft, KIND_SEGMENT, toggle->references[i]);

			if (item != NULL && item->after == NULL) {
				*missing = toggle->references[i];
				name_add(names, toggle->key);
				break;
			}
		}
	}
}

enum status
draft_check_references(struct draft *draft, struct error *err)
{
	struct names names = { .used = 0 };
	struct string missing = { "", 0 };

	for (size_t i = 0; i < draft->change->count; i++) {
		const struct change_item *item = &draft->change->items[i];

		if (item->kind == KIND_TOGGLE && item->after != NULL &&
		    misses_segment(draft, item->after, &missing))
			name_add(&names, item->key);
	}
	if (removes_segments(draft))
		collect_untouched(draft, &names, &missing);
	if (names.count == 0)
		return STATUS_OK;
	if (names.count > CONFLICTS_NAMED)
		return error_set(err, STATUS_CONFLICT,
				 "segment '%.*s' is still referred to by "
				 "%zu toggles: %s and %zu more",
				 (int)missing.length, missing.data, names.count,
				 names.text, names.count - CONFLICTS_NAMED);
	return error_set(err, STATUS_CONFLICT,
			 "segment '%.*s' would be missing, but %s %s to it",
			 (int)missing.length, missing.data, names.text,
			 names.count == 1 ? "refers" : "refer");
}

static bool
refers_to_changed(const struct draft *draft, const struct definition *toggle)
{
	for (size_t i = 0; i < toggle->reference_count; i++) {
		if (find_item(draft, KIND_SEGMENT, toggle->references[i]) !=
		    NULL)
			return true;
	}
	return false;
}

static bool
touches_segments(const struct draft *draft)
{
	for (size_t i = 0; i < draft->change->count; i++) {
		if (draft->change->items[i].kind == KIND_SEGMENT)
			return true;
	}
	return false;
}

/* Segments are inlined when a toggle is compiled, so a changed segment compiles
 * the toggles that refer to it anew; their revision stays. What one of them
 * takes is released before the next: there may be a hundred thousand. */
static enum status
recompile(struct draft *draft, struct snapshot **after, struct error *err)
{
	struct definition_scope scope = scope_of(draft, "");
	struct arena scratch;
	struct definition **done;
	struct snapshot *compiled;
	struct snapshot_walk walk;
	const struct definition *toggle;
	size_t count = 0;
	enum status rc = STATUS_OK;

	arena_init(&scratch);
	done = arena_zalloc(&draft->arena, tree_count((*after)->toggles) + 1,
			    sizeof(struct definition *));
	scope.lenient = true;
	snapshot_walk_from(&walk, *after, KIND_TOGGLE,
			   (struct string){ "", 0 });
	while (rc == STATUS_OK) {
		toggle = snapshot_walk_next(&walk);
		if (toggle == NULL)
			break;
		if (!refers_to_changed(draft, toggle) ||
		    toggle->revision == draft->stamp.revision)
			continue;
		pulse_beat(draft->pulse);
		rc = definition_recompile(toggle, &scope, &scratch,
					  &done[count], err);
		arena_reset(&scratch);
		if (rc == STATUS_OK)
			count++;
	}
	if (rc == STATUS_OK && count > 0) {
		compiled = snapshot_recompiled(*after, done, count);
		snapshot_unref(*after);
		*after = compiled;
	}
	for (size_t i = 0; i < count; i++)
		definition_unref(done[i]);
	arena_fini(&scratch);
	return rc;
}

enum status
draft_finish(struct draft *draft, struct snapshot **after, struct error *err)
{
	struct snapshot *made = snapshot_apply(draft->base, draft->change);
	enum status rc = STATUS_OK;

	if (touches_segments(draft))
		rc = recompile(draft, &made, err);
	if (rc != STATUS_OK) {
		snapshot_unref(made);
		return rc;
	}
	*after = made;
	return STATUS_OK;
}

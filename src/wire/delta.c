/*
 * The feed's answer. A delta is collected from the newest end of the snapshot,
 * which stands in the order of revisions, and sorted by key.
 *
 * With a prefix a client gets the segments that it needs to evaluate what it
 * got: those which the changed toggles refer to, and changed ones which any
 * toggle under the prefix refers to. A removed segment is none of them, since
 * nothing refers to it any more.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "put.h"
#include "referred.h"
#include "wire/document.h"

static bool
is_full(const struct snapshot *snapshot, int64_t since)
{
	return since <= 0 || since < snapshot->horizon;
}

static bool
is_needed(const struct snapshot *snapshot, struct string prefix,
	  const struct definition *segment)
{
	const struct definition *toggle;
	struct snapshot_walk walk;

	if (prefix.length == 0)
		return true;
	snapshot_walk_from(&walk, snapshot, KIND_TOGGLE, prefix);
	while ((toggle = snapshot_walk_next(&walk)) != NULL) {
		if (definition_refers_to(toggle, segment->key.data,
					 segment->key.length))
			return true;
	}
	return false;
}

static bool
is_wanted(const struct snapshot *snapshot, struct string prefix,
	  const struct definition *changed)
{
	if (changed->kind == KIND_TOGGLE)
		return string_starts_with(changed->key, prefix);
	return changed->kind == KIND_SEGMENT &&
	       is_needed(snapshot, prefix, changed);
}

bool
document_has_changes(const struct snapshot *snapshot, struct string prefix,
		     int64_t since)
{
	const struct definition *changed;
	struct tree_walk walk;

	if (is_full(snapshot, since))
		return true;
	snapshot_walk_since(&walk, snapshot, since);
	while ((changed = tree_walk_next(&walk)) != NULL) {
		if (is_wanted(snapshot, prefix, changed))
			return true;
	}
	return false;
}

static void
put_definition(struct bytes *out, const struct definition *definition)
{
	struct string text = definition->kind == KIND_SEGMENT
				 ? definition->core
				 : definition->text;

	put_name(out, definition->key);
	if (definition->removed)
		bytes_append_str(out, "null");
	else
		bytes_append(out, text.data, text.length);
}

static void
put_full(const struct snapshot *snapshot, struct string prefix,
	 struct bytes *out)
{
	const struct definition *toggle;
	struct snapshot_walk walk;
	struct referred referred;

	referred_init(&referred, prefix.length == 0);
	put_member(out, "full");
	bytes_append_str(out, "true");
	put_member(out, "toggles");
	bytes_append_char(out, '{');
	snapshot_walk_from(&walk, snapshot, KIND_TOGGLE, prefix);
	while ((toggle = snapshot_walk_next(&walk)) != NULL) {
		put_definition(out, toggle);
		referred_add(&referred, toggle);
	}
	bytes_append_char(out, '}');
	put_member(out, "segments");
	referred_put(&referred, snapshot, out);
	referred_fini(&referred);
}

/* What changed, by kind and key. */
struct delta {
	const struct definition **changed;
	size_t count;
	size_t capacity;
};

static void
delta_add(struct delta *delta, const struct definition *definition)
{
	if (delta->count == delta->capacity) {
		delta->capacity = delta->capacity > 0 ? 2 * delta->capacity : 8;
		delta->changed = mem_resize(delta->changed, delta->capacity,
					    sizeof(struct definition *));
	}
	delta->changed[delta->count++] = definition;
}

static int
compare(const void *a, const void *b)
{
	const struct definition *x = *(const struct definition *const *)a;
	const struct definition *y = *(const struct definition *const *)b;
	int order = (x->kind > y->kind) - (x->kind < y->kind);

	return order != 0 ? order : string_compare(x->key, y->key);
}

/* Unchanged segments that a changed toggle refers to come with it. */
static void
add_segments(struct delta *delta, const struct snapshot *snapshot)
{
	size_t count = delta->count;
	struct referred there;

	referred_init(&there, false);
	for (size_t i = 0; i < count; i++) {
		if (delta->changed[i]->kind == KIND_SEGMENT)
			referred_add_name(&there, delta->changed[i]->key);
	}
	for (size_t i = 0; i < count; i++) {
		const struct definition *toggle = delta->changed[i];

		for (size_t j = 0; j < toggle->reference_count; j++) {
			struct string name = toggle->references[j];
			const struct definition *segment = snapshot_find(
			    snapshot, KIND_SEGMENT, name.data, name.length);

			if (segment == NULL || referred_has(&there, name))
				continue;
			referred_add_name(&there, name);
			delta_add(delta, segment);
		}
	}
	referred_fini(&there);
}

static void
put_kind(const struct delta *delta, enum kind kind, struct bytes *out)
{
	bytes_append_char(out, '{');
	for (size_t i = 0; i < delta->count; i++) {
		if (delta->changed[i]->kind == kind)
			put_definition(out, delta->changed[i]);
	}
	bytes_append_char(out, '}');
}

static void
put_delta(const struct snapshot *snapshot, struct string prefix, int64_t since,
	  struct bytes *out)
{
	struct delta delta = { .changed = NULL };
	const struct definition *changed;
	struct tree_walk walk;

	snapshot_walk_since(&walk, snapshot, since);
	while ((changed = tree_walk_next(&walk)) != NULL) {
		if (is_wanted(snapshot, prefix, changed))
			delta_add(&delta, changed);
	}
	if (prefix.length > 0)
		add_segments(&delta, snapshot);
	if (delta.count > 1)
		qsort(delta.changed, delta.count, sizeof(void *), compare);
	put_member(out, "full");
	bytes_append_str(out, "false");
	put_member(out, "toggles");
	put_kind(&delta, KIND_TOGGLE, out);
	put_member(out, "segments");
	put_kind(&delta, KIND_SEGMENT, out);
	free(delta.changed);
}

void
document_changes(const struct snapshot *snapshot, const char *epoch,
		 struct string prefix, int64_t since, struct bytes *out)
{
	bytes_append_char(out, '{');
	put_position(out, epoch, snapshot->revision);
	if (is_full(snapshot, since))
		put_full(snapshot, prefix, out);
	else
		put_delta(snapshot, prefix, since, out);
	bytes_append_char(out, '}');
}

void
document_no_changes(const char *epoch, int64_t revision, struct bytes *out)
{
	bytes_append_char(out, '{');
	put_position(out, epoch, revision);
	bytes_append_str(out,
			 ",\"full\":false,\"toggles\":{},\"segments\":{}}");
}

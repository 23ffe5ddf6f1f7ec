#include "judge.h"

#include <stddef.h>

#include "scratch.h"
#include "wire/document.h"
#include "wire/json.h"

static const enum kind kinds[] = { KIND_SEGMENT, KIND_TOGGLE };
static const struct string everything = { "", 0 };

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static const struct definition *
find(const struct snapshot *snapshot, enum kind kind, struct string key)
{
	return snapshot == NULL
		   ? NULL
		   : snapshot_find(snapshot, kind, key.data, key.length);
}

static bool
is_named(const struct change *change, const struct definition *d)
{
	for (size_t i = 0; i < change->count; i++)
		if (change->items[i].kind == d->kind &&
		    string_equal(change->items[i].key, d->key))
			return true;
	return false;
}

/* Each thing of `a` that the change does not name stands in `b` too. */
static void
check_rest(const struct change *change, const struct snapshot *a,
	   const struct snapshot *b)
{
	for (size_t k = 0; a != NULL && k < KINDS; k++) {
		struct snapshot_walk walk;
		const struct definition *d, *is;

		snapshot_walk_from(&walk, a, kinds[k], everything);
		for (d = snapshot_walk_next(&walk); d != NULL;
		     d = snapshot_walk_next(&walk)) {
			is = find(b, d->kind, d->key);
			if (!is_named(change, d) &&
			    (is == NULL || !string_equal(is->text, d->text)))
				finding("'%s' changed unnamed", d->key.data);
		}
	}
}

void
judge_change(const struct change *change, const struct snapshot *before,
	     const struct snapshot *after)
{
	for (size_t i = 0; i < change->count; i++) {
		const struct change_item *item = &change->items[i];
		const struct definition *was =
		    find(before, item->kind, item->key);
		const struct definition *is =
		    find(after, item->kind, item->key);

		if (was != item->before)
			finding("before '%s' stands something else",
				item->key.data);
		if ((is == NULL) != (item->after == NULL) ||
		    (is != NULL &&
		     (!string_equal(is->text, item->after->text) ||
		      is->revision != change->revision)))
			finding("after '%s' stands something else",
				item->key.data);
	}
	check_rest(change, before, after);
	check_rest(change, after, before);
}

/* What the delta says of `d`, which the client had or is to have. */
static void
check_told(const struct value *delta, const struct definition *d,
	   const struct snapshot *had, const struct snapshot *is)
{
	const bool full = value_get(delta, "full")->boolean;
	const struct value *members =
	    value_get(delta, d->kind == KIND_TOGGLE ? "toggles" : "segments");
	const struct value *told =
	    value_get_n(members, d->key.data, d->key.length);
	const struct definition *a = find(had, d->kind, d->key);
	const struct definition *b = find(is, d->kind, d->key);

	if (told == NULL &&
	    (full ? b != NULL
		  : a == NULL || b == NULL || !string_equal(a->text, b->text)))
		finding("the client is not told of '%s'", d->key.data);
	if (told != NULL && (told->type == VALUE_NULL) != (b == NULL))
		finding("the client is told wrong of '%s'", d->key.data);
}

static void
check_all(const struct value *delta, const struct snapshot *of,
	  const struct snapshot *had, const struct snapshot *is)
{
	for (size_t k = 0; of != NULL && k < KINDS; k++) {
		struct snapshot_walk walk;
		const struct definition *d;

		snapshot_walk_from(&walk, of, kinds[k], everything);
		for (d = snapshot_walk_next(&walk); d != NULL;
		     d = snapshot_walk_next(&walk))
			check_told(delta, d, had, is);
	}
}

void
judge_delta(struct snapshot **seen, struct snapshot *is)
{
	struct snapshot *had = *seen;
	struct arena arena;
	struct value delta;
	struct bytes text;

	arena_init(&arena);
	bytes_init(&text);
	document_changes(is, "0123456789abcdef", everything,
			 had == NULL ? 0 : had->revision, &text);
	if (json_decode(text.data, text.length, NULL, &arena, &delta, NULL) !=
	    STATUS_OK)
		finding("no JSON: %s", text.data);
	check_all(&delta, had, had, is);
	check_all(&delta, is, had, is);
	bytes_fini(&text);
	arena_fini(&arena);
	snapshot_unref(had);
	*seen = snapshot_ref(is);
}

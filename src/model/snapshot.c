/*
 * Invariant: `recent` holds each live toggle and segment and each entry of
 * `removed` once, with the revision that it has there. So whoever knows the
 * entry that stands for a key finds its place in `recent`. An environment's own
 * settings are in none of the orders.
 *
 * Tombstones are dropped an eighth of the limit at a time: the oldest are found
 * by a walk over `recent`, which is worth it only for many.
 */
#include "model/snapshot.h"

#include <stdlib.h>

#include "base/mem.h"
#include "model/memo.h"
#include "model/name.h"
#include "model/order.h"

enum { TOMBSTONES_KEPT = LIMIT_TOMBSTONES - LIMIT_TOMBSTONES / 8 };

struct snapshot *
snapshot_new(struct string environment)
{
	struct snapshot *snapshot = mem_zalloc(1, sizeof(*snapshot));

	atomic_init(&snapshot->refs, 1);
	snapshot->environment.data =
	    mem_copy(environment.data, environment.length);
	snapshot->environment.length = environment.length;
	snapshot->memo = memo_new();
	return snapshot;
}

struct snapshot *
snapshot_ref(const struct snapshot *snapshot)
{
	/* The count is no part of what const promises. */
	struct snapshot *counted = (struct snapshot *)(uintptr_t)snapshot;

	if (counted != NULL)
		(void)atomic_fetch_add_explicit(&counted->refs, 1,
						memory_order_relaxed);
	return counted;
}

void
snapshot_unref(struct snapshot *snapshot)
{
	if (snapshot == NULL)
		return;
	if (atomic_fetch_sub_explicit(&snapshot->refs, 1,
				      memory_order_acq_rel) != 1)
		return;
	memo_free(snapshot->memo);
	tree_unref(snapshot->toggles, &snapshot_by_key);
	tree_unref(snapshot->segments, &snapshot_by_key);
	tree_unref(snapshot->tokens, &snapshot_by_key);
	tree_unref(snapshot->removed, &order_by_kind);
	tree_unref(snapshot->recent, &snapshot_by_revision);
	definition_unref(snapshot->settings);
	free((char *)(uintptr_t)snapshot->environment.data);
	free(snapshot);
}

/* A version of the same content that may still be changed. */
static struct snapshot *
fork_from(const struct snapshot *base)
{
	struct snapshot *snapshot = snapshot_new(base->environment);

	snapshot->revision = base->revision;
	snapshot->at_ms = base->at_ms;
	snapshot->horizon = base->horizon;
	snapshot->born = base->born;
	snapshot->settings = definition_ref(base->settings);
	snapshot->toggles = tree_ref(base->toggles);
	snapshot->segments = tree_ref(base->segments);
	snapshot->tokens = tree_ref(base->tokens);
	snapshot->removed = tree_ref(base->removed);
	snapshot->recent = tree_ref(base->recent);
	return snapshot;
}

static void
put(struct tree **tree, const struct tree_ops *ops, struct definition *entry)
{
	struct tree *before = *tree;

	*tree = tree_put(before, ops, entry);
	tree_unref(before, ops);
}

static void
take_out(struct tree **tree, const struct tree_ops *ops, const void *key)
{
	struct tree *before = *tree;

	*tree = tree_remove(before, ops, key);
	tree_unref(before, ops);
}

/* The live definitions of a kind that has several. */
static struct tree **
live(struct snapshot *snapshot, enum kind kind)
{
	if (kind == KIND_TOKEN)
		return &snapshot->tokens;
	return kind == KIND_TOGGLE ? &snapshot->toggles : &snapshot->segments;
}

static const struct tree *
find_live(const struct snapshot *snapshot, enum kind kind)
{
	/* Only looked at. */
	return *live((struct snapshot *)(uintptr_t)snapshot, kind);
}

static struct definition *
find_removed(const struct snapshot *snapshot, enum kind kind, struct string key)
{
	struct definition sought = { .kind = kind, .key = key };

	return tree_find(snapshot->removed, &order_by_kind, &sought);
}

/* Nothing stands for the key any more, neither alive nor as a tombstone. */
static void
forget(struct snapshot *snapshot, enum kind kind, struct string key)
{
	struct tree **tree = live(snapshot, kind);
	struct definition *there = tree_find(*tree, &snapshot_by_key, &key);
	struct definition *gone = find_removed(snapshot, kind, key);

	if (there != NULL) {
		take_out(&snapshot->recent, &snapshot_by_revision, there);
		take_out(tree, &snapshot_by_key, &key);
	}
	if (gone != NULL) {
		take_out(&snapshot->recent, &snapshot_by_revision, gone);
		take_out(&snapshot->removed, &order_by_kind, gone);
	}
}

static void
set(struct snapshot *snapshot, struct definition *definition)
{
	struct tree **tree = live(snapshot, definition->kind);

	forget(snapshot, definition->kind, definition->key);
	put(&snapshot->recent, &snapshot_by_revision, definition);
	if (definition->removed)
		put(&snapshot->removed, &order_by_kind, definition);
	else
		put(tree, &snapshot_by_key, definition);
}

static void
set_settings(struct snapshot *snapshot, struct definition *settings)
{
	/* Created, perhaps anew: a cursor into a former life of that name
	 * knows of things that no tombstone here speaks of. */
	if (snapshot->settings == NULL && settings != NULL) {
		snapshot->horizon = snapshot->revision;
		snapshot->born = snapshot->revision;
	}
	definition_unref(snapshot->settings);
	snapshot->settings = definition_ref(settings);
}

static void
drop_oldest_tombstones(struct snapshot *snapshot)
{
	struct tree *recent = tree_ref(snapshot->recent);
	size_t excess;
	struct tree_walk walk;

	if (tree_count(snapshot->removed) <= LIMIT_TOMBSTONES)
		goto out;
	excess = tree_count(snapshot->removed) - TOMBSTONES_KEPT;
	tree_walk_from(&walk, recent, &snapshot_by_revision, NULL);
	while (excess > 0) {
		struct definition *oldest = tree_walk_next(&walk);

		if (!oldest->removed)
			continue;
		if (oldest->revision > snapshot->horizon)
			snapshot->horizon = oldest->revision;
		take_out(&snapshot->recent, &snapshot_by_revision, oldest);
		take_out(&snapshot->removed, &order_by_kind, oldest);
		excess--;
	}
out:
	tree_unref(recent, &snapshot_by_revision);
}

static void
apply_item(struct snapshot *snapshot, const struct change_item *item)
{
	struct definition *tombstone;

	if (item->kind == KIND_ENVIRONMENT) {
		set_settings(snapshot, item->after);
	} else if (item->after != NULL) {
		set(snapshot, item->after);
	} else {
		tombstone = definition_new_removed(item->kind, item->key,
						   snapshot->revision);
		set(snapshot, tombstone);
		definition_unref(tombstone);
	}
}

struct snapshot *
snapshot_apply(const struct snapshot *base, const struct change *change)
{
	struct snapshot *snapshot = fork_from(base);

	snapshot->revision = change->revision;
	snapshot->at_ms = change->at_ms;
	for (size_t i = 0; i < change->count; i++)
		apply_item(snapshot, &change->items[i]);
	if (change->life > 0)
		snapshot->born = change->life;
	drop_oldest_tombstones(snapshot);
	return snapshot;
}

struct snapshot *
snapshot_recompiled(const struct snapshot *base,
		    struct definition *const *definitions, size_t count)
{
	struct snapshot *snapshot = fork_from(base);

	for (size_t i = 0; i < count; i++)
		set(snapshot, definitions[i]);
	return snapshot;
}

static int
sort_by_revision(const void *a, const void *b)
{
	return order_compare_revision(*(struct definition *const *)a,
				      *(struct definition *const *)b);
}

static int
sort_by_kind(const void *a, const void *b)
{
	return order_compare_kind(*(struct definition *const *)a,
				  *(struct definition *const *)b);
}

/* Copy the entries of one tree from `sorted` to `batch`; tells how many. With
 * `removed` the kind does not matter. */
static size_t
pick(void **batch, struct definition *const *sorted, size_t count,
     enum kind kind, bool removed)
{
	size_t picked = 0;

	for (size_t i = 0; i < count; i++) {
		if (sorted[i]->removed == removed &&
		    (removed || sorted[i]->kind == kind))
			batch[picked++] = sorted[i];
	}
	return picked;
}

/* All but the environment's settings, which are noted instead. */
static size_t
pick_entries(struct snapshot *snapshot, struct definition **entries,
	     struct definition *const *definitions, size_t count)
{
	size_t picked = 0;

	for (size_t i = 0; i < count; i++) {
		if (definitions[i]->kind != KIND_ENVIRONMENT)
			entries[picked++] = definitions[i];
		else if (!definitions[i]->removed)
			snapshot->settings = definition_ref(definitions[i]);
	}
	return picked;
}

struct snapshot *
snapshot_load(struct string environment, int64_t revision, int64_t at_ms,
	      struct definition *const *definitions, size_t count)
{
	struct snapshot *snapshot = snapshot_new(environment);
	struct definition **entries =
	    mem_zalloc(count, sizeof(struct definition *));
	void **batch = mem_zalloc(count, sizeof(void *));
	size_t n;

	snapshot->revision = revision;
	snapshot->at_ms = at_ms;
	count = pick_entries(snapshot, entries, definitions, count);
	qsort(entries, count, sizeof(struct definition *), sort_by_kind);
	n = pick(batch, entries, count, KIND_TOGGLE, false);
	snapshot->toggles = tree_build(&snapshot_by_key, batch, n);
	n = pick(batch, entries, count, KIND_SEGMENT, false);
	snapshot->segments = tree_build(&snapshot_by_key, batch, n);
	n = pick(batch, entries, count, KIND_TOKEN, false);
	snapshot->tokens = tree_build(&snapshot_by_key, batch, n);
	n = pick(batch, entries, count, KIND_COUNT, true);
	snapshot->removed = tree_build(&order_by_kind, batch, n);
	qsort(entries, count, sizeof(struct definition *), sort_by_revision);
	for (size_t i = 0; i < count; i++)
		batch[i] = entries[i];
	snapshot->recent = tree_build(&snapshot_by_revision, batch, count);
	free(batch);
	free(entries);
	drop_oldest_tombstones(snapshot);
	return snapshot;
}

struct snapshot *
snapshot_from_parts(const struct snapshot_parts *parts)
{
	struct snapshot *snapshot = snapshot_new(parts->environment);

	snapshot->revision = parts->revision;
	snapshot->at_ms = parts->at_ms;
	snapshot->settings = definition_ref(parts->settings);
	snapshot->segments =
	    tree_build(&snapshot_by_key, parts->segments, parts->segment_count);
	snapshot->toggles =
	    tree_build(&snapshot_by_key, parts->toggles, parts->toggle_count);
	return snapshot;
}

struct definition *
snapshot_find(const struct snapshot *snapshot, enum kind kind, const char *key,
	      size_t length)
{
	struct string sought = { key, length };

	if (kind == KIND_ENVIRONMENT)
		return snapshot->settings;
	return tree_find(find_live(snapshot, kind), &snapshot_by_key, &sought);
}

void
snapshot_walk_from(struct snapshot_walk *walk, const struct snapshot *snapshot,
		   enum kind kind, struct string prefix)
{
	walk->prefix = prefix;
	tree_walk_from(&walk->walk, find_live(snapshot, kind), &snapshot_by_key,
		       &walk->prefix);
}

const struct definition *
snapshot_walk_next(struct snapshot_walk *walk)
{
	const struct definition *next = tree_walk_next(&walk->walk);

	if (next == NULL || !string_starts_with(next->key, walk->prefix))
		return NULL;
	return next;
}

void
snapshot_walk_since(struct tree_walk *walk, const struct snapshot *snapshot,
		    int64_t since)
{
	/* No entry has that revision, kind and key, so the first of a later
	 * revision comes first. */
	struct definition after = {
		.kind = KIND_ENVIRONMENT,
		.revision = since < INT64_MAX ? since + 1 : since,
	};

	tree_walk_from(walk, snapshot->recent, &snapshot_by_revision, &after);
}

struct blob *
snapshot_memo(const struct snapshot *snapshot, const char *name,
	      snapshot_build_fn build, void *ctx)
{
	return memo_get(snapshot->memo, snapshot, name, build, ctx);
}

struct blob *
snapshot_memo_try(const struct snapshot *snapshot, const char *name,
		  snapshot_build_fn build, void *ctx)
{
	return memo_try(snapshot->memo, snapshot, name, build, ctx);
}

/*
 * A ledger an environment: tallies by toggle, evaluations by reason, and marks.
 *
 * A mark says that clients went on using all toggles with a prefix at a time,
 * so that a confirmation costs one store and not a walk over thousands. It
 * stands for the toggles that had a tally when it was made; those of a newer
 * revision get one by a walk, once a revision. A tally that is younger than a
 * mark has a later time anyway. Where there are more prefixes than marks, the
 * one that was confirmed longest ago gives its time to its tallies.
 */
#include "feed/usage.h"

#include <stdlib.h>

#include "base/mem.h"
#include "usage_private.h"

struct usage *
usage_new(int64_t now_ms)
{
	struct usage *usage = mem_zalloc(1, sizeof(*usage));

	usage->since_ms = now_ms;
	pthread_mutex_init(&usage->mutex, NULL);
	map_init(&usage->ledgers);
	return usage;
}

static void
free_ledger(struct ledger *ledger)
{
	marks_fini(&ledger->marks);
	tallies_fini(&ledger->tallies);
	snapshot_unref(ledger->snapshot);
	free(ledger);
}

void
usage_free(struct usage *usage)
{
	struct ledger *ledger;
	size_t at = 0;

	if (usage == NULL)
		return;
	while ((ledger = map_next(&usage->ledgers, &at)) != NULL)
		free_ledger(ledger);
	map_fini(&usage->ledgers);
	pthread_mutex_destroy(&usage->mutex);
	free(usage);
}

/* --- the newest snapshot -------------------------------------------------- */

static void
forget(struct usage *usage, struct ledger *ledger, struct string key)
{
	size_t before = tallies_count(&ledger->tallies);

	pthread_mutex_lock(&usage->mutex);
	tallies_take(&ledger->tallies, key);
	pthread_mutex_unlock(&usage->mutex);
	usage->toggles -= before - tallies_count(&ledger->tallies);
}

static bool
is_there(const struct snapshot *snapshot, struct string key)
{
	return snapshot_find(snapshot, KIND_TOGGLE, key.data, key.length) !=
	       NULL;
}

/* The snapshot does not know any more what was removed since. */
static void
forget_by_search(struct usage *usage, struct ledger *ledger)
{
	size_t at = 0;

	for (;;) {
		size_t here = at;
		struct tally *tally = tallies_next(&ledger->tallies, &at);
		struct definition *toggle;

		if (tally == NULL)
			return;
		if (is_there(ledger->snapshot, tally->toggle->key))
			continue;
		toggle = definition_ref(tally->toggle);
		forget(usage, ledger, toggle->key);
		definition_unref(toggle);
		/* Another may have moved up to where it stood. */
		at = here;
	}
}

/* From the snapshot that was the newest to `snapshot`. */
static void
advance(struct usage *usage, struct ledger *ledger,
	const struct snapshot *snapshot)
{
	const int64_t since = ledger->snapshot->revision;
	const struct definition *definition;
	struct tree_walk walk;

	snapshot_unref(ledger->snapshot);
	ledger->snapshot = snapshot_ref(snapshot);
	if (since < snapshot->horizon || since > snapshot->revision) {
		forget_by_search(usage, ledger);
		return;
	}
	snapshot_walk_since(&walk, snapshot, since);
	while ((definition = tree_walk_next(&walk)) != NULL) {
		if (definition->kind == KIND_TOGGLE && definition->removed)
			forget(usage, ledger, definition->key);
	}
}

static void
drop(struct usage *usage, struct ledger *ledger)
{
	const struct string name = ledger->snapshot->environment;

	pthread_mutex_lock(&usage->mutex);
	(void)map_take(&usage->ledgers, name.data, name.length);
	pthread_mutex_unlock(&usage->mutex);
	usage->toggles -= tallies_count(&ledger->tallies);
	usage->current = NULL;
	free_ledger(ledger);
}

void
usage_publish(struct usage *usage, const struct catalog *catalog)
{
	struct ledger *ledger;
	size_t at = 0;

	while ((ledger = map_next(&usage->ledgers, &at)) != NULL) {
		const struct string name = ledger->snapshot->environment;
		struct snapshot *snapshot =
		    catalog_find(catalog, name.data, name.length);

		if (snapshot == NULL ||
		    snapshot->born != ledger->snapshot->born)
			drop(usage, ledger);
		else if (snapshot != ledger->snapshot)
			advance(usage, ledger, snapshot);
	}
}

/* --- counting ------------------------------------------------------------- */

static struct ledger *
open_ledger(struct usage *usage, const struct snapshot *snapshot)
{
	const struct string name = snapshot->environment;
	struct ledger *ledger = usage_find_ledger(usage, name);

	/* What was counted in a former life of that name ends with it. */
	if (ledger != NULL && ledger->snapshot->born < snapshot->born) {
		drop(usage, ledger);
		ledger = NULL;
	}
	if (ledger != NULL)
		return ledger;
	ledger = mem_zalloc(1, sizeof(*ledger));
	ledger->snapshot = snapshot_ref(snapshot);
	tallies_init(&ledger->tallies);
	pthread_mutex_lock(&usage->mutex);
	(void)map_put(&usage->ledgers, name.data, name.length, ledger);
	pthread_mutex_unlock(&usage->mutex);
	return ledger;
}

void
usage_begin(struct usage *usage, const struct snapshot *snapshot,
	    int64_t now_ms)
{
	struct ledger *ledger = usage->current;

	usage->now_ms = now_ms;
	if (ledger != NULL && ledger->snapshot == snapshot) {
		usage->is_newest = true;
		return;
	}
	ledger = open_ledger(usage, snapshot);
	/* A request may have begun before the newest catalog came, and then
	 * be the first of its environment. */
	if (snapshot->revision > ledger->snapshot->revision)
		advance(usage, ledger, snapshot);
	usage->current = ledger;
	usage->is_newest = ledger->snapshot == snapshot;
}

/* The tally of a definition that has none yet; NULL: it gets none. */
static struct tally *
meet(struct usage *usage, const struct definition *toggle)
{
	struct ledger *ledger = usage->current;
	struct tally *tally;
	size_t before = tallies_count(&ledger->tallies);

	if (tallies_find_key(&ledger->tallies, toggle->key) == NULL) {
		/* Removed since the request began: it is not to come back. */
		if (!usage->is_newest &&
		    !is_there(ledger->snapshot, toggle->key))
			return NULL;
		if (usage->toggles >= USAGE_TOGGLES_MAX) {
			tally_increment(&usage->overflow);
			return NULL;
		}
	}
	pthread_mutex_lock(&usage->mutex);
	tally = tallies_put(&ledger->tallies, toggle);
	pthread_mutex_unlock(&usage->mutex);
	usage->toggles += tallies_count(&ledger->tallies) - before;
	return tally;
}

void
usage_count(const struct definition *toggle,
	    const struct evaluation *evaluation, void *ctx)
{
	struct usage *usage = ctx;
	struct tally *tally;

	tally_increment(&usage->current->reasons[evaluation->reason]);
	if (toggle == NULL)
		return;
	tally = tallies_find(&usage->current->tallies, toggle);
	if (tally == NULL)
		tally = meet(usage, toggle);
	if (tally != NULL)
		tally_count(tally, evaluation, usage->now_ms);
}

void
usage_hand_out(struct usage *usage, const struct snapshot *snapshot,
	       int64_t now_ms)
{
	usage_begin(usage, snapshot, now_ms);
	atomic_store_explicit(&usage->current->handed_out_ms, now_ms,
			      memory_order_relaxed);
}

/* --- confirming ----------------------------------------------------------- */

/* The tallies that a mark stands for get its time, before it goes. */
static void
settle(const struct ledger *ledger, const struct mark *mark)
{
	const int64_t at_ms = mark_time(mark);
	struct tally *tally;
	size_t at = 0;

	while ((tally = tallies_next(&ledger->tallies, &at)) != NULL) {
		if (tally_time(tally) < at_ms &&
		    mark_covers(mark, tally->toggle->key))
			tally_touch(tally, at_ms);
	}
}

static struct mark *
new_mark(struct usage *usage, struct string prefix)
{
	struct mark *mark = marks_place(&usage->current->marks);

	if (mark->prefix.data != NULL)
		settle(usage->current, mark);
	pthread_mutex_lock(&usage->mutex);
	mark_set(mark, prefix, usage->now_ms);
	pthread_mutex_unlock(&usage->mutex);
	return mark;
}

/* All toggles with the prefix are in use, and have tallies to say so. */
static void
touch_all(struct usage *usage, const struct snapshot *snapshot,
	  struct string prefix)
{
	const struct definition *toggle;
	struct snapshot_walk walk;

	snapshot_walk_from(&walk, snapshot, KIND_TOGGLE, prefix);
	while ((toggle = snapshot_walk_next(&walk)) != NULL) {
		struct tally *tally =
		    tallies_find_key(&usage->current->tallies, toggle->key);

		if (tally == NULL)
			tally = meet(usage, toggle);
		if (tally != NULL)
			tally_touch(tally, usage->now_ms);
	}
}

void
usage_confirm(struct usage *usage, const struct snapshot *snapshot,
	      struct string prefix, int64_t now_ms)
{
	struct mark *mark;

	if (prefix.length > NAME_KEY_MAX)
		return;
	usage_begin(usage, snapshot, now_ms);
	mark = marks_find(&usage->current->marks, prefix);
	if (mark == NULL)
		mark = new_mark(usage, prefix);
	else
		mark_renew(mark, now_ms);
	if (mark->revision != snapshot->revision)
		touch_all(usage, snapshot, prefix);
	mark->revision = snapshot->revision;
}

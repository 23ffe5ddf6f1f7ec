#include "model/snapshot.h"

#include <check.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "fixture_model.h"
#include "model/name.h"

static const struct definition *
find(const struct snapshot *snapshot, const char *key)
{
	return snapshot_find(snapshot, KIND_TOGGLE, key, strlen(key));
}

/* "b@3 -a@4": what the walk since a revision gives. */
static void
assert_since(const struct snapshot *snapshot, int64_t since,
	     const char *expected)
{
	struct tree_walk walk;
	char text[1024] = "";
	size_t length = 0;

	snapshot_walk_since(&walk, snapshot, since);
	for (;;) {
		const struct definition *d = tree_walk_next(&walk);

		if (d == NULL)
			break;
		length += (size_t)snprintf(text + length, sizeof(text) - length,
					   "%s%s%s@%d", length > 0 ? " " : "",
					   d->removed ? "-" : "", d->key.data,
					   (int)d->revision);
	}
	ck_assert_str_eq(text, expected);
}

START_TEST(test_snapshot_when_changed_then_delta_names_the_newest_state)
{
	struct snapshot *s = fixture_environment("e", 1);

	fixture_change(&s, "a", 2, false);
	fixture_change(&s, "b", 3, false);
	assert_since(s, 1, "a@2 b@3");
	fixture_change(&s, "a", 4, false);
	assert_since(s, 1, "b@3 a@4");
	fixture_change(&s, "b", 5, true);
	assert_since(s, 1, "a@4 -b@5");
	assert_since(s, 4, "-b@5");
	assert_since(s, 5, "");
	ck_assert_ptr_null(find(s, "b"));
	fixture_change(&s, "b", 6, false);
	assert_since(s, 0, "a@4 b@6");
	ck_assert_uint_eq(tree_count(s->removed), 0);
	ck_assert_int_eq(s->revision, 6);
	ck_assert_int_eq(s->at_ms, 6000);
	snapshot_unref(s);
}
END_TEST

START_TEST(test_snapshot_when_changed_then_the_old_one_stays)
{
	struct snapshot *s = fixture_environment("e", 1);
	struct snapshot *old;

	fixture_change(&s, "a", 2, false);
	old = snapshot_ref(s);
	fixture_change(&s, "a", 3, true);
	ck_assert_ptr_nonnull(find(old, "a"));
	ck_assert_ptr_null(find(s, "a"));
	assert_since(old, 0, "a@2");
	snapshot_unref(s);
	snapshot_unref(old);
}
END_TEST

START_TEST(test_snapshot_when_an_unknown_key_is_removed_then_tombstone_only)
{
	struct snapshot *s = fixture_environment("e", 1);

	fixture_change(&s, "a", 2, true);
	assert_since(s, 0, "-a@2");
	fixture_change(&s, "a", 3, true);
	assert_since(s, 0, "-a@3");
	snapshot_unref(s);
}
END_TEST

static struct snapshot *
load_some(void)
{
	struct definition *all[] = {
		fixture_definition(KIND_TOGGLE, "b", 5),
		definition_new_removed(KIND_TOGGLE, fixture_string("x"), 4),
		fixture_definition(KIND_SEGMENT, "b", 3),
		definition_new_removed(KIND_SEGMENT, fixture_string("x"), 4),
		fixture_definition(KIND_ENVIRONMENT, "e", 1),
		fixture_definition(KIND_TOGGLE, "a", 5),
	};
	size_t count = sizeof(all) / sizeof(all[0]);
	struct snapshot *s =
	    snapshot_load(fixture_string("e"), 5, 77, all, count);

	for (size_t i = 0; i < count; i++)
		definition_unref(all[i]);
	return s;
}

START_TEST(test_snapshot_when_loaded_then_all_orders_are_filled)
{
	struct snapshot *s = load_some();

	ck_assert_uint_eq(tree_count(s->toggles), 2);
	ck_assert_uint_eq(tree_count(s->segments), 1);
	ck_assert_uint_eq(tree_count(s->removed), 2);
	ck_assert_int_eq(s->settings->revision, 1);
	ck_assert_int_eq(s->at_ms, 77);
	ck_assert_int_eq(s->horizon, 0);
	ck_assert_int_eq(find(s, "b")->revision, 5);
	ck_assert_ptr_eq(snapshot_find(s, KIND_ENVIRONMENT, "e", 1),
			 s->settings);
	assert_since(s, 0, "b@3 -x@4 -x@4 a@5 b@5");
	snapshot_unref(s);
}
END_TEST

START_TEST(test_snapshot_when_a_key_comes_back_then_only_its_kind_is_alive)
{
	struct snapshot *s = load_some();

	fixture_change(&s, "x", 6, false);
	ck_assert_uint_eq(tree_count(s->removed), 1);
	assert_since(s, 0, "b@3 -x@4 a@5 b@5 x@6");
	snapshot_unref(s);
}
END_TEST

START_TEST(test_snapshot_when_recompiled_then_same_revisions_new_definitions)
{
	struct snapshot *s = load_some();
	struct definition *again = fixture_definition(KIND_TOGGLE, "b", 5);
	struct snapshot *new = snapshot_recompiled(s, &again, 1);

	ck_assert_ptr_eq(find(new, "b"), again);
	ck_assert_ptr_ne(find(s, "b"), again);
	ck_assert_int_eq(new->revision, 5);
	assert_since(new, 0, "b@3 -x@4 -x@4 a@5 b@5");
	definition_unref(again);
	snapshot_unref(s);
	ck_assert_int_eq(find(new, "b")->revision, 5);
	snapshot_unref(new);
}
END_TEST

START_TEST(test_snapshot_when_created_again_then_old_cursors_are_past_horizon)
{
	struct snapshot *s = fixture_environment("e", 9);

	ck_assert_int_eq(s->horizon, 9);
	fixture_change(&s, "a", 10, false);
	ck_assert_int_eq(s->horizon, 9);
	snapshot_unref(s);
}
END_TEST

START_TEST(test_snapshot_walk_when_prefix_given_then_only_those_by_key)
{
	struct snapshot *s = fixture_environment("e", 1);
	struct snapshot_walk walk;
	const struct definition *d;

	fixture_change(&s, "pay.b", 2, false);
	fixture_change(&s, "pay", 3, false);
	fixture_change(&s, "pax", 4, false);
	fixture_change(&s, "pay.a", 5, false);
	fixture_change(&s, "paz", 6, false);
	snapshot_walk_from(&walk, s, KIND_TOGGLE, fixture_string("pay"));
	d = snapshot_walk_next(&walk);
	ck_assert_str_eq(d->key.data, "pay");
	d = snapshot_walk_next(&walk);
	ck_assert_str_eq(d->key.data, "pay.a");
	d = snapshot_walk_next(&walk);
	ck_assert_str_eq(d->key.data, "pay.b");
	ck_assert_ptr_null(snapshot_walk_next(&walk));
	snapshot_walk_from(&walk, s, KIND_SEGMENT, fixture_string(""));
	ck_assert_ptr_null(snapshot_walk_next(&walk));
	snapshot_unref(s);
}
END_TEST

static struct change *
removal_of_many(int64_t revision, int first, int count)
{
	struct change *change = change_new(
	    fixture_string("e"), fixture_string(""), fixture_string(""));
	char key[16];

	change->revision = revision;
	for (int i = 0; i < count; i++) {
		(void)snprintf(key, sizeof(key), "k%d", first + i);
		change_add(change, KIND_TOGGLE, fixture_string(key), NULL,
			   NULL);
	}
	return change;
}

START_TEST(test_snapshot_when_too_many_tombstones_then_horizon_moves)
{
	struct snapshot *s = fixture_environment("e", 1);
	int64_t oldest;
	struct tree_walk walk;
	const struct definition *d;

	for (int i = 0; i < 11; i++) {
		struct change *change = removal_of_many(
		    2 + i, i * LIMIT_CHANGE_ITEMS, LIMIT_CHANGE_ITEMS);
		struct snapshot *next = snapshot_apply(s, change);

		change_free(change);
		snapshot_unref(s);
		s = next;
		if (i == 9)
			ck_assert_int_eq(s->horizon, 1);
	}
	ck_assert_uint_le(tree_count(s->removed), LIMIT_TOMBSTONES);
	ck_assert_uint_ge(tree_count(s->removed), LIMIT_TOMBSTONES / 2);
	ck_assert_uint_eq(tree_count(s->recent), tree_count(s->removed));
	tree_walk_from(&walk, s->recent, &snapshot_by_revision, NULL);
	d = tree_walk_next(&walk);
	oldest = d->revision;
	ck_assert_int_ge(s->horizon, oldest);
	ck_assert_int_le(s->horizon, oldest + 1);
	ck_assert_int_lt(s->horizon, s->revision);
	snapshot_unref(s);
}
END_TEST

/* Against arrays: for each key its last revision and whether it is alive. */
START_TEST(test_snapshot_when_changed_at_random_then_equals_the_naive_model)
{
	enum { KEYS = 40, STEPS = 3000 };
	int64_t revisions[KEYS] = { 0 };
	bool alive[KEYS] = { false };
	struct snapshot *s = fixture_environment("e", 1);
	struct random random;

	random_seed(&random, 42);
	for (int64_t revision = 2; revision < STEPS; revision++) {
		size_t k = random_below(&random, KEYS);
		int64_t since = (int64_t)random_below(&random, STEPS);
		size_t expected = 0;
		size_t found = 0;
		struct tree_walk walk;
		char key[16];

		(void)snprintf(key, sizeof(key), "key%zu", k);
		alive[k] = random_below(&random, 3) > 0;
		revisions[k] = revision;
		fixture_change(&s, key, revision, !alive[k]);
		ck_assert_int_eq(find(s, key) != NULL, alive[k]);
		for (size_t i = 0; i < KEYS; i++)
			expected += revisions[i] > since;
		snapshot_walk_since(&walk, s, since);
		while (tree_walk_next(&walk) != NULL)
			found++;
		ck_assert_uint_eq(found, expected);
	}
	snapshot_unref(s);
}
END_TEST

struct build {
	atomic_int calls;
	struct snapshot *snapshot;
	/* Where it is to be held: who builds says so, and goes on when told. */
	bool is_held;
	sem_t begun;
	sem_t go;
	struct blob *blob;
};

static struct blob *
build(const struct snapshot *snapshot, void *ctx)
{
	struct build *b = ctx;

	ck_assert_ptr_eq(snapshot, b->snapshot);
	(void)atomic_fetch_add(&b->calls, 1);
	if (b->is_held) {
		(void)sem_post(&b->begun);
		while (sem_wait(&b->go) != 0)
			continue;
	}
	return blob_new("x", 1);
}

static void *
ask(void *ctx)
{
	struct build *b = ctx;

	b->blob = snapshot_memo(b->snapshot, "large", build, b);
	return NULL;
}

START_TEST(test_snapshot_memo_when_asked_again_then_built_once)
{
	struct build b = { .snapshot = fixture_environment("e", 1) };
	struct blob *first = snapshot_memo(b.snapshot, "large", build, &b);
	struct blob *second = snapshot_memo(b.snapshot, "large", build, &b);

	ck_assert_int_eq(atomic_load(&b.calls), 1);
	ck_assert_ptr_eq(first, second);
	blob_unref(second);
	snapshot_unref(b.snapshot);
	ck_assert_uint_eq(atomic_load(&first->refs), 1);
	blob_unref(first);
}
END_TEST

START_TEST(test_snapshot_memo_when_another_builds_then_nobody_waits)
{
	struct snapshot *snapshot = fixture_environment("e", 1);
	struct build held = { .snapshot = snapshot, .is_held = true };
	struct build b = { .snapshot = snapshot };
	struct blob *other, *own;
	pthread_t thread;

	ck_assert_int_eq(sem_init(&held.begun, 0, 0), 0);
	ck_assert_int_eq(sem_init(&held.go, 0, 0), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, ask, &held), 0);
	while (sem_wait(&held.begun) != 0)
		continue;
	other = snapshot_memo(snapshot, "small", build, &b);
	ck_assert_ptr_null(snapshot_memo_try(snapshot, "large", build, &b));
	ck_assert_int_eq(atomic_load(&b.calls), 1);
	own = snapshot_memo(snapshot, "large", build, &b);
	ck_assert_int_eq(atomic_load(&b.calls), 2);
	(void)sem_post(&held.go);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	/* What was ready first is what all go on with. */
	ck_assert_ptr_eq(held.blob, own);
	blob_unref(own);
	blob_unref(held.blob);
	blob_unref(other);
	own = snapshot_memo_try(snapshot, "large", build, &b);
	ck_assert_int_eq(atomic_load(&b.calls), 2);
	ck_assert_ptr_nonnull(own);
	blob_unref(own);
	snapshot_unref(snapshot);
}
END_TEST

static struct blob *
build_large(const struct snapshot *snapshot, void *ctx)
{
	struct bytes out;

	(void)snapshot;
	(void)atomic_fetch_add((atomic_int *)ctx, 1);
	bytes_init(&out);
	bytes_reserve(&out, SNAPSHOT_MEMO_BYTES / 2);
	memset(out.data, 'x', SNAPSHOT_MEMO_BYTES / 2);
	out.length = SNAPSHOT_MEMO_BYTES / 2;
	out.data[out.length] = '\0';
	return blob_from_bytes(&out);
}

START_TEST(test_snapshot_memo_when_large_then_only_so_much_is_kept)
{
	struct snapshot *snapshot = fixture_environment("e", 1);
	static const char *const names[] = { "a", "b", "c" };
	atomic_int calls = 0;

	for (int i = 0; i < 6; i++)
		blob_unref(
		    snapshot_memo(snapshot, names[i % 3], build_large, &calls));
	/* The third found no room, twice. */
	ck_assert_int_eq(atomic_load(&calls), 4);
	snapshot_unref(snapshot);
}
END_TEST

START_TEST(test_snapshot_memo_when_full_then_built_for_each)
{
	struct build b = { .snapshot = fixture_environment("e", 1) };
	char name[16];

	for (int i = 0; i < SNAPSHOT_MEMO_MAX + 1; i++) {
		(void)snprintf(name, sizeof(name), "n%d", i);
		blob_unref(snapshot_memo(b.snapshot, name, build, &b));
		blob_unref(snapshot_memo(b.snapshot, name, build, &b));
	}
	ck_assert_int_eq(atomic_load(&b.calls), SNAPSHOT_MEMO_MAX + 2);
	snapshot_unref(b.snapshot);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("snapshot");
	TCase *tcase = tcase_create("snapshot");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 60);
	tcase_add_test(
	    tcase,
	    test_snapshot_when_changed_then_delta_names_the_newest_state);
	tcase_add_test(tcase,
		       test_snapshot_when_changed_then_the_old_one_stays);
	tcase_add_test(
	    tcase,
	    test_snapshot_when_an_unknown_key_is_removed_then_tombstone_only);
	tcase_add_test(tcase,
		       test_snapshot_when_loaded_then_all_orders_are_filled);
	tcase_add_test(
	    tcase,
	    test_snapshot_when_a_key_comes_back_then_only_its_kind_is_alive);
	tcase_add_test(
	    tcase,
	    test_snapshot_when_recompiled_then_same_revisions_new_definitions);
	tcase_add_test(
	    tcase,
	    test_snapshot_when_created_again_then_old_cursors_are_past_horizon);
	tcase_add_test(
	    tcase, test_snapshot_walk_when_prefix_given_then_only_those_by_key);
	tcase_add_test(
	    tcase, test_snapshot_when_too_many_tombstones_then_horizon_moves);
	tcase_add_test(
	    tcase,
	    test_snapshot_when_changed_at_random_then_equals_the_naive_model);
	tcase_add_test(tcase,
		       test_snapshot_memo_when_asked_again_then_built_once);
	tcase_add_test(
	    tcase, test_snapshot_memo_when_another_builds_then_nobody_waits);
	tcase_add_test(tcase,
		       test_snapshot_memo_when_large_then_only_so_much_is_kept);
	tcase_add_test(tcase, test_snapshot_memo_when_full_then_built_for_each);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/*
 * An older state, read in steps: whatever the step, and with changes committed
 * between any two of them, it is what stood then; and it costs what there is,
 * not what has been changed since.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "store_fixture.h"
#include "suite.h"

enum {
	CHANGES = 60,
	KEYS = 7,
	MANY = 20000, /* changes, to be far away */
	STEPS_MAX = 1000000,
};

static const int steps[] = { 1, 2, 3, 5, 8, 64, 4096 };

static struct store_fixture f;
static struct bytes expected[CHANGES + 1]; /* of "default", by revision */

/* Changes that differ in how many keys, of which kind, they touch, some of them
 * elsewhere; some keys are hot, some cold, some come late, some go. */
static void
make_change(int64_t r)
{
	struct change *change =
	    store_fixture_change(&f, r % 4 == 3 ? "prod" : "default");
	char key[16], text[24];
	const int items = r == 9 ? KEYS : 1 + (int)(r % 3);
	/* Later, the first ones are hot. */
	const int64_t first = r < 20 ? r : r % 4 == 0 ? r / 4 : 0;

	for (int i = 0; i < items; i++) {
		const int64_t n = (first + i) % KEYS;

		(void)snprintf(key, sizeof(key), "k%lld", (long long)n);
		(void)snprintf(text, sizeof(text), "v%lld", (long long)r);
		store_fixture_add(&f, change,
				  n % 5 == 0 ? KIND_SEGMENT : KIND_TOGGLE, key,
				  r % 11 == 0 ? NULL : text);
	}
	ck_assert_int_eq(store_fixture_commit(&f, change), STATUS_OK);
}

static void
setup(void)
{
	struct change *change;

	store_fixture_init(&f);
	change = store_fixture_change(&f, "default");
	store_fixture_add(&f, change, KIND_ENVIRONMENT, "default", "e");
	ck_assert_int_eq(store_fixture_commit(&f, change), STATUS_OK);
}

static void
teardown(void)
{
	store_fixture_fini(&f);
}

static enum status
tell(const struct stored_item *item, void *ctx, struct error *err)
{
	(void)err;
	bytes_printf(ctx, "%d/%.*s@%lld=%.*s\n", (int)item->kind,
		     (int)item->key.length, item->key.data,
		     (long long)item->revision, (int)item->text.length,
		     item->text.data);
	return STATUS_OK;
}

/* Read to the end; tells in how many steps. `between` is called after each. */
static int
read_past(const struct past_query *query, int rows, void (*between)(void),
	  struct bytes *told)
{
	const struct store_receiver receiver = { tell, told };
	struct store_past *past = store_past_new(f.store, query);
	bool done = false;
	int count = 0;

	bytes_clear(told);
	while (!done && count < STEPS_MAX) {
		ck_assert_msg(store_past_step(past, rows, &receiver, &done,
					      &f.err) == STATUS_OK,
			      "%s", f.err.text);
		if (between != NULL)
			between();
		count++;
	}
	ck_assert(done);
	store_past_free(past);
	return count;
}

static void
commit_another(void)
{
	if (store_head(f.store) < 3 * CHANGES)
		make_change(store_head(f.store) + 1);
}

START_TEST(test_past_when_read_in_steps_amid_commits_then_as_it_was)
{
	struct past_query query = { .environment = text_of("default") };
	struct bytes told;

	bytes_init(&told);
	for (int64_t r = 1; r <= CHANGES; r++) {
		if (r > 1)
			make_change(r);
		/* Of now, there is nothing to go back from. */
		query.at = r;
		bytes_init(&expected[r]);
		(void)read_past(&query, 4096, NULL, &expected[r]);
		ck_assert_uint_gt(expected[r].length, 0);
	}
	for (int64_t r = 1; r <= CHANGES; r++) {
		query.at = r;
		(void)read_past(&query, steps[_i], commit_another, &told);
		ck_assert_str_eq(told.data, expected[r].data);
		bytes_fini(&expected[r]);
	}
	ck_assert_int_eq(store_head(f.store), 3 * CHANGES);
	bytes_fini(&told);
}
END_TEST

START_TEST(test_past_when_asked_for_keys_then_these_and_what_they_need)
{
	const struct string keys[] = { text_of("a"), text_of("never"),
				       text_of("z") };
	struct past_query query = { .environment = text_of("default"),
				    .at = 4,
				    .is_of_keys = true,
				    .kind = KIND_TOGGLE,
				    .keys = keys,
				    .key_count = 3 };
	struct bytes told;
	struct change *change = store_fixture_change(&f, "default");

	bytes_init(&told);
	store_fixture_add(&f, change, KIND_SEGMENT, "s", "s2");
	store_fixture_add(&f, change, KIND_TOGGLE, "b", "b2");
	ck_assert_int_eq(store_fixture_commit(&f, change), STATUS_OK);
	store_fixture_put(&f, "a", "a3");
	store_fixture_put(&f, "z", "z4");
	store_fixture_put(&f, "z", NULL);
	store_fixture_put(&f, "never", "later");
	(void)read_past(&query, _i, NULL, &told);
	ck_assert_str_eq(told.data, "0/default@1=e\n2/a@3=a3\n2/z@4=z4\n");
	query.with_segments = true;
	query.at = 5;
	(void)read_past(&query, _i, NULL, &told);
	ck_assert_str_eq(told.data, "0/default@1=e\n1/s@2=s2\n"
				    "2/a@3=a3\n2/z@5=\n");
	bytes_fini(&told);
}
END_TEST

/* `hot` keys share MANY changes, among cold ones. */
static void
make_many(int hot)
{
	struct store_write writes[100];
	char key[16];

	for (int i = 0; i < 50; i++) {
		(void)snprintf(key, sizeof(key), "cold%d", i);
		store_fixture_put(&f, key, "text");
	}
	ck_assert_int_eq(store_set_synchronous(f.store, "OFF", &f.err),
			 STATUS_OK);
	for (int done = 0; done < MANY; done += 100) {
		memset(writes, 0, sizeof(writes));
		for (int i = 0; i < 100; i++) {
			struct change *change =
			    store_fixture_change(&f, "default");

			change->revision += i;
			change->at_ms += 1000 * i;
			(void)snprintf(key, sizeof(key), "hot%d",
				       (done + i) % hot);
			store_fixture_add(
			    &f, change, KIND_TOGGLE,
			    arena_copy(&f.arena, key, strlen(key)), "text");
			writes[i].change = change;
		}
		ck_assert_int_eq(store_commit(f.store, writes, 100, &f.err),
				 STATUS_OK);
	}
}

/* For one key: of the hot ones, a cold one, or one that is written early and
 * late. */
static const struct {
	int hot;
	const char *key; /* NULL: everything */
	const char *late;
} depths[] = {
	{ 1, NULL, "cold1" },    { 10, NULL, "cold1" },
	{ 1, "hot0", "cold1" },  { 10, "hot3", "cold1" },
	{ 1, "cold7", "cold1" }, { 1, "cold1", "cold1" },
};

START_TEST(test_past_when_far_away_then_no_more_steps_than_nearby)
{
	const struct string key =
	    text_of(depths[_i].key != NULL ? depths[_i].key : "");
	struct past_query query = { .environment = text_of("default"),
				    .is_of_keys = depths[_i].key != NULL,
				    .kind = KIND_TOGGLE,
				    .keys = &key,
				    .key_count = 1 };
	const int64_t ages[] = { 10, MANY / 2, MANY - 20 };
	struct bytes told;
	int nearby;

	bytes_init(&told);
	make_many(depths[_i].hot);
	store_fixture_put(&f, depths[_i].late, "late");
	query.at = store_head(f.store);
	nearby = read_past(&query, 1, NULL, &told);
	for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
		query.at = store_head(f.store) - ages[i];
		ck_assert_int_le(read_past(&query, 1, NULL, &told),
				 4 * nearby + 16);
	}
	bytes_fini(&told);
}
END_TEST

START_TEST(test_past_when_pruned_between_steps_then_gone)
{
	const struct past_query query = { .environment = text_of("default"),
					  .at = 4 };
	struct bytes told;
	const struct store_receiver receiver = { tell, &told };
	struct store_past *past;
	bool done = false;

	bytes_init(&told);
	for (int i = 0; i < 10; i++)
		store_fixture_put(&f, "a", "text");
	past = store_past_new(f.store, &query);
	ck_assert_int_eq(store_past_step(past, 1, &receiver, &done, &f.err),
			 STATUS_OK);
	while (!done)
		ck_assert_int_eq(
		    store_prune(f.store, 8000, INT64_MAX, 10, &done, &f.err),
		    STATUS_OK);
	ck_assert_int_gt(store_oldest(f.store), 4);
	ck_assert_int_eq(store_past_step(past, 1, &receiver, &done, &f.err),
			 STATUS_GONE);
	ck_assert(!done);
	store_past_free(past);
	bytes_fini(&told);
}
END_TEST

START_TEST(test_last_change_when_asked_as_of_then_its_revision_and_time)
{
	int64_t revision = -1, at_ms = -1;

	store_fixture_put(&f, "a", "text");
	ck_assert_int_eq(store_last_change(f.store, text_of("default"), 1,
					   &revision, &at_ms, &f.err),
			 STATUS_OK);
	ck_assert_int_eq(revision, 1);
	ck_assert_int_eq(at_ms, 1000);
	ck_assert_int_eq(store_last_change(f.store, text_of("default"),
					   INT64_MAX, &revision, &at_ms,
					   &f.err),
			 STATUS_OK);
	ck_assert_int_eq(revision, 2);
	ck_assert_int_eq(store_last_change(f.store, text_of("prod"), INT64_MAX,
					   &revision, &at_ms, &f.err),
			 STATUS_OK);
	ck_assert_int_eq(revision, 0);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(
	    tc, test_past_when_read_in_steps_amid_commits_then_as_it_was, 0,
	    (int)(sizeof(steps) / sizeof(steps[0])));
	tcase_add_loop_test(
	    tc, test_past_when_asked_for_keys_then_these_and_what_they_need, 1,
	    5);
	tcase_add_loop_test(
	    tc, test_past_when_far_away_then_no_more_steps_than_nearby, 0,
	    (int)(sizeof(depths) / sizeof(depths[0])));
	tcase_add_test(tc, test_past_when_pruned_between_steps_then_gone);
	tcase_add_test(
	    tc, test_last_change_when_asked_as_of_then_its_revision_and_time);
}

int
main(void)
{
	return suite_main("store_past", add);
}

#include <check.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store_fixture.h"

static struct change *
commit(struct store_fixture *f, struct change *change)
{
	ck_assert_msg(store_fixture_commit(f, change) == STATUS_OK, "%s",
		      f->err.text);
	return change;
}

/* 1 default: a=a1 b=b1   2 prod: a=p2   3 default: a=a3 segment a=s3
 * 4 default: a removed   5 default: a=a5   6 prod: c=c6 */
static void
fill(struct store_fixture *f)
{
	struct change *change = store_fixture_change(f, "default");

	store_fixture_add(f, change, KIND_TOGGLE, "b", "b1");
	store_fixture_add(f, change, KIND_TOGGLE, "a", "a1");
	commit(f, change);
	change = store_fixture_change(f, "prod");
	store_fixture_add(f, change, KIND_TOGGLE, "a", "p2");
	commit(f, change);
	change = store_fixture_change(f, "default");
	store_fixture_add(f, change, KIND_TOGGLE, "a", "a3");
	store_fixture_add(f, change, KIND_SEGMENT, "a", "s3");
	commit(f, change);
	store_fixture_put(f, "a", NULL);
	store_fixture_put(f, "a", "a5");
	change = store_fixture_change(f, "prod");
	store_fixture_add(f, change, KIND_TOGGLE, "c", "c6");
	commit(f, change);
}

/* "revision environment[ kind/key:before@revision>after]...;" */
static enum status
print_change(const struct stored_change *change, void *ctx, struct error *err)
{
	struct bytes *out = ctx;

	(void)err;
	bytes_printf(out, "%lld %.*s", (long long)change->revision,
		     (int)change->environment.length, change->environment.data);
	for (size_t i = 0; i < change->count; i++) {
		const struct stored_change_item *item = &change->items[i];
		bytes_printf(out, " %d/%.*s:%.*s@%lld>%.*s", (int)item->kind,
			     (int)item->key.length, item->key.data,
			     (int)item->before.length, item->before.data,
			     (long long)item->before_revision,
			     (int)item->after.length, item->after.data);
		ck_assert_int_eq(item->before_at_ms,
				 1000 * item->before_revision);
	}
	bytes_append_str(out, ";");
	return STATUS_OK;
}

struct history_case {
	const char *environment;
	const char *key;
	int64_t before;
	int64_t revision;
	size_t limit;
	const char *expected;
};

#define R1 "1 default 2/a:@0>a1 2/b:@0>b1;"
#define R2 "2 prod 2/a:@0>p2;"
#define R3 "3 default 1/a:@0>s3 2/a:a1@1>a3;"
#define R4 "4 default 2/a:a3@3>;"
#define R5 "5 default 2/a:@4>a5;"
#define R6 "6 prod 2/c:@0>c6;"
#define ALL 100

static const struct history_case cases[] = {
	{ "", "", 0, 0, ALL, R6 R5 R4 R3 R2 R1 },
	{ "", "", 0, 0, 2, R6 R5 },
	{ "", "", 4, 0, 2, R3 R2 },
	{ "", "", 1, 0, ALL, "" },
	{ "", "", 0, 0, 0, "" },
	{ "default", "", 0, 0, ALL, R5 R4 R3 R1 },
	{ "default", "", 4, 0, 1, R3 },
	{ "prod", "", 0, 0, ALL, R6 R2 },
	{ "none", "", 0, 0, ALL, "" },
	{ "default", "a", 0, 0, ALL, R5 R4 R3 "1 default 2/a:@0>a1;" },
	{ "default", "a", 0, 0, 3, R5 R4 R3 },
	{ "default", "a", 5, 0, 2, R4 R3 },
	{ "default", "a", 3, 0, ALL, "1 default 2/a:@0>a1;" },
	{ "default", "a", 1, 0, ALL, "" },
	{ "default", "b", 0, 0, ALL, "1 default 2/b:@0>b1;" },
	{ "default", "none", 0, 0, ALL, "" },
	{ "", "a", 0, 0, ALL, R5 R4 R3 R2 "1 default 2/a:@0>a1;" },
	{ "", "a", 5, 0, 1, R4 },
	{ "", "", 0, 3, ALL, R3 },
	{ "", "", 0, 3, 0, R3 },
	{ "default", "", 0, 3, ALL, R3 },
	{ "prod", "", 0, 3, ALL, "" },
	{ "default", "a", 0, 4, ALL, R4 },
	{ "default", "b", 0, 4, ALL, "" },
	{ "", "", 0, 7, ALL, "" },
};

START_TEST(test_history_when_queried_then_newest_first_with_before)
{
	const struct history_case *c = &cases[_i];
	const struct history_query query = {
		.environment = text_of(c->environment),
		.key = text_of(c->key),
		.before = c->before,
		.revision = c->revision,
		.limit = c->limit,
	};
	struct store_fixture f;
	struct bytes out;

	store_fixture_init(&f);
	fill(&f);
	bytes_init(&out);
	ck_assert_msg(store_history(f.store, &query, print_change, &out,
				    &f.err) == STATUS_OK,
		      "%s", f.err.text);
	bytes_append(&out, "", 1);
	ck_assert_str_eq(out.data, c->expected);
	bytes_fini(&out);
	store_fixture_fini(&f);
}
END_TEST

static enum status
print_begin(const struct stored_change *change, void *ctx, struct error *err)
{
	struct bytes *out = ctx;

	(void)err;
	ck_assert_ptr_null(change->items);
	if (out->length > 0)
		bytes_append_char(out, ';');
	bytes_printf(out, "%lld %.*s", (long long)change->revision,
		     (int)change->environment.length, change->environment.data);
	return STATUS_OK;
}

static enum status
print_item(const struct stored_change_item *item, void *ctx, struct error *err)
{
	(void)err;
	bytes_printf(ctx, " %d/%.*s:%.*s@%lld>%.*s", (int)item->kind,
		     (int)item->key.length, item->key.data,
		     (int)item->before.length, item->before.data,
		     (long long)item->before_revision, (int)item->after.length,
		     item->after.data);
	return STATUS_OK;
}

/* A row a step, and after each step a change that is not meant. */
START_TEST(test_history_when_read_in_steps_amid_commits_then_the_same)
{
	const struct history_case *c = &cases[_i];
	const struct history_query query = {
		.environment = text_of(c->environment),
		.key = text_of(c->key),
		.before = c->before > 0 || c->revision > 0 ? c->before : 7,
		.revision = c->revision,
		.limit = c->limit,
	};
	struct store_fixture f;
	struct store_history *history;
	struct bytes out;
	const struct history_receiver receiver = { print_begin, print_item,
						   &out };
	bool done = false;

	store_fixture_init(&f);
	fill(&f);
	bytes_init(&out);
	history = store_history_new(f.store, &query);
	while (!done) {
		ck_assert_msg(store_history_step(history, 1, &receiver, &done,
						 &f.err) == STATUS_OK,
			      "%s", f.err.text);
		if (store_head(f.store) < 30)
			store_fixture_put(&f, "a", "later");
	}
	store_history_free(history);
	if (out.length > 0)
		bytes_append_char(&out, ';');
	bytes_append(&out, "", 1);
	/* Revision 7 is one of those that came between. */
	if (c->revision < 7)
		ck_assert_str_eq(out.data, c->expected);
	bytes_fini(&out);
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_history_when_pruned_between_steps_then_ends_or_gone)
{
	const struct history_query query = { .environment = text_of("default"),
					     .key = text_of(_i == 0 ? "" : "a"),
					     .limit = 100 };
	struct store_fixture f;
	struct store_history *history;
	struct bytes out;
	const struct history_receiver receiver = { print_begin, print_item,
						   &out };
	bool done = false;

	store_fixture_init(&f);
	fill(&f);
	bytes_init(&out);
	history = store_history_new(f.store, &query);
	/* Into the newest change. */
	while (out.length == 0)
		ck_assert_int_eq(
		    store_history_step(history, 1, &receiver, &done, &f.err),
		    STATUS_OK);
	while (!done)
		ck_assert_int_eq(
		    store_prune(f.store, 6000, INT64_MAX, 10, &done, &f.err),
		    STATUS_OK);
	/* With a key a change is read at once. */
	ck_assert_int_eq(
	    store_history_step(history, 1, &receiver, &done, &f.err),
	    _i == 0 ? STATUS_GONE : STATUS_OK);
	ck_assert_int_eq((int)done, _i);
	store_history_free(history);
	bytes_fini(&out);
	store_fixture_fini(&f);
}
END_TEST

static enum status
check_stamp(const struct stored_change *change, void *ctx, struct error *err)
{
	int *calls = ctx;

	(void)err;
	(*calls)++;
	ck_assert_int_eq(change->revision, 5);
	ck_assert_int_eq(change->at_ms, 5000);
	ck_assert_mem_eq(change->actor.data, "actor5", 6);
	ck_assert_mem_eq(change->comment.data, "comment 5", 9);
	ck_assert_uint_eq(change->count, 1);
	ck_assert_mem_eq(change->items[0].before_actor.data, "actor4", 6);
	return error_set(err, STATUS_BUSY, "enough");
}

START_TEST(test_history_when_callback_fails_then_walk_ends_with_its_status)
{
	const struct history_query query = { .before = 6, .limit = 100 };
	struct store_fixture f;
	int calls = 0;

	store_fixture_init(&f);
	fill(&f);
	ck_assert_int_eq(
	    store_history(f.store, &query, check_stamp, &calls, &f.err),
	    STATUS_BUSY);
	ck_assert_int_eq(calls, 1);
	store_fixture_put(&f, "goes", "on");
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_history_when_list_of_a_key_is_broken_then_corrupt)
{
	const struct history_query query = { .environment = text_of("default"),
					     .key = text_of("a"),
					     .limit = 100 };
	struct store_fixture f;
	struct bytes out;

	store_fixture_init(&f);
	fill(&f);
	store_fixture_tamper(&f, _i == 0 ? "UPDATE item SET previous = 5 "
					   "WHERE revision = 4"
					 : "DELETE FROM item "
					   "WHERE revision = 3");
	bytes_init(&out);
	ck_assert_int_eq(
	    store_history(f.store, &query, print_change, &out, &f.err),
	    STATUS_CORRUPT);
	bytes_fini(&out);
	store_fixture_fini(&f);
}
END_TEST

struct at_case {
	int64_t at_ms;
	int64_t revision;
};

/* The changes are at 1000, 2000, ... 6000. */
static const struct at_case at_cases[] = {
	{ -1, 0 },   { 0, 0 },    { 999, 0 },  { 1000, 1 }, { 1001, 1 },
	{ 1999, 1 }, { 2000, 2 }, { 5999, 5 }, { 6000, 6 }, { INT64_MAX, 6 },
};

START_TEST(test_revision_at_when_time_then_newest_at_or_before)
{
	struct store_fixture f;
	int64_t revision = -1;

	store_fixture_init(&f);
	fill(&f);
	ck_assert_int_eq(
	    store_revision_at(f.store, at_cases[_i].at_ms, &revision, &f.err),
	    STATUS_OK);
	ck_assert_int_eq(revision, at_cases[_i].revision);
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_revision_at_when_same_time_then_the_last_of_them)
{
	struct store_fixture f;
	int64_t revision = -1;

	store_fixture_init(&f);
	ck_assert_int_eq(store_revision_at(f.store, 7, &revision, &f.err),
			 STATUS_OK);
	ck_assert_int_eq(revision, 0);
	for (int i = 0; i < 5; i++) {
		struct change *change = store_fixture_change(&f, "default");
		change->at_ms = 7;
		store_fixture_add(&f, change, KIND_TOGGLE, "a", "x");
		commit(&f, change);
	}
	ck_assert_int_eq(store_revision_at(f.store, 7, &revision, &f.err),
			 STATUS_OK);
	ck_assert_int_eq(revision, 5);
	store_fixture_fini(&f);
}
END_TEST

/* A change at that time, after the newest. */
static void
commit_at(struct store_fixture *f, int64_t at_ms)
{
	struct change *change = store_fixture_change(f, "default");

	change->at_ms = at_ms;
	store_fixture_add(f, change, KIND_TOGGLE, "a", "x");
	commit(f, change);
}

/* What a walk over all of them says. */
static int64_t
newest_at_or_before(const int64_t *times, int64_t oldest, int64_t count,
		    int64_t at_ms)
{
	for (int64_t revision = count; revision >= oldest; revision--)
		if (times[revision - 1] <= at_ms)
			return revision;
	return 0;
}

static void
expect_revisions(struct store_fixture *f, const int64_t *times, int64_t count)
{
	for (int64_t at_ms = -1; at_ms <= 60; at_ms++) {
		int64_t revision = -1;

		ck_assert_int_eq(
		    store_revision_at(f->store, at_ms, &revision, &f->err),
		    STATUS_OK);
		ck_assert_int_eq(
		    revision, newest_at_or_before(times, store_oldest(f->store),
						  count, at_ms));
	}
}

/* Of each row a clock that was set back, ahead, or both. */
static const int64_t clocks[][8] = {
	{ 50, 10, 11, 12, 13, 14, 15, 16 }, { 1, 2, 3, 4, 5, 6, 7, 0 },
	{ 8, 7, 6, 5, 4, 3, 2, 1 },         { 5, 6, 50, 7, 8, 4, 9, 10 },
	{ 3, 3, 2, 2, 3, 3, 2, 3 },         { 1, 40, 2, 41, 3, 42, 4, 43 },
	{ 0, 0, 0, 0, 0, 0, 0, 0 },
};

START_TEST(test_revision_at_when_times_fall_then_newest_that_is_not_later)
{
	const int64_t *times = clocks[_i];
	struct store_fixture f;
	int64_t changes = 0;
	bool done = false;

	store_fixture_init(&f);
	for (int64_t i = 0; i < 8; i++) {
		commit_at(&f, times[i]);
		expect_revisions(&f, times, i + 1);
	}
	store_fixture_reopen(&f);
	expect_revisions(&f, times, 8);
	ck_assert_msg(store_verify(f.store, &changes, &f.err) == STATUS_OK,
		      "%s", f.err.text);
	/* From each horizon on. */
	while (!done) {
		ck_assert_int_eq(
		    store_prune(f.store, 100, 100, 1, &done, &f.err),
		    STATUS_OK);
		expect_revisions(&f, times, 8);
		ck_assert_msg(store_verify(f.store, &changes, &f.err) ==
				  STATUS_OK,
			      "%s", f.err.text);
	}
	ck_assert_int_eq(store_oldest(f.store), 8);
	store_fixture_fini(&f);
}
END_TEST

/* A search that goes over all changes would be as long as the log. */
START_TEST(test_revision_at_when_many_then_few_are_read)
{
	enum { MANY = 20000, ASKED = 200 };
	struct store_fixture f;
	struct store_write *writes = calloc(MANY, sizeof(*writes));
	int64_t revision = 0;
	int64_t all_us;
	int64_t some_us;
	int64_t changes = 0;

	ck_assert_ptr_nonnull(writes);
	store_fixture_init(&f);
	for (int i = 0; i < MANY; i++) {
		struct change *change = store_fixture_change(&f, "default");

		change->revision = i + 1;
		/* Set back once. */
		change->at_ms = i < MANY / 2 ? MANY + i : i;
		store_fixture_add(&f, change, KIND_TOGGLE, "a", "x");
		writes[i].change = change;
	}
	ck_assert_int_eq(store_commit(f.store, writes, MANY, &f.err),
			 STATUS_OK);
	all_us = clock_stopwatch_us();
	ck_assert_int_eq(store_verify(f.store, &changes, &f.err), STATUS_OK);
	some_us = clock_stopwatch_us();
	all_us = some_us - all_us;
	for (int i = 0; i < ASKED; i++)
		ck_assert_int_eq(store_revision_at(f.store, i * (MANY / ASKED),
						   &revision, &f.err),
				 STATUS_OK);
	some_us = clock_stopwatch_us() - some_us;
	ck_assert_int_lt(some_us, all_us);
	store_fixture_fini(&f);
	free(writes);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("store_history");
	TCase *tcase = tcase_create("store_history");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(
	    tcase, test_history_when_queried_then_newest_first_with_before, 0,
	    (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_loop_test(
	    tcase, test_history_when_read_in_steps_amid_commits_then_the_same,
	    0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_loop_test(
	    tcase, test_history_when_pruned_between_steps_then_ends_or_gone, 0,
	    2);
	tcase_add_test(
	    tcase,
	    test_history_when_callback_fails_then_walk_ends_with_its_status);
	tcase_add_loop_test(
	    tcase, test_history_when_list_of_a_key_is_broken_then_corrupt, 0,
	    2);
	tcase_add_loop_test(tcase,
			    test_revision_at_when_time_then_newest_at_or_before,
			    0, (int)(sizeof(at_cases) / sizeof(at_cases[0])));
	tcase_add_test(tcase,
		       test_revision_at_when_same_time_then_the_last_of_them);
	tcase_add_loop_test(
	    tcase,
	    test_revision_at_when_times_fall_then_newest_that_is_not_later, 0,
	    (int)(sizeof(clocks) / sizeof(clocks[0])));
	tcase_add_test(tcase, test_revision_at_when_many_then_few_are_read);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

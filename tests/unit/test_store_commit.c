#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "store_fixture.h"

START_TEST(test_commit_when_done_then_head_and_time_move)
{
	struct store_fixture f;

	store_fixture_init(&f);
	ck_assert_int_eq(store_newest_at(f.store), 0);
	store_fixture_put(&f, "a", "1");
	store_fixture_put(&f, "a", "2");
	ck_assert_int_eq(store_head(f.store), 2);
	ck_assert_int_eq(store_newest_at(f.store), 2000);
	store_fixture_reopen(&f);
	ck_assert_int_eq(store_head(f.store), 2);
	ck_assert_int_eq(store_newest_at(f.store), 2000);
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_commit_when_group_then_all_in_order)
{
	struct store_fixture f;
	struct change *first;
	struct change *second;
	struct store_write writes[2];

	store_fixture_init(&f);
	first = store_fixture_change(&f, "default");
	second = store_fixture_change(&f, "prod");
	second->revision = 2;
	second->at_ms = first->at_ms;
	store_fixture_add(&f, first, KIND_TOGGLE, "a", "1");
	store_fixture_add(&f, second, KIND_TOGGLE, "a", "2");
	memset(writes, 0, sizeof(writes));
	writes[0].change = first;
	writes[1].change = second;
	ck_assert_int_eq(store_commit(f.store, writes, 2, &f.err), STATUS_OK);
	ck_assert_int_eq(store_head(f.store), 2);
	ck_assert_str_eq(store_fixture_dump(&f, "", INT64_MAX),
			 "default/2/a@1=1\nprod/2/a@2=2\n");
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_commit_when_nothing_then_ok)
{
	struct store_fixture f;

	store_fixture_init(&f);
	ck_assert_int_eq(store_commit(f.store, NULL, 0, &f.err), STATUS_OK);
	ck_assert_int_eq(store_head(f.store), 0);
	store_fixture_fini(&f);
}
END_TEST

/* The second change of a group is wrong: nothing of the first may stay. */
struct refusal {
	int64_t revision;
	int64_t at_ms;
	const char *keys[2];
};

static const struct refusal refusals[] = {
	{ 1, 9000, { "a", "b" } }, /* not dense */
	{ 3, 9000, { "a", "b" } },
	{ 2, 9000, { "a", "a" } }, /* a key twice */
};

START_TEST(test_commit_when_one_is_refused_then_nothing_is_stored)
{
	const struct refusal *r = &refusals[_i];
	struct store_fixture f;
	struct change *good;
	struct change *bad;
	struct store_write writes[2];

	store_fixture_init(&f);
	good = store_fixture_change(&f, "default");
	bad = store_fixture_change(&f, "default");
	store_fixture_add(&f, good, KIND_TOGGLE, "z", "z");
	bad->revision = r->revision;
	bad->at_ms = r->at_ms;
	for (size_t i = 0; i < 2; i++)
		store_fixture_add(&f, bad, KIND_TOGGLE, r->keys[i], "x");
	memset(writes, 0, sizeof(writes));
	writes[0].change = good;
	writes[1].change = bad;
	ck_assert_int_eq(store_commit(f.store, writes, 2, &f.err),
			 STATUS_INTERNAL);
	ck_assert_int_eq(store_head(f.store), 0);
	ck_assert(!store_is_dead(f.store));
	ck_assert_str_eq(store_fixture_dump(&f, "", INT64_MAX), "");
	ck_assert_int_eq(store_fixture_commit(&f, good), STATUS_OK);
	store_fixture_reopen(&f);
	ck_assert_str_eq(store_fixture_dump(&f, "", INT64_MAX),
			 "default/2/z@1=z\n");
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_commit_when_large_definition_then_whole)
{
	enum { SIZE = 300000 };
	struct store_fixture f;
	char *text = malloc(SIZE + 1);
	const char *dump;

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', SIZE);
	text[SIZE] = '\0';
	store_fixture_init(&f);
	store_fixture_put(&f, "a", text);
	store_fixture_reopen(&f);
	dump = store_fixture_dump(&f, "", INT64_MAX);
	ck_assert_uint_eq(strlen(dump), strlen("default/2/a@1=\n") + SIZE);
	store_fixture_fini(&f);
	free(text);
}
END_TEST

static struct idempotency
request_of(const char *environment, const char *key, int verdict)
{
	struct idempotency request = { .key = text_of(key),
				       .environment = text_of(environment),
				       .revision = verdict + 10,
				       .verdict = verdict };

	memset(request.fingerprint, verdict, SHA256_BYTES);
	return request;
}

static void
remember(struct store_fixture *f, struct idempotency request)
{
	const struct store_write write = { .idempotency = request };

	ck_assert_msg(store_commit(f->store, &write, 1, &f->err) == STATUS_OK,
		      "%s", f->err.text);
}

static void
check_request(struct store_fixture *f, const char *environment, const char *key,
	      int verdict)
{
	const struct idempotency expected =
	    request_of(environment, key, verdict);
	struct idempotency found;

	ck_assert_int_eq(store_find_request(f->store, text_of(environment),
					    text_of(key), &found, &f->err),
			 STATUS_OK);
	ck_assert_int_eq(found.verdict, verdict);
	ck_assert_int_eq(found.revision, expected.revision);
	ck_assert_mem_eq(found.fingerprint, expected.fingerprint, SHA256_BYTES);
	ck_assert_uint_eq(found.key.length, 0);
	ck_assert_uint_eq(found.environment.length, 0);
}

START_TEST(test_request_when_remembered_then_found_by_environment_and_key)
{
	struct store_fixture f;
	struct idempotency found;

	store_fixture_init(&f);
	remember(&f, request_of("default", "k", 1));
	remember(&f, request_of("prod", "k", 2));
	remember(&f, request_of("default", "l", 3));
	store_fixture_reopen(&f);
	check_request(&f, "default", "k", 1);
	check_request(&f, "prod", "k", 2);
	check_request(&f, "default", "l", 3);
	ck_assert_int_eq(store_find_request(f.store, text_of("prod"),
					    text_of("l"), &found, &f.err),
			 STATUS_NOT_FOUND);
	ck_assert_int_eq(store_head(f.store), 0);
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_request_when_same_key_again_then_the_later_stands)
{
	struct store_fixture f;

	store_fixture_init(&f);
	remember(&f, request_of("default", "k", 1));
	remember(&f, request_of("default", "k", 2));
	check_request(&f, "default", "k", 2);
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_request_when_many_newer_then_forgotten)
{
	struct store_fixture f;
	struct idempotency found;

	store_fixture_init(&f);
	remember(&f, request_of("default", "old", 1));
	store_fixture_tamper(&f, "INSERT INTO request VALUES (100000, "
				 "'default', 'x', zeroblob(32), 1, 1, 1)");
	check_request(&f, "default", "old", 1);
	remember(&f, request_of("default", "new", 2));
	ck_assert_int_eq(store_find_request(f.store, text_of("default"),
					    text_of("old"), &found, NULL),
			 STATUS_NOT_FOUND);
	check_request(&f, "default", "new", 2);
	store_fixture_fini(&f);
}
END_TEST

/* The log must not grow without end, and what it held must survive it. */
START_TEST(test_commit_when_log_is_long_then_checkpointed)
{
	struct store_fixture f;
	struct store_options options = store_options_default(STORE_CREATE, 1);
	int64_t changes = 0;
	int pages_max = 0;

	store_fixture_init(&f);
	store_fixture_close(&f);
	options.checkpoint_pages = 20;
	ck_assert_int_eq(store_open_with(f.path, &options, &f.store, &f.err),
			 STATUS_OK);
	for (int i = 0; i < 100; i++) {
		store_fixture_put(&f, "a", "x");
		if (f.store->wal_pages > pages_max)
			pages_max = f.store->wal_pages;
	}
	ck_assert_int_lt(pages_max, 30);
	store_fixture_reopen(&f);
	ck_assert_int_eq(store_verify(f.store, &changes, &f.err), STATUS_OK);
	ck_assert_int_eq(changes, 100);
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_commit_when_dead_then_refused)
{
	struct store_fixture f;
	struct change *change;

	store_fixture_init(&f);
	f.store->dead = true;
	change = store_fixture_change(&f, "default");
	store_fixture_add(&f, change, KIND_TOGGLE, "a", "1");
	ck_assert_int_eq(store_fixture_commit(&f, change), STATUS_IO);
	ck_assert_int_eq(store_head(f.store), 0);
	store_fixture_fini(&f);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("store_commit");
	TCase *tcase = tcase_create("store_commit");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, test_commit_when_done_then_head_and_time_move);
	tcase_add_test(tcase, test_commit_when_group_then_all_in_order);
	tcase_add_test(tcase, test_commit_when_nothing_then_ok);
	tcase_add_loop_test(
	    tcase, test_commit_when_one_is_refused_then_nothing_is_stored, 0,
	    (int)(sizeof(refusals) / sizeof(refusals[0])));
	tcase_add_test(tcase, test_commit_when_large_definition_then_whole);
	tcase_add_test(
	    tcase,
	    test_request_when_remembered_then_found_by_environment_and_key);
	tcase_add_test(tcase,
		       test_request_when_same_key_again_then_the_later_stands);
	tcase_add_test(tcase, test_request_when_many_newer_then_forgotten);
	tcase_add_test(tcase, test_commit_when_log_is_long_then_checkpointed);
	tcase_add_test(tcase, test_commit_when_dead_then_refused);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

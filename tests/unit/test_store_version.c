#include "../../src/store/version.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "store_fixture.h"

static const struct stored_key key_a = {
	.environment = { "default", 7 },
	.kind = KIND_TOGGLE,
	.key = { "a", 1 },
};

/* 1: a=1   2: b   3: a=3   4: a removed   5: b */
static void
fill(struct store_fixture *f)
{
	store_fixture_put(f, "a", "1");
	store_fixture_put(f, "b", "2");
	store_fixture_put(f, "a", "3");
	store_fixture_put(f, "a", NULL);
	store_fixture_put(f, "b", "5");
}

struct back_case {
	int64_t at;
	int64_t revision;
};

static const struct back_case backs[] = {
	{ INT64_MAX, 4 }, { 5, 4 }, { 4, 4 }, { 3, 3 },
	{ 2, 1 },         { 1, 1 }, { 0, 0 }, { -1, 0 },
};

START_TEST(test_version_go_back_when_asked_then_newest_at_or_before)
{
	struct store_fixture f;
	int64_t revision = -1;

	store_fixture_init(&f);
	fill(&f);
	ck_assert_int_eq(version_newest(f.store, &key_a, &revision, &f.err),
			 STATUS_OK);
	ck_assert_int_eq(revision, 4);
	ck_assert_int_eq(
	    version_go_back(f.store, &key_a, backs[_i].at, &revision, &f.err),
	    STATUS_OK);
	ck_assert_int_eq(revision, backs[_i].revision);
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_version_read_when_removed_then_says_so)
{
	struct store_fixture f;
	struct version version;

	store_fixture_init(&f);
	fill(&f);
	ck_assert_int_eq(version_read(f.store, &key_a, 3, &version, &f.err),
			 STATUS_OK);
	ck_assert(!version.removed);
	ck_assert_uint_eq(version.text.length, 1);
	ck_assert_int_eq(version.at_ms, 3000);
	ck_assert_int_eq(version_read(f.store, &key_a, 4, &version, &f.err),
			 STATUS_OK);
	ck_assert(version.removed);
	ck_assert_int_eq(version_read(f.store, &key_a, 0, &version, &f.err),
			 STATUS_OK);
	ck_assert_int_eq(version.revision, 0);
	ck_assert_int_eq(version_read(f.store, &key_a, 2, &version, &f.err),
			 STATUS_CORRUPT);
	version_release(f.store);
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_version_name_when_border_moves_then_differs)
{
	const struct stored_key one = { text_of("ab"), KIND_TOGGLE,
					text_of("c") };
	const struct stored_key two = { text_of("a"), KIND_TOGGLE,
					text_of("bc") };
	struct bytes name_one;
	struct bytes name_two;

	bytes_init(&name_one);
	bytes_init(&name_two);
	version_name(&one, &name_one);
	version_name(&two, &name_two);
	ck_assert_uint_eq(name_one.length, name_two.length);
	ck_assert_mem_ne(name_one.data, name_two.data, name_one.length);
	bytes_fini(&name_one);
	bytes_fini(&name_two);
}
END_TEST

START_TEST(test_version_kind_when_unknown_then_corrupt)
{
	enum kind kind = KIND_COUNT;

	ck_assert_int_eq(version_kind(KIND_TOGGLE, &kind, NULL), STATUS_OK);
	ck_assert_int_eq(kind, KIND_TOGGLE);
	/* Of a later release. */
	ck_assert_int_eq(version_kind(KIND_STORED_MAX, &kind, NULL), STATUS_OK);
	ck_assert_int_eq(kind, KIND_STORED_MAX);
	ck_assert_int_eq(version_kind(KIND_STORED_MAX + 1, &kind, NULL),
			 STATUS_CORRUPT);
	ck_assert_int_eq(version_kind(-1, &kind, NULL), STATUS_CORRUPT);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("store_version");
	TCase *tcase = tcase_create("store_version");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(
	    tcase, test_version_go_back_when_asked_then_newest_at_or_before, 0,
	    (int)(sizeof(backs) / sizeof(backs[0])));
	tcase_add_test(tcase, test_version_read_when_removed_then_says_so);
	tcase_add_test(tcase, test_version_name_when_border_moves_then_differs);
	tcase_add_test(tcase, test_version_kind_when_unknown_then_corrupt);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#include "base/string.h"

#include <check.h>
#include <stdlib.h>

static const struct string nothing = { NULL, 0 };

static struct string
string_from(const char *text)
{
	return (struct string){ text, strlen(text) };
}

/* In order, each before the next. */
static const struct string ordered[] = {
	{ "", 0 },    { "\0", 1 }, { "A", 1 }, { "a", 1 },
	{ "a\0", 2 }, { "ab", 2 }, { "b", 1 }, { "\xc3\xa9", 2 },
};

enum { ORDERED = sizeof(ordered) / sizeof(ordered[0]) };

START_TEST(test_compare_when_ordered_then_as_bytes)
{
	for (int i = 0; i < ORDERED; i++) {
		int order = string_compare(ordered[_i], ordered[i]);

		ck_assert_int_eq((order > 0) - (order < 0),
				 (_i > i) - (_i < i));
		ck_assert_int_eq(string_equal(ordered[_i], ordered[i]),
				 _i == i);
	}
}
END_TEST

START_TEST(test_compare_when_nothing_then_as_empty)
{
	ck_assert(string_equal(nothing, string_from("")));
	ck_assert(string_is(nothing, ""));
	ck_assert_int_eq(string_compare(nothing, string_from("")), 0);
	ck_assert_int_lt(string_compare(nothing, string_from("a")), 0);
	ck_assert(string_starts_with(nothing, nothing));
	ck_assert(!string_starts_with(nothing, string_from("a")));
}
END_TEST

START_TEST(test_is_when_longer_or_shorter_then_not)
{
	ck_assert(string_is(string_from("on"), "on"));
	ck_assert(!string_is(string_from("on"), "o"));
	ck_assert(!string_is(string_from("o"), "on"));
	ck_assert(!string_is((struct string){ "on\0", 3 }, "on"));
}
END_TEST

START_TEST(test_starts_with_when_prefix_then_true)
{
	ck_assert(string_starts_with(string_from("web.a"), nothing));
	ck_assert(
	    string_starts_with(string_from("web.a"), string_from("web.")));
	ck_assert(string_starts_with(string_from("web."), string_from("web.")));
	ck_assert(!string_starts_with(string_from("web"), string_from("web.")));
	ck_assert(
	    !string_starts_with(string_from("app.a"), string_from("web.")));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("string");
	TCase *tc = tcase_create("string");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, test_compare_when_ordered_then_as_bytes, 0,
			    ORDERED);
	tcase_add_test(tc, test_compare_when_nothing_then_as_empty);
	tcase_add_test(tc, test_is_when_longer_or_shorter_then_not);
	tcase_add_test(tc, test_starts_with_when_prefix_then_true);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

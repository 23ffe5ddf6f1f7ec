#include "model/name.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	bool is_key;
	bool is_environment;
	bool is_token;
} cases[] = {
	{ "", false, false, false },
	{ "a", true, true, true },
	{ "new-checkout", true, true, true },
	{ "a.b_c:d~e-f9", true, false, true },
	{ ".hidden", true, false, true },
	{ "-x", true, true, true },
	{ "prod.eu_1", true, true, true },
	{ "with space", false, false, true },
	{ "slash/", false, false, true },
	{ "quote\"", false, false, true },
	{ "100%", false, false, true },
	{ "tab\t", false, false, false },
	{ "\x7f", false, false, false },
	{ "\xc3\xa4", false, false, false },
	{ "@[`{", false, false, true },
};

START_TEST(test_name_when_given_then_judged)
{
	const char *name = cases[_i].name;
	size_t length = strlen(name);

	ck_assert_int_eq(name_is_key(name, length), cases[_i].is_key);
	ck_assert_int_eq(name_is_environment(name, length),
			 cases[_i].is_environment);
	ck_assert_int_eq(name_is_token(name, length), cases[_i].is_token);
}
END_TEST

START_TEST(test_name_when_at_the_limit_then_accepted_and_not_beyond)
{
	char name[NAME_KEY_MAX + 2];

	memset(name, 'x', sizeof(name));
	ck_assert(name_is_key(name, NAME_KEY_MAX));
	ck_assert(!name_is_key(name, NAME_KEY_MAX + 1));
	ck_assert(name_is_environment(name, NAME_ENVIRONMENT_MAX));
	ck_assert(!name_is_environment(name, NAME_ENVIRONMENT_MAX + 1));
	ck_assert(name_is_token(name, NAME_IDEMPOTENCY_MAX));
	ck_assert(!name_is_token(name, NAME_IDEMPOTENCY_MAX + 1));
}
END_TEST

START_TEST(test_name_when_it_holds_a_nul_then_refused)
{
	ck_assert(!name_is_key("a\0b", 3));
	ck_assert(!name_is_environment("a\0b", 3));
	ck_assert(!name_is_token("a\0b", 3));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("name");
	TCase *tcase = tcase_create("name");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tcase, test_name_when_given_then_judged, 0,
			    (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(
	    tcase, test_name_when_at_the_limit_then_accepted_and_not_beyond);
	tcase_add_test(tcase, test_name_when_it_holds_a_nul_then_refused);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

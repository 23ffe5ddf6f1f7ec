/* Every file of tests/cases/golden is a conversation with a fresh server. */
#include <check.h>
#include <glob.h>
#include <signal.h>
#include <stdlib.h>

#include "golden.h"

#define FOLDER "tests/cases/golden/"

static const char *const scenarios[] = {
	"changes",  "conditions", "environments", "errors",  "evaluate",
	"feed",     "flagd",      "history",      "listing", "ofrep",
	"rollback", "segments",   "serve",        "shorter", "system",
	"toggles",  "values",
};

enum { SCENARIO_COUNT = sizeof(scenarios) / sizeof(scenarios[0]) };

START_TEST(test_answers_when_asked_as_before_then_are_as_before)
{
	struct toggled *t = toggled_new();

	toggled_start(t, NULL);
	golden_replay(t, toggled_text(t, FOLDER "%s.http", scenarios[_i]));
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

START_TEST(test_scenarios_are_all_listed)
{
	glob_t found;

	ck_assert_int_eq(glob(FOLDER "*.http", 0, NULL, &found), 0);
	ck_assert_uint_eq(found.gl_pathc, SCENARIO_COUNT);
	globfree(&found);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("golden");
	TCase *tc = tcase_create("answers");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(
	    tc, test_answers_when_asked_as_before_then_are_as_before, 0,
	    SCENARIO_COUNT);
	tcase_add_test(tc, test_scenarios_are_all_listed);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

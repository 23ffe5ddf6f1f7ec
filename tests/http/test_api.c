/* docs/API.md: its commands run, its answers are right, its lists are whole. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "doc.h"
#include "eval/evaluate.h"
#include "harness.h"

static const char path[] = "docs/API.md";

START_TEST(test_api_when_run_does_what_it_says)
{
	struct toggled *t = toggled_new();

	toggled_start(t, NULL);
	ck_assert_uint_gt(doc_run(t, path), 20);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

START_TEST(test_api_names_every_status)
{
	struct toggled *t = toggled_new();
	const char *text = doc_read(t, path);

	for (int s = STATUS_OK + 1; s < STATUS_COUNT; s++) {
		const char *row = toggled_text(t, "| %u | `%s` |",
					       status_http((enum status)s),
					       status_slug((enum status)s));

		ck_assert_msg(strstr(text, row) != NULL, "%s lacks %s", path,
			      row);
	}
	toggled_free(t);
}
END_TEST

START_TEST(test_api_names_every_reason_and_error_code)
{
	struct toggled *t = toggled_new();
	const char *text = doc_read(t, path);

	for (int r = 0; r < REASON_COUNT; r++) {
		const char *row =
		    toggled_text(t, "| `%s` |", reason_name((enum reason)r));

		ck_assert_msg(strstr(text, row) != NULL, "%s lacks %s", path,
			      row);
	}
	for (int e = EVAL_ERROR_NONE + 1; e < EVAL_ERROR_COUNT; e++) {
		const char *row = toggled_text(
		    t, "| `%s` |", eval_error_name((enum eval_error)e));

		ck_assert_msg(strstr(text, row) != NULL, "%s lacks %s", path,
			      row);
	}
	toggled_free(t);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("api");
	TCase *tc = tcase_create("document");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 90);
	tcase_add_test(tc, test_api_when_run_does_what_it_says);
	tcase_add_test(tc, test_api_names_every_status);
	tcase_add_test(tc, test_api_names_every_reason_and_error_code);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

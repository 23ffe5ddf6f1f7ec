/* The commands of README.md and docs/OPERATIONS.md do what they say. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "doc.h"
#include "harness.h"

/* As `make run` does it. */
static void
start_with_example(struct toggled *t)
{
	static const char example[] = "conf/example.json";
	const char *copy = toggled_write(t, "example", doc_read(t, example));

	ck_assert_int_eq(TOGGLED_RUN(t, "import", "--database", t->database,
				     "--comment", "the example", copy)
			     ->status,
			 0);
	toggled_start(t, NULL);
}

/* All flags as they are served. What follows them moves. */
static const char *
flags(struct toggled *t)
{
	const char *body = toggled_get(t, "/v1/flags")->body;
	const char *end = strstr(body, "\"metadata\":{\"flagSetId\"");

	ck_assert_ptr_nonnull(end);
	return toggled_text(t, "%.*s", (int)(end - body), body);
}

START_TEST(test_readme_when_run_does_what_it_says)
{
	struct toggled *t = toggled_new();

	start_with_example(t);
	ck_assert_uint_gt(doc_run(t, "README.md"), 3);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

/* Somebody may be tired who types it: all is as it was when he is done. */
START_TEST(test_operations_when_run_does_what_it_says)
{
	struct toggled *t = toggled_new();
	const char *before;

	start_with_example(t);
	before = flags(t);
	ck_assert_uint_gt(doc_run(t, "docs/OPERATIONS.md"), 3);
	ck_assert_str_eq(flags(t), before);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("readme");
	TCase *tc = tcase_create("commands");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 90);
	tcase_add_test(tc, test_readme_when_run_does_what_it_says);
	tcase_add_test(tc, test_operations_when_run_does_what_it_says);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

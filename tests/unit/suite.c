#include "suite.h"

#include <check.h>
#include <stdlib.h>

enum { CASE_SECONDS = 60 };

int
suite_main(const char *name, void (*add)(struct TCase *tc))
{
	Suite *suite = suite_create(name);
	TCase *tc = tcase_create(name);
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tc, CASE_SECONDS);
	add(tc);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

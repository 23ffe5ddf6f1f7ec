/* Which known word a misspelt one is taken for. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "model/nearest.h"

static const char *const known[] = { "if",  "in",           "starts_with",
				     "cat", "missing_some", "fractional" };

struct row {
	const char *word;
	const char *found; /* NULL: nothing is near enough */
};

static const struct row rows[] = {
	{ "iff", "if" },
	{ "IN", "in" },
	{ "ni", "in" },
	{ "xy", NULL },
	{ "x", NULL },
	{ "", NULL },
	{ "startsWith", "starts_with" },
	{ "start_with", "starts_with" },
	{ "act", "cat" },
	{ "dog", NULL },
	{ "missingsome", "missing_some" },
	{ "fractoinal", "fractional" },
	{ "percentage", NULL },
	{ "a word that is by far too long to be compared with any other one",
	  NULL },
};

START_TEST(test_nearest_when_misspelt_then_finds_what_was_meant)
{
	const char *word = rows[_i].word;
	struct nearest nearest;

	nearest_init(&nearest, (struct string){ word, strlen(word) });
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		nearest_offer(&nearest, known[i], strlen(known[i]));
	ck_assert_pstr_eq(nearest.found.data, rows[_i].found);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("nearest");
	TCase *tcase = tcase_create("nearest");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(
	    tcase, test_nearest_when_misspelt_then_finds_what_was_meant, 0,
	    sizeof(rows) / sizeof(rows[0]));
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

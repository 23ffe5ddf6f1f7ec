/* The hash of fractional, against published values. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "eval/murmur3.h"

struct vector {
	const char *text;
	uint32_t hash;
};

static const struct vector vectors[] = {
	{ "", 0 },
	{ "ejOoVL", 0 },
	{ "bY9fO-", 1 },
	{ "SI7p-", 2147483647 },
	{ "6LvT0", 2147483648 },
	{ "ceQdGm", 4294967295 },
	{ "abc", 3017643002 },
	{ "fractional-flagjack", 2682799072 },
	{ "jon@company.com", 1557731397 },
	{ "user1", 3305849917 },
	{ "\xc3\xa9", 269551495 },
};

enum { VECTOR_COUNT = sizeof(vectors) / sizeof(vectors[0]) };

START_TEST(test_murmur3_when_given_in_one_piece_then_as_published)
{
	const struct vector *vector = &vectors[_i];
	struct murmur3 murmur;

	murmur3_init(&murmur);
	murmur3_update(&murmur, vector->text, strlen(vector->text));
	ck_assert_uint_eq(murmur3_final(&murmur), vector->hash);
}
END_TEST

/* Every way to cut the text in three. */
START_TEST(test_murmur3_when_given_in_pieces_then_the_same)
{
	const struct vector *vector = &vectors[_i];
	size_t length = strlen(vector->text);

	for (size_t i = 0; i <= length; i++) {
		for (size_t j = i; j <= length; j++) {
			struct murmur3 murmur;

			murmur3_init(&murmur);
			murmur3_update(&murmur, vector->text, i);
			murmur3_update(&murmur, vector->text + i, j - i);
			murmur3_update(&murmur, vector->text + j, length - j);
			ck_assert_uint_eq(murmur3_final(&murmur), vector->hash);
		}
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("eval murmur3");
	TCase *tcase = tcase_create("vectors");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(
	    tcase, test_murmur3_when_given_in_one_piece_then_as_published, 0,
	    VECTOR_COUNT);
	tcase_add_loop_test(tcase,
			    test_murmur3_when_given_in_pieces_then_the_same, 0,
			    VECTOR_COUNT);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

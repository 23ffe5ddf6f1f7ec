#include "base/random.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

START_TEST(test_random_when_same_seed_then_same_numbers)
{
	struct random a;
	struct random b;

	random_seed(&a, 7);
	random_seed(&b, 7);
	for (int i = 0; i < 100; i++)
		ck_assert_uint_eq(random_below(&a, 1000000),
				  random_below(&b, 1000000));
}
END_TEST

START_TEST(test_random_when_other_seed_then_other_numbers)
{
	struct random a;
	struct random b;

	random_seed(&a, 1);
	random_seed(&b, 2);
	ck_assert_uint_ne(random_below(&a, UINT64_MAX),
			  random_below(&b, UINT64_MAX));
}
END_TEST

/* The published first outputs of SplitMix64 from seed 1234567. */
START_TEST(test_random_when_seeded_then_splitmix64)
{
	struct random random;

	random_seed(&random, 1234567);
	ck_assert_uint_eq(random_below(&random, UINT64_MAX),
			  6457827717110365317u);
	ck_assert_uint_eq(random_below(&random, UINT64_MAX),
			  3203168211198807973u);
}
END_TEST

static const uint64_t bounds[] = {
	1, 2, 3, 10, 1000, 1u << 31, UINT64_MAX / 2 + 2, UINT64_MAX
};

START_TEST(test_random_below_when_any_bound_then_below_it)
{
	struct random random;
	uint64_t max = 0;

	random_seed(&random, 99);
	for (int i = 0; i < 10000; i++) {
		uint64_t n = random_below(&random, bounds[_i]);

		ck_assert_uint_lt(n, bounds[_i]);
		max = n > max ? n : max;
	}
	ck_assert_uint_ge(max, (bounds[_i] - 1) / 2);
}
END_TEST

START_TEST(test_random_below_when_bound_is_zero_then_zero)
{
	struct random random;

	random_seed(&random, 1);
	ck_assert_uint_eq(random_below(&random, 0), 0);
}
END_TEST

START_TEST(test_random_below_when_counted_then_even)
{
	struct random random;
	unsigned counts[6] = { 0 };

	random_seed(&random, 5);
	for (int i = 0; i < 60000; i++)
		counts[random_below(&random, 6)]++;
	for (int i = 0; i < 6; i++) {
		ck_assert_uint_gt(counts[i], 9500);
		ck_assert_uint_lt(counts[i], 10500);
	}
}
END_TEST

START_TEST(test_random_bytes_when_drawn_twice_then_differ)
{
	unsigned char a[1000] = { 0 };
	unsigned char b[1000] = { 0 };
	unsigned char untouched = 0xaa;

	random_bytes(a, sizeof(a));
	random_bytes(b, sizeof(b));
	random_bytes(&untouched, 0);
	ck_assert_mem_ne(a, b, sizeof(a));
	ck_assert_uint_eq(untouched, 0xaa);
}
END_TEST

static Suite *
random_suite(void)
{
	Suite *suite = suite_create("random");
	TCase *tcase = tcase_create("random");

	tcase_add_test(tcase, test_random_when_same_seed_then_same_numbers);
	tcase_add_test(tcase, test_random_when_other_seed_then_other_numbers);
	tcase_add_test(tcase, test_random_when_seeded_then_splitmix64);
	tcase_add_loop_test(tcase,
			    test_random_below_when_any_bound_then_below_it, 0,
			    (int)(sizeof(bounds) / sizeof(bounds[0])));
	tcase_add_test(tcase, test_random_below_when_bound_is_zero_then_zero);
	tcase_add_test(tcase, test_random_below_when_counted_then_even);
	tcase_add_test(tcase, test_random_bytes_when_drawn_twice_then_differ);
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(random_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#include "feed/wheel.h"

#include <check.h>
#include <stdlib.h>

enum { MANY = 1000 };

static struct wheel *
make(uint32_t now)
{
	struct wheel *wheel = malloc(sizeof(*wheel));

	ck_assert_ptr_nonnull(wheel);
	wheel_init(wheel, now);
	return wheel;
}

START_TEST(test_wheel_when_empty_then_nothing_is_next)
{
	struct wheel *wheel = make(7);

	ck_assert_int_eq(wheel_next(wheel), -1);
	ck_assert_ptr_null(wheel_pop(wheel, 9));
	ck_assert_int_eq(wheel_next(wheel), -1);
	free(wheel);
}
END_TEST

/* Also over the wrap of the counter. */
static const uint32_t starts[] = { 0, 5, WHEEL_SLOTS - 1, UINT32_MAX - 3 };

START_TEST(test_wheel_when_due_then_popped_and_not_before)
{
	uint32_t start = starts[_i];
	struct wheel *wheel = make(start);
	struct waiter a = { 0 };
	struct waiter b = { 0 };

	wheel_add(wheel, &a, start, start + 10);
	wheel_add(wheel, &b, start, start);
	ck_assert_int_eq(wheel_next(wheel), 1);
	ck_assert_ptr_eq(wheel_pop(wheel, start + 1), &b);
	ck_assert_ptr_null(wheel_pop(wheel, start + 1));
	ck_assert_int_eq(wheel_next(wheel), 9);
	ck_assert_ptr_null(wheel_pop(wheel, start + 9));
	ck_assert_ptr_eq(wheel_pop(wheel, start + 10), &a);
	ck_assert_ptr_null(wheel_pop(wheel, start + 10));
	ck_assert_uint_eq(wheel->count, 0);
	free(wheel);
}
END_TEST

START_TEST(test_wheel_when_removed_then_never_popped)
{
	struct wheel *wheel = make(0);
	struct waiter w[3] = { { 0 } };

	for (size_t i = 0; i < 3; i++)
		wheel_add(wheel, &w[i], 0, 4);
	wheel_remove(wheel, &w[1]);
	wheel_remove(wheel, &w[1]);
	ck_assert_ptr_eq(wheel_pop(wheel, 4), &w[2]);
	wheel_remove(wheel, &w[0]);
	ck_assert_ptr_null(wheel_pop(wheel, 5));
	free(wheel);
}
END_TEST

START_TEST(test_wheel_when_the_loop_lagged_then_late_ones_are_not_early)
{
	struct wheel *wheel = make(0);
	struct waiter first = { 0 };
	struct waiter later = { 0 };
	uint32_t now = 3 * WHEEL_SLOTS;

	wheel_add(wheel, &first, 0, 10);
	/* The same slot as the first one's. */
	wheel_add(wheel, &later, now, now + 10);
	ck_assert_ptr_eq(wheel_pop(wheel, now), &first);
	ck_assert_ptr_null(wheel_pop(wheel, now));
	ck_assert_int_eq(wheel_next(wheel), 10);
	ck_assert_ptr_eq(wheel_pop(wheel, now + 10), &later);
	free(wheel);
}
END_TEST

START_TEST(test_wheel_when_many_wait_then_each_expires_at_its_tick)
{
	struct wheel *wheel = make(0);
	struct waiter *w = calloc(MANY, sizeof(*w));
	size_t popped = 0;

	for (uint32_t i = 0; i < MANY; i++)
		wheel_add(wheel, &w[i], 0, 1 + i * 7 % 1300);
	for (uint32_t now = 1; now <= 1300; now++) {
		for (;;) {
			const struct waiter *due = wheel_pop(wheel, now);

			if (due == NULL)
				break;
			ck_assert_uint_eq(due->due, now);
			popped++;
		}
	}
	ck_assert_uint_eq(popped, MANY);
	free(w);
	free(wheel);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("wheel");
	TCase *tcase = tcase_create("wheel");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, test_wheel_when_empty_then_nothing_is_next);
	tcase_add_loop_test(tcase,
			    test_wheel_when_due_then_popped_and_not_before, 0,
			    (int)(sizeof(starts) / sizeof(starts[0])));
	tcase_add_test(tcase, test_wheel_when_removed_then_never_popped);
	tcase_add_test(
	    tcase,
	    test_wheel_when_the_loop_lagged_then_late_ones_are_not_early);
	tcase_add_test(tcase,
		       test_wheel_when_many_wait_then_each_expires_at_its_tick);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

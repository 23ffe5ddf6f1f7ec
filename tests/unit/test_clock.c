#include "base/clock.h"

#include <check.h>
#include <stdlib.h>

struct time_case {
	const char *text;
	int64_t ms;
};

/* Texts as clock_format writes them. */
static const struct time_case exact_cases[] = {
	{ "1970-01-01T00:00:00.000Z", 0 },
	{ "1969-12-31T23:59:59.999Z", -1 },
	{ "2026-11-22T14:03:00.123Z", 1795356180123 },
	{ "2000-02-29T12:00:00.000Z", 951825600000 },
	{ "2001-09-09T01:46:40.000Z", 1000000000000 },
	{ "1900-03-01T00:00:00.000Z", -2203891200000 },
	{ "0000-01-01T00:00:00.000Z", -62167219200000 },
	{ "0000-12-31T00:00:00.000Z", -62135683200000 },
	{ "0001-01-01T00:00:00.000Z", -62135596800000 },
	{ "9999-12-31T23:59:59.999Z", 253402300799999 },
};

START_TEST(test_clock_format_when_any_time_then_rfc3339)
{
	char text[CLOCK_TEXT_BYTES];

	clock_format(exact_cases[_i].ms, text);
	ck_assert_str_eq(text, exact_cases[_i].text);
}
END_TEST

START_TEST(test_clock_parse_when_formatted_then_same_time)
{
	int64_t ms = 1;

	ck_assert(clock_parse(exact_cases[_i].text, &ms));
	ck_assert_int_eq(ms, exact_cases[_i].ms);
}
END_TEST

START_TEST(test_clock_format_when_out_of_years_then_nearest)
{
	char text[CLOCK_TEXT_BYTES];

	clock_format(INT64_MAX, text);
	ck_assert_str_eq(text, "9999-12-31T23:59:59.999Z");
	clock_format(INT64_MIN, text);
	ck_assert_str_eq(text, "0000-01-01T00:00:00.000Z");
}
END_TEST

static const struct time_case other_cases[] = {
	{ "1970-01-01T00:00:00Z", 0 },
	{ "1970-01-01t00:00:00z", 0 },
	{ "1970-01-01T01:00:00+01:00", 0 },
	{ "1969-12-31T18:30:00-05:30", 0 },
	{ "1970-01-01T00:00:00.5Z", 500 },
	{ "1970-01-01T00:00:00.1239999999999Z", 123 },
	{ "1970-01-01T00:00:00.05+00:00", 50 },
	{ "2016-12-31T23:59:60Z", 1483228800000 },
};

START_TEST(test_clock_parse_when_other_form_then_time)
{
	int64_t ms = 1;

	ck_assert(clock_parse(other_cases[_i].text, &ms));
	ck_assert_int_eq(ms, other_cases[_i].ms);
}
END_TEST

static const char *const bad_texts[] = {
	"",
	"1970",
	"1970-01-01",
	"1970-01-01T00:00:00",
	"1970-01-01 00:00:00Z",
	"1970-1-01T00:00:00Z",
	"1970-13-01T00:00:00Z",
	"1970-00-01T00:00:00Z",
	"1970-01-00T00:00:00Z",
	"1970-04-31T00:00:00Z",
	"1900-02-29T00:00:00Z",
	"2001-02-29T00:00:00Z",
	"1970-01-01T24:00:00Z",
	"1970-01-01T00:60:00Z",
	"1970-01-01T00:00:61Z",
	"1970-01-01T00:00:00.Z",
	"1970-01-01T00:00:00.1",
	"1970-01-01T00:00:00+0100",
	"1970-01-01T00:00:00+24:00",
	"1970-01-01T00:00:00+01:60",
	"1970-01-01T00:00:00Zx",
	" 1970-01-01T00:00:00Z",
	"-970-01-01T00:00:00Z",
	"11970-01-01T00:00:00Z",
};

START_TEST(test_clock_parse_when_no_time_then_refused)
{
	int64_t ms = 42;

	ck_assert(!clock_parse(bad_texts[_i], &ms));
	ck_assert_int_eq(ms, 42);
}
END_TEST

/* Every day of two cycles of the calendar, and both directions. */
START_TEST(test_clock_when_every_day_then_round_trip)
{
	const int64_t day_ms = 86400000;

	for (int64_t ms = 400 * -366 * day_ms; ms < 400 * 366 * day_ms;
	     ms += day_ms) {
		char text[CLOCK_TEXT_BYTES];
		int64_t again = 0;

		clock_format(ms, text);
		if (!clock_parse(text, &again) || again != ms)
			ck_abort_msg("%s is another day", text);
	}
}
END_TEST

START_TEST(test_clock_system_when_read_then_moves_forward)
{
	struct clock clock = clock_system();
	int64_t before = clock_mono_ms(&clock);

	ck_assert_int_ge(clock_mono_ms(&clock), before);
	ck_assert_int_gt(clock_wall_ms(&clock), 1700000000000);
}
END_TEST

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

static Suite *
clock_suite(void)
{
	Suite *suite = suite_create("clock");
	TCase *tcase = tcase_create("clock");

	tcase_add_loop_test(tcase, test_clock_format_when_any_time_then_rfc3339,
			    0, COUNT_OF(exact_cases));
	tcase_add_loop_test(tcase,
			    test_clock_parse_when_formatted_then_same_time, 0,
			    COUNT_OF(exact_cases));
	tcase_add_test(tcase, test_clock_format_when_out_of_years_then_nearest);
	tcase_add_loop_test(tcase, test_clock_parse_when_other_form_then_time,
			    0, COUNT_OF(other_cases));
	tcase_add_loop_test(tcase, test_clock_parse_when_no_time_then_refused,
			    0, COUNT_OF(bad_texts));
	tcase_add_test(tcase, test_clock_when_every_day_then_round_trip);
	tcase_add_test(tcase, test_clock_system_when_read_then_moves_forward);
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(clock_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

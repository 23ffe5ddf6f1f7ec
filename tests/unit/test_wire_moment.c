#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "suite.h"
#include "wire/moment.h"

/* 2026-11-22T14:03:00Z, a Sunday. */
static const char now_text[] = "2026-11-22T14:03:00Z";

static int64_t
now(void)
{
	int64_t ms = 0;

	ck_assert(clock_parse(now_text, &ms));
	return ms;
}

static const struct {
	const char *text;
	int64_t revision;
} revisions[] = {
	{ "42", 42 },
	{ "0", 0 },
	{ "0123456789abcdef.42", 42 },
	{ "20261122", 20261122 },
};

START_TEST(test_moment_when_revision_or_cursor_then_that)
{
	struct moment moment;

	ck_assert_int_eq(
	    moment_decode(revisions[_i].text, "at", now(), &moment, NULL),
	    STATUS_OK);
	ck_assert(!moment.is_time);
	ck_assert_int_eq(moment.revision, revisions[_i].revision);
}
END_TEST

static const struct {
	const char *text;
	const char *means;
} times[] = {
	{ "2026-11-22T14:03:00Z", "2026-11-22T14:03:00.000Z" },
	{ "2026-11-22T14:03:00.5Z", "2026-11-22T14:03:00.500Z" },
	{ "2026-11-22T14:03:00.123+01:00", "2026-11-22T13:03:00.123Z" },
	{ "2026-11-22t14:03:00z", "2026-11-22T14:03:00.000Z" },
	/* Without seconds, zone, or both. */
	{ "2026-11-22T14:03Z", "2026-11-22T14:03:00.000Z" },
	{ "2026-11-22T14:03", "2026-11-22T14:03:00.000Z" },
	{ "2026-11-22T14:03:07", "2026-11-22T14:03:07.000Z" },
	{ "2026-11-22T14:03:07.25", "2026-11-22T14:03:07.250Z" },
	{ "2026-11-22T14:03+01:00", "2026-11-22T13:03:00.000Z" },
	{ "2026-11-22T14:03-0330", "2026-11-22T17:33:00.000Z" },
	/* As date and git write them. */
	{ "2026-11-22 14:03:00", "2026-11-22T14:03:00.000Z" },
	{ "2026-11-22 14:03", "2026-11-22T14:03:00.000Z" },
	{ "2026-11-22 14:03:00 +0100", "2026-11-22T13:03:00.000Z" },
	{ "2026-11-22 14:03:00 Z", "2026-11-22T14:03:00.000Z" },
	/* A plus that a query made a blank of. */
	{ "2026-11-22T14:03:00 01:00", "2026-11-22T13:03:00.000Z" },
	{ "2026-11-22T14:03 0100", "2026-11-22T13:03:00.000Z" },
	/* A day begins with it. */
	{ "2026-11-22", "2026-11-22T00:00:00.000Z" },
	{ "2024-02-29", "2024-02-29T00:00:00.000Z" },
	{ "1969-12-31", "1969-12-31T00:00:00.000Z" },
	/* So long ago. */
	{ "yesterday", "2026-11-21T14:03:00.000Z" },
	{ "-10m", "2026-11-22T13:53:00.000Z" },
	{ "10m ago", "2026-11-22T13:53:00.000Z" },
	{ "10m  ago", "2026-11-22T13:53:00.000Z" },
	{ "10 min ago", "2026-11-22T13:53:00.000Z" },
	{ "10 minutes ago", "2026-11-22T13:53:00.000Z" },
	{ "1 hour ago", "2026-11-22T13:03:00.000Z" },
	{ "-1h30m", "2026-11-22T12:33:00.000Z" },
	{ "1h 30m ago", "2026-11-22T12:33:00.000Z" },
	{ "-90s", "2026-11-22T14:01:30.000Z" },
	{ "-2d", "2026-11-20T14:03:00.000Z" },
	{ "3 days ago", "2026-11-19T14:03:00.000Z" },
	{ "-1w", "2026-11-15T14:03:00.000Z" },
	{ "-0s", "2026-11-22T14:03:00.000Z" },
	{ "-999999999w", "0000-01-01T00:00:00.000Z" },
};

START_TEST(test_moment_when_time_in_any_spelling_then_that)
{
	char text[CLOCK_TEXT_BYTES];
	struct moment moment;
	struct error err;

	error_init(&err);
	ck_assert_msg(moment_decode(times[_i].text, "at", now(), &moment,
				    &err) == STATUS_OK,
		      "%s", err.text);
	ck_assert(moment.is_time);
	clock_format(moment.at_ms, text);
	ck_assert_str_eq(text, times[_i].means);
}
END_TEST

static const char *const refused[] = {
	NULL,
	"",
	" ",
	"-1",
	"+1",
	"-",
	"--10m",
	"10m",
	"-10m ago",
	"-10x",
	"-m",
	"ago",
	"10 ago",
	"-10 m m",
	"-1234567890s",
	"Yesterday",
	"tomorrow",
	"soon",
	"1.5.2",
	"10mago",
	"2026-11",
	"2026-13-01",
	"2026-02-29",
	"2026-11-22T",
	"2026-11-22T14",
	"2026-11-22T24:00",
	"2026-11-22T14:03:",
	"2026-11-22T14:3",
	"2026-11-22T14:03X",
	"2026-11-22T14:03+",
	"2026-11-22T14:03+1",
	"2026-11-22T14:03  +01:00",
	"2026-11-22T14:03:00+01:00:00",
	"2026-11-22_14:03",
	"2026-11-22T14:03:00.Z",
	"1970-13-01T00:00:01Z",
	"2026-11-22T14:03:00.000000000000000000000000000000000000000Z",
	"1s1s1s1s1s1s1s1s1s1s1s1s1s1s1s1s1s1s1s1s1s1s1s1s1s1s1s1s1s1s1s1s1s "
	"ago",
};

START_TEST(test_moment_when_none_then_refused_by_name)
{
	struct moment moment;
	struct error err;

	error_init(&err);
	ck_assert_int_eq(
	    moment_decode(refused[_i], "since", now(), &moment, &err),
	    STATUS_INVALID);
	ck_assert_int_eq(strncmp(err.text, "since: '", 8), 0);
	ck_assert_ptr_nonnull(strstr(err.text, "10m ago"));
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_loop_test(tc, test_moment_when_revision_or_cursor_then_that,
			    0, (int)(sizeof(revisions) / sizeof(revisions[0])));
	tcase_add_loop_test(tc, test_moment_when_time_in_any_spelling_then_that,
			    0, (int)(sizeof(times) / sizeof(times[0])));
	tcase_add_loop_test(tc, test_moment_when_none_then_refused_by_name, 0,
			    (int)(sizeof(refused) / sizeof(refused[0])));
}

int
main(void)
{
	return suite_main("wire_moment", add);
}

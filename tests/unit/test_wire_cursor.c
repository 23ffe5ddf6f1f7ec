#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "wire/cursor.h"

static const struct {
	const char *text;
	const char *epoch; /* NULL: refused */
	int64_t revision;
} cursors[] = {
	{ NULL, "", 0 },
	{ "", "", 0 },
	{ "0", "", 0 },
	{ "42", "", 42 },
	{ "007", "", 7 },
	{ "999999999999999999", "", 999999999999999999 },
	{ "0123456789abcdef.7", "0123456789abcdef", 7 },
	{ "e1.0", "e1", 0 },
	{ "1000000000000000000", NULL, 0 },
	{ "-1", NULL, 0 },
	{ "+1", NULL, 0 },
	{ " 1", NULL, 0 },
	{ "1 ", NULL, 0 },
	{ "1.5.6", NULL, 0 },
	{ ".5", NULL, 0 },
	{ "abc", NULL, 0 },
	{ "abc.", NULL, 0 },
	{ "0123456789abcdef0.7", NULL, 0 },
	{ "a-b.7", NULL, 0 },
	{ "abc.x", NULL, 0 },
	{ "0x10", NULL, 0 },
	{ "\"5\"", NULL, 0 },
};

START_TEST(test_cursor_when_decoded_then_as_expected)
{
	struct cursor cursor;
	struct error err;
	enum status status;

	error_init(&err);
	status = cursor_decode(cursors[_i].text, &cursor, &err);
	if (cursors[_i].epoch == NULL) {
		ck_assert_int_eq(status, STATUS_INVALID);
		ck_assert_uint_gt(strlen(err.text), 0);
		return;
	}
	ck_assert_int_eq(status, STATUS_OK);
	ck_assert_str_eq(cursor.epoch, cursors[_i].epoch);
	ck_assert_int_eq(cursor.revision, cursors[_i].revision);
}
END_TEST

static const struct {
	const char *text;
	int64_t ms; /* -1: refused */
} waits[] = {
	{ NULL, 0 },
	{ "", 0 },
	{ "0", 0 },
	{ "30", 30000 },
	{ "30s", 30000 },
	{ "500ms", 500 },
	{ "60", WAIT_MAX_MS },
	{ "61", WAIT_MAX_MS },
	{ "60001ms", WAIT_MAX_MS },
	{ "99999999999999999999", WAIT_MAX_MS },
	{ "99999999999999999999ms", WAIT_MAX_MS },
	{ "-1", -1 },
	{ "s", -1 },
	{ "1.5s", -1 },
	{ "1m", -1 },
	{ "30 s", -1 },
	{ " 30", -1 },
	{ "30S", -1 },
	{ "forever", -1 },
};

START_TEST(test_wait_when_decoded_then_milliseconds)
{
	int64_t ms = -2;
	struct error err;
	enum status status;

	error_init(&err);
	status = wait_decode(waits[_i].text, &ms, &err);
	if (waits[_i].ms < 0) {
		ck_assert_int_eq(status, STATUS_INVALID);
		ck_assert_int_eq(ms, -2);
		return;
	}
	ck_assert_int_eq(status, STATUS_OK);
	ck_assert_int_eq(ms, waits[_i].ms);
}
END_TEST

static const struct {
	const char *header;
	int64_t ms; /* -1: no wait */
} preferences[] = {
	{ NULL, -1 },
	{ "", -1 },
	{ "wait=8", 8000 },
	{ "WAIT=8", 8000 },
	{ " wait = \"8\" ", 8000 },
	{ "respond-async, wait=10", 10000 },
	{ "return=minimal; foo=\"a, wait=3\", wait=5; x=y", 5000 },
	{ "wait=5, wait=6", 5000 },
	{ "wait=100", WAIT_MAX_MS },
	{ "wait", -1 },
	{ "wait=", -1 },
	{ "wait=x", -1 },
	{ "wait=x, wait=2", 2000 },
	{ "wait=12345678901234567890", -1 },
	{ "waiting=5", -1 },
	{ "await=5", -1 },
	{ "foo; wait=5", -1 },
	{ "foo=\"wait=5", -1 },
	{ "foo=\"\\\"\", wait=4", 4000 },
	{ ",,,wait=1", 1000 },
	{ "wait==1", -1 },
};

START_TEST(test_prefer_when_decoded_then_wait)
{
	int64_t ms = -2;
	bool found = prefer_decode_wait(preferences[_i].header, &ms);

	ck_assert_int_eq(found, preferences[_i].ms >= 0);
	if (found)
		ck_assert_int_eq(ms, preferences[_i].ms);
}
END_TEST

static const struct {
	const char *header;
	const char *tag;
	bool matches;
} matches[] = {
	{ NULL, "a", false },
	{ "", "a", false },
	{ "*", "a", true },
	{ "\"a\"", "a", true },
	{ "a", "a", true },
	{ "W/\"a\"", "a", true },
	{ "\"b\", \"a\"", "a", true },
	{ "\"b\",W/\"a\" ,\"c\"", "a", true },
	{ "\"a-gzip\"", "a", true },
	{ "\"a\"-gzip", "a", false },
	{ "\"-gzip\"", "-gzip", true },
	{ "\"ab\"", "a", false },
	{ "\"A\"", "a", false },
	{ "\"b\", \"c\"", "a", false },
	{ "\"a,b\"", "a,b", true },
	{ "\"a,b\"", "a", false },
	{ ", ,", "a", false },
	{ "\"", "a", false },
	{ "\"\"", "", true },
	{ "\"*\"", "a", false },
	{ "\"*\"", "*", true },
	{ "W/*", "a", false },
	{ "\"a\\\", \"b\"", "b", true },
	{ "\"a\\\"", "a\\", true },
};

START_TEST(test_etag_when_compared_then_as_expected)
{
	ck_assert_int_eq(etag_matches(matches[_i].header, matches[_i].tag),
			 matches[_i].matches);
}
END_TEST

static const struct {
	const char *header;
	bool any;
	size_t count;
	int64_t revisions[3];
} revisions[] = {
	{ "", false, 0, { 0 } },
	{ "*", true, 0, { 0 } },
	{ " * ", true, 0, { 0 } },
	{ "\"7\"", false, 1, { 7 } },
	{ "7", false, 1, { 7 } },
	{ "\"e1.7\"", false, 1, { 7 } },
	{ "\"e1.7-gzip\"", false, 1, { 7 } },
	{ "\"7\", \"e1.8\",\"9\"", false, 3, { 7, 8, 9 } },
	{ "\"x\", \"8\"", false, 1, { 8 } },
	{ "\"a\\\", \"8\"", false, 1, { 8 } },
	{ "\"0\"", false, 1, { 0 } },
	/* Strong comparison. */
	{ "W/\"7\"", false, 0, { 0 } },
	{ "W/\"e1.7\"", false, 0, { 0 } },
	{ "W/\"7\", \"8\"", false, 1, { 8 } },
	{ "W/7", false, 0, { 0 } },
	{ "W/*", false, 0, { 0 } },
	/* "*" stands alone and has no quotes. */
	{ "\"*\"", false, 0, { 0 } },
	{ "*, \"7\"", false, 1, { 7 } },
	{ "*, *", false, 0, { 0 } },
	{ "\"e2.7\"", false, 0, { 0 } },
	{ "\"x\"", false, 0, { 0 } },
	{ "\"\"", false, 0, { 0 } },
	{ "-7", false, 0, { 0 } },
};

START_TEST(test_etag_when_it_names_revisions_then_those)
{
	struct etag_revisions named;
	struct arena arena;

	arena_init(&arena);
	etag_revisions(revisions[_i].header, "e1", &arena, &named);
	ck_assert_int_eq(named.any, revisions[_i].any);
	ck_assert_uint_eq(named.count, revisions[_i].count);
	ck_assert_ptr_nonnull(named.revisions);
	for (size_t i = 0; i < named.count; i++)
		ck_assert_int_eq(named.revisions[i],
				 revisions[_i].revisions[i]);
	arena_fini(&arena);
}
END_TEST

#define LOOP(tc, test, table)                                                  \
	tcase_add_loop_test(tc, test, 0, sizeof(table) / sizeof((table)[0]))

static Suite *
suite(void)
{
	Suite *s = suite_create("wire/cursor");
	TCase *tc = tcase_create("cursor");

	LOOP(tc, test_cursor_when_decoded_then_as_expected, cursors);
	LOOP(tc, test_wait_when_decoded_then_milliseconds, waits);
	LOOP(tc, test_prefer_when_decoded_then_wait, preferences);
	LOOP(tc, test_etag_when_compared_then_as_expected, matches);
	LOOP(tc, test_etag_when_it_names_revisions_then_those, revisions);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

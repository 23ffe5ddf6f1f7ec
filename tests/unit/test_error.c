#include "base/error.h"
#include "base/utf8.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

struct status_case {
	enum status status;
	unsigned http;
	const char *slug;
};

static const struct status_case status_cases[] = {
	{ STATUS_OK, 200, "ok" },
	{ STATUS_INVALID, 400, "invalid" },
	{ STATUS_NOT_FOUND, 404, "not-found" },
	{ STATUS_PRECONDITION, 412, "precondition-failed" },
	{ STATUS_FULL, 507, "storage-full" },
};

START_TEST(test_status_row_when_asked_then_has_code_and_slug)
{
	const struct status_case *c = &status_cases[_i];

	ck_assert_uint_eq(status_http(c->status), c->http);
	ck_assert_str_eq(status_slug(c->status), c->slug);
}
END_TEST

START_TEST(test_status_rows_when_compared_then_slugs_are_unique)
{
	for (int i = 0; i < STATUS_COUNT; i++) {
		const char *slug = status_slug((enum status)i);

		ck_assert_uint_gt(strlen(status_title((enum status)i)), 0);
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(slug, status_slug((enum status)j));
	}
}
END_TEST

START_TEST(test_error_set_when_set_twice_then_first_cause_stands)
{
	struct error err;

	error_init(&err);
	ck_assert_int_eq(error_set(&err, STATUS_CONFLICT, "key '%s'", "a"),
			 STATUS_CONFLICT);
	ck_assert_int_eq(error_set(&err, STATUS_IO, "later"), STATUS_CONFLICT);
	ck_assert_int_eq(err.code, STATUS_CONFLICT);
	ck_assert_str_eq(err.text, "key 'a'");
}
END_TEST

START_TEST(test_error_when_null_then_code_is_returned)
{
	ck_assert_int_eq(error_set(NULL, STATUS_BUSY, "x"), STATUS_BUSY);
	ck_assert_int_eq(error_wrap(NULL, "x"), STATUS_INTERNAL);
	ck_assert_int_eq(error_at(NULL, "/a", "x"), STATUS_INVALID);
}
END_TEST

START_TEST(test_error_wrap_when_wrapped_then_prefixes_stand_in_front)
{
	struct error err;

	error_init(&err);
	error_set(&err, STATUS_IO, "disk is gone");
	ck_assert_int_eq(error_wrap(&err, "write page %d", 7), STATUS_IO);
	ck_assert_int_eq(error_wrap(&err, "commit"), STATUS_IO);
	ck_assert_str_eq(err.text, "commit: write page 7: disk is gone");
}
END_TEST

START_TEST(test_error_wrap_when_nothing_was_reported_then_internal)
{
	struct error err;

	error_init(&err);
	ck_assert_int_eq(error_wrap(&err, "load"), STATUS_INTERNAL);
	ck_assert_str_eq(err.text, "load");
}
END_TEST

/* Whatever the lengths, the cause stays whole and the text in its bounds. */
START_TEST(test_error_wrap_when_too_long_then_prefix_gives_way)
{
	char cause[ERROR_TEXT_BYTES];
	char prefix[2 * ERROR_TEXT_BYTES];
	size_t cause_length = (size_t)_i;
	struct error err;

	memset(cause, 'c', cause_length);
	cause[cause_length] = '\0';
	memset(prefix, 'p', sizeof(prefix) - 1);
	prefix[sizeof(prefix) - 1] = '\0';
	error_init(&err);
	error_set(&err, STATUS_IO, "%s", cause);
	ck_assert_int_eq(error_wrap(&err, "%s", prefix), STATUS_IO);
	ck_assert_uint_lt(strlen(err.text), ERROR_TEXT_BYTES);
	ck_assert_str_eq(err.text + strlen(err.text) - cause_length, cause);
	if (cause_length < ERROR_TEXT_BYTES - 3)
		ck_assert_uint_eq(strlen(err.text), ERROR_TEXT_BYTES - 1);
}
END_TEST

START_TEST(test_error_set_when_too_long_then_cut_between_characters)
{
	char text[ERROR_TEXT_BYTES + 8];
	struct error err;

	/* "\u00e4" from the odd offset on: the limit falls inside of one. */
	memset(text, 0, sizeof(text));
	for (size_t i = 0; i + 2 < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xa4", 2);
	error_init(&err);
	error_set(&err, STATUS_INVALID, "%s", text);
	ck_assert_uint_eq(strlen(err.text), ERROR_TEXT_BYTES - 2);
	ck_assert_mem_eq(err.text + ERROR_TEXT_BYTES - 4, "\xc3\xa4", 2);
}
END_TEST

static const struct {
	const char *text;
	const char *mended;
} odd_texts[] = {
	{ "caf\xc3\xa9", "caf\xc3\xa9" },
	{ "\x84", "?" },
	{ "a\xc3", "a?" },
	{ "\xe2\x82|\xe2\x82\xac", "??|\xe2\x82\xac" },
	{ "\xed\xa0\x80", "???" },
	{ "\xff\xfe", "??" },
};

/* It goes into JSON. */
START_TEST(test_error_set_when_it_quotes_no_utf8_then_mended)
{
	struct error err;

	error_init(&err);
	error_set(&err, STATUS_INVALID, "'%s'", odd_texts[_i].text);
	error_wrap(&err, "%s", odd_texts[_i].text);
	ck_assert(utf8_is_valid(err.text, strlen(err.text)));
	ck_assert_ptr_eq(strstr(err.text, odd_texts[_i].mended), err.text);
	ck_assert_ptr_nonnull(strstr(err.text, "'"));
}
END_TEST

START_TEST(test_error_at_when_several_then_text_is_of_first)
{
	struct error err;

	error_init(&err);
	ck_assert_int_eq(error_at(&err, "/state", "must be %s", "x"),
			 STATUS_INVALID);
	ck_assert_int_eq(error_at(&err, "", "not good"), STATUS_INVALID);
	ck_assert_str_eq(err.text, "/state: must be x");
	ck_assert_uint_eq(err.place_count, 2);
	ck_assert_str_eq(err.places[0].pointer, "/state");
	ck_assert_str_eq(err.places[0].detail, "must be x");
	ck_assert_str_eq(err.places[1].pointer, "");
	ck_assert_str_eq(err.places[1].detail, "not good");
}
END_TEST

START_TEST(test_error_at_when_document_then_text_has_no_pointer)
{
	struct error err;

	error_init(&err);
	error_at(&err, "", "not an object");
	ck_assert_str_eq(err.text, "not an object");
}
END_TEST

START_TEST(test_error_at_when_more_than_room_then_all_are_counted)
{
	struct error err;
	char pointer[1024];

	memset(pointer, '/', sizeof(pointer) - 1);
	pointer[sizeof(pointer) - 1] = '\0';
	error_init(&err);
	for (int i = 0; i < ERROR_PLACES_MAX + 3; i++)
		error_at(&err, pointer, "%s", pointer);
	ck_assert_uint_eq(err.place_count, ERROR_PLACES_MAX + 3);
	ck_assert_uint_eq(strlen(err.places[0].pointer),
			  sizeof(err.places[0].pointer) - 1);
	ck_assert_uint_eq(strlen(err.places[0].detail),
			  sizeof(err.places[0].detail) - 1);
}
END_TEST

static Suite *
error_suite(void)
{
	Suite *suite = suite_create("error");
	TCase *tcase = tcase_create("error");

	tcase_add_loop_test(
	    tcase, test_status_row_when_asked_then_has_code_and_slug, 0,
	    (int)(sizeof(status_cases) / sizeof(status_cases[0])));
	tcase_add_test(tcase,
		       test_status_rows_when_compared_then_slugs_are_unique);
	tcase_add_test(tcase,
		       test_error_set_when_set_twice_then_first_cause_stands);
	tcase_add_test(tcase, test_error_when_null_then_code_is_returned);
	tcase_add_test(
	    tcase, test_error_wrap_when_wrapped_then_prefixes_stand_in_front);
	tcase_add_test(tcase,
		       test_error_wrap_when_nothing_was_reported_then_internal);
	tcase_add_loop_test(tcase,
			    test_error_wrap_when_too_long_then_prefix_gives_way,
			    ERROR_TEXT_BYTES - 6, ERROR_TEXT_BYTES);
	tcase_add_test(
	    tcase, test_error_set_when_too_long_then_cut_between_characters);
	tcase_add_loop_test(tcase,
			    test_error_set_when_it_quotes_no_utf8_then_mended,
			    0, (int)(sizeof(odd_texts) / sizeof(odd_texts[0])));
	tcase_add_test(tcase, test_error_at_when_several_then_text_is_of_first);
	tcase_add_test(tcase,
		       test_error_at_when_document_then_text_has_no_pointer);
	tcase_add_test(tcase,
		       test_error_at_when_more_than_room_then_all_are_counted);
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(error_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

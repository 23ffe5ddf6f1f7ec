#include "base/bytes.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

START_TEST(test_bytes_when_appended_then_content_is_terminated)
{
	struct bytes b;

	bytes_init(&b);
	bytes_append_str(&b, "one");
	bytes_append_char(&b, ' ');
	bytes_append_int(&b, -2);
	bytes_append(&b, NULL, 0);
	bytes_printf(&b, " %s", "three");
	ck_assert_str_eq(b.data, "one -2 three");
	ck_assert_uint_eq(b.length, strlen(b.data));
	ck_assert_uint_lt(b.length, b.capacity);
	bytes_clear(&b);
	ck_assert_uint_eq(b.length, 0);
	ck_assert_str_eq(b.data, "");
	bytes_fini(&b);
	ck_assert_ptr_null(b.data);
}
END_TEST

START_TEST(test_bytes_when_grown_by_single_bytes_then_content_stays)
{
	struct bytes b;

	bytes_init(&b);
	for (int i = 0; i < 10000; i++)
		bytes_append_char(&b, (char)('a' + i % 26));
	ck_assert_uint_eq(b.length, 10000);
	for (int i = 0; i < 10000; i++)
		ck_assert_int_eq(b.data[i], 'a' + i % 26);
	bytes_fini(&b);
}
END_TEST

struct int_case {
	int64_t n;
	const char *text;
};

static const struct int_case int_cases[] = {
	{ 0, "0" },
	{ 9, "9" },
	{ -10, "-10" },
	{ INT64_MAX, "9223372036854775807" },
	{ INT64_MIN, "-9223372036854775808" },
};

START_TEST(test_bytes_append_int_when_any_then_decimal)
{
	struct bytes b;

	bytes_init(&b);
	bytes_append_int(&b, int_cases[_i].n);
	ck_assert_str_eq(b.data, int_cases[_i].text);
	bytes_fini(&b);
}
END_TEST

START_TEST(test_bytes_printf_when_longer_than_room_then_whole)
{
	struct bytes b;
	char text[1000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int length = 0; length < 999; length += 7) {
		bytes_init(&b);
		bytes_append_char(&b, '<');
		bytes_printf(&b, "%.*s>", length, text);
		ck_assert_uint_eq(b.length, (size_t)length + 2);
		ck_assert_int_eq(b.data[b.length - 1], '>');
		bytes_fini(&b);
	}
}
END_TEST

START_TEST(test_bytes_reserve_when_reserved_then_does_not_move)
{
	struct bytes b;
	const char *data;

	bytes_init(&b);
	bytes_reserve(&b, 1000);
	data = b.data;
	for (int i = 0; i < 1000; i++)
		bytes_append_char(&b, 'x');
	ck_assert_ptr_eq(b.data, data);
	bytes_fini(&b);
}
END_TEST

START_TEST(test_bytes_take_when_empty_then_still_a_string)
{
	struct bytes b;
	char *taken;

	bytes_init(&b);
	taken = bytes_take(&b);
	ck_assert_str_eq(taken, "");
	ck_assert_ptr_null(b.data);
	free(taken);
}
END_TEST

START_TEST(test_blob_from_bytes_when_moved_then_bytes_are_empty)
{
	struct bytes b;
	struct blob *blob;

	bytes_init(&b);
	bytes_append(&b, "a\0b", 3);
	blob = blob_from_bytes(&b);
	ck_assert_uint_eq(blob->length, 3);
	ck_assert_mem_eq(blob->data, "a\0b", 4);
	ck_assert_uint_eq(b.length, 0);
	blob_unref(blob);
	blob = blob_from_bytes(&b);
	ck_assert_uint_eq(blob->length, 0);
	ck_assert_str_eq(blob->data, "");
	blob_unref(blob);
	blob_unref(NULL);
}
END_TEST

static void *
use_blob(void *arg)
{
	struct blob *blob = arg;

	for (int i = 0; i < 10000; i++)
		blob_unref(blob_ref(blob));
	blob_unref(blob);
	return NULL;
}

START_TEST(test_blob_when_shared_by_threads_then_freed_once)
{
	struct blob *blob = blob_new("shared", 6);
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(
		    pthread_create(&threads[i], NULL, use_blob, blob_ref(blob)),
		    0);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_uint_eq(atomic_load(&blob->refs), 1);
	blob_unref(blob);
}
END_TEST

static Suite *
bytes_suite(void)
{
	Suite *suite = suite_create("bytes");
	TCase *tcase = tcase_create("bytes");

	tcase_add_test(tcase,
		       test_bytes_when_appended_then_content_is_terminated);
	tcase_add_test(
	    tcase, test_bytes_when_grown_by_single_bytes_then_content_stays);
	tcase_add_loop_test(tcase, test_bytes_append_int_when_any_then_decimal,
			    0, (int)(sizeof(int_cases) / sizeof(int_cases[0])));
	tcase_add_test(tcase,
		       test_bytes_printf_when_longer_than_room_then_whole);
	tcase_add_test(tcase,
		       test_bytes_reserve_when_reserved_then_does_not_move);
	tcase_add_test(tcase, test_bytes_take_when_empty_then_still_a_string);
	tcase_add_test(tcase,
		       test_blob_from_bytes_when_moved_then_bytes_are_empty);
	tcase_add_test(tcase, test_blob_when_shared_by_threads_then_freed_once);
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(bytes_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* JSON pointers that grow and shrink. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "eval/pointer.h"

static struct string
name(const char *text)
{
	return (struct string){ text, strlen(text) };
}

START_TEST(test_pointer_when_pushed_and_cut_then_escaped_and_back)
{
	struct pointer pointer;
	size_t before;

	pointer_set(&pointer, "/targeting");
	before = pointer_push_name(&pointer, name("a/b~c"));
	ck_assert_str_eq(pointer.text, "/targeting/a~1b~0c");
	(void)pointer_push_index(&pointer, 12);
	ck_assert_str_eq(pointer.text, "/targeting/a~1b~0c/12");
	pointer_cut(&pointer, before);
	ck_assert_str_eq(pointer.text, "/targeting");
}
END_TEST

START_TEST(test_pointer_when_too_long_then_stays)
{
	struct pointer pointer;
	char text[2 * POINTER_BYTES];
	size_t length;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	pointer_set(&pointer, text);
	ck_assert_uint_eq(pointer.length, POINTER_BYTES - 1);
	ck_assert_uint_eq(strlen(pointer.text), POINTER_BYTES - 1);

	pointer_set(&pointer, "/a");
	for (int i = 0; i < 1000; i++)
		(void)pointer_push_name(&pointer, name("~~"));
	length = pointer.length;
	ck_assert_uint_eq(strlen(pointer.text), length);
	ck_assert_uint_eq(pointer_push_name(&pointer, name("~~")), length);
	ck_assert_uint_eq(pointer.length, length);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("eval pointer");
	TCase *tcase = tcase_create("pointer");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase,
		       test_pointer_when_pushed_and_cut_then_escaped_and_back);
	tcase_add_test(tcase, test_pointer_when_too_long_then_stays);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

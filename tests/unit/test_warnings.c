#include "model/warnings.h"

#include <check.h>
#include <string.h>

#include "suite.h"

static struct warnings warnings;
static struct bytes out;

static void
setup(void)
{
	bytes_init(&out);
}

static void
teardown(void)
{
	warnings_fini(&warnings);
	bytes_fini(&out);
}

START_TEST(test_put_when_there_are_none_then_nothing)
{
	warnings_put(&warnings, &out);
	ck_assert_uint_eq(out.length, 0);
}
END_TEST

START_TEST(test_put_when_there_are_some_then_an_array)
{
	warnings_add(&warnings, "one", "/a", "it is \"%s\"", "so");
	warnings_add(&warnings, "two", "", "and %d", 2);
	warnings_put(&warnings, &out);
	ck_assert_str_eq(out.data,
			 "\"warnings\":[{\"code\":\"one\",\"pointer\":\"/a\","
			 "\"detail\":\"it is \\\"so\\\"\"},{\"code\":\"two\","
			 "\"pointer\":\"\",\"detail\":\"and 2\"}]");
	warnings_fini(&warnings);
	ck_assert_uint_eq(warnings.count, 0);
}
END_TEST

START_TEST(test_add_when_full_then_the_first_are_kept)
{
	for (int i = 0; i < WARNINGS_MAX + 3; i++) {
		ck_assert_int_eq(warnings_are_full(&warnings),
				 i >= WARNINGS_MAX);
		warnings_add(&warnings, "code", "", "number %d", i);
	}
	ck_assert_uint_eq(warnings.count, WARNINGS_MAX);
	ck_assert_str_eq(warnings.items[WARNINGS_MAX - 1].detail, "number 7");
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_put_when_there_are_none_then_nothing);
	tcase_add_test(tc, test_put_when_there_are_some_then_an_array);
	tcase_add_test(tc, test_add_when_full_then_the_first_are_kept);
}

int
main(void)
{
	return suite_main("model/warnings", add);
}

/* What is known of libmicrohttpd by its version. */
#include "http/library.h"

#include <check.h>

#include "suite.h"

static const struct {
	const char *version;
	bool passes_over;
} versions[] = {
	{ "0.9.75", true }, { "0.9.77", true },  { "1.0.0", false },
	{ "1.0.1", false }, { "1.10.0", false }, { "2.0", false },
};

START_TEST(test_version_when_in_table_then_known)
{
	ck_assert_int_eq(library_passes_over(versions[_i].version),
			 versions[_i].passes_over);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_loop_test(tc, test_version_when_in_table_then_known, 0,
			    (int)(sizeof(versions) / sizeof(versions[0])));
}

int
main(void)
{
	return suite_main("http/library", add);
}

/* The libraries that are loaded: all of them known, and what is not is said. */
#include <check.h>
#include <string.h>
#include <unistd.h>

#include "../../src/daemon/libraries.h"
#include "suite.h"

static const char *
version_2_0(void)
{
	return "2.0";
}

static const struct {
	const char *tested;
	bool is_tested;
} rows[] = {
	{ "2.0", true },         { "1.9 2.0", true }, { "2.0 2.1", true },
	{ "1.9 2.0 2.1", true }, { "2.0.1", false },  { "12.0", false },
	{ "2", false },          { "", false },       { "1.9 2.01", false },
};

START_TEST(test_library_when_version_stands_in_table_then_tested)
{
	const struct library row = { "x", version_2_0, rows[_i].tested };

	ck_assert(library_is_tested(&row) == rows[_i].is_tested);
}
END_TEST

/* What is said of `rows`. */
static void
say(const struct library *libs, char *text, size_t size)
{
	struct log *log;
	ssize_t length;
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	log = log_new(fds[1], LOG_INFO, LOG_TEXT);
	libraries_log(libs, log);
	log_free(log);
	close(fds[1]);
	length = read(fds[0], text, size - 1);
	ck_assert_int_gt(length, 0);
	text[length] = '\0';
	close(fds[0]);
}

START_TEST(test_log_when_one_was_never_tested_then_a_warning_names_it)
{
	static const struct library two[] = {
		{ "old", version_2_0, "2.0" },
		{ "new", version_2_0, "1.8 1.9" },
		{ .name = NULL },
	};
	char text[4096];

	say(two, text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, "libraries old=2.0 new=2.0\n"));
	ck_assert_ptr_nonnull(strstr(
	    text, "never tested library=new version=2.0 tested=\"1.8 1.9\"\n"));
	ck_assert_ptr_null(strstr(text, "library=old"));
}
END_TEST

/* Fails on a system that the suite had never run on: see libraries.c. */
START_TEST(test_libraries_when_suite_runs_here_then_all_are_in_the_table)
{
	for (const struct library *row = libraries; row->name != NULL; row++)
		ck_assert_msg(library_is_tested(row), "%s %s was never tested",
			      row->name, row->version());
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_loop_test(
	    tc, test_library_when_version_stands_in_table_then_tested, 0,
	    (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(
	    tc, test_log_when_one_was_never_tested_then_a_warning_names_it);
	tcase_add_test(
	    tc, test_libraries_when_suite_runs_here_then_all_are_in_the_table);
}

int
main(void)
{
	return suite_main("daemon libraries", add);
}

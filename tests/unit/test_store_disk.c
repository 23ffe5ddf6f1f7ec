/* Files below SQLite: each failure with the words that say what failed. */
#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/store/disk.h"
#include "store_fixture.h"

static struct store_fixture f;
static char copy[128];

static void
setup(void)
{
	store_fixture_init(&f);
	store_fixture_put(&f, "a", "text");
	store_fixture_close(&f);
	(void)snprintf(copy, sizeof(copy), "%s/copy", f.directory);
	error_init(&f.err);
}

static void
teardown(void)
{
	store_fixture_fini(&f);
}

static void
check_failed(enum status status, enum status expected, const char *sentence)
{
	ck_assert_int_eq(status, expected);
	ck_assert_msg(strstr(f.err.text, sentence) != NULL, "'%s', not '%s'",
		      f.err.text, sentence);
	error_init(&f.err);
}

START_TEST(test_copy_when_done_then_the_same_for_its_owner_only)
{
	struct stat from, to;

	ck_assert_int_eq(disk_copy(f.path, copy, &f.err), STATUS_OK);
	ck_assert_int_eq(stat(f.path, &from), 0);
	ck_assert_int_eq(stat(copy, &to), 0);
	ck_assert_int_eq(to.st_size, from.st_size);
	ck_assert_uint_eq(to.st_mode & 0777, 0600);
}
END_TEST

START_TEST(test_copy_when_there_is_one_then_refused_and_it_stays)
{
	struct stat st;
	const int fd = open(copy, O_WRONLY | O_CREAT, 0600);

	ck_assert_int_ge(fd, 0);
	(void)close(fd);
	check_failed(disk_copy(f.path, copy, &f.err), STATUS_IO,
		     "make the copy: File exists");
	ck_assert_int_eq(stat(copy, &st), 0);
	ck_assert_int_eq(st.st_size, 0);
}
END_TEST

START_TEST(test_copy_when_not_readable_then_says_so)
{
	check_failed(disk_copy("/nowhere/t.db", copy, &f.err), STATUS_IO,
		     "open it: ");
	ck_assert_int_ne(access(copy, F_OK), 0);
	check_failed(disk_copy(f.directory, copy, &f.err), STATUS_IO,
		     "read it: ");
}
END_TEST

/* A limit on the size of files stands in for a disk that takes no more. */
START_TEST(test_copy_when_not_writable_then_says_so)
{
	struct rlimit before, small;
	enum status status;

	ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){ 1000, before.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	status = disk_copy(f.path, copy, &f.err);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	check_failed(status, STATUS_IO, "write the copy: ");
}
END_TEST

START_TEST(test_lock_when_no_file_then_says_so)
{
	int fd = -1;

	check_failed(disk_lock("/nowhere/t.db", true, &fd, &f.err), STATUS_IO,
		     "open: ");
	ck_assert_int_lt(fd, 0);
	/* A file that has no locks. */
	check_failed(disk_lock(f.directory, true, &fd, &f.err), STATUS_IO,
		     "open: ");
}
END_TEST

/* Locks are between processes. */
START_TEST(test_lock_when_held_elsewhere_then_busy)
{
	int fd = -1;
	int status = 0;
	pid_t pid;

	ck_assert_int_eq(disk_lock(f.path, _i == 1, &fd, &f.err), STATUS_OK);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		enum status alone = disk_lock(f.path, true, &fd, &f.err);
		enum status shared = disk_lock(f.path, false, &fd, &f.err);

		_exit(alone == STATUS_BUSY &&
			      shared == (_i == 1 ? STATUS_BUSY : STATUS_OK)
			  ? 0
			  : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	(void)close(fd);
}
END_TEST

START_TEST(test_sync_when_no_directory_then_says_so)
{
	check_failed(disk_sync_directory("/nowhere/t.db", &f.err), STATUS_IO,
		     "sync the directory: ");
	ck_assert_int_eq(disk_sync_directory(f.path, &f.err), STATUS_OK);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("store_disk");
	TCase *tcase = tcase_create("store_disk");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase,
		       test_copy_when_done_then_the_same_for_its_owner_only);
	tcase_add_test(tcase,
		       test_copy_when_there_is_one_then_refused_and_it_stays);
	tcase_add_test(tcase, test_copy_when_not_readable_then_says_so);
	tcase_add_test(tcase, test_copy_when_not_writable_then_says_so);
	tcase_add_test(tcase, test_lock_when_no_file_then_says_so);
	tcase_add_loop_test(tcase, test_lock_when_held_elsewhere_then_busy, 0,
			    2);
	tcase_add_test(tcase, test_sync_when_no_directory_then_says_so);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

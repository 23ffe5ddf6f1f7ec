#include "../../src/store/store_error.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct error_case {
	int code;
	int system_errno;
	enum status status;
	bool fatal;
};

static const struct error_case cases[] = {
	{ SQLITE_FULL, 0, STATUS_FULL, false },
	{ SQLITE_IOERR_FSYNC, EIO, STATUS_IO, true },
	{ SQLITE_IOERR_FSYNC, EDQUOT, STATUS_IO, true },
	{ SQLITE_IOERR_DIR_FSYNC, EIO, STATUS_IO, true },
	{ SQLITE_IOERR, 0, STATUS_IO, false },
	{ SQLITE_IOERR_WRITE, EIO, STATUS_IO, false },
	{ SQLITE_IOERR_WRITE, EDQUOT, STATUS_FULL, false },
	{ SQLITE_IOERR_READ, EDQUOT, STATUS_IO, false },
	{ SQLITE_IOERR_SHORT_READ, 0, STATUS_IO, false },
	{ SQLITE_IOERR_TRUNCATE, 0, STATUS_IO, false },
	{ SQLITE_CORRUPT, 0, STATUS_CORRUPT, false },
	{ SQLITE_CORRUPT_INDEX, 0, STATUS_CORRUPT, false },
	{ SQLITE_NOTADB, 0, STATUS_CORRUPT, false },
	{ SQLITE_BUSY, 0, STATUS_BUSY, false },
	{ SQLITE_BUSY_RECOVERY, 0, STATUS_BUSY, false },
	{ SQLITE_LOCKED, 0, STATUS_BUSY, false },
	{ SQLITE_READONLY, 0, STATUS_IO, false },
	{ SQLITE_READONLY_DIRECTORY, 0, STATUS_IO, false },
	{ SQLITE_CANTOPEN, ENOENT, STATUS_IO, false },
	{ SQLITE_TOOBIG, 0, STATUS_TOO_LARGE, false },
	{ SQLITE_CONSTRAINT_PRIMARYKEY, 0, STATUS_INTERNAL, false },
	{ SQLITE_MISUSE, 0, STATUS_INTERNAL, false },
};

START_TEST(test_error_status_when_code_then_its_row)
{
	const struct error_case *c = &cases[_i];

	ck_assert_int_eq(store_error_status(c->code, c->system_errno),
			 c->status);
	ck_assert_int_eq(store_error_is_fatal(c->code), c->fatal);
}
END_TEST

START_TEST(test_error_set_when_no_connection_then_says_what_and_why)
{
	struct error err;

	error_init(&err);
	ck_assert_int_eq(store_error_set(&err, NULL, SQLITE_FULL, "commit"),
			 STATUS_FULL);
	ck_assert_int_eq(err.code, STATUS_FULL);
	ck_assert_str_eq(err.text, "commit: no space is left (database or "
				   "disk is full)");
}
END_TEST

START_TEST(test_error_set_when_error_is_null_then_still_the_status)
{
	ck_assert_int_eq(store_error_set(NULL, NULL, SQLITE_BUSY, "open"),
			 STATUS_BUSY);
}
END_TEST

START_TEST(test_error_set_when_connection_failed_then_its_message)
{
	sqlite3 *db = NULL;
	struct error err;
	int rc;

	error_init(&err);
	ck_assert_int_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
	rc = sqlite3_exec(db, "SELECT missing", NULL, NULL, NULL);
	ck_assert_int_eq(store_error_set(&err, db, rc, "read"),
			 STATUS_INTERNAL);
	ck_assert_str_eq(err.text, "read: SQLite refused the call (no such "
				   "column: missing)");
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}
END_TEST

START_TEST(test_error_set_when_message_is_long_then_room_for_the_file)
{
	char sql[400];
	sqlite3 *db = NULL;
	struct error err;
	int rc;

	error_init(&err);
	memset(sql, '\'', sizeof(sql) - 1);
	sql[sizeof(sql) - 1] = '\0';
	ck_assert_int_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
	rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
	(void)store_error_set(&err, db, rc, "read");
	(void)error_wrap(&err, "/var/lib/toggled/toggled.db");
	ck_assert_ptr_nonnull(strstr(err.text, "unrecognized token"));
	ck_assert_int_eq(
	    strncmp(err.text, "/var/lib/toggled/toggled.db: read: ", 35), 0);
	ck_assert_uint_lt(strlen(err.text), 300);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("store_error");
	TCase *tcase = tcase_create("store_error");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tcase, test_error_status_when_code_then_its_row, 0,
			    (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(
	    tcase, test_error_set_when_no_connection_then_says_what_and_why);
	tcase_add_test(tcase,
		       test_error_set_when_error_is_null_then_still_the_status);
	tcase_add_test(tcase,
		       test_error_set_when_connection_failed_then_its_message);
	tcase_add_test(
	    tcase, test_error_set_when_message_is_long_then_room_for_the_file);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

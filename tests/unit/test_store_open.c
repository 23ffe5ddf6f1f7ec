#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store_fixture.h"

static void
check_refused(struct store_fixture *f, const char *path, enum status status,
	      const char *sentence)
{
	struct store *store = NULL;
	struct error err;

	(void)f;
	error_init(&err);
	ck_assert_int_eq(store_open(path, STORE_CREATE, 5, &store, &err),
			 status);
	ck_assert_ptr_null(store);
	ck_assert_int_eq(err.code, status);
	ck_assert_msg(strstr(err.text, sentence) != NULL, "%s", err.text);
	ck_assert_msg(strstr(err.text, path) != NULL, "%s", err.text);
}

START_TEST(test_open_when_new_then_an_identity_that_stays)
{
	struct store_fixture f;
	char epoch[EPOCH_BYTES];

	store_fixture_init(&f);
	memcpy(epoch, store_epoch(f.store), EPOCH_BYTES);
	ck_assert_uint_eq(strlen(epoch), EPOCH_BYTES - 1);
	ck_assert_uint_eq(strspn(epoch, "0123456789abcdef"), EPOCH_BYTES - 1);
	ck_assert_int_eq(store_head(f.store), 0);
	ck_assert(!store_is_dead(f.store));
	store_fixture_reopen(&f);
	ck_assert_str_eq(store_epoch(f.store), epoch);
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_open_when_two_databases_then_two_identities)
{
	struct store_fixture f;
	struct store_fixture g;

	store_fixture_init(&f);
	store_fixture_init(&g);
	ck_assert_str_ne(store_epoch(f.store), store_epoch(g.store));
	store_fixture_fini(&g);
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_open_when_new_then_only_the_owner_may_read)
{
	struct store_fixture f;
	struct stat st;

	store_fixture_init(&f);
	ck_assert_int_eq(stat(f.path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	store_fixture_fini(&f);
}
END_TEST

struct pragma {
	const char *sql;
	const char *answer;
};

static const struct pragma pragmas[] = {
	{ "PRAGMA journal_mode", "wal" },
	{ "PRAGMA locking_mode", "exclusive" },
	{ "PRAGMA synchronous", "2" },
	{ "PRAGMA foreign_keys", "1" },
	{ "PRAGMA mmap_size", "0" },
	{ "PRAGMA trusted_schema", "0" },
	{ "PRAGMA application_id", "1952935012" },
	{ "SELECT created_at FROM meta", "5" },
};

START_TEST(test_open_when_open_then_settings_hold)
{
	struct store_fixture f;
	char answer[32];

	store_fixture_init(&f);
	ck_assert_int_eq(statement_once(f.store->db, pragmas[_i].sql, answer,
					sizeof(answer), &f.err),
			 STATUS_OK);
	ck_assert_str_eq(answer, pragmas[_i].answer);
	store_fixture_fini(&f);
}
END_TEST

/* Names that SQLite would take for something else than a file. */
static const char *const names[] = { "file:x?mode=memory", ":memory:", "a b",
				     "t.db" };

START_TEST(test_open_when_name_is_odd_then_still_a_file)
{
	struct store_fixture f;
	struct store *store = NULL;

	store_fixture_init(&f);
	store_fixture_close(&f);
	ck_assert_int_eq(chdir(f.directory), 0);
	ck_assert_int_eq(store_open(names[_i], STORE_CREATE, 5, &store, &f.err),
			 STATUS_OK);
	ck_assert_int_eq(access(names[_i], F_OK), 0);
	store_close(store);
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_open_when_not_a_database_then_says_so)
{
	struct store_fixture f;
	FILE *file;

	store_fixture_init(&f);
	store_fixture_close(&f);
	file = fopen(f.path, "w");
	ck_assert_ptr_nonnull(file);
	for (int i = 0; i < 1000; i++)
		(void)fputs("this is no database\n", file);
	(void)fclose(file);
	check_refused(&f, f.path, STATUS_CORRUPT, "the file is no database");
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_open_when_locked_by_a_process_then_asks_for_another_toggled)
{
	struct store_fixture f;
	int to_parent[2];
	int to_child[2];
	char byte = 0;
	pid_t child;
	int wstatus = 0;

	store_fixture_init(&f);
	store_fixture_close(&f);
	ck_assert_int_eq(pipe(to_parent), 0);
	ck_assert_int_eq(pipe(to_child), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		struct store *store = NULL;
		byte = store_open(f.path, STORE_CREATE, 5, &store, NULL) ==
		       STATUS_OK;
		(void)!write(to_parent[1], &byte, 1);
		(void)!read(to_child[0], &byte, 1);
		store_close(store);
		_exit(0);
	}
	ck_assert_int_eq(read(to_parent[0], &byte, 1), 1);
	ck_assert_int_eq(byte, 1);
	check_refused(&f, f.path, STATUS_BUSY, "is another toggled running");
	ck_assert_int_eq(write(to_child[1], &byte, 1), 1);
	ck_assert_int_eq(waitpid(child, &wstatus, 0), child);
	store_fixture_reopen(&f);
	store_fixture_fini(&f);
}
END_TEST

/* Not that the disk failed, as SQLite has it. */
START_TEST(test_open_when_read_only_then_says_so)
{
	const uid_t me = geteuid();
	struct store_fixture f;

	store_fixture_init(&f);
	store_fixture_close(&f);
	ck_assert_int_eq(chmod(f.path, 0444), 0);
	ck_assert_int_eq(chmod(f.directory, 0777), 0);
	/* Nothing is read-only for root. */
	if (me == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	check_refused(&f, f.path, STATUS_IO, "the file is not writable");
	ck_assert_int_eq(seteuid(me), 0);
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_open_when_directory_is_missing_then_says_so)
{
	check_refused(NULL, "/nonexistent/t.db", STATUS_IO,
		      "cannot create the file: No such file or directory");
}
END_TEST

START_TEST(test_open_when_path_is_a_directory_then_cannot_open)
{
	check_refused(NULL, "/tmp", STATUS_INVALID, "it is no file");
}
END_TEST

START_TEST(test_open_when_directory_is_not_writable_then_says_so)
{
	struct store_fixture f;

	store_fixture_init(&f);
	store_fixture_close(&f);
	ck_assert_int_eq(chmod(f.directory, 0755), 0);
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	else
		ck_assert_int_eq(chmod(f.directory, 0555), 0);
	(void)unlink(f.path);
	if (access(f.path, F_OK) == 0)
		check_refused(&f, f.path, STATUS_IO, "it cannot be opened");
	(void)snprintf(f.path, sizeof(f.path), "%s/new.db", f.directory);
	check_refused(&f, f.path, STATUS_IO,
		      "cannot create the file: Permission denied");
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(chmod(f.directory, 0755), 0);
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_open_when_epoch_is_damaged_then_corrupt)
{
	struct store_fixture f;
	sqlite3 *db = NULL;

	store_fixture_init(&f);
	store_fixture_close(&f);
	ck_assert_int_eq(sqlite3_open(f.path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "UPDATE meta SET epoch = 'short'",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	check_refused(&f, f.path, STATUS_CORRUPT, "has no epoch");
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_close_when_null_then_nothing)
{
	store_close(NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("store_open");
	TCase *tcase = tcase_create("store_open");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, test_open_when_new_then_an_identity_that_stays);
	tcase_add_test(tcase, test_open_when_two_databases_then_two_identities);
	tcase_add_test(tcase, test_open_when_new_then_only_the_owner_may_read);
	tcase_add_loop_test(tcase, test_open_when_open_then_settings_hold, 0,
			    (int)(sizeof(pragmas) / sizeof(pragmas[0])));
	tcase_add_loop_test(tcase, test_open_when_name_is_odd_then_still_a_file,
			    0, (int)(sizeof(names) / sizeof(names[0])));
	tcase_add_test(tcase, test_open_when_not_a_database_then_says_so);
	tcase_add_test(
	    tcase,
	    test_open_when_locked_by_a_process_then_asks_for_another_toggled);
	tcase_add_test(tcase, test_open_when_read_only_then_says_so);
	tcase_add_test(tcase, test_open_when_directory_is_missing_then_says_so);
	tcase_add_test(tcase,
		       test_open_when_path_is_a_directory_then_cannot_open);
	tcase_add_test(tcase,
		       test_open_when_directory_is_not_writable_then_says_so);
	tcase_add_test(tcase, test_open_when_epoch_is_damaged_then_corrupt);
	tcase_add_test(tcase, test_close_when_null_then_nothing);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

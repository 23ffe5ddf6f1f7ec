/* Database files that nobody serves: looked at, put in place. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/database.h"
#include "store_fixture.h"

enum { CHANGES = 20, NOW_MS = 1795269600 };

struct scene {
	struct store_fixture f;
	char backup[128];
};

static void
write_file(const char *path, const char *data, size_t length)
{
	FILE *file = fopen(path, "wb");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(data, 1, length, file), length);
	ck_assert_int_eq(fclose(file), 0);
}

/* The whole file with "file" in front; "" where there is none. */
static struct bytes
read_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct bytes all;
	int c;

	bytes_init(&all);
	bytes_append_str(&all, file == NULL ? "none" : "file");
	while (file != NULL) {
		c = fgetc(file);
		if (c == EOF)
			break;
		bytes_append_char(&all, (char)c);
	}
	if (file != NULL)
		ck_assert_int_eq(fclose(file), 0);
	return all;
}

static bool
same(struct bytes a, struct bytes b)
{
	const bool equal =
	    a.length == b.length && memcmp(a.data, b.data, a.length) == 0;

	bytes_fini(&a);
	bytes_fini(&b);
	return equal;
}

static void
make_backup(struct scene *s, const char *path)
{
	struct store_backup *backup = NULL;
	bool done = false;

	ck_assert_int_eq(
	    store_backup_begin(s->f.store, path, &backup, &s->f.err),
	    STATUS_OK);
	while (!done)
		ck_assert_int_eq(
		    store_backup_step(backup, 100, &done, &s->f.err),
		    STATUS_OK);
	store_backup_end(backup);
}

/* A store of CHANGES changes and a backup of it, and one change more. */
static void
open_scene(struct scene *s)
{
	store_fixture_init(&s->f);
	for (int i = 0; i < CHANGES; i++)
		store_fixture_put(&s->f, i % 2 ? "a" : "b", "x");
	(void)snprintf(s->backup, sizeof(s->backup), "%s/copy.db",
		       s->f.directory);
	make_backup(s, s->backup);
	store_fixture_put(&s->f, "after", "x");
}

static void
close_scene(struct scene *s)
{
	store_fixture_fini(&s->f);
}

/* Close and leave the log where it is, as a kill would. */
static void
die(struct scene *s)
{
	s->f.store->dead = true;
	store_fixture_close(&s->f);
}

static void
check_verify(const char *path, enum status expected, const char *sentence)
{
	char *log = mem_alloc(strlen(path) + 8);
	struct database_facts facts = { .head = -1 };
	struct error err;
	enum status status;
	struct bytes before = read_file(path);
	struct bytes log_before;

	(void)snprintf(log, strlen(path) + 8, "%s-wal", path);
	log_before = read_file(log);
	error_init(&err);
	status = database_verify(path, &facts, &err);
	ck_assert_msg(status == expected, "%d: %s", status, err.text);
	if (status != STATUS_OK)
		ck_assert_msg(strstr(err.text, sentence) != NULL, "%s",
			      err.text);
	ck_assert(same(before, read_file(path)));
	ck_assert(same(log_before, read_file(log)));
	free(log);
}

START_TEST(test_verify_when_backup_then_whole_and_untouched)
{
	struct scene s;
	struct database_facts facts;
	struct error err;

	open_scene(&s);
	for (int i = 0; i < 2; i++)
		check_verify(s.backup, STATUS_OK, NULL);
	error_init(&err);
	ck_assert_int_eq(database_verify(s.backup, &facts, &err), STATUS_OK);
	ck_assert_int_eq(facts.changes, CHANGES);
	ck_assert_int_eq(facts.head, CHANGES);
	ck_assert_int_eq(facts.oldest, 1);
	ck_assert_int_eq(chmod(s.backup, 0400), 0);
	check_verify(s.backup, STATUS_OK, NULL);
	close_scene(&s);
}
END_TEST

START_TEST(test_verify_when_closed_or_killed_then_whole_and_untouched)
{
	struct scene s;

	open_scene(&s);
	if (_i)
		die(&s);
	else
		store_fixture_close(&s.f);
	check_verify(s.f.path, STATUS_OK, NULL);
	store_fixture_reopen(&s.f);
	ck_assert_int_eq(store_head(s.f.store), CHANGES + 1);
	close_scene(&s);
}
END_TEST

/* In a process of its own: locks are a process's. */
static void
in_another_process(void (*look)(struct scene *s), struct scene *s)
{
	int status = -1;
	const pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		look(s);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

static void
look_at_open(struct scene *s)
{
	check_verify(s->f.path, STATUS_BUSY, "another process holds it");
}

START_TEST(test_verify_when_served_then_busy)
{
	struct scene s;

	open_scene(&s);
	in_another_process(look_at_open, &s);
	store_fixture_put(&s.f, "goes", "on");
	close_scene(&s);
}
END_TEST

struct foreign {
	const char *sql; /* on the closed store; NULL: `data` as a file */
	const char *data;
	size_t length;
	enum status status;
	const char *sentence;
};

static const struct foreign foreigns[] = {
	{ NULL, "", 0, STATUS_CORRUPT, "the file is empty" },
	{ NULL, "x", 1, STATUS_CORRUPT, "no database" },
	{ NULL, "SQLite format 3", 16, STATUS_CORRUPT, "not a database" },
	{ NULL, "a text that goes on and on, but no database", 40,
	  STATUS_CORRUPT, "no database" },
	{ "PRAGMA application_id = 1", NULL, 0, STATUS_INVALID,
	  "another program" },
	{ "DELETE FROM change WHERE revision = 7", NULL, 0, STATUS_CORRUPT,
	  "revision 7: it is missing" },
	{ "UPDATE item SET definition = 'y' WHERE revision = 9", NULL, 0,
	  STATUS_CORRUPT, "revision 9: what is stored" },
	{ "DROP TABLE item; DROP TABLE change; DROP TABLE newest;"
	  "DROP TABLE request; DROP TABLE horizon; DROP TABLE meta;"
	  "PRAGMA application_id = 0; PRAGMA user_version = 0",
	  NULL, 0, STATUS_CORRUPT, "the database is empty" },
	{ "UPDATE horizon SET kind = 77", NULL, 0, STATUS_CORRUPT,
	  "the horizon is damaged" },
	{ "UPDATE horizon SET key = 'k'", NULL, 0, STATUS_CORRUPT,
	  "the horizon is damaged" },
	{ "ALTER TABLE horizon RENAME sum TO total", NULL, 0, STATUS_CORRUPT,
	  "the schema is not what toggled made: see table horizon" },
	{ "PRAGMA user_version = -5", NULL, 0, STATUS_CORRUPT,
	  "the schema has the number -5" },
	{ "DROP INDEX change_by_environment", NULL, 0, STATUS_CORRUPT,
	  "see index change_by_environment" },
	{ "CREATE TRIGGER spy AFTER INSERT ON item BEGIN DELETE FROM newest; "
	  "END",
	  NULL, 0, STATUS_CORRUPT, "see trigger spy" },
	/* What SQLite says only when it opens the file for writing. */
	{ "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET "
	  "sql = replace(sql, 'CHECK (rev', 'CHECK (ver') "
	  "WHERE name = 'change'",
	  NULL, 0, STATUS_CORRUPT, "see table change" },
	{ "UPDATE meta SET oldest_reader = 99; PRAGMA user_version = 99", NULL,
	  0, STATUS_INVALID, "or a newer one" },
};

START_TEST(test_verify_when_foreign_or_damaged_then_sentence)
{
	const struct foreign *foreign = &foreigns[_i];
	struct scene s;

	open_scene(&s);
	if (foreign->sql != NULL)
		store_fixture_tamper_closed(&s.f, foreign->sql);
	else
		write_file(s.backup, foreign->data, foreign->length);
	check_verify(foreign->sql != NULL ? s.f.path : s.backup,
		     foreign->status, foreign->sentence);
	close_scene(&s);
}
END_TEST

static const struct {
	size_t at;
	char value;
	const char *sentence;
} headers[] = {
	{ 18, 3, "its header is damaged: write version 3" },
	{ 18, -1, "its header is damaged: write version 255" },
	{ 19, 3, "its header is damaged: read version 3" },
	{ 47, 5, "its header is damaged: schema format 5" },
};

START_TEST(test_verify_when_header_is_of_no_known_format_then_corrupt)
{
	struct scene s;
	struct bytes file;

	open_scene(&s);
	file = read_file(s.backup);
	file.data[4 + headers[_i].at] = headers[_i].value;
	write_file(s.backup, file.data + 4, file.length - 4);
	check_verify(s.backup, STATUS_CORRUPT, headers[_i].sentence);
	bytes_fini(&file);
	close_scene(&s);
}
END_TEST

START_TEST(test_verify_when_no_file_then_sentence)
{
	struct scene s;
	char path[128];

	open_scene(&s);
	(void)snprintf(path, sizeof(path), "%s/none.db", s.f.directory);
	check_verify(path, STATUS_NOT_FOUND, "No such file");
	check_verify(s.f.directory, STATUS_INVALID, "it is no file");
	(void)snprintf(path, sizeof(path), "%s/x", s.f.path);
	check_verify(path, STATUS_IO, "Not a directory");
	store_fixture_close(&s.f);
	store_fixture_tamper_closed(&s.f, "PRAGMA journal_mode = DELETE");
	(void)snprintf(path, sizeof(path), "%s-journal", s.f.path);
	write_file(path, "x", 1);
	check_verify(s.f.path, STATUS_INVALID, "was cut off");
	close_scene(&s);
}
END_TEST

/* Names that SQLite would take for more than a name. */
static const char *const names[] = { "a?mode=rw", "a%20b", "a#b", "file:x" };

START_TEST(test_verify_when_name_is_odd_then_just_a_name)
{
	struct scene s;
	char path[160];

	open_scene(&s);
	(void)snprintf(path, sizeof(path), "%s/%s", s.f.directory, names[_i]);
	make_backup(&s, path);
	check_verify(path, STATUS_OK, NULL);
	close_scene(&s);
}
END_TEST

/* The first schema has no horizon, and none is made by looking. */
START_TEST(test_verify_when_schema_is_older_then_whole)
{
	struct scene s;

	open_scene(&s);
	store_fixture_tamper_closed(&s.f,
				    "ALTER TABLE meta DROP COLUMN began_at;"
				    "DROP INDEX change_behind;"
				    "ALTER TABLE change DROP COLUMN behind;"
				    "DROP TABLE horizon;"
				    "ALTER TABLE request DROP COLUMN head;"
				    "PRAGMA user_version = 1");
	check_verify(s.f.path, STATUS_OK, NULL);
	close_scene(&s);
}
END_TEST

/* --- restore ------------------------------------------------------------ */

static enum status
restore(struct scene *s, bool replace, struct restored *restored)
{
	const struct restore_order order = {
		.backup = s->backup,
		.database = s->f.path,
		.replace = replace,
		.now_ms = NOW_MS,
	};

	error_init(&s->f.err);
	return database_restore(&order, restored, &s->f.err);
}

static bool
is_there(const char *path, const char *suffix)
{
	char name[256];

	(void)snprintf(name, sizeof(name), "%s%s", path, suffix);
	return access(name, F_OK) == 0;
}

START_TEST(test_restore_when_done_then_the_backup_under_a_new_identity)
{
	struct scene s;
	struct restored restored = { .kept = NULL };
	struct database_facts facts = { .head = 0 };
	char epoch[EPOCH_BYTES];
	struct bytes before;
	struct stat st;

	open_scene(&s);
	memcpy(epoch, store_epoch(s.f.store), EPOCH_BYTES);
	if (_i)
		die(&s); /* its last change lies in the log */
	else
		store_fixture_close(&s.f);
	ck_assert_int_eq(chmod(s.f.path, 0640), 0);
	before = read_file(s.backup);
	ck_assert_msg(restore(&s, false, &restored) == STATUS_OK, "%s",
		      s.f.err.text);
	ck_assert(same(before, read_file(s.backup)));
	ck_assert_int_eq(restored.facts.head, CHANGES);
	ck_assert_str_ne(restored.epoch, epoch);
	ck_assert(!is_there(s.f.path, "-wal"));
	ck_assert(!is_there(s.f.path, ".restoring"));
	ck_assert_int_eq(stat(s.f.path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0640);
	ck_assert_int_eq(database_verify(restored.kept, &facts, &s.f.err),
			 STATUS_OK);
	ck_assert_int_eq(facts.head, CHANGES + 1);
	free(restored.kept);
	store_fixture_reopen(&s.f);
	ck_assert_str_eq(store_epoch(s.f.store), restored.epoch);
	ck_assert_int_eq(store_head(s.f.store), CHANGES);
	store_fixture_put(&s.f, "goes", "on");
	close_scene(&s);
}
END_TEST

START_TEST(test_restore_when_done_twice_then_two_identities)
{
	struct scene s;
	struct restored first;
	struct restored second;

	open_scene(&s);
	store_fixture_close(&s.f);
	ck_assert_int_eq(restore(&s, true, &first), STATUS_OK);
	ck_assert_int_eq(restore(&s, true, &second), STATUS_OK);
	ck_assert_str_ne(first.epoch, second.epoch);
	ck_assert_ptr_null(first.kept);
	ck_assert_ptr_null(second.kept);
	close_scene(&s);
}
END_TEST

/* A copy of a stopped database still has the identity of its former life. */
START_TEST(test_restore_when_backup_has_an_identity_then_a_new_one)
{
	struct scene s;
	struct restored restored = { .kept = NULL };
	struct store *copy = NULL;
	char epoch[EPOCH_BYTES];

	open_scene(&s);
	store_fixture_close(&s.f);
	ck_assert_int_eq(store_open(s.backup, STORE_CREATE, 5, &copy, &s.f.err),
			 STATUS_OK);
	memcpy(epoch, store_epoch(copy), EPOCH_BYTES);
	copy->dead = _i == 1; /* leaves its log behind */
	store_close(copy);
	ck_assert_int_eq(is_there(s.backup, "-wal"), _i == 1);
	ck_assert_msg(restore(&s, true, &restored) == STATUS_OK, "%s",
		      s.f.err.text);
	ck_assert_str_ne(restored.epoch, epoch);
	close_scene(&s);
}
END_TEST

START_TEST(test_restore_when_there_is_none_then_made)
{
	struct scene s;
	struct restored restored = { .kept = NULL };
	char log[128];

	open_scene(&s);
	store_fixture_close(&s.f);
	ck_assert_int_eq(unlink(s.f.path), 0);
	(void)snprintf(log, sizeof(log), "%s-wal", s.f.path);
	write_file(log, "stale", 5);
	ck_assert_msg(restore(&s, false, &restored) == STATUS_OK, "%s",
		      s.f.err.text);
	ck_assert_ptr_null(restored.kept);
	ck_assert(!is_there(log, ""));
	store_fixture_reopen(&s.f);
	ck_assert_int_eq(store_head(s.f.store), CHANGES);
	close_scene(&s);
}
END_TEST

/* What cannot be read is kept as it lies there. */
START_TEST(test_restore_when_old_is_damaged_then_kept_with_its_log)
{
	struct scene s;
	struct restored restored = { .kept = NULL };
	char log[128];

	open_scene(&s);
	store_fixture_close(&s.f);
	write_file(s.f.path, "junk", 4);
	(void)snprintf(log, sizeof(log), "%s-wal", s.f.path);
	write_file(log, "stale", 5);
	ck_assert_msg(restore(&s, false, &restored) == STATUS_OK, "%s",
		      s.f.err.text);
	ck_assert(is_there(restored.kept, ""));
	ck_assert(!is_there(log, ""));
	free(restored.kept);
	store_fixture_reopen(&s.f);
	ck_assert_int_eq(store_head(s.f.store), CHANGES);
	close_scene(&s);
}
END_TEST

static void
restore_over_open(struct scene *s)
{
	struct restored restored;

	ck_assert_int_eq(restore(s, false, &restored), STATUS_BUSY);
	ck_assert_ptr_nonnull(strstr(s->f.err.text, s->f.path));
	ck_assert(!is_there(s->f.path, ".restoring"));
}

START_TEST(test_restore_when_served_then_refused)
{
	struct scene s;

	open_scene(&s);
	in_another_process(restore_over_open, &s);
	store_fixture_put(&s.f, "goes", "on");
	store_fixture_reopen(&s.f);
	ck_assert_int_eq(store_head(s.f.store), CHANGES + 2);
	close_scene(&s);
}
END_TEST

START_TEST(test_restore_when_backup_is_bad_then_old_stays)
{
	struct scene s;
	struct restored restored;
	struct bytes before;

	open_scene(&s);
	store_fixture_close(&s.f);
	before = read_file(s.f.path);
	write_file(s.backup, "", 0);
	ck_assert_int_eq(restore(&s, false, &restored), STATUS_CORRUPT);
	(void)snprintf(s.backup, sizeof(s.backup), "%s", s.f.path);
	ck_assert_int_eq(restore(&s, false, &restored), STATUS_INVALID);
	ck_assert_ptr_nonnull(strstr(s.f.err.text, "the database itself"));
	ck_assert(same(before, read_file(s.f.path)));
	close_scene(&s);
}
END_TEST

/* Where the database is to be there is something else. */
START_TEST(test_restore_when_database_is_no_file_then_says_so)
{
	struct scene s;
	struct restored restored;
	struct restore_order order = { .now_ms = 5 };
	char path[128];

	open_scene(&s);
	store_fixture_close(&s.f);
	order.backup = s.backup;
	order.database = s.f.directory;
	ck_assert_int_eq(database_restore(&order, &restored, &s.f.err),
			 STATUS_INVALID);
	ck_assert_ptr_nonnull(strstr(s.f.err.text, "is no file"));
	(void)snprintf(path, sizeof(path), "%s/x", s.f.path);
	order.database = path;
	error_init(&s.f.err);
	ck_assert_int_eq(database_restore(&order, &restored, &s.f.err),
			 STATUS_IO);
	ck_assert_ptr_nonnull(strstr(s.f.err.text, path));
	close_scene(&s);
}
END_TEST

static void
add_tests(TCase *tcase)
{
	tcase_add_test(tcase, test_verify_when_backup_then_whole_and_untouched);
	tcase_add_loop_test(
	    tcase, test_verify_when_closed_or_killed_then_whole_and_untouched,
	    0, 2);
	tcase_add_test(tcase, test_verify_when_served_then_busy);
	tcase_add_loop_test(tcase,
			    test_verify_when_foreign_or_damaged_then_sentence,
			    0, (int)(sizeof(foreigns) / sizeof(foreigns[0])));
	tcase_add_loop_test(
	    tcase, test_verify_when_header_is_of_no_known_format_then_corrupt,
	    0, (int)(sizeof(headers) / sizeof(headers[0])));
	tcase_add_test(tcase, test_verify_when_no_file_then_sentence);
	tcase_add_loop_test(tcase,
			    test_verify_when_name_is_odd_then_just_a_name, 0,
			    (int)(sizeof(names) / sizeof(names[0])));
	tcase_add_test(tcase, test_verify_when_schema_is_older_then_whole);
	tcase_add_loop_test(
	    tcase, test_restore_when_done_then_the_backup_under_a_new_identity,
	    0, 2);
	tcase_add_test(tcase, test_restore_when_done_twice_then_two_identities);
	tcase_add_loop_test(
	    tcase, test_restore_when_backup_has_an_identity_then_a_new_one, 0,
	    2);
	tcase_add_test(tcase, test_restore_when_there_is_none_then_made);
	tcase_add_test(tcase,
		       test_restore_when_old_is_damaged_then_kept_with_its_log);
	tcase_add_test(tcase, test_restore_when_served_then_refused);
	tcase_add_test(tcase, test_restore_when_backup_is_bad_then_old_stays);
	tcase_add_test(tcase,
		       test_restore_when_database_is_no_file_then_says_so);
}

int
main(void)
{
	Suite *suite = suite_create("store_database");
	TCase *tcase = tcase_create("store_database");
	SRunner *runner = srunner_create(suite);
	int failed;

	add_tests(tcase);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

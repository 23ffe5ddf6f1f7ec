#include "../../src/store/migrate.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store_fixture.h"

enum { STEPS_MAX = 16 };

/* The embedded steps and some more. */
struct steps {
	struct embedded_file files[STEPS_MAX];
	size_t count;
};

static void
steps_init(struct steps *steps)
{
	memset(steps, 0, sizeof(*steps));
	while (embedded_migrations[steps->count].name != NULL) {
		steps->files[steps->count] = embedded_migrations[steps->count];
		steps->count++;
	}
	ck_assert_uint_gt(steps->count, 0);
	ck_assert_uint_lt(steps->count, STEPS_MAX - 3);
}

static void
steps_add(struct steps *steps, const char *name, const char *text)
{
	steps->files[steps->count++] =
	    (struct embedded_file){ name, text, strlen(text) };
}

static enum status
open_with(struct store_fixture *f, const struct embedded_file *migrations)
{
	struct store_options options = store_options_default(STORE_CREATE, 5);

	store_fixture_close(f);
	options.migrations = migrations;
	error_init(&f->err);
	return store_open_with(f->path, &options, &f->store, &f->err);
}

static void
check_answer(struct store_fixture *f, const char *sql, const char *expected)
{
	char answer[4096];

	ck_assert_msg(statement_once(f->store->db, sql, answer, sizeof(answer),
				     &f->err) == STATUS_OK,
		      "%s", f->err.text);
	ck_assert_str_eq(answer, expected);
}

static void
dump_schema(struct store_fixture *f, char *text, size_t size)
{
	ck_assert_int_eq(statement_once(f->store->db,
					"SELECT group_concat(sql, ';') FROM "
					"(SELECT sql FROM sqlite_schema "
					"WHERE sql IS NOT NULL ORDER BY name)",
					text, size, &f->err),
			 STATUS_OK);
	ck_assert_uint_gt(strlen(text), 0);
}

START_TEST(test_migrate_when_new_then_newest_schema)
{
	struct store_fixture f;
	struct steps steps;
	char version[24];

	store_fixture_init(&f);
	steps_init(&steps);
	(void)sqlite3_snprintf(sizeof(version), version, "%d",
			       (int)steps.count);
	check_answer(&f, "PRAGMA user_version", version);
	check_answer(&f, "SELECT release <> '' FROM meta", "1");
	check_answer(&f, "SELECT count(*) FROM meta", "1");
	store_fixture_fini(&f);
}
END_TEST

/* From every older version: the same schema, the same data. */
START_TEST(test_migrate_when_older_then_same_schema_as_new)
{
	struct store_fixture f;
	struct store_fixture g;
	struct steps all;
	char fresh[16384];
	char migrated[16384];

	store_fixture_init(&f);
	store_fixture_init(&g);
	dump_schema(&f, fresh, sizeof(fresh));
	steps_init(&all);
	for (size_t from = 1; from <= all.count; from++) {
		struct steps older = all;
		memset(&older.files[from], 0, sizeof(older.files[from]));
		store_fixture_close(&g);
		ck_assert_int_eq(unlink(g.path), 0);
		/* Its statements may not fit an old schema: then only the
		 * opening fails, after the steps. */
		(void)!open_with(&g, older.files);
		store_fixture_reopen(&g);
		dump_schema(&g, migrated, sizeof(migrated));
		ck_assert_str_eq(migrated, fresh);
	}
	store_fixture_fini(&g);
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_migrate_when_step_is_new_then_it_runs_once)
{
	struct store_fixture f;
	struct steps steps;

	store_fixture_init(&f);
	store_fixture_put(&f, "a", "1");
	steps_init(&steps);
	steps_add(&steps, "next.sql",
		  "CREATE TABLE extra (n INTEGER) STRICT;"
		  "INSERT INTO extra SELECT count(*) FROM item;");
	for (int i = 0; i < 2; i++) {
		ck_assert_msg(open_with(&f, steps.files) == STATUS_OK, "%s",
			      f.err.text);
		check_answer(&f, "SELECT group_concat(n) FROM extra", "1");
	}
	ck_assert_str_eq(store_fixture_dump(&f, "", INT64_MAX),
			 "default/2/a@1=1\n");
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_migrate_when_step_fails_then_nothing_of_it_stays)
{
	struct store_fixture f;
	struct steps steps;

	store_fixture_init(&f);
	store_fixture_put(&f, "a", "1");
	steps_init(&steps);
	steps_add(&steps, "bad.sql",
		  "CREATE TABLE extra (n INTEGER) STRICT;"
		  "INSERT INTO nowhere VALUES (1);");
	ck_assert_int_eq(open_with(&f, steps.files), STATUS_INTERNAL);
	ck_assert_ptr_nonnull(strstr(f.err.text, "bad.sql"));
	ck_assert_ptr_nonnull(strstr(f.err.text, "nowhere"));
	store_fixture_reopen(&f);
	check_answer(
	    &f, "SELECT count(*) FROM sqlite_schema WHERE name = 'extra'", "0");
	ck_assert_int_eq(store_head(f.store), 1);
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_migrate_when_newer_but_readable_then_opened)
{
	struct store_fixture f;
	struct steps steps;

	store_fixture_init(&f);
	steps_init(&steps);
	steps_add(&steps, "next.sql", "CREATE TABLE extra (n INTEGER) STRICT;");
	ck_assert_int_eq(open_with(&f, steps.files), STATUS_OK);
	store_fixture_reopen(&f);
	store_fixture_put(&f, "a", "1");
	check_answer(&f, "SELECT count(*) FROM extra", "0");
	ck_assert_int_eq(open_with(&f, steps.files), STATUS_OK);
	ck_assert_int_eq(store_head(f.store), 1);
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_migrate_when_too_new_then_says_which_release_is_needed)
{
	struct store_fixture f;
	struct steps steps;

	store_fixture_init(&f);
	steps_init(&steps);
	steps_add(&steps, "next.sql", "UPDATE meta SET oldest_reader = 99;");
	ck_assert_int_eq(open_with(&f, steps.files), STATUS_OK);
	store_fixture_tamper_closed(&f, "UPDATE meta SET release = '7.8.9'");
	error_init(&f.err);
	ck_assert_int_eq(store_open(f.path, STORE_CREATE, 5, &f.store, &f.err),
			 STATUS_INVALID);
	ck_assert_ptr_nonnull(
	    strstr(f.err.text, "install toggled 7.8.9 or a newer one"));
	store_fixture_fini(&f);
}
END_TEST

/* The same file again, on a copy that nobody sees. */
START_TEST(test_migrate_when_only_read_then_on_a_copy)
{
	struct store_fixture f;
	struct steps steps;
	struct store_options options = store_options_default(STORE_READ, 5);

	store_fixture_init(&f);
	store_fixture_put(&f, "a", "x");
	store_fixture_close(&f);
	steps_init(&steps);
	steps_add(&steps, "next.sql",
		  "CREATE TABLE extra AS SELECT 7 AS n FROM change");
	options.migrations = steps.files;
	error_init(&f.err);
	ck_assert_msg(store_open_with(f.path, &options, &f.store, &f.err) ==
			  STATUS_OK,
		      "%s", f.err.text);
	check_answer(&f, "SELECT n FROM extra", "7");
	ck_assert_int_eq(store_head(f.store), 1);
	ck_assert_int_ne(statement_once(f.store->db, "DELETE FROM change",
					(char[8]){ "" }, 8, &f.err),
			 STATUS_OK);
	store_fixture_close(&f);
	error_init(&f.err);
	ck_assert_int_eq(store_open(f.path, STORE_WRITE, 5, &f.store, &f.err),
			 STATUS_OK);
	check_answer(
	    &f, "SELECT count(*) FROM sqlite_schema WHERE name = 'extra'", "0");
	store_fixture_fini(&f);
}
END_TEST

struct foreign {
	const char *sql;
	const char *sentence;
};

static const struct foreign foreigns[] = {
	{ "DROP TABLE request; PRAGMA application_id = 0",
	  "a database of another program" },
	{ "PRAGMA application_id = 1", "a database of another program" },
	{ "PRAGMA user_version = 99; DROP TABLE meta", "no such table: meta" },
};

START_TEST(test_migrate_when_foreign_then_refused_untouched)
{
	struct store_fixture f;

	store_fixture_init(&f);
	store_fixture_tamper_closed(&f, foreigns[_i].sql);
	store_fixture_tamper_closed(&f, "PRAGMA journal_mode = DELETE");
	error_init(&f.err);
	ck_assert_int_ne(store_open(f.path, STORE_CREATE, 5, &f.store, &f.err),
			 STATUS_OK);
	ck_assert_msg(strstr(f.err.text, foreigns[_i].sentence) != NULL, "%s",
		      f.err.text);
	store_fixture_tamper_closed(&f, "CREATE TABLE check_it (n); "
					"DROP TABLE check_it");
	store_fixture_fini(&f);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("store_migrate");
	TCase *tcase = tcase_create("store_migrate");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, test_migrate_when_new_then_newest_schema);
	tcase_add_test(tcase, test_migrate_when_older_then_same_schema_as_new);
	tcase_add_test(tcase, test_migrate_when_step_is_new_then_it_runs_once);
	tcase_add_test(tcase,
		       test_migrate_when_step_fails_then_nothing_of_it_stays);
	tcase_add_test(tcase, test_migrate_when_newer_but_readable_then_opened);
	tcase_add_test(tcase, test_migrate_when_only_read_then_on_a_copy);
	tcase_add_test(
	    tcase, test_migrate_when_too_new_then_says_which_release_is_needed);
	tcase_add_loop_test(tcase,
			    test_migrate_when_foreign_then_refused_untouched, 0,
			    (int)(sizeof(foreigns) / sizeof(foreigns[0])));
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

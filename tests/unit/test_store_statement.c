#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "store_fixture.h"

START_TEST(test_statement_when_opened_then_every_one_is_prepared)
{
	struct store_fixture f;

	store_fixture_init(&f);
	for (int id = 0; id < STATEMENT_COUNT; id++)
		ck_assert_ptr_nonnull(f.store->statements[id]);
	store_fixture_fini(&f);
}
END_TEST

/* No statement may sort or scan where the design says it seeks. */
struct plan_case {
	enum statement_id id;
	const char *needed; /* in the plan; NULL: only no sorting */
};

static const struct plan_case plans[] = {
	{ STATEMENT_READ_HEAD, NULL },
	{ STATEMENT_WALK_NEWEST,
	  "USING PRIMARY KEY ((environment,kind,key)>(?,?,?))" },
	{ STATEMENT_FIND_NEWEST,
	  "USING PRIMARY KEY (environment=? AND kind=? AND key=?)" },
	{ STATEMENT_READ_PREVIOUS,
	  "USING PRIMARY KEY (revision=? AND kind=? AND key=?)" },
	{ STATEMENT_READ_VERSION,
	  "USING PRIMARY KEY (revision=? AND kind=? AND key=?)" },
	{ STATEMENT_READ_AT, "USING INTEGER PRIMARY KEY (rowid=?)" },
	{ STATEMENT_WALK_BACK, "(environment=? AND rowid<?)" },
	{ STATEMENT_WALK_BACK, "USING PRIMARY KEY (revision=?)" },
	{ STATEMENT_WALK_BACK_ALL, "USING INTEGER PRIMARY KEY (rowid<?)" },
	{ STATEMENT_ITEMS_BEHIND,
	  "USING PRIMARY KEY (revision=? AND (kind,key)>(?,?))" },
	{ STATEMENT_LIST_CHANGES, "USING INTEGER PRIMARY KEY (rowid<?)" },
	{ STATEMENT_LIST_BY_ENVIRONMENT, "(environment=? AND rowid<?)" },
	{ STATEMENT_READ_ITEMS,
	  "USING PRIMARY KEY (revision=? AND (kind,key)>(?,?))" },
	{ STATEMENT_READ_ITEM,
	  "USING PRIMARY KEY (revision=? AND kind=? AND key=?)" },
	{ STATEMENT_WALK_CHANGES, NULL },
	{ STATEMENT_WALK_ITEMS, NULL },
	{ STATEMENT_FIND_REQUEST, "(environment=? AND key=?)" },
	{ STATEMENT_PRUNE_REQUESTS, "USING INTEGER PRIMARY KEY (rowid<?)" },
};

START_TEST(test_statement_when_planned_then_it_seeks)
{
	const struct plan_case *c = &plans[_i];
	struct store_fixture f;
	struct bytes sql;
	sqlite3_stmt *plan = NULL;
	bool found = c->needed == NULL;

	store_fixture_init(&f);
	bytes_init(&sql);
	bytes_printf(&sql, "EXPLAIN QUERY PLAN %s",
		     sqlite3_sql(f.store->statements[c->id]));
	ck_assert_int_eq(
	    sqlite3_prepare_v2(f.store->db, sql.data, -1, &plan, NULL),
	    SQLITE_OK);
	while (sqlite3_step(plan) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(plan, 3);
		ck_assert_msg(strstr(text, "TEMP B-TREE") == NULL, "%s", text);
		found = found || strstr(text, c->needed) != NULL;
	}
	ck_assert_msg(found, "%s", sql.data);
	ck_assert_int_eq(sqlite3_finalize(plan), SQLITE_OK);
	bytes_fini(&sql);
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_statement_once_when_no_row_then_empty)
{
	struct store_fixture f;
	char text[8] = "before";

	store_fixture_init(&f);
	ck_assert_int_eq(statement_once(f.store->db,
					"SELECT 1 FROM item WHERE 0", text,
					sizeof(text), &f.err),
			 STATUS_OK);
	ck_assert_str_eq(text, "");
	ck_assert_int_eq(statement_once(f.store->db, "SELECT 'a long answer'",
					text, sizeof(text), &f.err),
			 STATUS_OK);
	ck_assert_str_eq(text, "a long ");
	ck_assert_int_eq(statement_once(f.store->db, "SELECT NULL", text,
					sizeof(text), &f.err),
			 STATUS_OK);
	ck_assert_str_eq(text, "");
	ck_assert_int_eq(statement_once(f.store->db, "SELECT missing", text,
					sizeof(text), &f.err),
			 STATUS_INTERNAL);
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_statement_when_it_fails_then_error_names_it)
{
	struct store_fixture f;

	store_fixture_init(&f);
	ck_assert_int_eq(
	    statement_run(f.store, STATEMENT_COMMIT, NULL, 0, &f.err),
	    STATUS_INTERNAL);
	ck_assert_ptr_nonnull(strstr(f.err.text, "commit: "));
	store_fixture_fini(&f);
}
END_TEST

/* What SQLite does not take is refused before anything is written. */
START_TEST(test_statement_when_text_is_too_long_then_refused_and_goes_on)
{
	enum { LIMIT = 4000 };
	struct store_fixture f;
	struct change *change;
	char text[LIMIT + 1];

	store_fixture_init(&f);
	memset(text, 'x', LIMIT);
	text[LIMIT] = '\0';
	(void)sqlite3_limit(f.store->db, SQLITE_LIMIT_LENGTH, LIMIT / 2);
	change = store_fixture_change(&f, "default");
	store_fixture_add(&f, change, KIND_TOGGLE, "a", text);
	ck_assert_int_eq(store_fixture_commit(&f, change), STATUS_TOO_LARGE);
	ck_assert_int_eq(store_head(f.store), 0);
	ck_assert(!store_is_dead(f.store));
	change = store_fixture_change(&f, text);
	ck_assert_int_eq(store_fixture_commit(&f, change), STATUS_TOO_LARGE);
	store_fixture_put(&f, "a", "short");
	ck_assert_int_eq(store_head(f.store), 1);
	store_fixture_fini(&f);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("store_statement");
	TCase *tcase = tcase_create("store_statement");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase,
		       test_statement_when_opened_then_every_one_is_prepared);
	tcase_add_loop_test(tcase, test_statement_when_planned_then_it_seeks, 0,
			    (int)(sizeof(plans) / sizeof(plans[0])));
	tcase_add_test(tcase, test_statement_once_when_no_row_then_empty);
	tcase_add_test(tcase, test_statement_when_it_fails_then_error_names_it);
	tcase_add_test(
	    tcase,
	    test_statement_when_text_is_too_long_then_refused_and_goes_on);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

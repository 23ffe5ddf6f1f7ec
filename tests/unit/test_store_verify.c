#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "store_fixture.h"

/* Revisions 1 to 6, each a toggle "k" of "default"; 3 has two items, 5 removes.
 */
static void
fill(struct store_fixture *f)
{
	struct change *change;

	store_fixture_put(f, "k", "1");
	store_fixture_put(f, "k", "2");
	change = store_fixture_change(f, "default");
	store_fixture_add(f, change, KIND_TOGGLE, "k", "3");
	store_fixture_add(f, change, KIND_SEGMENT, "z", "3");
	ck_assert_int_eq(store_fixture_commit(f, change), STATUS_OK);
	store_fixture_put(f, "k", "4");
	store_fixture_put(f, "k", NULL);
	store_fixture_put(f, "k", "6");
}

START_TEST(test_verify_when_untouched_then_whole)
{
	struct store_fixture f;
	int64_t changes = -1;

	store_fixture_init(&f);
	ck_assert_int_eq(store_verify(f.store, &changes, &f.err), STATUS_OK);
	ck_assert_int_eq(changes, 0);
	fill(&f);
	ck_assert_msg(store_verify(f.store, &changes, &f.err) == STATUS_OK,
		      "%s", f.err.text);
	ck_assert_int_eq(changes, 6);
	store_fixture_put(&f, "goes", "on");
	store_fixture_fini(&f);
}
END_TEST

static struct chain_point
point(struct store_fixture *f)
{
	struct chain_point known = { .revision = store_head(f->store) };

	memcpy(known.hash, store_head_hash(f->store), SHA256_BYTES);
	return known;
}

static void
expect_known(struct store_fixture *f, const struct chain_point *known,
	     enum status expected)
{
	int64_t changes = -1;

	error_init(&f->err);
	ck_assert_msg(store_verify_against(f->store, known, &changes,
					   &f->err) == expected,
		      "%s", f->err.text);
}

/* A point is met wherever it lies, and one that was never so is not. */
START_TEST(test_verify_when_a_hash_is_known_then_held_against_it)
{
	struct chain_point points[7] = { { .revision = 0 } };
	struct store_fixture f;
	bool done = false;

	store_fixture_init(&f);
	for (int i = 1; i <= 6; i++) {
		store_fixture_put(&f, "k", i % 2 ? "odd" : "even");
		points[i] = point(&f);
	}
	store_fixture_reopen(&f);
	for (int i = 1; i <= 6; i++) {
		struct chain_point other = points[i];

		expect_known(&f, &points[i], STATUS_OK);
		other.hash[31] ^= 1;
		expect_known(&f, &other, STATUS_CORRUPT);
		other = points[i];
		other.revision = i % 6 + 1;
		expect_known(&f, &other, STATUS_CORRUPT);
	}
	points[0] = points[6];
	points[0].revision = 7;
	expect_known(&f, &points[0], STATUS_CORRUPT);
	/* The hash at the horizon is kept, those before it are not. */
	while (!done)
		ck_assert_int_eq(
		    store_prune(f.store, 4000, 4000, 1, &done, &f.err),
		    STATUS_OK);
	for (int i = 1; i <= 6; i++)
		expect_known(&f, &points[i],
			     i < 3 ? STATUS_INVALID : STATUS_OK);
	points[3].hash[0] ^= 1;
	expect_known(&f, &points[3], STATUS_CORRUPT);
	store_fixture_fini(&f);
}
END_TEST

struct tampering {
	const char *sql;
	const char *text; /* how the report begins */
};

static const struct tampering tamperings[] = {
	{ "UPDATE item SET definition = 'x' WHERE revision = 3 AND kind = 2",
	  "revision 3: " },
	{ "UPDATE item SET definition = NULL WHERE revision = 4",
	  "revision 4: " },
	{ "UPDATE item SET definition = '' WHERE revision = 5",
	  "revision 5: " },
	{ "UPDATE item SET key = 'l' WHERE revision = 2", "revision 2: " },
	{ "UPDATE item SET kind = 1 WHERE revision = 2", "revision 2: " },
	{ "UPDATE item SET kind = 77 WHERE revision = 2",
	  "revision 2: unknown kind 77" },
	{ "DELETE FROM item WHERE revision = 3 AND kind = 1", "revision 3: " },
	{ "DELETE FROM item WHERE revision = 6", "revision 6: " },
	{ "INSERT INTO item VALUES (4, 2, 'new', 0, 'x')", "revision 4: " },
	{ "UPDATE change SET actor = 'eve' WHERE revision = 2",
	  "revision 2: " },
	{ "UPDATE change SET comment = '' WHERE revision = 6", "revision 6: " },
	{ "UPDATE change SET at = at + 1 WHERE revision = 1", "revision 1: " },
	{ "UPDATE change SET behind = 7 WHERE revision = 3",
	  "revision 3: its time lies 0 ms before the last" },
	{ "UPDATE change SET environment = 'prod' WHERE revision = 4",
	  "revision 4: " },
	{ "UPDATE change SET hash = zeroblob(32) WHERE revision = 2",
	  "revision 2: what is stored is not what was committed" },
	{ "DELETE FROM change WHERE revision = 1",
	  "revision 1: it is missing" },
	{ "DELETE FROM change WHERE revision = 3",
	  "revision 3: it is missing" },
	{ "DELETE FROM change WHERE revision = 6",
	  "revision 6: its items have no change" },
	{ "UPDATE change SET revision = 99 WHERE revision = 2;"
	  "UPDATE change SET revision = 2 WHERE revision = 3;"
	  "UPDATE change SET revision = 3 WHERE revision = 99;",
	  "revision 2: " },
	{ "UPDATE item SET revision = 99 WHERE revision = 1;"
	  "UPDATE item SET revision = 1 WHERE revision = 2;"
	  "UPDATE item SET revision = 2 WHERE revision = 99;",
	  "revision 1: " },
	{ "INSERT INTO item VALUES (0, 2, 'k', 0, 'x')",
	  "revision 1: an item before it has no change" },
	{ "UPDATE item SET previous = 1 WHERE revision = 3 AND kind = 2",
	  "revision 3: its item 'k' points to a wrong version before it" },
	{ "UPDATE newest SET revision = 4 WHERE kind = 2",
	  "revision 6: is the newest of 'k', but the database points to 4" },
	{ "DELETE FROM newest WHERE kind = 1",
	  "the log is whole, but it has 2 keys and pointers to 1" },
	{ "INSERT INTO newest VALUES ('default', 1, 'ghost', 3)",
	  "revision 0: is the newest of 'ghost'" },
	{ "UPDATE item SET kind = 9 WHERE revision = 2", "revision 2: " },
	{ "UPDATE newest SET kind = 7 WHERE kind = 1",
	  "revision 0: is the newest of" },
	{ "UPDATE newest SET kind = 77 WHERE kind = 1", "unknown kind 77" },
};

START_TEST(test_verify_when_tampered_then_names_first_bad_revision)
{
	const struct tampering *t = &tamperings[_i];
	struct store_fixture f;
	int64_t changes = -1;

	store_fixture_init(&f);
	fill(&f);
	store_fixture_tamper(&f, t->sql);
	ck_assert_int_eq(store_verify(f.store, &changes, &f.err),
			 STATUS_CORRUPT);
	ck_assert_msg(strncmp(f.err.text, t->text, strlen(t->text)) == 0,
		      "'%s', not '%s'", f.err.text, t->text);
	store_fixture_fini(&f);
}
END_TEST

/* The index that no walk of the log reads. */
START_TEST(test_verify_when_index_is_damaged_then_corrupt)
{
	struct store_fixture f;
	int64_t changes = -1;

	store_fixture_init(&f);
	fill(&f);
	store_fixture_tamper(&f, "PRAGMA writable_schema = ON;"
				 "UPDATE sqlite_schema SET rootpage = (SELECT "
				 "rootpage FROM sqlite_schema WHERE name = "
				 "'sqlite_autoindex_request_1') "
				 "WHERE name = 'change_by_environment'");
	ck_assert_int_eq(store_verify(f.store, &changes, &f.err),
			 STATUS_CORRUPT);
	ck_assert_int_eq(changes, 6);
	ck_assert_ptr_nonnull(strstr(f.err.text, "the log is whole"));
	store_fixture_fini(&f);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("store_verify");
	TCase *tcase = tcase_create("store_verify");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase,
		       test_verify_when_a_hash_is_known_then_held_against_it);
	tcase_add_test(tcase, test_verify_when_untouched_then_whole);
	tcase_add_loop_test(
	    tcase, test_verify_when_tampered_then_names_first_bad_revision, 0,
	    (int)(sizeof(tamperings) / sizeof(tamperings[0])));
	tcase_add_test(tcase, test_verify_when_index_is_damaged_then_corrupt);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

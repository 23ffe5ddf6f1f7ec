/*
 * A disk without space: commits say so, reads go on, nothing acknowledged is
 * lost, and it heals by itself when there is space again.
 */
#include <check.h>
#include <stdlib.h>

#include "scenario.h"

enum {
	ATTEMPTS = 60,
	PLENTY = 100 * 1000 * 1000,
	STEP = 2500, /* no multiple of a page */
	ROUNDS = 60,
	TIMEOUT_S = 120,
};

/* Commit until it has failed a few times. Returns how often it did. */
static int
commit_until_full(struct scenario *s)
{
	int full = 0;

	for (int i = 0; i < ATTEMPTS && full < 3; i++) {
		const enum status status =
		    scenario_commit(s, 1 + (size_t)i % 3);
		if (status == STATUS_OK)
			continue;
		ck_assert_msg(status == STATUS_FULL, "%s", s->err.text);
		ck_assert(!store_is_dead(s->store));
		full++;
	}
	return full;
}

START_TEST(test_full_when_no_space_then_reads_go_on_and_it_heals)
{
	struct shim *shim = shim_new();
	struct scenario s;
	int64_t head;

	scenario_init(&s, shim);
	ck_assert_int_eq(scenario_open(&s), STATUS_OK);
	ck_assert_int_eq(scenario_commit(&s, 3), STATUS_OK);
	shim_set_space(shim, (int64_t)_i * STEP, false);
	ck_assert_int_eq(commit_until_full(&s), 3);
	head = s.ledger.head;
	scenario_check_reads(&s);
	ck_assert_str_eq(s.ledger.unsound, "");
	shim_set_space(shim, PLENTY, false);
	ck_assert_int_eq(scenario_commit(&s, 1), STATUS_OK);
	ck_assert_int_eq(s.ledger.head, head + 1);
	scenario_check(&s, NULL);
	ck_assert_str_eq(s.ledger.unsound, "");
	scenario_fini(&s);
	shim_free(shim);
}
END_TEST

/* Started on a full disk: it opens or says so, and opens when it can. */
START_TEST(test_full_when_opened_without_space_then_full_or_open)
{
	struct shim *shim = shim_new();
	struct scenario s;
	enum status status;

	scenario_init(&s, shim);
	if (_i % 2 == 0) {
		ck_assert_int_eq(scenario_open(&s), STATUS_OK);
		ck_assert_int_eq(scenario_commit(&s, 3), STATUS_OK);
		scenario_kill(&s);
	}
	shim_set_space(shim, (int64_t)_i * STEP, false);
	status = scenario_open(&s);
	ck_assert_msg(status == STATUS_OK || status == STATUS_FULL, "%s",
		      s.err.text);
	scenario_check(&s, NULL);
	ck_assert_str_eq(s.ledger.unsound, "");
	scenario_fini(&s);
	shim_free(shim);
}
END_TEST

/* Only the database cannot grow: checkpoints fail, commits do not. */
START_TEST(test_full_when_checkpoint_has_no_space_then_commits_go_on)
{
	struct shim *shim = shim_new();
	struct scenario s;

	scenario_init(&s, shim);
	ck_assert_int_eq(scenario_open(&s), STATUS_OK);
	shim_set_space(shim, 0, true);
	for (int i = 0; i < ATTEMPTS; i++)
		ck_assert_msg(scenario_commit(&s, 2) == STATUS_OK, "%s",
			      s.err.text);
	ck_assert_int_gt(s.store->wal_pages, 5 * s.store->checkpoint_pages);
	ck_assert(!store_is_dead(s.store));
	shim_set_space(shim, PLENTY, false);
	for (int i = 0; i < ATTEMPTS; i++)
		ck_assert_int_eq(scenario_commit(&s, 2), STATUS_OK);
	ck_assert_int_lt(s.store->wal_pages, 3 * s.store->checkpoint_pages);
	scenario_check(&s, NULL);
	ck_assert_str_eq(s.ledger.unsound, "");
	scenario_fini(&s);
	shim_free(shim);
}
END_TEST

/* The test itself: a disk that drops what does not fit. */
START_TEST(test_full_when_disk_lies_then_it_is_noticed)
{
	struct shim *shim = shim_new();
	struct scenario s;

	scenario_init(&s, shim);
	ck_assert_int_eq(scenario_open(&s), STATUS_OK);
	shim_set_lie(shim, SHIM_LIE_DONE);
	shim_set_space(shim, 10 * STEP, false);
	for (int i = 0; i < ATTEMPTS; i++)
		(void)scenario_commit(&s, 2);
	scenario_check(&s, NULL);
	ck_assert_str_ne(s.ledger.unsound, "");
	scenario_fini(&s);
	shim_free(shim);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("store_full");
	TCase *tcase = tcase_create("full");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, TIMEOUT_S);
	tcase_add_loop_test(
	    tcase, test_full_when_no_space_then_reads_go_on_and_it_heals, 0,
	    ROUNDS);
	tcase_add_loop_test(
	    tcase, test_full_when_opened_without_space_then_full_or_open, 0,
	    ROUNDS);
	tcase_add_test(
	    tcase, test_full_when_checkpoint_has_no_space_then_commits_go_on);
	tcase_add_test(tcase, test_full_when_disk_lies_then_it_is_noticed);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

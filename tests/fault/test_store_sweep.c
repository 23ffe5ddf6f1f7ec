/*
 * Every operation of the store with the n-th call to the disk failing, for
 * n = 1, 2, ... until none fails any more: alone, and with all calls after it.
 * Each time the operation answers with an error or does its work, and nothing
 * acknowledged is missing afterwards.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scenario.h"

enum { COMMITS = 8, CALLS_MAX = 5000, TIMEOUT_S = 600 };

struct operation {
	const char *name;
	void (*prepare)(struct scenario *s); /* on a whole disk */
	void (*run)(struct scenario *s);
};

static void
commit_many(struct scenario *s)
{
	for (size_t i = 0; i < COMMITS; i++)
		(void)scenario_commit(s, 1 + i % 3);
}

static void
prepare_nothing(struct scenario *s)
{
	(void)s;
}

static void
prepare_open(struct scenario *s)
{
	ck_assert_int_eq(scenario_open(s), STATUS_OK);
	commit_many(s);
}

/* A database whose log was not taken over. */
static void
prepare_killed(struct scenario *s)
{
	prepare_open(s);
	scenario_kill(s);
}

/* A step to run, on a log with data. */
static void
prepare_older(struct scenario *s)
{
	prepare_killed(s);
	scenario_add_migration(s);
}

static void
run_open(struct scenario *s)
{
	if (scenario_open(s) == STATUS_OK)
		(void)scenario_commit(s, 2);
}

/* An fsync that failed has to be the end of the store. */
static void
check_dead(struct scenario *s)
{
	enum shim_call call;

	if (!shim_has_failed(s->shim, &call) || call != SHIM_SYNC)
		return;
	if (!store_is_dead(s->store))
		scenario_unsound(s, "a failed fsync is taken lightly");
	if (scenario_commit(s, 1) == STATUS_OK)
		scenario_unsound(s, "commits after a failed fsync");
}

static void
run_commit(struct scenario *s)
{
	for (size_t i = 0; i < COMMITS; i++) {
		(void)scenario_commit(s, 1 + i % 3);
		check_dead(s);
	}
}

/* Steps between commits, as the registry takes them. */
static void
run_prune(struct scenario *s)
{
	for (size_t i = 0; i < 2 * COMMITS; i++) {
		(void)scenario_prune(s);
		check_dead(s);
		if (i % 2 == 0)
			(void)scenario_commit(s, 1);
	}
}

static enum status
count_item(const struct stored_item *item, void *ctx, struct error *err)
{
	size_t *count = ctx;

	(void)item;
	(void)err;
	(*count)++;
	return STATUS_OK;
}

static enum status
count_change(const struct stored_change *change, void *ctx, struct error *err)
{
	size_t *count = ctx;

	(void)change;
	(void)err;
	(*count)++;
	return STATUS_OK;
}

/* What is answered has to be all of it. */
static void
run_reads(struct scenario *s)
{
	const struct history_query query = { .limit = SIZE_MAX };
	const struct string all = { "", 0 };
	size_t now = 0;
	size_t before = 0;
	size_t again = 0;
	size_t told = 0;
	int64_t changes = 0;

	if (scenario_open(s) != STATUS_OK)
		return;
	if (store_load(s->store, all, INT64_MAX, count_item, &now, NULL) ==
		STATUS_OK &&
	    store_load(s->store, all, store_head(s->store) - 1, count_item,
		       &before, NULL) == STATUS_OK &&
	    store_load(s->store, all, INT64_MAX, count_item, &again, NULL) ==
		STATUS_OK &&
	    (now != again || before > now || now == 0))
		scenario_unsound(s, "loaded %zu, %zu, then %zu", before, now,
				 again);
	if (store_verify(s->store, &changes, NULL) == STATUS_OK &&
	    store_history(s->store, &query, count_change, &told, NULL) ==
		STATUS_OK &&
	    told != (size_t)changes)
		scenario_unsound(s, "verified %lld changes, told of %zu",
				 (long long)changes, told);
}

static void
run_backup(struct scenario *s)
{
	char copy[128];
	enum status status;

	(void)snprintf(copy, sizeof(copy), "%s/copy.db", s->directory);
	status = scenario_backup(s, copy, 4);
	if ((status == STATUS_OK) != (access(copy, F_OK) == 0))
		scenario_unsound(s, "backup: status %d, and the copy?", status);
}

static const struct operation operations[] = {
	{ "open new", prepare_nothing, run_open },
	{ "open after a kill", prepare_killed, run_open },
	{ "migrate", prepare_older, run_open },
	{ "commit and checkpoint", prepare_open, run_commit },
	{ "load, verify", prepare_killed, run_reads },
	{ "backup", prepare_open, run_backup },
	{ "prune", prepare_open, run_prune },
};

enum { OPERATIONS = sizeof(operations) / sizeof(operations[0]) };

/* One round. False: the n-th call never came. */
static bool
round_of(struct shim *shim, const struct operation *operation, int64_t n,
	 bool lasting, enum shim_lie lie, char unsound[512])
{
	struct scenario s;
	char copy[128];
	bool has_failed;

	scenario_init(&s, shim);
	operation->prepare(&s);
	shim_set_lie(shim, lie);
	shim_fail(shim, n, lasting);
	operation->run(&s);
	scenario_close(&s);
	has_failed = shim_has_failed(shim, NULL);
	scenario_check(&s, NULL);
	(void)snprintf(copy, sizeof(copy), "%s/copy.db", s.directory);
	if (access(copy, F_OK) == 0)
		scenario_check_copy(&s, copy, 0);
	(void)snprintf(unsound, 512, "%s", s.ledger.unsound);
	scenario_fini(&s);
	return has_failed;
}

/* The number of rounds that left the store unsound. */
static int
sweep(const struct operation *operation, bool lasting, enum shim_lie lie,
      bool is_mutant)
{
	struct shim *shim = shim_new();
	char unsound[512] = "";
	int count = 0;
	int64_t n = 1;

	while (round_of(shim, operation, n, lasting, lie, unsound)) {
		count += unsound[0] != '\0';
		ck_assert_msg(is_mutant || count == 0, "%s, call %lld: %s",
			      operation->name, (long long)n, unsound);
		if (is_mutant && count > 0)
			break;
		ck_assert_int_lt(++n, CALLS_MAX);
	}
	ck_assert_msg(is_mutant || n > 5, "%s makes %lld calls",
		      operation->name, (long long)n);
	shim_free(shim);
	return count;
}

START_TEST(test_sweep_when_nth_call_fails_then_error_or_clean)
{
	ck_assert_int_eq(
	    sweep(&operations[_i / 2], _i % 2 == 1, SHIM_HONEST, false), 0);
}
END_TEST

/* The test itself: a disk that says a failed call worked loses changes, and
 * one that hides that fsync failed lets the store live on. */
static const enum shim_lie lies[] = { SHIM_LIE_DONE, SHIM_LIE_SYNC_CAUSE };

START_TEST(test_sweep_when_disk_lies_then_it_is_noticed)
{
	ck_assert_int_gt(sweep(&operations[3], false, lies[_i], true), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("store_sweep");
	TCase *tcase = tcase_create("sweep");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, TIMEOUT_S);
	tcase_add_loop_test(tcase,
			    test_sweep_when_nth_call_fails_then_error_or_clean,
			    0, 2 * OPERATIONS);
	tcase_add_loop_test(tcase, test_sweep_when_disk_lies_then_it_is_noticed,
			    0, (int)(sizeof(lies) / sizeof(lies[0])));
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/*
 * The power goes at a random call to the disk while a store is created, written
 * to, checkpointed, pruned, opened again, migrated and copied. What was not
 * synced is kept, dropped or torn. Afterwards every acknowledged change is
 * there and the chain is whole.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/random.h"
#include "disk_names.h"
#include "scenario.h"

enum {
	COMMITS = 24,
	REOPEN_AT = 8,
	BACKUP_AT = 16,
	CRASHES = 500, /* in all */
	TESTS = 4,     /* that share them */
	MUTANT_CRASHES = 50,
	TIMEOUT_S = 1800,
};

/* How the store or the disk is broken; the first is not. */
struct breakage {
	const char *synchronous;
	enum shim_lie lie;
};

static const struct breakage whole = { "FULL", SHIM_HONEST };

static const struct breakage mutants[] = {
	{ "NORMAL", SHIM_HONEST },
	{ "OFF", SHIM_HONEST },
	{ "FULL", SHIM_LIE_SYNC },
};

/* The whole life of a store, until the power goes. */
static void
live(struct scenario *s)
{
	char copy[128];
	enum status status = scenario_open(s);

	(void)snprintf(copy, sizeof(copy), "%s/copy.db", s->directory);
	for (size_t i = 0; i < COMMITS && status == STATUS_OK; i++) {
		if (i == REOPEN_AT) {
			scenario_close(s);
			scenario_add_migration(s);
			status = scenario_open(s);
		}
		if (i == BACKUP_AT)
			status = scenario_backup(s, copy, 3);
		if (status == STATUS_OK)
			status = scenario_commit(s, 1 + i % 4);
		if (status == STATUS_OK)
			status = scenario_prune(s);
	}
	scenario_close(s);
}

static void
begin(struct scenario *s, struct shim *shim, const struct breakage *breakage)
{
	scenario_init(s, shim);
	s->options.synchronous = breakage->synchronous;
	shim_set_lie(shim, breakage->lie);
}

/* How many calls a life takes. */
static int64_t
measure(struct shim *shim, const struct breakage *breakage)
{
	struct scenario s;
	int64_t calls;

	begin(&s, shim, breakage);
	live(&s);
	ck_assert_int_gt(s.ledger.head, COMMITS);
	calls = shim_calls(shim);
	scenario_fini(&s);
	return calls;
}

static bool
crash(struct shim *shim, const struct breakage *breakage, int64_t at,
      uint64_t seed, char unsound[512])
{
	struct scenario s;
	char name[128];
	bool is_unsound;

	begin(&s, shim, breakage);
	shim_cut(shim, at);
	live(&s);
	shim_save_wreck(shim, s.wreck, seed);
	(void)snprintf(name, sizeof(name), "%s/t.db", s.wreck);
	scenario_check(&s, name);
	(void)snprintf(name, sizeof(name), "%s/copy.db", s.wreck);
	if (access(name, F_OK) == 0)
		scenario_check_copy(&s, name, 1);
	(void)snprintf(unsound, 512, "%s", s.ledger.unsound);
	is_unsound = unsound[0] != '\0';
	scenario_fini(&s);
	return is_unsound;
}

START_TEST(test_power_when_cut_anywhere_then_nothing_acknowledged_is_lost)
{
	struct shim *shim = shim_new();
	const int64_t calls = measure(shim, &whole);
	struct random random;
	char unsound[512];

	random_seed(&random, power_seed() * TESTS + (uint64_t)_i);
	for (int i = 0; i < power_rounds(CRASHES) / TESTS; i++) {
		const int64_t at =
		    1 + (int64_t)random_below(&random, (uint64_t)calls);
		const uint64_t seed = random_below(&random, UINT32_MAX);
		ck_assert_msg(!crash(shim, &whole, at, seed, unsound),
			      "POWER_SEED=%llu, call %lld, seed %llu: %s",
			      (unsigned long long)power_seed(), (long long)at,
			      (unsigned long long)seed, unsound);
	}
	shim_free(shim);
}
END_TEST

START_TEST(test_power_when_store_does_not_sync_then_it_is_noticed)
{
	struct shim *shim = shim_new();
	const int64_t calls = measure(shim, &mutants[_i]);
	struct random random;
	char unsound[512];
	int lost = 0;

	random_seed(&random, 1);
	for (int i = 0; i < MUTANT_CRASHES && lost == 0; i++) {
		const int64_t at =
		    1 + (int64_t)random_below(&random, (uint64_t)calls);
		lost += crash(shim, &mutants[_i], at,
			      random_below(&random, UINT32_MAX), unsound);
	}
	ck_assert_int_gt(lost, 0);
	shim_free(shim);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("store_power");
	TCase *tcase = tcase_create("power");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, TIMEOUT_S);
	tcase_add_loop_test(
	    tcase,
	    test_power_when_cut_anywhere_then_nothing_acknowledged_is_lost, 0,
	    TESTS);
	tcase_add_loop_test(
	    tcase, test_power_when_store_does_not_sync_then_it_is_noticed, 0,
	    (int)(sizeof(mutants) / sizeof(mutants[0])));
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

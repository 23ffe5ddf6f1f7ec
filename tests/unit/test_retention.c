/* When the registry forgets, and how little of it is noticed meanwhile. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/registry/retention.h"
#include "store_fixture.h"

enum { CHANGES = 400, MINUTE_MS = 60 * 1000, DAY_MS = 24 * 60 * MINUTE_MS };

struct scene {
	struct store_fixture f;
	struct retention retention;
	struct clock clock;
	struct log *log;
	int64_t wall_ms;
	int64_t mono_ms;
};

static int64_t
wall_cb(void *ctx)
{
	const struct scene *s = ctx;

	return s->wall_ms;
}

static int64_t
mono_cb(void *ctx)
{
	const struct scene *s = ctx;

	return s->mono_ms;
}

/* CHANGES changes, a second apart from 1 on. */
static void
open_scene(struct scene *s, int64_t keep_ms)
{
	memset(s, 0, sizeof(*s));
	store_fixture_init(&s->f);
	for (int i = 0; i < CHANGES; i++)
		store_fixture_put(&s->f, i % 2 ? "a" : "b", "x");
	s->clock = (struct clock){ wall_cb, mono_cb, s };
	s->log = log_new(2, LOG_ERROR, LOG_TEXT);
	retention_init(&s->retention, s->f.store, &s->clock, s->log, keep_ms);
}

static void
close_scene(struct scene *s)
{
	log_free(s->log);
	store_fixture_fini(&s->f);
}

static void
step(struct scene *s)
{
	ck_assert_msg(retention_step(&s->retention, &s->f.err) == STATUS_OK,
		      "%s", s->f.err.text);
}

static int
step_to_end(struct scene *s)
{
	int steps = 0;

	do {
		step(s);
		ck_assert_int_lt(++steps, CHANGES);
	} while (s->retention.is_busy);
	return steps;
}

START_TEST(test_retention_when_for_ever_then_nothing_goes)
{
	struct scene s;

	open_scene(&s, 0);
	s.wall_ms = INT64_MAX / 2;
	step(&s);
	ck_assert(!s.retention.is_busy);
	ck_assert_int_eq(store_oldest(s.f.store), 1);
	close_scene(&s);
}
END_TEST

START_TEST(test_retention_when_old_then_forgotten_step_by_step)
{
	struct scene s;
	int64_t changes = 0;

	open_scene(&s, DAY_MS);
	s.wall_ms = DAY_MS + 300 * 1000;
	ck_assert_int_gt(step_to_end(&s), 300 / 32);
	ck_assert_int_eq(store_oldest(s.f.store), 300);
	/* Nothing more within the minute, whatever the wall clock says. */
	s.wall_ms = 2LL * DAY_MS;
	s.mono_ms += MINUTE_MS - 1;
	step(&s);
	ck_assert(!s.retention.is_busy);
	ck_assert_int_eq(store_oldest(s.f.store), 300);
	s.mono_ms++;
	step_to_end(&s);
	ck_assert_int_eq(store_oldest(s.f.store), CHANGES);
	ck_assert_int_eq(store_verify(s.f.store, &changes, &s.f.err),
			 STATUS_OK);
	close_scene(&s);
}
END_TEST

/* A clock that is set back brings nothing back and takes nothing. */
START_TEST(test_retention_when_clock_steps_back_then_nothing_goes)
{
	struct scene s;

	open_scene(&s, DAY_MS);
	s.wall_ms = DAY_MS + 100 * 1000;
	step(&s);
	ck_assert(s.retention.is_busy);
	s.wall_ms = 0;
	ck_assert_int_eq(step_to_end(&s), 1);
	ck_assert_int_lt(store_oldest(s.f.store), 100);
	close_scene(&s);
}
END_TEST

START_TEST(test_retention_when_writes_go_on_then_both_do)
{
	struct scene s;
	int64_t changes = 0;

	open_scene(&s, DAY_MS);
	s.wall_ms = DAY_MS + 200 * 1000;
	do {
		step(&s);
		store_fixture_put(&s.f, "a", "meanwhile");
	} while (s.retention.is_busy);
	ck_assert_int_eq(store_oldest(s.f.store), 200);
	ck_assert_int_eq(store_verify(s.f.store, &changes, &s.f.err),
			 STATUS_OK);
	close_scene(&s);
}
END_TEST

START_TEST(test_retention_when_store_is_dead_then_waits)
{
	struct scene s;

	open_scene(&s, DAY_MS);
	s.wall_ms = 2LL * DAY_MS;
	s.f.store->dead = true;
	ck_assert_int_eq(retention_step(&s.retention, &s.f.err), STATUS_IO);
	ck_assert(!s.retention.is_busy);
	close_scene(&s);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("retention");
	TCase *tcase = tcase_create("retention");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, test_retention_when_for_ever_then_nothing_goes);
	tcase_add_test(tcase,
		       test_retention_when_old_then_forgotten_step_by_step);
	tcase_add_test(tcase,
		       test_retention_when_clock_steps_back_then_nothing_goes);
	tcase_add_test(tcase, test_retention_when_writes_go_on_then_both_do);
	tcase_add_test(tcase, test_retention_when_store_is_dead_then_waits);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

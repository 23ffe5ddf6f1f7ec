/* A wall clock behind the newest change: said, counted, shown, and not more. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../src/registry/clock_watch.h"
#include "store_fixture.h"
#include "suite.h"

enum { HOUR_MS = 60 * 60 * 1000, TEXT = 4096 };

struct scene {
	struct store_fixture f;
	struct clock_watch watch;
	struct log *log;
	FILE *file;
	int64_t wall_ms;
	int64_t mono_ms;
	char text[TEXT];
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

/* The first change is stamped with 1000, the next with 2000. */
static void
open_scene(struct scene *s)
{
	const struct clock clock = { wall_cb, mono_cb, s };

	memset(s, 0, sizeof(*s));
	s->wall_ms = 100 * HOUR_MS;
	s->mono_ms = HOUR_MS;
	store_fixture_init(&s->f);
	s->file = tmpfile();
	ck_assert_ptr_nonnull(s->file);
	s->log = log_new(fileno(s->file), LOG_INFO, LOG_TEXT);
	clock_watch_init(&s->watch, s->f.store, &clock, s->log);
}

static void
close_scene(struct scene *s)
{
	log_free(s->log);
	(void)fclose(s->file);
	store_fixture_fini(&s->f);
}

static void
change_at(struct scene *s, int64_t at_ms)
{
	struct change *change = store_fixture_change(&s->f, "default");

	change->at_ms = at_ms;
	store_fixture_add(&s->f, change, KIND_TOGGLE, "a", "x");
	ck_assert_int_eq(store_fixture_commit(&s->f, change), STATUS_OK);
}

static int
lines(struct scene *s, const char *word)
{
	ssize_t n = pread(fileno(s->file), s->text, TEXT - 1, 0);
	int count = 0;

	ck_assert_int_ge((int)n, 0);
	s->text[n] = '\0';
	for (const char *at = strstr(s->text, word); at != NULL;
	     at = strstr(at + 1, word))
		count++;
	return count;
}

static void
expect(struct scene *s, int64_t behind_ms, uint64_t steps, int warnings)
{
	ck_assert_int_eq((int64_t)atomic_load(&s->watch.behind_ms), behind_ms);
	ck_assert_uint_eq((uint64_t)atomic_load(&s->watch.steps), steps);
	ck_assert_int_eq(lines(s, " warn "), warnings);
}

START_TEST(test_watch_when_nothing_is_stored_then_silent)
{
	struct scene s;

	open_scene(&s);
	s.wall_ms = 0;
	clock_watch_look(&s.watch);
	expect(&s, 0, 0, 0);
	close_scene(&s);
}
END_TEST

START_TEST(test_watch_when_behind_by_a_little_then_silent)
{
	struct scene s;

	open_scene(&s);
	change_at(&s, s.wall_ms + STORE_STEP_MS);
	clock_watch_look(&s.watch);
	expect(&s, 0, 0, 0);
	s.wall_ms--;
	clock_watch_look(&s.watch);
	expect(&s, STORE_STEP_MS + 1, 1, 1);
	close_scene(&s);
}
END_TEST

START_TEST(test_watch_when_behind_for_long_then_said_once_an_hour)
{
	enum { HOURS = 5, LOOKS = 100 };
	struct scene s;

	open_scene(&s);
	change_at(&s, s.wall_ms + 50 * HOUR_MS);
	for (int i = 0; i < HOURS * LOOKS; i++) {
		clock_watch_look(&s.watch);
		s.wall_ms += HOUR_MS / LOOKS;
		s.mono_ms += HOUR_MS / LOOKS;
	}
	ck_assert_uint_eq((uint64_t)atomic_load(&s.watch.steps), 1);
	ck_assert_int_eq(lines(&s, " warn "), HOURS);
	ck_assert_int_eq(lines(&s, "seconds=180000"), 1);
	/* Over with the next change, which is said too. */
	change_at(&s, s.wall_ms);
	clock_watch_look(&s.watch);
	ck_assert_int_eq((int64_t)atomic_load(&s.watch.behind_ms), 0);
	ck_assert_int_eq(lines(&s, " info "), 1);
	close_scene(&s);
}
END_TEST

START_TEST(test_watch_when_clock_jumps_to_and_fro_then_counted_not_flooding)
{
	enum { JUMPS = 100 };
	struct scene s;

	open_scene(&s);
	for (int i = 0; i < JUMPS; i++) {
		change_at(&s, s.wall_ms + HOUR_MS);
		clock_watch_look(&s.watch);
		change_at(&s, s.wall_ms);
		clock_watch_look(&s.watch);
		s.mono_ms += 1000;
	}
	expect(&s, 0, JUMPS, 2);
	close_scene(&s);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_test(tc, test_watch_when_nothing_is_stored_then_silent);
	tcase_add_test(tc, test_watch_when_behind_by_a_little_then_silent);
	tcase_add_test(tc,
		       test_watch_when_behind_for_long_then_said_once_an_hour);
	tcase_add_test(
	    tc,
	    test_watch_when_clock_jumps_to_and_fro_then_counted_not_flooding);
}

int
main(void)
{
	return suite_main("clock_watch", add);
}

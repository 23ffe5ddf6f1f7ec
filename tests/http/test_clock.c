/*
 * The wall clock jumps while the program runs: an hour back, a day ahead, to a
 * standstill. Revisions go on rising, the times in the log are what the clock
 * said, a time means the newest change that is not later, and what waits waits
 * as long as it was told to. The clock is that of libfaketime, which reads its
 * offset from a file; the monotonic one stays the kernel's.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "login.h"
#include "scene.h"
#include "vitals.h"

enum { DEADLINE = 10000, A_WAIT = 500, SLACK = 50, LATE = 1000 }; /* ms */

static const char *const libraries[] = {
	"/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
	"/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
	"/usr/lib64/faketime/libfaketimeMT.so.1",
	"/usr/lib/faketime/libfaketimeMT.so.1",
};

/* Offsets to the true time in seconds; the last one is a clock that stands. */
static const char *const jumps[] = { "-3600",  "+86400", "-86400",
				     "+86400", "+0",     "2026-01-01 00:00:00",
				     "+90000" };

static const char *
library(void)
{
	for (int i = 0; i < COUNT(libraries); i++)
		if (access(libraries[i], R_OK) == 0)
			return libraries[i];
	return NULL;
}

/* At once: the program may read the file at any time. */
static void
set_clock(struct toggled *t, const char *offset)
{
	const char *fresh = toggled_write(t, "clock.new", offset);

	ck_assert_int_eq(rename(fresh, toggled_path(t, "clock")), 0);
}

static struct toggled *
open_clocked(void)
{
	struct toggled *t = toggled_new();

	set_clock(t, "+0");
	vitals_wrap(t, toggled_text(t,
				    "export FAKETIME_TIMESTAMP_FILE='%s'\n"
				    "export FAKETIME_NO_CACHE=1\n"
				    "export FAKETIME_DONT_FAKE_MONOTONIC=1\n"
				    "export LD_PRELOAD='%s'",
				    toggled_path(t, "clock"), library()));
	toggled_start(t, NULL);
	return t;
}

static const char *
written_at(struct toggled *t, int value)
{
	json_t *answer = answer_json(toggled_request(
	    t, "PUT", ENV "/toggles/a", NULL,
	    toggled_text(t, "{\"variants\":{\"v\":%d}}", value)));

	ck_assert_int_eq(json_int_at(answer, "/revision"), value + 1);
	return json_text_at(answer, "/updatedAt");
}

/* The time of each change means the newest one that is not later. */
static void
expect_past(struct toggled *t, const char *const *times, int count)
{
	for (int i = 0; i < count; i++) {
		int newest = i;
		json_t *then = ask_json(
		    t, "GET", toggled_text(t, ENV "/toggles/a?at=%s", times[i]),
		    NULL, 200);

		for (int later = i + 1; later < count; later++)
			if (strcmp(times[later], times[i]) <= 0)
				newest = later;
		ck_assert_int_eq(json_int_at(then, "/revision"), newest + 2);
	}
}

/* The time that the clock of libfaketime says now, give or take a minute. */
static void
expect_time(const char *text, const char *offset)
{
	struct clock clock = clock_system();
	int64_t wanted = clock_wall_ms(&clock) + atoll(offset) * 1000;
	int64_t told = 0;

	/* A clock that stands. */
	if (strchr(offset, ':') != NULL) {
		ck_assert_str_eq(text, "2026-01-01T00:00:00.000Z");
		return;
	}
	ck_assert(clock_parse(text, &told));
	ck_assert_int_lt(llabs(told - wanted), 60000);
}

START_TEST(test_clock_when_it_jumps_then_revisions_rise_and_times_are_its)
{
	struct toggled *t = open_clocked();
	const char *times[COUNT(jumps) + 1];

	times[0] = written_at(t, 1);
	for (int i = 0; i < COUNT(jumps); i++) {
		set_clock(t, jumps[i]);
		times[i + 1] = written_at(t, i + 2);
		expect_time(times[i + 1], jumps[i]);
		expect_past(t, times, i + 2);
	}
	scene_stop(t);
	ck_assert_int_eq(
	    TOGGLED_RUN(t, "verify", "--database", t->database)->status, 0);
	/* The same in the next life. */
	set_clock(t, "-3600");
	toggled_start(t, NULL);
	expect_past(t, times, COUNT(times));
	expect_time(written_at(t, COUNT(jumps) + 2), "-3600");
	scene_close(t);
}
END_TEST

static void
put_owner(struct toggled *t, const char *offset, const char *owner,
	  int64_t revision)
{
	set_clock(t, offset);
	ck_assert_int_eq(
	    json_int_at(answer_json(toggled_request(
			    t, "PUT", ENV "/toggles/a", NULL,
			    toggled_text(t, "{\"owner\":\"%s\"}", owner))),
			"/revision"),
	    revision);
}

static void
expect_ago(struct toggled *t)
{
	json_t *answer;

	ck_assert_str_eq(
	    json_text_at(ask_json(t, "GET", ENV "/toggles/a?at=-5m", NULL, 200),
			 "/owner"),
	    "good");
	answer = ask_json(t, "GET", ENV "/history?since=-5m", NULL, 200);
	ck_assert_int_eq(json_int_at(answer, "/since/revision"), 4);
	ck_assert_int_eq(json_int_at(answer, "/changes/0/revision"), 5);
	ck_assert_ptr_null(json_at(answer, "/changes/1"));
	answer = ask_json(t, "POST", ENV "/rollback?dryRun=true",
			  "{\"to\":\"5 minutes ago\"}", 200);
	ck_assert_int_eq(json_int_at(answer, "/to/revision"), 4);
	ck_assert_str_eq(json_text_at(answer, "/toggles/a/after/owner"),
			 "good");
}

/* One change is made while the clock is 400 days ahead. */
START_TEST(test_moment_when_clock_was_ahead_once_then_minutes_ago_are_minutes)
{
	struct toggled *t = open_clocked();

	put_owner(t, "-259200", "old", 2);
	put_owner(t, "+34560000", "ahead", 3);
	put_owner(t, "+0", "good", 4);
	put_owner(t, "+600", "bad", 5);
	expect_ago(t);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_start(t, NULL);
	expect_ago(t);
	expect_says(json_text_at(ask_json(t, "POST", ENV "/rollback",
					  "{\"to\":\"-4d\"}", 400),
				 "/detail"),
		    "before the first change");
	scene_close(t);
}
END_TEST

static bool
is_degraded(void *ctx)
{
	return strstr(toggled_get(ctx, "/readyz")->body, "degraded") != NULL;
}

static bool
wait_until_degraded(struct toggled *t)
{
	return wait_until(is_degraded, t, DEADLINE);
}

struct behind {
	struct toggled *t;
	bool wanted;
};

static bool
is_seen(void *ctx)
{
	const struct behind *b = ctx;

	return (metric(b->t, "toggled_clock_behind_seconds") > 0) == b->wanted;
}

static void
wait_until_behind(struct toggled *t, bool wanted)
{
	struct behind b = { t, wanted };

	ck_assert(wait_until(is_seen, &b, DEADLINE));
}

static int
warnings(struct toggled *t)
{
	static const char line[] = "clock is behind the newest change: it";
	const char *at = strstr(toggled_log(t), line);
	int count = 0;

	for (; at != NULL; at = strstr(at + 1, line))
		count++;
	return count;
}

static const char *
warned(struct toggled *t, const char *to)
{
	json_t *answer = ask_json(t, "POST", ENV "/rollback?dryRun=true",
				  toggled_text(t, "{\"to\":\"%s\"}", to), 200);

	return json_at(answer, "/warnings") == NULL
		   ? ""
		   : json_text_at(answer, "/warnings/0/code");
}

/* Going back over a step, or to a time that the clock said twice, is said. */
START_TEST(test_rollback_when_over_a_step_of_the_clock_then_warned)
{
	struct toggled *t = open_clocked();

	put_owner(t, "-7200", "a", 2);
	put_owner(t, "-3600", "b", 3);
	/* An hour and a half back for one change, then right. */
	put_owner(t, "-9000", "c", 4);
	put_owner(t, "+0", "d", 5);
	put_owner(t, "+600", "e", 6);
	ck_assert_str_eq(warned(t, "-5m"), "");
	ck_assert_str_eq(warned(t, "6"), "unchanged");
	/* 4 is the newest that is not later; that time was before 3 too. */
	ck_assert_str_eq(warned(t, "100m ago"), "clock-stepped");
	/* Over it. */
	set_clock(t, "+600");
	ck_assert_str_eq(warned(t, "3"), "");
	/* What nobody can have meant: a step from the future. */
	put_owner(t, "+864000", "f", 7);
	put_owner(t, "+1200", "g", 8);
	put_owner(t, "+1800", "h", 9);
	ck_assert_str_eq(warned(t, "-5m"), "");
	ck_assert_str_eq(warned(t, "-15m"), "clock-stepped");
	scene_close(t);
}
END_TEST

/* Nobody is asked and nothing changed: it is seen all the same, said, and said
 * again at the next start. */
START_TEST(test_clock_when_behind_the_newest_change_then_seen_everywhere)
{
	struct toggled *t = open_clocked();
	const char *admin;

	put_owner(t, "+3600", "ahead", 2);
	ck_assert_int_eq(metric(t, "toggled_clock_steps_total"), 0);
	expect_json(ask_json(t, "GET", "/readyz", NULL, 200),
		    toggled_text(t,
				 "{\"status\":\"ready\",\"epoch\":\"%s\","
				 "\"revision\":2}",
				 served_epoch(t)));
	set_clock(t, "+0");
	wait_until_behind(t, true);
	ck_assert_int_eq(metric(t, "toggled_clock_steps_total"), 1);
	ck_assert_int_eq(warnings(t), 1);
	ck_assert_int_gt(json_int_at(ask_json(t, "GET", "/readyz", NULL, 200),
				     "/clockBehindSeconds"),
			 3000);
	ck_assert(json_bool_at(ask_json(t, "GET", "/readyz", NULL, 200),
			       "/degraded"));
	scene_stop(t);
	toggled_start(t, NULL);
	ck_assert_int_eq(warnings(t), 2);
	ck_assert_int_gt(metric(t, "toggled_clock_behind_seconds"), 3000);
	/* A probe is told the state only. The token is a change: it ends it. */
	admin = bearer(
	    t,
	    make_token(t, NULL, "{\"name\":\"ann\",\"role\":\"admin\"}", NULL));
	set_clock(t, "-3600");
	ck_assert(wait_until_degraded(t));
	expect_json(ask_json(t, "GET", "/readyz", NULL, 200),
		    "{\"status\":\"ready\",\"degraded\":true}");
	ck_assert_int_gt(
	    json_int_at(answer_json(ask_with(t, HEADERS(admin), "GET",
					     "/readyz", NULL, 200)),
			"/clockBehindSeconds"),
	    3000);
	scene_close(t);
}
END_TEST

START_TEST(test_waits_when_clock_jumps_then_they_take_as_long)
{
	struct toggled *t = open_clocked();

	put_toggle(t, "a", "{}");
	for (int i = 0; i < COUNT(jumps); i++) {
		const char *path =
		    toggled_text(t, ENV "/changes?since=%d&wait", i + 2);
		struct poller *brief = poll_start(
		    t, toggled_text(t, "%s=%dms", path, A_WAIT), NULL);
		struct poller *patient =
		    poll_start(t, toggled_text(t, "%s=60s", path), NULL);

		wait_for_waiters(t, 2);
		set_clock(t, jumps[i]);
		ck_assert_int_eq(poll_finish(brief, DEADLINE)->status, 200);
		ck_assert_double_ge(poll_took_ms(brief), A_WAIT - SLACK);
		ck_assert_double_lt(poll_took_ms(brief), A_WAIT + LATE);
		ck_assert(!poll_is_done(patient));
		put_toggle(t, "a", toggled_text(t, "{\"owner\":\"%d\"}", i));
		ck_assert_int_eq(poll_finish(patient, DEADLINE)->status, 200);
	}
	scene_close(t);
}
END_TEST

/* A token's end is a point on the wall. */
START_TEST(test_token_when_clock_passes_its_end_then_refused)
{
	struct toggled *t = open_clocked();
	struct clock clock = clock_system();
	char expires[CLOCK_TEXT_BYTES];
	const char *admin;
	const char *brief;

	clock_format(clock_wall_ms(&clock) + 3600000, expires);
	admin = bearer(
	    t,
	    make_token(t, NULL, "{\"name\":\"ann\",\"role\":\"admin\"}", NULL));
	brief = bearer(
	    t, make_token(t, admin,
			  toggled_text(t,
				       "{\"name\":\"bob\",\"role\":\"client\","
				       "\"environments\":[\"default\"],"
				       "\"expiresAt\":\"%s\"}",
				       expires),
			  NULL));
	ck_assert_int_eq(status_of(t, brief, "GET", ENV "/values", NULL), 200);
	set_clock(t, "+86400");
	ck_assert_int_eq(status_of(t, brief, "GET", ENV "/values", NULL), 401);
	ck_assert_int_eq(status_of(t, admin, "GET", ENV "/toggles", NULL), 200);
	scene_close(t);
}
END_TEST

START_TEST(test_clock_when_library_is_missing_then_skipped)
{
	puts(VITALS_SANITIZED
		 ? "SKIPPED: a sanitizer's runtime has to be the first library"
		 : "SKIPPED: libfaketime is not installed (apt-get install "
		   "faketime)");
}
END_TEST

static void
add(struct TCase *tc)
{
	if (VITALS_SANITIZED || library() == NULL) {
		tcase_add_test(tc,
			       test_clock_when_library_is_missing_then_skipped);
		return;
	}
	tcase_add_test(
	    tc, test_clock_when_it_jumps_then_revisions_rise_and_times_are_its);
	tcase_add_test(
	    tc,
	    test_moment_when_clock_was_ahead_once_then_minutes_ago_are_minutes);
	tcase_add_test(tc,
		       test_rollback_when_over_a_step_of_the_clock_then_warned);
	tcase_add_test(
	    tc, test_clock_when_behind_the_newest_change_then_seen_everywhere);
	tcase_add_test(tc, test_waits_when_clock_jumps_then_they_take_as_long);
	tcase_add_test(tc, test_token_when_clock_passes_its_end_then_refused);
}

int
main(void)
{
	return scene_main("clock", add);
}

/*
 * At the limit of file descriptors: clients that still get one are served, the
 * others are told or wait, nothing spins, and it passes.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "http/scene.h"
#include "http/together.h"
#include "http/vitals.h"

enum {
	LIMIT = 80,
	FEW = 32,
	CLIENTS = 100,
	LOOK_MS = 500,
	MOST = 10, /* times what an answer takes that is served */
};

#define HOST "Host: localhost\r\n"
#define REQUEST "GET /healthz HTTP/1.1\r\n" HOST "\r\n"

static int
by_size(const void *a, const void *b)
{
	const double x = *(const double *)a;
	const double y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The program under a limit that it cannot raise. */
static struct toggled *
start(const char *loops, int limit)
{
	struct toggled *t = toggled_new();
	const char *script = toggled_write(
	    t, "limited",
	    toggled_text(t, "#!/bin/sh\nulimit -n %d\nexec '%s' \"$@\"\n",
			 limit, t->binary));

	ck_assert_int_eq(chmod(script, 0700), 0);
	snprintf(t->binary, sizeof(t->binary), "%s", script);
	TOGGLED_START(t, "--loops", loops);
	return t;
}

static const char *const loops[] = { "1", "4" };

START_TEST(test_connections_when_no_descriptor_is_left_then_it_passes)
{
	struct toggled *t = start(loops[_i], LIMIT);
	struct raw *raw[CLIENTS];
	int served = 0;
	struct answer *a;

	for (int i = 0; i < CLIENTS; i++) {
		raw[i] = raw_open(t);
		(void)raw_send_text(raw[i], REQUEST);
	}
	for (int i = 0; i < 10; i++)
		served += raw_answer(raw[i], SOON_MS)->status == 200;
	ck_assert_int_gt(served, 0);

	(void)vitals_expect_rest(t, LOOK_MS);

	for (int i = 0; i < CLIENTS; i++)
		raw_close(raw[i]);
	for (int64_t end = now_ms() + SOON_MS; now_ms() < end;) {
		raw[0] = raw_open(t);
		(void)raw_send_text(raw[0], REQUEST);
		a = raw_answer(raw[0], SOON_MS);
		if (a->status == 200)
			break;
		raw_close(raw[0]);
	}
	ck_assert_int_eq(a->status, 200);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

START_TEST(test_polls_when_no_descriptor_is_left_then_all_are_answered)
{
	struct toggled *t = start("1", LIMIT);
	struct raw *raw[CLIENTS];
	int answered = 0;

	ck_assert_int_eq(
	    toggled_request(t, "PUT", "/v1/envs/default/toggles/a", NULL, "{}")
		->status,
	    201);
	for (int i = 0; i < CLIENTS; i++) {
		raw[i] = raw_open(t);
		(void)raw_send_text(raw[i],
				    "GET /v1/envs/default/changes?since=2"
				    "&wait=1s HTTP/1.1\r\n" HOST "\r\n");
	}
	for (int i = 0; i < CLIENTS; i++) {
		long status = raw_answer(raw[i], SOON_MS)->status;

		ck_assert(status == 200 || status == 503 || status == 0);
		answered += status == 200;
	}
	ck_assert_int_ge(answered, LIMIT / 2);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

/* One after the other; the connections stay. The median of those that were
 * answered with `status`; none: 0. */
static double
ask_ms(struct toggled *t, int count, long status)
{
	double took[CLIENTS];
	int n = 0;

	for (int i = 0; i < count; i++) {
		struct raw *raw = raw_open(t);
		const int64_t began = clock_stopwatch_us();
		struct answer *a;

		(void)raw_send_text(raw, REQUEST);
		a = raw_answer(raw, SOON_MS);
		if (a->status == status)
			took[n++] =
			    (double)(clock_stopwatch_us() - began) / 1000;
		else
			ck_assert(a->status == 200 || a->status == 503);
	}
	qsort(took, (size_t)n, sizeof(took[0]), by_size);
	return n == 0 ? 0 : took[n / 2];
}

/* There are next to none, and a client that is one too many is told at once. */
START_TEST(test_connections_when_descriptors_are_few_then_503_at_once)
{
	struct toggled *t = start("1", FEW);
	const double served = ask_ms(t, 1, 200);

	expect_ratio("503", ask_ms(t, FEW, 503), served, MOST);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

/* The reserve has descriptors. */
START_TEST(test_flip_when_polls_hold_all_descriptors_then_it_gets_in)
{
	struct toggled *t = start(_i == 0 ? "1" : "2", LIMIT);

	ask(t, "PUT", ENV "/toggles/a", "{}", 201);
	toggled_hang_up(t);
	for (int i = 0; i < CLIENTS; i++)
		(void)raw_send_text(raw_open(t),
				    "GET " ENV "/changes?since=2&prefix=none"
				    "&wait=60s HTTP/1.1\r\n" HOST "\r\n");
	for (int i = 0; i < 10; i++) {
		ask(t, "PATCH", ENV "/toggles/a",
		    i % 2 == 0 ? "{\"state\":\"DISABLED\"}"
			       : "{\"state\":\"ENABLED\"}",
		    200);
		toggled_hang_up(t);
	}
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("http/descriptors");
	TCase *t = tcase_create("descriptors");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(
	    t, test_connections_when_no_descriptor_is_left_then_it_passes, 0,
	    2);
	tcase_add_test(
	    t, test_polls_when_no_descriptor_is_left_then_all_are_answered);
	tcase_add_test(
	    t, test_connections_when_descriptors_are_few_then_503_at_once);
	tcase_add_loop_test(
	    t, test_flip_when_polls_hold_all_descriptors_then_it_gets_in, 0, 2);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

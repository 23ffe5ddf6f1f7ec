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

#include "http/harness.h"
#include "http/vitals.h"

enum { SOON_MS = 5000, LIMIT = 80, CLIENTS = 100, LOOK_MS = 500 };

#define HOST "Host: localhost\r\n"
#define REQUEST "GET /healthz HTTP/1.1\r\n" HOST "\r\n"

/* The program under a limit that it cannot raise. */
static struct toggled *
start(const char *loops)
{
	struct toggled *t = toggled_new();
	const char *script = toggled_write(
	    t, "limited",
	    toggled_text(t, "#!/bin/sh\nulimit -n %d\nexec '%s' \"$@\"\n",
			 LIMIT, t->binary));

	ck_assert_int_eq(chmod(script, 0700), 0);
	snprintf(t->binary, sizeof(t->binary), "%s", script);
	TOGGLED_START(t, "--loops", loops);
	return t;
}

static const char *const loops[] = { "1", "4" };

START_TEST(test_connections_when_no_descriptor_is_left_then_it_passes)
{
	struct toggled *t = start(loops[_i]);
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
	struct toggled *t = start("1");
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

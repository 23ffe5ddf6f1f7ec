/*
 * Connections that are kept open without a request leave libmicrohttpd after a
 * second and rest outside it: they cost next to nothing, lose no byte, and keep
 * their limits. Who cannot leave stays, and is served as well.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tls_scene.h"
#include "together.h"
#include "vitals.h"

enum {
	FEW = 20,
	MANY = 2000, /* 18 MiB in libmicrohttpd */
	CASE_SECONDS = 120,
	REST_MS = 20000,
};

#define RESTING "toggled_connections_resting"
#define GET "GET /healthz HTTP/1.1\r\n" HOST "\r\n"
#define LIFE "GET /healthz HTTP/1.1\r\n" HOST

enum way { BY_TCP, BY_TLS, BY_UNIX, INSIDE, WAYS };

static struct toggled *
open_by(int way, const char *option, const char *value)
{
	const char *const extra[] = { option, value, NULL };
	struct toggled *t;

	if (way == BY_TLS)
		return tls_start(extra, NULL);
	t = toggled_new();
	if (way == BY_UNIX) {
		const char *path = toggled_path(t, "sock");

		TOGGLED_START(t, "--listen", toggled_text(t, "unix:%s", path),
			      option, value);
		snprintf(t->unix_path, sizeof(t->unix_path), "%s", path);
	} else if (way == INSIDE) {
		TOGGLED_START(t, "--parking", "suspended", option, value);
	} else {
		TOGGLED_START(t, option, value);
	}
	return t;
}

struct expected {
	struct toggled *t;
	int64_t count;
};

static bool
so_many_rest(void *ctx)
{
	const struct expected *e = ctx;

	return metric(e->t, RESTING) >= e->count;
}

static void
wait_for_resting(struct toggled *t, int64_t count)
{
	struct expected e = { t, count };

	ck_assert(wait_until(so_many_rest, &e, REST_MS));
}

/* By a unix socket and with parking=suspended they stay; all are served. */
START_TEST(test_connections_when_idle_then_they_rest_and_come_back)
{
	struct toggled *t = open_by(_i, NULL, NULL);
	struct raw *raw[FEW];

	for (int i = 0; i < FEW; i++) {
		raw[i] = raw_open(t);
		/* Some have never asked for anything. */
		if (i % 4 != 0)
			expect_life(raw[i], false, "fresh");
	}
	if (_i == BY_TCP || _i == BY_TLS)
		wait_for_resting(t, FEW);
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < FEW; i++) {
			/* Both of a packet. */
			(void)raw_send_text(raw[i], GET GET);
			ck_assert_int_eq(raw_answer(raw[i], SOON_MS)->status,
					 200);
			ck_assert_int_eq(raw_answer(raw[i], SOON_MS)->status,
					 200);
		}
	if (_i == BY_UNIX || _i == INSIDE)
		ck_assert_int_eq(metric(t, RESTING), 0);
	else
		wait_for_resting(t, FEW);
	for (int i = 0; i < FEW; i++)
		raw_close(raw[i]);
	wait_for_metric(t, "toggled_connections_open", 1);
	wait_for_metric(t, RESTING, 0);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

/* What libmicrohttpd has of a head would be lost. */
START_TEST(test_connection_when_half_a_head_is_there_then_it_stays)
{
	struct toggled *t = open_by(_i, NULL, NULL);
	struct raw *half = raw_open(t);
	struct raw *again = raw_open(t);
	struct raw *idle = raw_open(t);

	(void)raw_send_text(half, "GET /hea");
	(void)raw_send_text(again, GET LIFE);
	ck_assert_int_eq(raw_answer(again, SOON_MS)->status, 200);
	expect_life(idle, false, "idle");
	wait_for_resting(t, 1);
	ck_assert_int_eq(metric(t, RESTING), 1);
	(void)raw_send_text(half, "lthz HTTP/1.1\r\n" HOST "\r\n");
	ck_assert_int_eq(raw_answer(half, SOON_MS)->status, 200);
	(void)raw_send_text(again, "\r\n");
	ck_assert_int_eq(raw_answer(again, SOON_MS)->status, 200);
	toggled_free(t);
}
END_TEST

START_TEST(test_connection_when_it_rests_then_its_times_stand)
{
	struct toggled *t = open_by(
	    _i % 2, _i < 2 ? "--idle-timeout" : "--header-timeout", "3s");
	struct raw *raw = raw_open(t);
	struct raw *hung = raw_open(t);
	const int64_t began = now_ms();

	if (_i < 2)
		expect_life(raw, false, "fresh");
	wait_for_resting(t, 2);
	/* A hang-up is seen there too. */
	raw_close(hung);
	ck_assert(raw_is_closed(raw, AT_ONCE_MS));
	ck_assert_int_ge(now_ms() - began, 2900);
	wait_for_metric(t, "toggled_connections_open", 1);
	toggled_free(t);
}
END_TEST

/* A poll comes out of the rest and waits as ever. */
START_TEST(test_poll_when_its_connection_has_rested_then_it_waits)
{
	struct toggled *t = open_by(_i, NULL, NULL);
	const int64_t revision = put_toggle(t, "a", "{\"owner\":\"1\"}");
	struct raw *raw = raw_open(t);

	expect_life(raw, false, "fresh");
	wait_for_resting(t, 1);
	(void)raw_send_text(raw,
			    toggled_text(t,
					 "GET " T "/changes?since=%d&wait=60s "
					 "HTTP/1.1\r\n" HOST "\r\n",
					 (int)revision));
	wait_for_metric(t, "toggled_polls_outside", 1);
	expect_revision(raw, put_toggle(t, "a", "{\"owner\":\"2\"}"));
	toggled_free(t);
}
END_TEST

START_TEST(test_memory_when_many_are_idle_then_little)
{
	struct toggled *t = open_by(BY_TCP, "--loops", "2");
	const int64_t before = vitals_rss_kib(t);

	for (int i = 0; i < MANY; i++)
		expect_life(raw_open(t), false, "fresh");
	wait_for_resting(t, MANY);
	expect_memory(t, "idle connections", before, 1.6);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_set_timeout(tc, CASE_SECONDS);
	tcase_add_loop_test(
	    tc, test_connections_when_idle_then_they_rest_and_come_back, 0,
	    WAYS);
	tcase_add_loop_test(
	    tc, test_connection_when_half_a_head_is_there_then_it_stays, 0, 2);
	tcase_add_loop_test(
	    tc, test_connection_when_it_rests_then_its_times_stand, 0, 4);
	tcase_add_loop_test(
	    tc, test_poll_when_its_connection_has_rested_then_it_waits, 0, 2);
	tcase_add_test(tc, test_memory_when_many_are_idle_then_little);
}

int
main(void)
{
	return scene_main("idle", add);
}

/*
 * Slow clients beside quick ones: heads and bodies that come a byte at a time,
 * and readers that do not take what they are sent. The quick ones are served
 * meanwhile, the slow ones cost a bounded amount of memory, and those that send
 * are cut off (test_stall has the end of those that do not read).
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "scene.h"
#include "vitals.h"

enum {
	DRIPS = 100,
	DRIP_MS = 50, /* between two bytes */
	STALLED = 50,
	QUICK = 50,
	TURNS = 5,
	TOGGLES = 8,
	VALUE_BYTES = 100 * 1024,
	CUT_MS = 12000, /* with the time of a head at 2 s */
	BASE_KIB = 16 * 1024,
	CLIENT_KIB =
	    32, /* what the library keeps for a request in the making */
};

#define READ "GET " ENV "/changes HTTP/1.1\r\nHost: localhost\r\n\r\n"

static struct toggled *
open_impatient(void)
{
	struct toggled *t = toggled_new();

	TOGGLED_START(t, "--header-timeout", "2s", "--body-timeout", "2s");
	return t;
}

/* 800 KiB for who asks for everything. */
static void
fill(struct toggled *t)
{
	char *text = toggled_own(t, malloc(VALUE_BYTES + 1), free);

	memset(text, 'x', VALUE_BYTES);
	text[VALUE_BYTES] = '\0';
	for (int i = 0; i < TOGGLES; i++)
		put_toggle(
		    t, toggled_text(t, "big%d", i),
		    toggled_text(t, "{\"variants\":{\"v\":\"%s\"}}", text));
}

/* A round of long polls that a change ends; how long it took. */
static double
wake_all(struct toggled *t)
{
	struct poller *quick[QUICK];
	const char *path = toggled_text(t, ENV "/changes?since=%d&wait=60s",
					(int)head_revision(t));
	int64_t began;

	for (int i = 0; i < QUICK; i++)
		quick[i] = poll_start(t, path, NULL);
	wait_for_waiters(t, QUICK);
	began = now_ms();
	put_toggle(t, "quick", toggled_text(t, "{\"owner\":\"%s\"}", path));
	for (int i = 0; i < QUICK; i++) {
		ck_assert_int_eq(poll_finish(quick[i], SOON_MS)->status, 200);
		poll_abandon(quick[i]);
	}
	return (double)(now_ms() - began);
}

static double
median_wake(struct toggled *t)
{
	double took[TURNS];

	for (int i = 0; i < TURNS; i++) {
		int at = i;
		double ms = wake_all(t);

		while (at > 0 && took[at - 1] > ms) {
			took[at] = took[at - 1];
			at--;
		}
		took[at] = ms;
	}
	return took[TURNS / 2];
}

static void
expect_rss(struct toggled *t, int64_t before, int clients)
{
	const int64_t now = vitals_rss_kib(t);

	if (!VITALS_SANITIZED)
		ck_assert_int_le(now - before,
				 BASE_KIB + (int64_t)clients * CLIENT_KIB);
}

/* A byte each that is still taken; how many have been cut off. */
static int
drip(struct raw *const *drips)
{
	int closed = 0;

	for (int i = 0; i < DRIPS; i++)
		closed +=
		    !raw_send_text(drips[i], "a") || raw_is_closed(drips[i], 0);
	return closed;
}

/* What drips, and what its client is told. */
static const struct {
	const char *begins;
	long status;
} slow[] = {
	{ "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", 408 },
	{ "PUT " ENV "/toggles/slow HTTP/1.1\r\nHost: localhost\r\n"
	  "Content-Length: 10000\r\n\r\n",
	  408 },
	{ "PUT " ENV "/toggles/slow HTTP/1.1\r\nHost: localhost\r\n"
	  "Transfer-Encoding: chunked\r\n\r\n2000\r\n",
	  408 },
	/* Refused: the answer waits for the body to go by. */
	{ "PUT " ENV "/nothing HTTP/1.1\r\nHost: localhost\r\n"
	  "Content-Length: 10000\r\n\r\n",
	  404 },
};

START_TEST(test_requests_when_they_drip_then_cut_off_and_others_are_served)
{
	struct toggled *t = open_impatient();
	const double alone = median_wake(t);
	const int64_t before = vitals_rss_kib(t);
	struct raw *drips[DRIPS];
	int64_t began;
	double beside;

	for (int i = 0; i < DRIPS; i++) {
		drips[i] = raw_open(t);
		ck_assert(raw_send_text(drips[i], slow[_i].begins));
	}
	began = now_ms();
	ck_assert_int_eq(drip(drips), 0);
	beside = wake_all(t);
	ck_assert_double_le(beside, 5 * alone + 500);
	expect_rss(t, before, DRIPS);
	while (drip(drips) < DRIPS) {
		ck_assert_int_lt(now_ms() - began, CUT_MS);
		(void)raw_is_closed(drips[DRIPS - 1], DRIP_MS);
	}
	ck_assert_int_ge(now_ms() - began, 1500);
	printf("a round of %d polls: %.0f ms, beside %d drips %.0f ms; cut "
	       "off after %lld ms\n",
	       QUICK, alone, DRIPS, beside, (long long)(now_ms() - began));
	for (int i = 0; i < DRIPS; i++) {
		ck_assert_int_eq(raw_answer(drips[i], SOON_MS)->status,
				 slow[_i].status);
		raw_close(drips[i]);
	}
	ck_assert_int_eq(metric(t, "toggled_connections_reaped_total"), DRIPS);
	ask(t, "GET", ENV "/toggles/slow", NULL, 404);
	scene_close(t);
}
END_TEST

/* The answer is shared by all: what the kernel does not take of it costs no
 * copy for each reader. */
START_TEST(test_readers_when_they_stall_then_bounded_and_others_served)
{
	struct toggled *t = open_impatient();
	const int least = 2048;
	struct raw *stalled[STALLED];
	double alone;
	double beside;
	int64_t before;

	fill(t);
	alone = median_wake(t);
	ask(t, "GET", ENV "/changes", NULL, 200);
	before = vitals_rss_kib(t);
	for (int i = 0; i < STALLED; i++) {
		stalled[i] = raw_open(t);
		ck_assert_int_eq(setsockopt(raw_fd(stalled[i]), SOL_SOCKET,
					    SO_RCVBUF, &least, sizeof(least)),
				 0);
		ck_assert(raw_send_text(stalled[i], READ));
	}
	beside = median_wake(t);
	ck_assert_double_le(beside, 5 * alone + 500);
	expect_rss(t, before, STALLED);
	printf("a round of %d polls: %.0f ms, beside %d stalled readers of "
	       "%d KiB %.0f ms; %lld KiB more\n",
	       QUICK, alone, STALLED, TOGGLES * VALUE_BYTES / 1024, beside,
	       (long long)(vitals_rss_kib(t) - before));
	for (int i = 0; i < STALLED; i++)
		raw_close(stalled[i]);
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_loop_test(
	    tc, test_requests_when_they_drip_then_cut_off_and_others_are_served,
	    0, COUNT(slow));
	tcase_add_test(
	    tc, test_readers_when_they_stall_then_bounded_and_others_served);
}

int
main(void)
{
	return scene_main("slow", add);
}

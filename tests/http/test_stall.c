/*
 * Clients that ask and then do not read: a large answer, the answer that ends a
 * long poll, an event stream; in clear text and under TLS. They are cut off
 * when write-timeout is over, not before, others are served meanwhile, and no
 * reader has a copy of the answer.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "scene.h"
#include "tls_scene.h"
#include "vitals.h"

enum {
	READERS = 200,
	DRIPS = 4,
	SIP_BYTES = 200,
	SIP_MS = 100,
	STREAMS = 2,
	EVENTS = 10, /* at a time; less than is kept for who does not read */
	TOGGLES = 4,
	VALUE_BYTES = 32 * 1024,
	ANSWER_BYTES = TOGGLES * VALUE_BYTES,
	LIMIT_MS = 1000,
	RATE =
	    64, /* bytes a millisecond that a reader is given more time for */
	NOISE_MS = 8000,
	LEAST_MS = LIMIT_MS - 100, /* clocks differ in their ticks */
	MOST_MS = LIMIT_MS + ANSWER_BYTES / RATE + NOISE_MS,
	TICKS_MS = 4000, /* until the end of a limit is seen */
	FILL_MS = 60000,
	CASE_SECONDS = 120,
	BASE_KIB = 8 * 1024,
	CLIENT_KIB = 64, /* the library's pool, a session, a piece of 16 KiB */
};

#define ARGUMENTS "--write-timeout", "1s"

static const struct {
	const char *parking;
	bool tls;
} forms[] = {
	{ "auto", false },
	{ "suspended", false },
	{ "auto", true },
	{ "suspended", true },
};

static struct toggled *
open_form(int i)
{
	const char *const args[] = { ARGUMENTS, "--parking", forms[i].parking,
				     NULL };
	struct toggled *t;

	if (forms[i].tls)
		return tls_start(args, NULL);
	t = toggled_new();
	toggled_start(t, args);
	put_toggle(t, "a", "{}");
	return t;
}

/* One change that is ANSWER_BYTES long, and the answer to who asks for all. */
static void
put_much(struct toggled *t)
{
	char *text = toggled_own(t, malloc(VALUE_BYTES + 1), free);
	const char *body = "{\"toggles\":{";

	memset(text, 'x', VALUE_BYTES);
	text[VALUE_BYTES] = '\0';
	for (int i = 0; i < TOGGLES; i++)
		body = toggled_text(
		    t, "%s%s\"big%d\":{\"variants\":{\"v\":\"%s\"}}", body,
		    i > 0 ? "," : "", i, text);
	ask(t, "POST", ENV "/changes", toggled_text(t, "%s}}", body), 200);
}

static void
open_stalled(struct toggled *t, struct raw **raws, int count,
	     const char *request)
{
	for (int i = 0; i < count; i++) {
		raws[i] = raw_open_narrow(t);
		ck_assert(raw_send_text(raws[i], request));
	}
}

struct cut {
	struct toggled *t;
	int64_t count;
};

static bool
are_cut(void *ctx)
{
	const struct cut *cut = ctx;

	return metric(cut->t, "toggled_connections_reaped_total") >= cut->count;
}

/* A write and a poll that it ends, beside them. */
static void
serve_others(struct toggled *t)
{
	struct poller *quick =
	    poll_start(t,
		       toggled_text(t, ENV "/changes?since=%d&wait=60s",
				    (int)head_revision(t)),
		       NULL);

	wait_for_waiters(t, 1);
	put_toggle(
	    t, "quick",
	    toggled_text(t, "{\"owner\":\"%d\"}", (int)head_revision(t)));
	ck_assert_int_eq(poll_finish(quick, SOON_MS)->status, 200);
	poll_abandon(quick);
}

/* All of them, once each: LEAST_MS after the first one asked, at `began`, and
 * MOST_MS after the last one has, which is by now. This connection is the only
 * one that is left. */
static void
expect_cut(struct toggled *t, int count, int64_t began)
{
	struct cut cut = { t, count };
	int64_t took;

	ck_assert_msg(
	    wait_until(are_cut, &cut, MOST_MS), "%d of %d were cut off",
	    (int)metric(t, "toggled_connections_reaped_total"), count);
	took = now_ms() - began;
	ck_assert_int_ge(took, LEAST_MS);
	ck_assert_int_eq(metric(t, "toggled_connections_reaped_total"), count);
	wait_for_metric(t, "toggled_connections_open", 1);
	printf("%d cut off after %lld ms\n", count, (long long)took);
}

static void
expect_no_copies(struct toggled *t, int64_t before)
{
	const int64_t more = vitals_rss_kib(t) - before;

	/* Else the bound says nothing. */
	ck_assert_int_lt(BASE_KIB + READERS * CLIENT_KIB,
			 READERS * (ANSWER_BYTES / 1024));
	if (!VITALS_SANITIZED)
		ck_assert_int_le(more, BASE_KIB + READERS * CLIENT_KIB);
	printf("%lld KiB more with %d readers of %d KiB\n", (long long)more,
	       READERS, ANSWER_BYTES / 1024);
}

/* READERS do not read, since `began`; the program had `before` KiB then. */
static void
expect_cut_without_copies(struct toggled *t, int64_t began, int64_t before)
{
	serve_others(t);
	expect_no_copies(t, before);
	expect_cut(t, READERS, began);
}

START_TEST(test_answer_when_it_is_not_read_then_cut_off)
{
	struct toggled *t = open_form(_i);
	struct raw *stalled[READERS];
	int64_t began;
	int64_t before;

	put_much(t);
	ask(t, "GET", ENV "/changes", NULL, 200);
	before = vitals_rss_kib(t);
	began = now_ms();
	open_stalled(t, stalled, READERS,
		     "GET " ENV "/changes HTTP/1.1\r\nHost: localhost\r\n\r\n");
	expect_cut_without_copies(t, began, before);
	scene_close(t);
}
END_TEST

START_TEST(test_wake_up_when_it_is_not_read_then_cut_off)
{
	struct toggled *t = open_form(_i);
	struct raw *stalled[READERS];
	int64_t began;
	int64_t before;

	open_stalled(t, stalled, READERS,
		     toggled_text(t,
				  "GET " ENV "/changes?since=%d&wait=60s "
				  "HTTP/1.1\r\nHost: localhost\r\n\r\n",
				  (int)head_revision(t)));
	wait_for_waiters(t, READERS);
	before = vitals_rss_kib(t);
	began = now_ms();
	put_much(t);
	expect_cut_without_copies(t, began, before);
	scene_close(t);
}
END_TEST

/* A little now and then is not enough: it would take minutes. */
START_TEST(test_answer_when_it_is_read_in_drips_then_cut_off)
{
	struct toggled *t = open_form(_i);
	struct raw *drips[DRIPS];
	struct cut cut = { t, DRIPS };
	char sip[SIP_BYTES];
	int64_t began;

	put_much(t);
	began = now_ms();
	open_stalled(t, drips, DRIPS,
		     "GET " ENV "/changes HTTP/1.1\r\nHost: localhost\r\n\r\n");
	while (!wait_until(are_cut, &cut, SIP_MS)) {
		for (int i = 0; i < DRIPS; i++)
			(void)!recv(raw_fd(drips[i]), sip, sizeof(sip),
				    MSG_DONTWAIT);
		ck_assert_int_lt(now_ms() - began, MOST_MS);
	}
	expect_cut(t, DRIPS, began);
	scene_close(t);
}
END_TEST

/* --- event streams -------------------------------------------------------- */

static void
subscribe(struct toggled *t, struct raw *reader, struct raw **stalled,
	  int count)
{
	const char *request =
	    "GET " ENV "/ofrep/v1/sse HTTP/1.1\r\n"
	    "Host: localhost\r\nAccept: text/event-stream\r\n\r\n";

	open_stalled(t, stalled, count, request);
	ck_assert(raw_send_text(reader, request));
	wait_for_metric(t, "toggled_streams", count + 1);
}

/* Some events; who reads gets each. */
static void
send_events(struct toggled *t, struct raw *reader)
{
	int64_t revision = 0;

	for (int i = 0; i < EVENTS; i++)
		revision =
		    put_toggle(t, "a", i % 2 ? "{\"owner\":\"x\"}" : "{}");
	(void)raw_until(reader, toggled_text(t, ".%d\"", (int)revision),
			SOON_MS);
}

/* All that the server's kernel holds for these clients. */
static int64_t
unread(struct toggled *t, struct raw **raws, int count)
{
	int64_t bytes = 0;

	for (int i = 0; i < count; i++)
		bytes += vitals_unsent(t, raw_fd(raws[i]));
	return bytes;
}

/* Further events; true when the stalled ones have been cut off since. Where the
 * kernels took none of them, the time of the limit is given. A kernel may make
 * a full buffer larger, and then its client is not late yet. */
static bool
send_and_watch(struct toggled *t, struct raw *reader, struct raw **stalled)
{
	struct cut cut = { t, STREAMS };
	const int64_t held = unread(t, stalled, STREAMS);

	send_events(t, reader);
	if (held == 0 || unread(t, stalled, STREAMS) != held)
		return are_cut(&cut);
	if (wait_until(are_cut, &cut, LIMIT_MS + TICKS_MS))
		return true;
	ck_assert_msg(unread(t, stalled, STREAMS) != held,
		      "%lld bytes wait for ever", (long long)held);
	return false;
}

START_TEST(test_stream_when_it_is_not_read_then_cut_off)
{
	struct toggled *t = open_form(_i);
	struct raw *stalled[STREAMS];
	struct raw *reader = raw_open(t);
	const int64_t end = now_ms() + FILL_MS;
	int64_t before; /* the last that a kernel may have taken */
	int64_t began = now_ms();

	subscribe(t, reader, stalled, STREAMS);
	do {
		ck_assert_int_lt(now_ms(), end);
		before = began;
		began = now_ms();
	} while (!send_and_watch(t, reader, stalled));
	ck_assert_int_ge(now_ms() - before, LEAST_MS);
	ck_assert_int_eq(metric(t, "toggled_connections_reaped_total"),
			 STREAMS);
	wait_for_metric(t, "toggled_streams", 1);
	/* Who reads stays, however long there is nothing to be read. */
	send_events(t, reader);
	printf("%d streams cut off after %lld ms\n", STREAMS,
	       (long long)(now_ms() - before));
	scene_close(t);
}
END_TEST

/* Long before its time is over. */
START_TEST(test_stream_when_too_much_is_unread_then_given_up)
{
	struct toggled *t = toggled_new();
	struct raw *stalled;
	struct raw *reader;
	struct cut cut = { t, 1 };
	const int64_t end = now_ms() + FILL_MS;

	TOGGLED_START(t, "--write-timeout", "10m");
	put_toggle(t, "a", "{}");
	reader = raw_open(t);
	subscribe(t, reader, &stalled, 1);
	while (!are_cut(&cut)) {
		ck_assert_int_lt(now_ms(), end);
		send_events(t, reader);
	}
	ck_assert_int_eq(metric(t, "toggled_connections_reaped_total"), 1);
	wait_for_metric(t, "toggled_streams", 1);
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_set_timeout(tc, CASE_SECONDS);
	tcase_add_loop_test(tc, test_answer_when_it_is_not_read_then_cut_off, 0,
			    COUNT(forms));
	tcase_add_loop_test(tc, test_wake_up_when_it_is_not_read_then_cut_off,
			    0, COUNT(forms));
	tcase_add_loop_test(tc,
			    test_answer_when_it_is_read_in_drips_then_cut_off,
			    0, COUNT(forms));
	tcase_add_loop_test(tc, test_stream_when_it_is_not_read_then_cut_off, 0,
			    COUNT(forms));
	tcase_add_test(tc, test_stream_when_too_much_is_unread_then_given_up);
}

int
main(void)
{
	return scene_main("stall", add);
}

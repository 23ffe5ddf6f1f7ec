/*
 * The end of the program: everybody who waits gets an answer, what was
 * acknowledged stays, nothing that hangs on a connection holds it up.
 */
#include <check.h>
#include <signal.h>
#include <string.h>

#include "line.h"
#include "scene.h"
#include "tls_scene.h"

#define SOON 5000 /* ms: an answer that is due now */
#define WAITERS 100

/* What they wait with; every form of the feed. */
static const char *const polls[] = {
	"GET " ENV
	"/changes?since=2&wait=60 HTTP/1.1\r\nHost: localhost\r\n\r\n",
	"GET " ENV
	"/changes?since=2&wait=60&prefix=a HTTP/1.1\r\nHost: localhost\r\n"
	"\r\n",
	"GET " ENV
	"/values?since=2&wait=60&plan=gold HTTP/1.1\r\nHost: localhost\r\n"
	"\r\n",
	"GET " ENV
	"/changes?since=2 HTTP/1.1\r\nHost: localhost\r\nPrefer: wait=60\r\n"
	"\r\n",
};

static void
expect_farewell(struct toggled *t, struct raw *raw, int poll)
{
	struct answer *answer = raw_answer(raw, SOON);
	json_t *body;

	ck_assert_int_eq(answer->status, 200);
	ck_assert_str_eq(answer_header(t, answer, "Connection"), "close");
	body = answer_json(answer);
	ck_assert_int_eq(json_int_at(body, "/revision"), 2);
	if (poll == 2) {
		expect_json(json_at(body, "/values"), "{\"a\":false}");
	} else {
		ck_assert(!json_bool_at(body, "/full"));
		expect_json(json_at(body, "/toggles"), "{}");
	}
	ck_assert(raw_is_closed(raw, SOON));
}

START_TEST(test_term_when_a_hundred_wait_then_each_is_answered)
{
	struct toggled *t = scene_open_parking(_i);
	struct raw *crowd[WAITERS];
	int64_t began;

	put_toggle(t, "a", "{}");
	for (int i = 0; i < WAITERS; i++) {
		crowd[i] = raw_open(t);
		ck_assert(raw_send_text(crowd[i], polls[i % COUNT(polls)]));
	}
	wait_for_waiters(t, WAITERS);
	toggled_hang_up(t);
	began = now_ms();
	toggled_signal(t, SIGTERM);
	for (int i = 0; i < WAITERS; i++)
		expect_farewell(t, crowd[i], i % COUNT(polls));
	ck_assert_int_eq(toggled_wait(t, SOON), 0);
	ck_assert_int_lt(now_ms() - began, 3000);
	toggled_free(t);
}
END_TEST

START_TEST(test_term_when_ofrep_waits_then_it_is_answered)
{
	struct toggled *t = scene_open_parking(_i);
	struct raw *raw = raw_open(t);
	const char *tag;
	struct answer *answer;

	put_toggle(t, "a", "{}");
	tag = answer_header(
	    t, ask(t, "POST", "/ofrep/v1/evaluate/flags", "{}", 200), "ETag");
	ck_assert(raw_send_text(
	    raw, toggled_text(
		     t,
		     "POST /ofrep/v1/evaluate/flags HTTP/1.1\r\n"
		     "Host: localhost\r\nIf-None-Match: %s\r\nPrefer: wait=60"
		     "\r\nContent-Length: 2\r\n\r\n{}",
		     tag)));
	wait_for_waiters(t, 1);
	toggled_hang_up(t);
	toggled_signal(t, SIGTERM);
	answer = raw_answer(raw, SOON);
	ck_assert_int_eq(answer->status, 304);
	ck_assert_str_eq(answer_header(t, answer, "Connection"), "close");
	ck_assert(raw_is_closed(raw, SOON));
	ck_assert_int_eq(toggled_wait(t, SOON), 0);
	toggled_free(t);
}
END_TEST

/* Idle ones, half a request, nothing at all. */
START_TEST(test_term_when_connections_hang_then_it_ends_soon)
{
	static const char *const pieces[] = {
		"",
		"GET /vers",
		"GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n",
	};
	struct toggled *t = scene_open_parking(_i);
	struct raw *raws[COUNT(pieces)];
	struct raw *rested = raw_open(t);
	int64_t began;

	for (int i = 0; i < COUNT(pieces); i++) {
		raws[i] = raw_open(t);
		ck_assert(raw_send_text(raws[i], pieces[i]));
	}
	ck_assert_int_eq(raw_answer(raws[2], SOON)->status, 200);
	/* One that has waited before and is idle now. */
	ck_assert(raw_send_text(rested, "GET " ENV "/changes?since=1&wait=30 "
					"HTTP/1.1\r\nHost: localhost\r\n\r\n"));
	wait_for_waiters(t, 1);
	put_toggle(t, "a", "{}");
	ck_assert_int_eq(raw_answer(rested, SOON)->status, 200);
	began = now_ms();
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	ck_assert_int_lt(now_ms() - began, 4000);
	toggled_free(t);
}
END_TEST

/* --- requests that are not whole --------------------------------------------
 */

enum {
	DRAIN_MS = 10000,   /* what the program gives everybody at most */
	PATIENCE_MS = 7000, /* much less, and more than it waits for a body */
	STEADY_MS = 3000,   /* longer than it waits for a silent one */
	PAUSE_MS = 100,
};

#define HALF_A_WRITE                                                           \
	"PUT " ENV "/toggles/x HTTP/1.1\r\nHost: localhost\r\n"                \
	"Content-Length: 1000\r\n\r\n{"

static void
expect_stopped(struct raw *raw)
{
	struct answer *answer = raw_answer(raw, SOON);

	expect_problem(answer, 503, "busy");
	ck_assert(strstr(answer->headers, "Retry-After: 1\r\n") != NULL);
	ck_assert(strstr(answer->headers, "Connection: close\r\n") != NULL);
	ck_assert(raw_is_closed(raw, SOON));
}

static struct toggled *
open_secure(int secure, const char *const *args)
{
	struct toggled *t;

	if (secure)
		return tls_start(args, NULL);
	t = toggled_new();
	toggled_start(t, args);
	return t;
}

START_TEST(test_term_when_a_body_never_comes_then_503_soon)
{
	struct toggled *t = open_secure(_i, NULL);
	struct raw *raw = raw_open(t);
	struct raw *head = raw_open(t);
	int64_t began;

	ck_assert(raw_send_text(raw, HALF_A_WRITE));
	ck_assert(raw_send_text(
	    head, "GET /version HTTP/1.1\r\nHost: localhost\r\n"));
	ask(t, "GET", ENV "/toggles/x", NULL, 404);
	toggled_hang_up(t);
	began = now_ms();
	toggled_signal(t, SIGTERM);
	expect_stopped(raw);
	ck_assert(raw_is_closed(head, SOON));
	ck_assert_int_eq(toggled_wait(t, DRAIN_MS), 0);
	ck_assert_int_lt(now_ms() - began, PATIENCE_MS);
	toggled_free(t);
}
END_TEST

/* Its limit stands: a byte now and then does not hold up the end. */
START_TEST(test_term_when_a_body_drips_then_503_soon)
{
	static const char *const args[] = { "--body-timeout", "4s", NULL };
	struct toggled *t = open_secure(_i, args);
	struct raw *raw = raw_open(t);
	int64_t began;

	ck_assert(raw_send_text(raw, HALF_A_WRITE));
	ask(t, "GET", ENV "/toggles/x", NULL, 404);
	toggled_hang_up(t);
	began = now_ms();
	toggled_signal(t, SIGTERM);
	while (raw_send_text(raw, " ") && !raw_is_closed(raw, PAUSE_MS))
		ck_assert_int_lt(now_ms() - began, PATIENCE_MS);
	expect_stopped(raw);
	ck_assert_int_eq(toggled_wait(t, DRAIN_MS), 0);
	ck_assert_int_lt(now_ms() - began, PATIENCE_MS);
	toggled_free(t);
}
END_TEST

/* A body on its way is waited for, and its write is done. */
START_TEST(test_term_when_a_body_comes_in_pieces_then_it_is_written)
{
	struct toggled *t = open_secure(_i, NULL);
	struct raw *raw = raw_open(t);
	struct answer *answer;
	int64_t began;
	int sent = 1; /* of the 1000 bytes */

	ck_assert(raw_send_text(raw, HALF_A_WRITE));
	ask(t, "GET", ENV "/toggles/x", NULL, 404);
	toggled_hang_up(t);
	toggled_signal(t, SIGTERM);
	for (began = now_ms(); now_ms() - began < STEADY_MS; sent++) {
		ck_assert(raw_send_text(raw, " "));
		ck_assert(!raw_is_closed(raw, PAUSE_MS));
	}
	ck_assert(raw_send_text(raw, toggled_text(t, "%*s", 1000 - sent, "}")));
	answer = raw_answer(raw, SOON);
	ck_assert_int_eq(answer->status, 201);
	ck_assert_str_eq(answer_header(t, answer, "Connection"), "close");
	ck_assert_int_eq(toggled_wait(t, DRAIN_MS), 0);
	toggled_start(t, NULL);
	ask(t, "GET", ENV "/toggles/x", NULL, 200);
	scene_stop(t);
	toggled_free(t);
}
END_TEST

static bool
is_refused(void *ctx)
{
	struct toggled *t = ctx;
	struct line line;
	bool refused;

	line_open(&line, t->port);
	refused = line.fd < 0;
	line_close(&line);
	return refused;
}

START_TEST(test_term_when_writes_were_acknowledged_then_they_are_there)
{
	struct toggled *t = scene_open();
	int64_t revision = 0;

	for (int i = 0; i < 50; i++)
		revision =
		    put_toggle(t, "a", toggled_text(t, "{\"value\":%d}", i));
	/* SIGINT is as good. */
	ck_assert_int_eq(toggled_stop(t, _i == 0 ? SIGTERM : SIGINT), 0);
	ck_assert(is_refused(t));
	ck_assert_int_eq(
	    TOGGLED_RUN(t, "verify", "--database", t->database)->status, 0);
	toggled_hang_up(t);
	toggled_start(t, NULL);
	ck_assert_int_eq(head_revision(t), revision);
	expect_json(json_at(ask_json(t, "GET", ENV "/toggles/a", NULL, 200),
			    "/variants"),
		    "{\"value\":49}");
	scene_close(t);
}
END_TEST

START_TEST(test_restart_when_clients_poll_again_then_their_cursors_are_good)
{
	struct toggled *t = scene_open();
	const char *cursor;
	json_t *delta;

	put_toggle(t, "a", "{}");
	put_toggle(t, "b", "{}");
	cursor = json_text_at(ask_json(t, "GET", ENV "/changes", NULL, 200),
			      "/cursor");
	put_toggle(t, "a", "{\"owner\":\"me\"}");
	ask(t, "DELETE", ENV "/toggles/b", NULL, 200);
	toggled_hang_up(t);
	ck_assert_int_eq(toggled_stop(t, _i == 0 ? SIGTERM : SIGKILL),
			 _i == 0 ? 0 : 128 + SIGKILL);
	toggled_start(t, NULL);
	delta = ask_json(
	    t, "GET", toggled_text(t, ENV "/changes?since=%s&wait=30", cursor),
	    NULL, 200);
	ck_assert(!json_bool_at(delta, "/full"));
	ck_assert_uint_eq(json_object_size(json_at(delta, "/toggles")), 2);
	ck_assert_str_eq(json_text_at(delta, "/toggles/a/owner"), "me");
	ck_assert(json_is_null(json_at(delta, "/toggles/b")));
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_loop_test(tc,
			    test_term_when_a_hundred_wait_then_each_is_answered,
			    0, SCENE_PARKINGS);
	tcase_add_loop_test(tc, test_term_when_ofrep_waits_then_it_is_answered,
			    0, SCENE_PARKINGS);
	tcase_add_loop_test(tc,
			    test_term_when_connections_hang_then_it_ends_soon,
			    0, SCENE_PARKINGS);
	tcase_add_loop_test(tc, test_term_when_a_body_never_comes_then_503_soon,
			    0, 2);
	tcase_add_loop_test(tc, test_term_when_a_body_drips_then_503_soon, 0,
			    2);
	tcase_add_loop_test(
	    tc, test_term_when_a_body_comes_in_pieces_then_it_is_written, 0, 2);
	tcase_add_loop_test(
	    tc, test_term_when_writes_were_acknowledged_then_they_are_there, 0,
	    2);
	tcase_add_loop_test(
	    tc,
	    test_restart_when_clients_poll_again_then_their_cursors_are_good, 0,
	    2);
}

int
main(void)
{
	return scene_main("shutdown", add);
}

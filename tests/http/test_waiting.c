/*
 * How clients wait: many at a time, on connections that live on, that end, that
 * carry more than one request. Each test runs once for each way of waiting.
 */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scene.h"

#define SOON 10000 /* ms: an answer that is due now */
#define CROWD 200

static void
poll_on(struct raw *raw, int64_t since, const char *more)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
		       "GET " ENV "/changes?since=%" PRId64
		       "&wait=30 HTTP/1.1\r\nHost: localhost\r\n%s\r\n",
		       since, more);
	ck_assert(raw_send_text(raw, text));
}

/* Everybody is told the same, of that revision, and keeps the connection. */
static void
expect_all(struct raw *const *crowd, int64_t revision, const char *owner)
{
	const char *body = NULL;

	for (int i = 0; i < CROWD; i++) {
		struct answer *answer = raw_answer(crowd[i], SOON);

		ck_assert_int_eq(answer->status, 200);
		if (body == NULL)
			body = answer->body;
		ck_assert_str_eq(answer->body, body);
		ck_assert_int_eq(json_int_at(answer_json(answer), "/revision"),
				 revision);
		ck_assert_str_eq(
		    json_text_at(answer_json(answer), "/toggles/a/owner"),
		    owner);
		ck_assert_ptr_null(
		    strcasestr(answer->headers, "Connection: close"));
	}
}

START_TEST(test_waiting_when_two_hundred_then_all_get_each_flip_and_rollback)
{
	struct toggled *t = scene_open_parking(_i);
	struct raw *crowd[CROWD];
	int64_t revision = put_toggle(t, "a", "{\"owner\":\"zero\"}");
	int64_t woken;

	for (int i = 0; i < CROWD; i++)
		crowd[i] = raw_open(t);
	for (int flip = 0; flip < 4; flip++) {
		static const char *const owners[] = { "one", "two", "zero",
						      "three" };

		for (int i = 0; i < CROWD; i++)
			poll_on(crowd[i], revision, "");
		wait_for_waiters(t, CROWD);
		if (flip == 2)
			ask(t, "POST", ENV "/rollback", "{\"to\":2}", 200);
		else
			put_toggle(t, "a",
				   toggled_text(t, "{\"owner\":\"%s\"}",
						owners[flip]));
		expect_all(crowd, ++revision, owners[flip]);
	}
	wait_for_waiters(t, 0);
	woken = metric(t, "toggled_polls_woken_total");
	ck_assert_int_eq(woken, 4 * CROWD);
	ck_assert_int_eq(metric(t, "toggled_connections_open"), CROWD + 1);
	for (int i = 0; i < CROWD; i++)
		raw_close(crowd[i]);
	scene_close(t);
}
END_TEST

START_TEST(test_waiting_when_parking_then_in_that_way)
{
	struct toggled *t = scene_open_parking(_i);
	struct raw *raw = raw_open(t);

	poll_on(raw, 1, "");
	wait_for_waiters(t, 1);
	ck_assert_int_eq(metric(t, _i == 0 ? "toggled_polls_outside"
					   : "toggled_polls_suspended"),
			 1);
	put_toggle(t, "a", "{}");
	ck_assert_int_eq(raw_answer(raw, SOON)->status, 200);
	raw_close(raw);
	scene_close(t);
}
END_TEST

static bool
is_alone(void *ctx)
{
	return metric(ctx, "toggled_connections_open") == 1;
}

START_TEST(test_waiting_when_hung_up_then_freed)
{
	enum { EACH = 30 };
	struct toggled *t = scene_open_parking(_i);
	struct raw *raws[3 * EACH];

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 3 * EACH; i++) {
			raws[i] = raw_open(t);
			poll_on(raws[i], 1, "");
		}
		wait_for_waiters(t, (int64_t)3 * EACH);
		for (int i = 0; i < EACH; i++) {
			raw_close(raws[i]);
			raw_reset(raws[EACH + i]);
			raw_shutdown(raws[2 * EACH + i]);
		}
		wait_for_waiters(t, 0);
		for (int i = 2 * EACH; i < 3 * EACH; i++)
			ck_assert(raw_is_closed(raws[i], SOON));
		ck_assert_msg(wait_until(is_alone, t, SOON),
			      "%" PRId64 " connections are still open",
			      metric(t, "toggled_connections_open"));
	}
	ck_assert_int_eq(metric(t, "toggled_polls_hung_up_total"), 6 * EACH);
	/* And a change finds nobody. */
	put_toggle(t, "a", "{}");
	ck_assert_int_eq(metric(t, "toggled_polls_woken_total"), 0);
	scene_close(t);
}
END_TEST

#define VERSION "GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n"

static void
expect_version(struct raw *raw)
{
	struct answer *answer = raw_answer(raw, SOON);

	ck_assert_int_eq(answer->status, 200);
	ck_assert_str_eq(json_text_at(answer_json(answer), "/name"), "toggled");
}

START_TEST(test_waiting_when_another_request_came_along_then_answered_after)
{
	struct toggled *t = scene_open_parking(_i);
	struct raw *together = raw_open(t);
	struct raw *later = raw_open(t);
	struct raw *split = raw_open(t);

	ck_assert(raw_send_text(together,
				"GET " ENV "/changes?since=1&wait=30 HTTP/1.1"
				"\r\nHost: localhost\r\n\r\n" VERSION VERSION));
	poll_on(later, 1, "");
	/* The second request has only begun. */
	ck_assert(raw_send_text(split,
				"GET " ENV "/changes?since=1&wait=30 HTTP/1.1"
				"\r\nHost: localhost\r\n\r\nGET /ver"));
	wait_for_waiters(t, 3);
	ck_assert(raw_send_text(later, VERSION VERSION));
	put_toggle(t, "a", "{}");
	expect_revision(together, 2);
	expect_version(together);
	expect_version(together);
	expect_revision(later, 2);
	expect_version(later);
	expect_version(later);
	expect_revision(split, 2);
	ck_assert(
	    raw_send_text(split, "sion HTTP/1.1\r\nHost: localhost\r\n\r\n"));
	expect_version(split);
	/* They are good for another poll, and a write. */
	poll_on(together, 2, "");
	poll_on(later, 2, "");
	wait_for_waiters(t, 2);
	ck_assert(raw_send_text(split,
				"PUT " ENV "/toggles/b HTTP/1.1\r\n"
				"Host: localhost\r\nContent-Length: 2\r\n\r\n"
				"{}"));
	ck_assert_int_eq(raw_answer(split, SOON)->status, 201);
	expect_revision(together, 3);
	expect_revision(later, 3);
	raw_close(together);
	raw_close(later);
	raw_close(split);
	scene_close(t);
}
END_TEST

START_TEST(test_waiting_when_polls_are_pipelined_then_each_is_answered)
{
	struct toggled *t = scene_open_parking(_i);
	struct raw *raw = raw_open(t);

	put_toggle(t, "a", "{}");
	poll_on(raw, 2, "");
	poll_on(raw, 2, "");
	wait_for_waiters(t, 1);
	put_toggle(t, "a", "{\"owner\":\"me\"}");
	expect_revision(raw, 3);
	/* The second one is behind by now. */
	expect_revision(raw, 3);
	raw_close(raw);
	scene_close(t);
}
END_TEST

START_TEST(test_waiting_when_connection_is_to_close_then_closed_after)
{
	static const char *const heads[] = {
		"GET " ENV
		"/changes?since=1&wait=30 HTTP/1.0\r\nHost: localhost\r\n"
		"\r\n",
		"GET " ENV "/changes?since=1&wait=30 HTTP/1.0\r\n\r\n",
		"GET " ENV
		"/changes?since=1&wait=30 HTTP/1.1\r\nHost: localhost\r\n"
		"Connection: close\r\n\r\n",
		"GET " ENV
		"/changes?since=1&wait=30 HTTP/1.1\r\nHost: localhost\r\n"
		"Connection: TE, Close\r\nTE: trailers\r\n\r\n",
	};
	struct toggled *t = scene_open_parking(_i);
	struct raw *raws[COUNT(heads)];

	for (int i = 0; i < COUNT(heads); i++) {
		raws[i] = raw_open(t);
		ck_assert(raw_send_text(raws[i], heads[i]));
	}
	wait_for_waiters(t, COUNT(heads));
	put_toggle(t, "a", "{}");
	for (int i = 0; i < COUNT(heads); i++) {
		struct answer *answer = raw_answer(raws[i], SOON);

		ck_assert_int_eq(answer->status, 200);
		ck_assert_int_eq(json_int_at(answer_json(answer), "/revision"),
				 2);
		ck_assert_ptr_nonnull(
		    strcasestr(answer->headers, "Connection: close"));
		ck_assert(raw_is_closed(raws[i], SOON));
	}
	scene_close(t);
}
END_TEST

START_TEST(test_waiting_when_request_comes_in_pieces_then_it_waits_as_well)
{
	static const char poll[] =
	    "GET " ENV
	    "/changes?since=1&wait=30 HTTP/1.1\r\nHost: localhost\r\n\r\n";
	struct toggled *t = scene_open_parking(_i);
	struct raw *raw = raw_open(t);

	ck_assert(raw_send_pieces(raw, poll, strlen(poll), 7));
	wait_for_waiters(t, 1);
	put_toggle(t, "a", "{}");
	expect_revision(raw, 2);
	raw_close(raw);
	scene_close(t);
}
END_TEST

/* An answer larger than the socket's buffers, to one that reads late. */
START_TEST(test_waiting_when_reader_is_slow_then_others_are_not_held_up)
{
	enum { BIG = 200 * 1024 };
	struct toggled *t = scene_open_parking(_i);
	struct raw *slow[20];
	struct raw *quick = raw_open(t);
	char *text = toggled_own(t, malloc(BIG + 1), free);
	struct answer *answer;

	memset(text, 'x', BIG);
	text[BIG] = '\0';
	for (int i = 0; i < COUNT(slow); i++) {
		slow[i] = raw_open(t);
		poll_on(slow[i], 1, "");
	}
	poll_on(quick, 1, "");
	wait_for_waiters(t, COUNT(slow) + 1);
	put_toggle(t, "a",
		   toggled_text(t, "{\"variants\":{\"a\":\"%s\"}}", text));
	answer = raw_answer(quick, SOON);
	ck_assert_uint_gt(answer->length, BIG);
	poll_on(quick, 2, "");
	wait_for_waiters(t, 1);
	put_toggle(t, "b", "{}");
	expect_revision(quick, 3);
	for (int i = 0; i < COUNT(slow); i++) {
		struct answer *late = raw_answer(slow[i], SOON);

		ck_assert_str_eq(late->body, answer->body);
		ck_assert_ptr_nonnull(answer_header(t, late, "X-Request-Id"));
		raw_close(slow[i]);
	}
	raw_close(quick);
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_loop_test(
	    tc,
	    test_waiting_when_two_hundred_then_all_get_each_flip_and_rollback,
	    0, SCENE_PARKINGS);
	tcase_add_loop_test(tc, test_waiting_when_parking_then_in_that_way, 0,
			    SCENE_PARKINGS);
	tcase_add_loop_test(tc, test_waiting_when_hung_up_then_freed, 0,
			    SCENE_PARKINGS);
	tcase_add_loop_test(
	    tc,
	    test_waiting_when_another_request_came_along_then_answered_after, 0,
	    SCENE_PARKINGS);
	tcase_add_loop_test(
	    tc, test_waiting_when_polls_are_pipelined_then_each_is_answered, 0,
	    SCENE_PARKINGS);
	tcase_add_loop_test(
	    tc, test_waiting_when_connection_is_to_close_then_closed_after, 0,
	    SCENE_PARKINGS);
	tcase_add_loop_test(
	    tc, test_waiting_when_request_comes_in_pieces_then_it_waits_as_well,
	    0, SCENE_PARKINGS);
	tcase_add_loop_test(
	    tc, test_waiting_when_reader_is_slow_then_others_are_not_held_up, 0,
	    SCENE_PARKINGS);
}

int
main(void)
{
	return scene_main("waiting", add);
}

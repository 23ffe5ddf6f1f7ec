/*
 * What comes behind a poll on its connection, before its answer and after it:
 * nothing of it is lost, in either form of waiting.
 */
#include <check.h>
#include <signal.h>
#include <string.h>

#include "parking_scene.h"

START_TEST(test_poll_when_next_request_is_behind_it_then_nothing_is_lost)
{
	struct toggled *t = parking_start(_i);
	struct raw *raw = raw_open(t);

	ck_assert(raw_send_text(raw,
				POLL("2") HOST "\r\n"
					       "GET /healthz HTTP/1.1\r\n" HOST
					       "\r\n" POLL("3") HOST "\r\n"));
	/* It was read together with the poll: that one has to stay inside. */
	wait_for_metric(t, parking_gauges[1], 1);
	flip_toggle(t, "{\"state\":\"DISABLED\"}");
	expect_revision(raw, 3);
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 200);
	flip_toggle(t, "{\"state\":\"ENABLED\"}");
	expect_revision(raw, 4);
	toggled_free(t);
}
END_TEST

START_TEST(test_poll_when_next_request_comes_meanwhile_then_answered_after)
{
	struct toggled *t = parking_start(_i);
	struct raw *raw = raw_open(t);

	parking_poll(t, raw, 2, _i);
	ck_assert(
	    raw_send_text(raw, "GET " T "/toggles/a HTTP/1.1\r\n" HOST "\r\n"));
	flip_toggle(t, "{\"state\":\"DISABLED\"}");
	expect_revision(raw, 3);
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 200);
	parking_poll(t, raw, 3, _i);
	toggled_free(t);
}
END_TEST

/* What a client that was answered outside may send instead of its next poll. */
static const struct {
	const char *sent;
	long status;
	bool closes;
} others[] = {
	{ "GET " T "/toggles/a HTTP/1.1\r\n" HOST "\r\n", 200, false },
	{ "GET " T "/changes?since=0&wait=30s HTTP/1.1\r\n" HOST "\r\n", 200,
	  false },
	{ "GET " T "/changes?since=3 HTTP/1.1\r\n" HOST "\r\n", 200, false },
	{ "GET " T "/changes?since=3&wait=50ms HTTP/1.1\r\n" HOST
	  "Connection: close\r\n\r\n",
	  200, true },
	{ "GET " T "/changes?since=3&wait=50ms HTTP/1.0\r\n\r\n", 200, true },
	{ "GET " T "/changes?since=3&wait=50ms HTTP/1.1\r\n" HOST
	  "Content-Length: 0\r\n\r\n",
	  200, false },
	{ "GET " T "/changes?since=3&wait=50ms HTTP/1.1\r\n" HOST
	  "Prefer: wait=1\r\n\r\n",
	  200, false },
	{ "GET " T "/changes?since=x&wait=30s HTTP/1.1\r\n" HOST "\r\n", 400,
	  false },
	{ "GET " T "/changes?sinze=3&wait=30s HTTP/1.1\r\n" HOST "\r\n", 400,
	  false },
	{ "GET " T "/changes?since=%zz&wait=30s HTTP/1.1\r\n" HOST "\r\n", 400,
	  false },
	{ "GET " T "/changes?since=3&wait=30s HTTP/1.1\r\n\r\n", 400, true },
	{ "GET " T "/changes?since=3&wait=30s HTTP/1.1\r\n" HOST
	  "X : y\r\n\r\n",
	  400, true },
	{ "GET " T "/changes?since=3&wait=30s HTTP/1.1\r\n" HOST
	  "X: a\r\n b\r\n\r\n",
	  400, true },
	{ "GET /v1/envs/none/changes?since=3&wait=30s HTTP/1.1\r\n" HOST "\r\n",
	  404, false },
	{ "PUT " T "/toggles/b HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}",
	  201, false },
};

START_TEST(test_poll_when_followed_by_another_request_then_answered_so)
{
	struct toggled *t = parking_start(0);
	struct raw *raw = raw_open(t);
	struct answer *a;

	parking_poll(t, raw, 2, 0);
	flip_toggle(t, "{\"state\":\"DISABLED\"}");
	expect_revision(raw, 3);
	ck_assert(raw_send_text(raw, others[_i].sent));
	a = raw_answer(raw, SOON_MS);
	ck_assert_msg(a->status == others[_i].status, "%s: %ld",
		      others[_i].sent, a->status);
	if (others[_i].closes) {
		ck_assert(raw_is_closed(raw, AT_ONCE_MS));
	} else {
		ck_assert(raw_send_text(raw, POLL("999") HOST "\r\n"));
		ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 200);
	}
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

START_TEST(test_poll_when_repeated_then_others_behind_it_are_not_lost)
{
	struct toggled *t = parking_start(0);
	struct raw *raw = raw_open(t);

	parking_poll(t, raw, 2, 0);
	flip_toggle(t, "{\"state\":\"DISABLED\"}");
	expect_revision(raw, 3);
	/* Two at once, then one in the middle of the wait. */
	ck_assert(
	    raw_send_text(raw, POLL("3") HOST "\r\n" POLL("0") HOST "\r\n"));
	wait_for_metric(t, parking_gauges[1], 1);
	flip_toggle(t, "{\"state\":\"ENABLED\"}");
	expect_revision(raw, 4);
	expect_revision(raw, 4);
	parking_poll(t, raw, 4, 0);
	ck_assert(raw_send_text(raw, POLL("5") HOST "\r\n"));
	flip_toggle(t, "{\"state\":\"DISABLED\"}");
	expect_revision(raw, 5);
	wait_for_metric(t, parking_gauges[0], 1);
	flip_toggle(t, "{\"state\":\"ENABLED\"}");
	expect_revision(raw, 6);
	toggled_free(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_loop_test(
	    tc, test_poll_when_next_request_is_behind_it_then_nothing_is_lost,
	    0, SCENE_PARKINGS);
	tcase_add_loop_test(
	    tc, test_poll_when_next_request_comes_meanwhile_then_answered_after,
	    0, SCENE_PARKINGS);
	tcase_add_loop_test(
	    tc, test_poll_when_followed_by_another_request_then_answered_so, 0,
	    COUNT(others));
	tcase_add_test(
	    tc, test_poll_when_repeated_then_others_behind_it_are_not_lost);
}

int
main(void)
{
	return scene_main("http/pipelining", add);
}

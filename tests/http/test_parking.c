/*
 * Clients that wait, in both forms: outside libmicrohttpd and suspended inside
 * it. Most tests run in both.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "parking_scene.h"

enum { MANY = 300 };

START_TEST(test_poll_when_changed_then_answered_and_connection_kept)
{
	struct toggled *t = parking_start(_i);
	struct raw *raw = raw_open(t);
	struct answer *a;

	parking_poll(t, raw, 2, _i);
	flip_toggle(t, "{\"state\":\"DISABLED\"}");
	a = expect_revision(raw, 3);
	ck_assert_str_eq(json_text_at(answer_json(a), "/toggles/a/state"),
			 "DISABLED");
	ck_assert_str_eq(answer_header(t, a, "Content-Type"),
			 "application/json");
	ck_assert_str_eq(answer_header(t, a, "Cache-Control"), "no-store");
	ck_assert_ptr_nonnull(answer_header(t, a, "Date"));
	ck_assert_ptr_nonnull(strstr(answer_header(t, a, "ETag"), ".3\""));
	wait_for_metric(t, parking_gauges[_i], 0);

	parking_poll(t, raw, 3, _i);
	flip_toggle(t, "{\"state\":\"ENABLED\"}");
	expect_revision(raw, 4);
	ck_assert(
	    raw_send_text(raw, "GET " T "/toggles/a HTTP/1.1\r\n" HOST "\r\n"));
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 200);
	parking_poll(t, raw, 4, _i);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	a = expect_revision(raw, 4);
	ck_assert_str_eq(answer_header(t, a, "Connection"), "close");
	ck_assert(raw_is_closed(raw, AT_ONCE_MS));
	toggled_free(t);
}
END_TEST

static void
poll_as(struct toggled *t, struct raw *raw, int64_t since, const char *header)
{
	ck_assert(raw_send_text(raw, toggled_text(t,
						  "GET " T
						  "/changes?since=%d&wait=60s "
						  "HTTP/1.1\r\n" HOST "%s\r\n",
						  (int)since, header)));
	wait_for_waiters(t, 1);
}

/* Whatever its form, and also when it waits again without libmicrohttpd. */
START_TEST(test_poll_when_answered_then_it_has_the_id_of_its_request)
{
	struct toggled *t = parking_start(_i);
	struct raw *raw = raw_open(t);
	const char *first;
	const char *second;

	poll_as(t, raw, 2, "X-Request-Id: the/first\r\n");
	put_toggle(t, "a", "{\"owner\":\"1\"}");
	ck_assert_str_eq(
	    answer_header(t, expect_revision(raw, 3), "X-Request-Id"),
	    "the/first");
	poll_as(t, raw, 3, "X-Request-Id: the/second\r\n");
	put_toggle(t, "a", "{\"owner\":\"2\"}");
	ck_assert_str_eq(
	    answer_header(t, expect_revision(raw, 4), "X-Request-Id"),
	    "the/second");
	/* None, or none that will do: one is made, another each time. */
	poll_as(t, raw, 4, "");
	put_toggle(t, "a", "{\"owner\":\"3\"}");
	first = answer_header(t, expect_revision(raw, 5), "X-Request-Id");
	poll_as(t, raw, 5, "X-Request-Id: a b\r\n");
	put_toggle(t, "a", "{\"owner\":\"4\"}");
	second = answer_header(t, expect_revision(raw, 6), "X-Request-Id");
	ck_assert_uint_eq(strlen(first), 16);
	ck_assert_uint_eq(strlen(second), 16);
	ck_assert_str_ne(first, second);
	toggled_free(t);
}
END_TEST

START_TEST(test_poll_when_logged_then_under_the_id_that_its_answer_has)
{
	struct toggled *t = toggled_new();
	struct raw *raw;
	const char *id;

	TOGGLED_START(t, "--access-log", "--parking", scene_parkings[_i]);
	put_toggle(t, "a", "{}");
	raw = raw_open(t);
	poll_as(t, raw, 2, "");
	put_toggle(t, "a", "{\"owner\":\"1\"}");
	id = answer_header(t, expect_revision(raw, 3), "X-Request-Id");
	ck_assert(wait_until_logged(t, toggled_text(t, "id=%s", id), SOON_MS));
	toggled_free(t);
}
END_TEST

START_TEST(test_poll_when_time_passes_then_empty_delta)
{
	struct toggled *t = parking_start(_i);
	struct raw *raw = raw_open(t);
	struct answer *a;

	for (int round = 0; round < 3; round++) {
		ck_assert(raw_send_text(
		    raw,
		    "GET " T "/changes?since=2&wait=150ms HTTP/1.1\r\n" HOST
		    "\r\n"));
		a = expect_revision(raw, 2);
		ck_assert_uint_eq(
		    json_object_size(json_at(answer_json(a), "/toggles")), 0);
	}
	ck_assert_int_eq(metric(t, "toggled_polls_expired_total"), 3);
	toggled_free(t);
}
END_TEST

START_TEST(test_poll_when_first_bytes_come_singly_then_answered)
{
	static const char text[] = POLL("2") HOST "\r\n";
	struct toggled *t = parking_start(_i);
	struct raw *raw = raw_open(t);

	ck_assert(raw_send_pieces(raw, text, sizeof(text) - 1, 1));
	wait_for_metric(t, parking_gauges[_i], 1);
	flip_toggle(t, "{\"state\":\"DISABLED\"}");
	expect_revision(raw, 3);
	ck_assert(raw_send_pieces(raw, text, sizeof(text) - 1, 1));
	expect_revision(raw, 3);
	toggled_free(t);
}
END_TEST

START_TEST(test_poll_when_client_closes_then_answer_says_so)
{
	static const char *const sent[] = {
		POLL("2") HOST "Connection: close\r\n\r\n",
		"GET " T "/changes?since=2&wait=30s HTTP/1.0\r\n" HOST "\r\n",
	};
	struct toggled *t = parking_start(_i);
	struct raw *raw[2];

	for (int i = 0; i < 2; i++) {
		raw[i] = raw_open(t);
		ck_assert(raw_send_text(raw[i], sent[i]));
	}
	wait_for_metric(t, parking_gauges[1], 2);
	flip_toggle(t, "{\"state\":\"DISABLED\"}");
	for (int i = 0; i < 2; i++) {
		struct answer *a = expect_revision(raw[i], 3);

		ck_assert_str_eq(answer_header(t, a, "Connection"), "close");
		ck_assert(raw_is_closed(raw[i], AT_ONCE_MS));
	}
	toggled_free(t);
}
END_TEST

START_TEST(test_poll_when_head_then_does_not_wait)
{
	struct toggled *t = parking_start(_i);
	struct raw *raw = raw_open(t);

	ck_assert(raw_send_text(raw, "HEAD " T "/changes?since=2&wait=30s "
				     "HTTP/1.1\r\n" HOST "\r\n"));
	ck_assert_int_eq(raw_answer_head(raw, SOON_MS)->status, 200);
	parking_poll(t, raw, 2, _i);
	toggled_free(t);
}
END_TEST

START_TEST(test_poll_when_environment_goes_then_404)
{
	struct toggled *t = parking_start(_i);
	struct raw *raw = raw_open(t);
	struct answer *a =
	    toggled_request(t, "PUT", "/v1/envs/other", NULL, "{}");

	ck_assert_int_eq(a->status, 201);
	a = toggled_get(t, "/v1/envs/other/changes");
	ck_assert(raw_send_text(
	    raw,
	    toggled_text(t,
			 "GET /v1/envs/other/changes?since=%lld&wait=30s "
			 "HTTP/1.1\r\n" HOST "\r\n",
			 (long long)json_int_at(answer_json(a), "/revision"))));
	wait_for_metric(t, parking_gauges[_i], 1);
	a = toggled_request(t, "DELETE", "/v1/envs/other", NULL, NULL);
	ck_assert_int_lt(a->status, 300);
	a = raw_answer(raw, SOON_MS);
	ck_assert_int_eq(a->status, 404);
	ck_assert_str_eq(answer_header(t, a, "Content-Type"),
			 "application/problem+json");
	toggled_free(t);
}
END_TEST

START_TEST(test_polls_when_many_then_all_woken_by_one_change)
{
	struct toggled *t = parking_start(_i);
	struct poller *p[MANY];

	for (int i = 0; i < MANY; i++)
		p[i] = poll_start(t, T "/changes?since=2&wait=30s", NULL);
	wait_for_metric(t, parking_gauges[_i], MANY);
	flip_toggle(t, "{\"state\":\"DISABLED\"}");
	for (int i = 0; i < MANY; i++) {
		struct answer *a = poll_finish(p[i], SOON_MS);

		ck_assert_int_eq(a->status, 200);
		ck_assert_int_eq(json_int_at(answer_json(a), "/revision"), 3);
	}
	ck_assert_int_eq(metric(t, "toggled_polls_woken_total"), MANY);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

START_TEST(test_polls_when_server_stops_then_all_answered)
{
	struct toggled *t = parking_start(_i);
	struct poller *p[MANY];

	for (int i = 0; i < MANY; i++)
		p[i] = poll_start(t, T "/changes?since=2&wait=30s", NULL);
	wait_for_metric(t, parking_gauges[_i], MANY);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	for (int i = 0; i < MANY; i++) {
		struct answer *a = poll_finish(p[i], SOON_MS);

		ck_assert_int_eq(a->status, 200);
		ck_assert_int_eq(json_int_at(answer_json(a), "/revision"), 2);
	}
	toggled_free(t);
}
END_TEST

START_TEST(test_poll_when_its_body_is_chunked_then_waits_inside_and_ends)
{
	struct toggled *t = parking_start(0);
	struct raw *raw = raw_open(t);

	ck_assert(raw_send_text(raw, "POST " T "/values?since=2&wait=30s "
				     "HTTP/1.1\r\n" HOST
				     "Transfer-Encoding: chunked\r\n\r\n"
				     "2\r\n{}\r\n0\r\n\r\n"));
	wait_for_metric(t, parking_gauges[1], 1);
	flip_toggle(t, "{\"state\":\"DISABLED\"}");
	expect_revision(raw, 3);
	ck_assert(raw_is_closed(raw, AT_ONCE_MS));
	toggled_free(t);
}
END_TEST

/* The line ends there for libmicrohttpd. */
START_TEST(test_poll_when_repeated_with_lf_in_its_target_then_refused)
{
	struct toggled *t = parking_start(0);
	struct raw *raw = raw_open(t);

	ck_assert(raw_send_text(raw, "GET " T "/values?since=2&wait=30s&a=b "
				     "HTTP/1.1\r\n" HOST "\r\n"));
	wait_for_metric(t, parking_gauges[0], 1);
	flip_toggle(t, "{\"defaultVariant\":\"on\"}");
	expect_revision(raw, 3);
	ck_assert(raw_send_text(raw, "GET " T "/values?since=3&wait=30s&a=\nb: "
				     "HTTP/1.1\r\n" HOST "\r\n"));
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 400);
	ck_assert(raw_is_closed(raw, AT_ONCE_MS));
	toggled_free(t);
}
END_TEST

START_TEST(test_poll_when_body_had_a_length_before_then_waits_outside)
{
	struct toggled *t = parking_start(0);
	struct raw *raw = raw_open(t);

	ck_assert(raw_send_text(raw, "PUT " T "/toggles/b HTTP/1.1\r\n" HOST
				     "Content-Length: 2\r\n\r\n{}"));
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 201);
	parking_poll(t, raw, 3, 0);
	toggled_free(t);
}
END_TEST

START_TEST(test_poll_when_over_unix_socket_then_waits_inside)
{
	struct toggled *t = toggled_new();
	char *address = toggled_text(t, "unix:%s", toggled_path(t, "s"));
	struct poller *p;

	TOGGLED_START(t, "--listen", address);
	snprintf(t->unix_path, sizeof(t->unix_path), "%s",
		 toggled_path(t, "s"));
	toggled_request(t, "PUT", T "/toggles/a", NULL, "{}");
	p = poll_start(t, T "/changes?since=2&wait=30s", NULL);
	wait_for_metric(t, parking_gauges[1], 1);
	flip_toggle(t, "{\"state\":\"DISABLED\"}");
	ck_assert_int_eq(poll_finish(p, SOON_MS)->status, 200);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

START_TEST(test_polls_when_loops_have_tables_of_their_own_then_served)
{
	struct toggled *t = toggled_new();
	struct poller *p[20];

	TOGGLED_START(t, "--loops", "3", "--descriptor-tables");
	toggled_request(t, "PUT", T "/toggles/a", NULL, "{}");
	for (int i = 0; i < 20; i++)
		p[i] = poll_start(t, T "/changes?since=2&wait=30s", NULL);
	wait_for_metric(t, parking_gauges[0], 20);
	flip_toggle(t, "{\"state\":\"DISABLED\"}");
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(poll_finish(p[i], SOON_MS)->status, 200);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_loop_test(
	    tc, test_poll_when_changed_then_answered_and_connection_kept, 0,
	    SCENE_PARKINGS);
	tcase_add_loop_test(
	    tc, test_poll_when_answered_then_it_has_the_id_of_its_request, 0,
	    SCENE_PARKINGS);
	tcase_add_loop_test(
	    tc, test_poll_when_logged_then_under_the_id_that_its_answer_has, 0,
	    SCENE_PARKINGS);
	tcase_add_loop_test(tc, test_poll_when_time_passes_then_empty_delta, 0,
			    SCENE_PARKINGS);
	tcase_add_loop_test(
	    tc, test_poll_when_first_bytes_come_singly_then_answered, 0,
	    SCENE_PARKINGS);
	tcase_add_loop_test(tc,
			    test_poll_when_client_closes_then_answer_says_so, 0,
			    SCENE_PARKINGS);
	tcase_add_loop_test(tc, test_poll_when_head_then_does_not_wait, 0,
			    SCENE_PARKINGS);
	tcase_add_loop_test(tc, test_poll_when_environment_goes_then_404, 0,
			    SCENE_PARKINGS);
	tcase_add_loop_test(tc,
			    test_polls_when_many_then_all_woken_by_one_change,
			    0, SCENE_PARKINGS);
	tcase_add_loop_test(tc, test_polls_when_server_stops_then_all_answered,
			    0, SCENE_PARKINGS);
	tcase_add_test(
	    tc, test_poll_when_its_body_is_chunked_then_waits_inside_and_ends);
	tcase_add_test(
	    tc, test_poll_when_repeated_with_lf_in_its_target_then_refused);
	tcase_add_test(
	    tc, test_poll_when_body_had_a_length_before_then_waits_outside);
	tcase_add_test(tc, test_poll_when_over_unix_socket_then_waits_inside);
#ifndef __SANITIZE_THREAD__
	/* It takes a descriptor's number for one thing in all threads. */
	tcase_add_test(
	    tc, test_polls_when_loops_have_tables_of_their_own_then_served);
#else
	(void)test_polls_when_loops_have_tables_of_their_own_then_served;
#endif
}

int
main(void)
{
	return scene_main("http/parking", add);
}

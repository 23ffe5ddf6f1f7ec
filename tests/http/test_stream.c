/* Event streams: OFREP's change notifications. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/harness.h"

static struct toggled *t;

static void
setup(void)
{
	t = toggled_new();
	toggled_start(t, NULL);
	ck_assert_int_eq(
	    toggled_request(t, "PUT", "/v1/envs/default/toggles/a", NULL, "{}")
		->status,
	    201);
}

static void
teardown(void)
{
	toggled_free(t);
}

/* Open a stream; `more` are further header lines. */
static struct raw *
subscribe(const char *more)
{
	struct raw *raw = raw_open(t);
	char request[512];

	snprintf(request, sizeof(request),
		 "GET /v1/envs/default/ofrep/v1/sse HTTP/1.1\r\n"
		 "Host: localhost\r\nAccept: text/event-stream\r\n%s\r\n",
		 more);
	ck_assert(raw_send_text(raw, request));
	return raw;
}

static void
flip(const char *state)
{
	char body[64];

	snprintf(body, sizeof(body), "{\"state\":\"%s\"}", state);
	ck_assert_int_eq(toggled_request(t, "PATCH",
					 "/v1/envs/default/toggles/a", NULL,
					 body)
			     ->status,
			 200);
}

/* The epoch of the store. */
static const char *
epoch(void)
{
	return json_text_at(
	    answer_json(toggled_get(t, "/v1/envs/default/changes")), "/epoch");
}

static long
open_streams(void)
{
	const char *line =
	    strstr(toggled_get(t, "/metrics")->body, "\ntoggled_streams ");

	ck_assert_ptr_nonnull(line);
	return strtol(line + strlen("\ntoggled_streams "), NULL, 10);
}

START_TEST(test_bulk_when_answered_then_the_stream_is_advertised)
{
	struct answer *a =
	    toggled_request(t, "POST", "/ofrep/v1/evaluate/flags", NULL, "{}");

	ck_assert_str_eq(json_text_at(answer_json(a), "/eventStreams/0/type"),
			 "sse");
	ck_assert_str_eq(
	    json_text_at(answer_json(a), "/eventStreams/0/endpoint/requestUri"),
	    "/v1/envs/default/ofrep/v1/sse");
}
END_TEST

START_TEST(test_bulk_when_settings_say_so_then_no_stream_is_advertised)
{
	struct answer *a = toggled_request(t, "PUT", "/v1/envs/default", NULL,
					   "{\"eventStreams\":false}");

	ck_assert_int_eq(a->status, 200);
	a = toggled_request(t, "POST", "/ofrep/v1/evaluate/flags", NULL, "{}");
	ck_assert_ptr_null(json_at(answer_json(a), "/eventStreams"));
	/* Also after a restart. */
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_start(t, NULL);
	a = toggled_request(t, "POST", "/ofrep/v1/evaluate/flags", NULL, "{}");
	ck_assert_ptr_null(json_at(answer_json(a), "/eventStreams"));
}
END_TEST

START_TEST(test_stream_when_toggles_change_then_one_event_each)
{
	struct raw *raw = subscribe("");
	const char *text = raw_until(raw, "\nid: ", SOON_MS);
	char expected[128];

	ck_assert_ptr_nonnull(strstr(text, "HTTP/1.1 200"));
	ck_assert_ptr_nonnull(strstr(text, "text/event-stream"));
	ck_assert_ptr_nonnull(strstr(text, "no-cache"));
	ck_assert_ptr_nonnull(strstr(text, "retry: "));
	/* The first is of the state that it began with. */
	snprintf(expected, sizeof(expected),
		 "id: %s.2\nevent: message\ndata: "
		 "{\"type\":\"refetchEvaluation\",\"etag\":\"%s.2\"",
		 epoch(), epoch());
	(void)raw_until(raw, expected, SOON_MS);
	flip("DISABLED");
	snprintf(expected, sizeof(expected),
		 "id: %s.3\nevent: message\ndata: "
		 "{\"type\":\"refetchEvaluation\",\"etag\":\"%s.3\"",
		 epoch(), epoch());
	text = raw_until(raw, expected, SOON_MS);
	ck_assert_ptr_nonnull(strstr(text, expected));
	flip("ENABLED");
	snprintf(expected, sizeof(expected), "id: %s.4\nevent: message",
		 epoch());
	text = raw_until(raw, expected, SOON_MS);
	ck_assert_ptr_nonnull(strstr(text, expected));
}
END_TEST

START_TEST(test_stream_when_last_event_id_is_old_then_an_event_at_once)
{
	char header[96];
	struct raw *raw;
	const char *text;

	flip("DISABLED");
	snprintf(header, sizeof(header), "Last-Event-ID: %s.2\r\n", epoch());
	raw = subscribe(header);
	text = raw_until(raw, "refetchEvaluation", SOON_MS);
	ck_assert_ptr_nonnull(strstr(text, "refetchEvaluation"));
}
END_TEST

START_TEST(test_stream_when_last_event_id_is_current_then_silence)
{
	char header[96];
	struct raw *raw;
	const char *text;

	snprintf(header, sizeof(header), "Last-Event-ID: %s.2\r\n", epoch());
	raw = subscribe(header);
	text = raw_until(raw, "\nid: ", SOON_MS);
	ck_assert_ptr_null(strstr(text, "refetchEvaluation"));
}
END_TEST

/* Settings change what a context comes to, and what the answers carry. */
START_TEST(test_stream_when_settings_change_then_an_event)
{
	char header[96];
	struct raw *raw;

	snprintf(header, sizeof(header), "Last-Event-ID: %s.2\r\n", epoch());
	raw = subscribe(header);
	(void)raw_until(raw, "\nid: ", SOON_MS);
	ck_assert_int_eq(toggled_request(t, "PUT", "/v1/envs/default", NULL,
					 "{\"fractional\":\"v3\"}")
			     ->status,
			 200);
	(void)raw_until(raw, "refetchEvaluation", SOON_MS);
}
END_TEST

/* A client opens another stream for each URL that it is told. */
START_TEST(test_bulk_when_toggles_change_then_the_streams_path_does_not)
{
	const char *before =
	    toggled_text(t, "%s",
			 json_text_at(answer_json(toggled_request(
					  t, "POST", "/ofrep/v1/evaluate/flags",
					  NULL, "{}")),
				      "/eventStreams/0/endpoint/requestUri"));

	flip("DISABLED");
	ck_assert_str_eq(
	    before, json_text_at(
			answer_json(toggled_request(
			    t, "POST", "/ofrep/v1/evaluate/flags", NULL, "{}")),
			"/eventStreams/0/endpoint/requestUri"));
}
END_TEST

START_TEST(test_stream_when_client_leaves_then_it_is_freed)
{
	struct raw *raw = subscribe("");

	(void)raw_until(raw, "\nid: ", SOON_MS);
	ck_assert_int_eq(open_streams(), 1);
	raw_close(raw);
	/* Each look is a round trip; the deadline is the test's own. */
	while (open_streams() != 0)
		;
}
END_TEST

START_TEST(test_stream_when_server_stops_then_it_ends_whole)
{
	struct raw *raw = subscribe("");
	const char *text;

	(void)raw_until(raw, "\nid: ", SOON_MS);
	toggled_signal(t, SIGTERM);
	/* The last chunk of the body: nothing was cut off. */
	text = raw_until(raw, "\r\n0\r\n\r\n", SOON_MS);
	ck_assert_ptr_nonnull(strstr(text, "\r\n0\r\n\r\n"));
	ck_assert_int_eq(toggled_wait(t, SOON_MS), 0);
}
END_TEST

START_TEST(test_stream_when_environment_is_removed_then_it_ends)
{
	struct raw *raw = raw_open(t);

	ck_assert_int_eq(
	    toggled_request(t, "PUT", "/v1/envs/prod", NULL, "{}")->status,
	    201);
	ck_assert(raw_send_text(raw, "GET /v1/envs/prod/ofrep/v1/sse "
				     "HTTP/1.1\r\nHost: localhost\r\n\r\n"));
	(void)raw_until(raw, "\nid: ", SOON_MS);
	ck_assert_int_eq(
	    toggled_request(t, "DELETE", "/v1/envs/prod", NULL, NULL)->status,
	    200);
	ck_assert_ptr_nonnull(
	    strstr(raw_until(raw, "\r\n0\r\n\r\n", SOON_MS), "\r\n0\r\n\r\n"));
}
END_TEST

/* The path of the stream as the bulk answer advertises it to `token`. */
static const char *
advertised(const char *token)
{
	struct answer *a = toggled_request(
	    t, "POST", "/ofrep/v1/evaluate/flags",
	    HEADERS(toggled_text(t, "Authorization: Bearer %s", token)), "{}");

	ck_assert_int_eq(a->status, 200);
	return json_text_at(answer_json(a),
			    "/eventStreams/0/endpoint/requestUri");
}

static const char *
make_token(const char *admin, const char *body)
{
	const char *header = toggled_text(t, "Authorization: Bearer %s", admin);
	struct answer *a =
	    toggled_request(t, "POST", "/v1/tokens", HEADERS(header), body);

	ck_assert_int_eq(a->status, 201);
	return json_text_at(answer_json(a), "/token");
}

static struct raw *
open_path(const char *path)
{
	struct raw *raw = raw_open(t);

	ck_assert(raw_send_text(
	    raw, toggled_text(t, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n",
			      path)));
	return raw;
}

START_TEST(test_stream_when_tokens_are_needed_then_the_ticket_admits)
{
	const char *admin =
	    make_token("", "{\"name\":\"root\",\"role\":\"admin\"}");
	const char *client =
	    make_token(admin, "{\"name\":\"web\",\"role\":\"client\","
			      "\"environments\":[\"default\"]}");
	const char *path = advertised(client);
	struct raw *raw = open_path(path);

	/* The same for the same token, or 304 would strand a client. */
	ck_assert_str_eq(path, advertised(client));
	ck_assert_str_ne(path, advertised(admin));
	ck_assert_ptr_nonnull(strstr(path, "?ticket="));
	ck_assert_ptr_null(strstr(path, client));
	ck_assert_ptr_nonnull(
	    strstr(raw_until(raw, "\nid: ", SOON_MS), "HTTP/1.1 200"));
	/* Nothing else opens with it, and no other ticket does. */
	ck_assert_int_eq(
	    toggled_get(t, toggled_text(t, "/v1/envs/default/values%s",
					strchr(path, '?')))
		->status,
	    401);
	raw = open_path("/v1/envs/default/ofrep/v1/sse");
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 401);
	raw = open_path(toggled_text(t, "%.*s0", (int)strlen(path) - 1, path));
	if (path[strlen(path) - 1] == '0')
		raw = open_path(
		    toggled_text(t, "%.*s1", (int)strlen(path) - 1, path));
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 401);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("stream");
	TCase *tc = tcase_create("stream");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc,
		       test_bulk_when_answered_then_the_stream_is_advertised);
	tcase_add_test(
	    tc, test_bulk_when_settings_say_so_then_no_stream_is_advertised);
	tcase_add_test(tc, test_stream_when_toggles_change_then_one_event_each);
	tcase_add_test(
	    tc, test_stream_when_last_event_id_is_old_then_an_event_at_once);
	tcase_add_test(tc,
		       test_stream_when_last_event_id_is_current_then_silence);
	tcase_add_test(tc, test_stream_when_settings_change_then_an_event);
	tcase_add_test(
	    tc, test_bulk_when_toggles_change_then_the_streams_path_does_not);
	tcase_add_test(tc, test_stream_when_client_leaves_then_it_is_freed);
	tcase_add_test(tc, test_stream_when_server_stops_then_it_ends_whole);
	tcase_add_test(tc,
		       test_stream_when_environment_is_removed_then_it_ends);
	tcase_add_test(
	    tc, test_stream_when_tokens_are_needed_then_the_ticket_admits);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/*
 * Clients that wait, in both forms: outside libmicrohttpd and suspended inside
 * it. Each test of the first case runs in both.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "http/harness.h"

enum { SOON_MS = 5000, MANY = 300, LARGE_TOGGLES = 12, LARGE_BYTES = 60000 };

#define T "/v1/envs/default"
#define HOST "Host: h\r\n"
#define POLL(since) "GET " T "/changes?since=" since "&wait=30s HTTP/1.1\r\n"

static const char *const forms[] = { "auto", "suspended" };
static const char *const gauges[] = { "toggled_polls_outside ",
				      "toggled_polls_suspended " };

static int64_t
metric(struct toggled *t, const char *name)
{
	const char *text = toggled_get(t, "/metrics")->body;
	const char *at;
	char line[128];

	snprintf(line, sizeof(line), "\n%s", name);
	at = strstr(text, line);
	ck_assert_msg(at != NULL, "no metric %s", name);
	return strtoll(at + strlen(line), NULL, 10);
}

struct expected {
	struct toggled *t;
	const char *name;
	int64_t value;
};

static bool
has_value(void *ctx)
{
	const struct expected *e = ctx;

	return metric(e->t, e->name) == e->value;
}

static void
wait_for(struct toggled *t, const char *name, int64_t value)
{
	struct expected e = { t, name, value };

	ck_assert_msg(wait_until(has_value, &e, SOON_MS),
		      "%s is %lld, not %lld", name, (long long)metric(t, name),
		      (long long)value);
}

/* A server with the toggle `a` at revision 2. */
static struct toggled *
start(int form)
{
	struct toggled *t = toggled_new();

	TOGGLED_START(t, "--parking", forms[form], "--loops", "1");
	ck_assert_int_eq(
	    toggled_request(t, "PUT", T "/toggles/a", NULL, "{}")->status, 201);
	return t;
}

static void
flip(struct toggled *t, const char *body)
{
	ck_assert_int_eq(
	    toggled_request(t, "PATCH", T "/toggles/a", NULL, body)->status,
	    200);
}

static struct answer *
expect_revision(struct raw *raw, int64_t revision)
{
	struct answer *a = raw_answer(raw, SOON_MS);

	ck_assert_int_eq(a->status, 200);
	ck_assert_int_eq(json_int_at(answer_json(a), "/revision"), revision);
	return a;
}

START_TEST(test_poll_when_changed_then_answered_and_connection_kept)
{
	struct toggled *t = start(_i);
	struct raw *raw = raw_open(t);
	struct answer *a;

	ck_assert(raw_send_text(raw, POLL("2") HOST "\r\n"));
	wait_for(t, gauges[_i], 1);
	flip(t, "{\"state\":\"DISABLED\"}");
	a = expect_revision(raw, 3);
	ck_assert_str_eq(json_text_at(answer_json(a), "/toggles/a/state"),
			 "DISABLED");
	ck_assert_str_eq(answer_header(t, a, "Content-Type"),
			 "application/json");
	ck_assert_str_eq(answer_header(t, a, "Cache-Control"), "no-store");
	ck_assert_ptr_nonnull(answer_header(t, a, "Date"));
	ck_assert_ptr_nonnull(strstr(answer_header(t, a, "ETag"), ".3\""));
	wait_for(t, gauges[_i], 0);

	ck_assert(raw_send_text(raw, POLL("3") HOST "\r\n"));
	wait_for(t, gauges[_i], 1);
	flip(t, "{\"state\":\"ENABLED\"}");
	expect_revision(raw, 4);
	ck_assert(
	    raw_send_text(raw, "GET " T "/toggles/a HTTP/1.1\r\n" HOST "\r\n"));
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 200);
	ck_assert(raw_send_text(raw, POLL("4") HOST "\r\n"));
	wait_for(t, gauges[_i], 1);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	a = expect_revision(raw, 4);
	ck_assert_str_eq(answer_header(t, a, "Connection"), "close");
	ck_assert(raw_is_closed(raw, SOON_MS));
	toggled_free(t);
}
END_TEST

START_TEST(test_poll_when_time_passes_then_empty_delta)
{
	struct toggled *t = start(_i);
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
	ck_assert_int_eq(metric(t, "toggled_polls_expired_total "), 3);
	toggled_free(t);
}
END_TEST

START_TEST(test_poll_when_client_hangs_up_then_freed)
{
	struct toggled *t = start(_i);
	struct raw *raw[3];

	(void)toggled_get(t, "/healthz");
	for (int i = 0; i < 3; i++) {
		raw[i] = raw_open(t);
		ck_assert(raw_send_text(raw[i], POLL("2") HOST "\r\n"));
	}
	wait_for(t, gauges[_i], 3);
	raw_close(raw[0]);
	raw_reset(raw[1]);
	/* Half closed counts as gone. */
	raw_shutdown(raw[2]);
	wait_for(t, gauges[_i], 0);
	wait_for(t, "toggled_polls_hung_up_total ", 3);
	wait_for(t, "toggled_connections_open ", 1);
	ck_assert(raw_is_closed(raw[2], SOON_MS));
	flip(t, "{\"state\":\"DISABLED\"}");
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

START_TEST(test_poll_when_hung_up_after_a_first_one_then_freed)
{
	struct toggled *t = start(_i);
	struct raw *raw = raw_open(t);

	ck_assert(raw_send_text(raw, POLL("2") HOST "\r\n"));
	wait_for(t, gauges[_i], 1);
	flip(t, "{\"state\":\"DISABLED\"}");
	expect_revision(raw, 3);
	ck_assert(raw_send_text(raw, POLL("3") HOST "\r\n"));
	wait_for(t, gauges[_i], 1);
	raw_close(raw);
	wait_for(t, gauges[_i], 0);
	wait_for(t, "toggled_connections_open ", 1);
	toggled_free(t);
}
END_TEST

START_TEST(test_poll_when_answered_and_idle_then_hang_up_is_seen)
{
	struct toggled *t = start(_i);
	struct raw *raw = raw_open(t);

	ck_assert(raw_send_text(raw, POLL("2") HOST "\r\n"));
	wait_for(t, gauges[_i], 1);
	flip(t, "{\"state\":\"DISABLED\"}");
	expect_revision(raw, 3);
	raw_close(raw);
	wait_for(t, "toggled_connections_open ", 1);
	toggled_free(t);
}
END_TEST

START_TEST(test_poll_when_next_request_is_behind_it_then_nothing_is_lost)
{
	struct toggled *t = start(_i);
	struct raw *raw = raw_open(t);

	ck_assert(raw_send_text(raw,
				POLL("2") HOST "\r\n"
					       "GET /healthz HTTP/1.1\r\n" HOST
					       "\r\n" POLL("3") HOST "\r\n"));
	/* It was read together with the poll: that one has to stay inside. */
	wait_for(t, gauges[1], 1);
	flip(t, "{\"state\":\"DISABLED\"}");
	expect_revision(raw, 3);
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 200);
	flip(t, "{\"state\":\"ENABLED\"}");
	expect_revision(raw, 4);
	toggled_free(t);
}
END_TEST

START_TEST(test_poll_when_next_request_comes_meanwhile_then_answered_after)
{
	struct toggled *t = start(_i);
	struct raw *raw = raw_open(t);

	ck_assert(raw_send_text(raw, POLL("2") HOST "\r\n"));
	wait_for(t, gauges[_i], 1);
	ck_assert(
	    raw_send_text(raw, "GET " T "/toggles/a HTTP/1.1\r\n" HOST "\r\n"));
	flip(t, "{\"state\":\"DISABLED\"}");
	expect_revision(raw, 3);
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 200);
	ck_assert(raw_send_text(raw, POLL("3") HOST "\r\n"));
	wait_for(t, gauges[_i], 1);
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
	struct toggled *t = start(0);
	struct raw *raw = raw_open(t);
	struct answer *a;

	ck_assert(raw_send_text(raw, POLL("2") HOST "\r\n"));
	wait_for(t, gauges[0], 1);
	flip(t, "{\"state\":\"DISABLED\"}");
	expect_revision(raw, 3);
	ck_assert(raw_send_text(raw, others[_i].sent));
	a = raw_answer(raw, SOON_MS);
	ck_assert_msg(a->status == others[_i].status, "%s: %ld",
		      others[_i].sent, a->status);
	if (others[_i].closes) {
		ck_assert(raw_is_closed(raw, SOON_MS));
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
	struct toggled *t = start(0);
	struct raw *raw = raw_open(t);

	ck_assert(raw_send_text(raw, POLL("2") HOST "\r\n"));
	wait_for(t, gauges[0], 1);
	flip(t, "{\"state\":\"DISABLED\"}");
	expect_revision(raw, 3);
	/* Two at once, then one in the middle of the wait. */
	ck_assert(
	    raw_send_text(raw, POLL("3") HOST "\r\n" POLL("0") HOST "\r\n"));
	wait_for(t, gauges[1], 1);
	flip(t, "{\"state\":\"ENABLED\"}");
	expect_revision(raw, 4);
	expect_revision(raw, 4);
	ck_assert(raw_send_text(raw, POLL("4") HOST "\r\n"));
	wait_for(t, gauges[0], 1);
	ck_assert(raw_send_text(raw, POLL("5") HOST "\r\n"));
	flip(t, "{\"state\":\"DISABLED\"}");
	expect_revision(raw, 5);
	wait_for(t, gauges[0], 1);
	flip(t, "{\"state\":\"ENABLED\"}");
	expect_revision(raw, 6);
	toggled_free(t);
}
END_TEST

START_TEST(test_poll_when_first_bytes_come_singly_then_answered)
{
	static const char text[] = POLL("2") HOST "\r\n";
	struct toggled *t = start(_i);
	struct raw *raw = raw_open(t);

	ck_assert(raw_send_pieces(raw, text, sizeof(text) - 1, 1));
	wait_for(t, gauges[_i], 1);
	flip(t, "{\"state\":\"DISABLED\"}");
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
	struct toggled *t = start(_i);
	struct raw *raw[2];

	for (int i = 0; i < 2; i++) {
		raw[i] = raw_open(t);
		ck_assert(raw_send_text(raw[i], sent[i]));
	}
	wait_for(t, gauges[1], 2);
	flip(t, "{\"state\":\"DISABLED\"}");
	for (int i = 0; i < 2; i++) {
		struct answer *a = expect_revision(raw[i], 3);

		ck_assert_str_eq(answer_header(t, a, "Connection"), "close");
		ck_assert(raw_is_closed(raw[i], SOON_MS));
	}
	toggled_free(t);
}
END_TEST

START_TEST(test_poll_when_head_then_does_not_wait)
{
	struct toggled *t = start(_i);
	struct raw *raw = raw_open(t);

	ck_assert(raw_send_text(raw, "HEAD " T "/changes?since=2&wait=30s "
				     "HTTP/1.1\r\n" HOST "\r\n"));
	ck_assert_int_eq(raw_answer_head(raw, SOON_MS)->status, 200);
	ck_assert(raw_send_text(raw, POLL("2") HOST "\r\n"));
	wait_for(t, gauges[_i], 1);
	toggled_free(t);
}
END_TEST

START_TEST(test_poll_when_environment_goes_then_404)
{
	struct toggled *t = start(_i);
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
	wait_for(t, gauges[_i], 1);
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
	struct toggled *t = start(_i);
	struct poller *p[MANY];

	for (int i = 0; i < MANY; i++)
		p[i] = poll_start(t, T "/changes?since=2&wait=30s", NULL);
	wait_for(t, gauges[_i], MANY);
	flip(t, "{\"state\":\"DISABLED\"}");
	for (int i = 0; i < MANY; i++) {
		struct answer *a = poll_finish(p[i], SOON_MS);

		ck_assert_int_eq(a->status, 200);
		ck_assert_int_eq(json_int_at(answer_json(a), "/revision"), 3);
	}
	ck_assert_int_eq(metric(t, "toggled_polls_woken_total "), MANY);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

START_TEST(test_polls_when_server_stops_then_all_answered)
{
	struct toggled *t = start(_i);
	struct poller *p[MANY];

	for (int i = 0; i < MANY; i++)
		p[i] = poll_start(t, T "/changes?since=2&wait=30s", NULL);
	wait_for(t, gauges[_i], MANY);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	for (int i = 0; i < MANY; i++) {
		struct answer *a = poll_finish(p[i], SOON_MS);

		ck_assert_int_eq(a->status, 200);
		ck_assert_int_eq(json_int_at(answer_json(a), "/revision"), 2);
	}
	toggled_free(t);
}
END_TEST

/* A change set whose delta does not fit into a socket's buffers. */
static char *
large_change(struct toggled *t)
{
	size_t room = (size_t)LARGE_TOGGLES * (LARGE_BYTES + 200) + 200;
	char *text = toggled_text(t, "%*s", (int)room, "");
	char *at = text + sprintf(text, "{\"toggles\":{");

	for (int i = 0; i < LARGE_TOGGLES; i++) {
		at += sprintf(at, "%s\"l%d\":{\"variants\":{\"x\":\"",
			      i > 0 ? "," : "", i);
		memset(at, 'x', LARGE_BYTES);
		at += LARGE_BYTES;
		at += sprintf(at, "\"},\"defaultVariant\":\"x\"}");
	}
	sprintf(at, "}}");
	return text;
}

START_TEST(test_poll_when_client_reads_slowly_then_gets_all)
{
	struct toggled *t = start(_i);
	struct raw *raw = raw_open(t);
	const int small = 32768;
	struct answer *a;

	ck_assert_int_eq(setsockopt(raw_fd(raw), SOL_SOCKET, SO_RCVBUF, &small,
				    sizeof(small)),
			 0);
	ck_assert(raw_send_text(raw, POLL("2") HOST "\r\n"));
	wait_for(t, gauges[_i], 1);
	a = toggled_request(t, "POST", T "/changes", NULL, large_change(t));
	ck_assert_int_eq(a->status, 200);
	wait_for(t, gauges[_i], 0);
	/* Others are served meanwhile, and the next request may come. */
	ck_assert_int_eq(toggled_get(t, "/healthz")->status, 200);
	ck_assert(raw_send_text(raw, "GET /healthz HTTP/1.1\r\n" HOST "\r\n"));
	a = raw_answer(raw, SOON_MS);
	ck_assert_int_eq(a->status, 200);
	ck_assert_uint_gt(a->length, (size_t)LARGE_TOGGLES * LARGE_BYTES);
	ck_assert_int_eq(json_int_at(answer_json(a), "/revision"), 3);
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 200);
	toggled_free(t);
}
END_TEST

START_TEST(test_poll_when_client_leaves_amid_the_answer_then_freed)
{
	struct toggled *t = start(_i);
	struct raw *raw = raw_open(t);
	const int small = 32768;

	ck_assert_int_eq(setsockopt(raw_fd(raw), SOL_SOCKET, SO_RCVBUF, &small,
				    sizeof(small)),
			 0);
	ck_assert(raw_send_text(raw, POLL("2") HOST "\r\n"));
	wait_for(t, gauges[_i], 1);
	toggled_request(t, "POST", T "/changes", NULL, large_change(t));
	wait_for(t, gauges[_i], 0);
	raw_reset(raw);
	wait_for(t, "toggled_connections_open ", 1);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

START_TEST(test_poll_when_body_was_chunked_before_then_waits_inside)
{
	struct toggled *t = start(0);
	struct raw *raw = raw_open(t);

	ck_assert(raw_send_text(raw, "PUT " T "/toggles/b HTTP/1.1\r\n" HOST
				     "Transfer-Encoding: chunked\r\n\r\n"
				     "2\r\n{}\r\n0\r\n\r\n"));
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 201);
	ck_assert(raw_send_text(raw, POLL("3") HOST "\r\n"));
	wait_for(t, gauges[1], 1);
	flip(t, "{\"state\":\"DISABLED\"}");
	expect_revision(raw, 4);
	toggled_free(t);
}
END_TEST

START_TEST(test_poll_when_body_had_a_length_before_then_waits_outside)
{
	struct toggled *t = start(0);
	struct raw *raw = raw_open(t);

	ck_assert(raw_send_text(raw, "PUT " T "/toggles/b HTTP/1.1\r\n" HOST
				     "Content-Length: 2\r\n\r\n{}"));
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 201);
	ck_assert(raw_send_text(raw, POLL("3") HOST "\r\n"));
	wait_for(t, gauges[0], 1);
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
	wait_for(t, gauges[1], 1);
	flip(t, "{\"state\":\"DISABLED\"}");
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
	wait_for(t, gauges[0], 20);
	flip(t, "{\"state\":\"DISABLED\"}");
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(poll_finish(p[i], SOON_MS)->status, 200);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

static void
add_both(TCase *both)
{
	tcase_add_loop_test(
	    both, test_poll_when_changed_then_answered_and_connection_kept, 0,
	    2);
	tcase_add_loop_test(both, test_poll_when_time_passes_then_empty_delta,
			    0, 2);
	tcase_add_loop_test(both, test_poll_when_client_hangs_up_then_freed, 0,
			    2);
	tcase_add_loop_test(
	    both, test_poll_when_hung_up_after_a_first_one_then_freed, 0, 2);
	tcase_add_loop_test(
	    both, test_poll_when_answered_and_idle_then_hang_up_is_seen, 0, 2);
	tcase_add_loop_test(
	    both, test_poll_when_next_request_is_behind_it_then_nothing_is_lost,
	    0, 2);
	tcase_add_loop_test(
	    both,
	    test_poll_when_next_request_comes_meanwhile_then_answered_after, 0,
	    2);
	tcase_add_loop_test(
	    both, test_poll_when_first_bytes_come_singly_then_answered, 0, 2);
	tcase_add_loop_test(
	    both, test_poll_when_client_closes_then_answer_says_so, 0, 2);
	tcase_add_loop_test(both, test_poll_when_head_then_does_not_wait, 0, 2);
	tcase_add_loop_test(both, test_poll_when_environment_goes_then_404, 0,
			    2);
	tcase_add_loop_test(
	    both, test_polls_when_many_then_all_woken_by_one_change, 0, 2);
	tcase_add_loop_test(
	    both, test_polls_when_server_stops_then_all_answered, 0, 2);
	tcase_add_loop_test(
	    both, test_poll_when_client_reads_slowly_then_gets_all, 0, 2);
	tcase_add_loop_test(
	    both, test_poll_when_client_leaves_amid_the_answer_then_freed, 0,
	    2);
}

static Suite *
suite(void)
{
	Suite *s = suite_create("http/parking");
	TCase *both = tcase_create("both");
	TCase *one = tcase_create("one");

	tcase_set_timeout(both, 60);
	tcase_set_timeout(one, 60);
	add_both(both);
	tcase_add_test(
	    one, test_poll_when_body_was_chunked_before_then_waits_inside);
	tcase_add_test(
	    one, test_poll_when_body_had_a_length_before_then_waits_outside);
	tcase_add_loop_test(
	    one, test_poll_when_followed_by_another_request_then_answered_so, 0,
	    (int)(sizeof(others) / sizeof(others[0])));
	tcase_add_test(
	    one, test_poll_when_repeated_then_others_behind_it_are_not_lost);
	tcase_add_test(one, test_poll_when_over_unix_socket_then_waits_inside);
#ifndef __SANITIZE_THREAD__
	/* It takes a descriptor's number for one thing in all threads. */
	tcase_add_test(
	    one, test_polls_when_loops_have_tables_of_their_own_then_served);
#else
	(void)test_polls_when_loops_have_tables_of_their_own_then_served;
#endif
	suite_add_tcase(s, both);
	suite_add_tcase(s, one);
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

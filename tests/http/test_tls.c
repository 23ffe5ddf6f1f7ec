/*
 * Serving under TLS: who is let in, who waits, who is told to go.
 */
#include <check.h>
#include <gnutls/gnutls.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "http/secure.h"
#include "http/tls_scene.h"

enum {
	WAITERS = 100,
	LARGE_BYTES = 200000,
	LATE = 40,
	MUCH_BYTES = 900000,
};

/* How polls are held: a session can leave libmicrohttpd, or stay in it. */
static const char *const forms[][3] = { { "--parking", "auto", NULL },
					{ "--parking", "suspended", NULL } };

START_TEST(test_serve_when_authority_is_known_then_answers)
{
	struct toggled *t = tls_start(NULL, NULL);
	struct raw *raw = raw_open(t);

	ck_assert_int_eq(toggled_get(t, "/readyz")->status, 200);
	ck_assert(secure_speaks(raw_secure(raw), "http/1.1"));
	ck_assert_uint_eq(secure_serial(raw_secure(raw)), TLS_SERIAL);
	/* The other address still serves in clear text. */
	snprintf(t->url, sizeof(t->url), "%s", tls_plain_url(t));
	ck_assert_int_eq(toggled_get(t, "/readyz")->status, 200);
	tls_stop(t);
}
END_TEST

START_TEST(test_serve_when_authority_is_another_then_client_refuses)
{
	struct toggled *t = tls_start(NULL, NULL);

	t->ca_file = authority_path(authority_new(t, "other"));
	toggled_hang_up(t);
	ck_assert_int_eq(toggled_get(t, "/readyz")->status, 0);
	tls_stop(t);
}
END_TEST

static const struct {
	const char *priorities;
	bool is_good;
} offers[] = {
	{ "NORMAL:-VERS-ALL:+VERS-TLS1.3", true },
	{ "NORMAL:-VERS-ALL:+VERS-TLS1.2", true },
	{ "NORMAL:-VERS-ALL:+VERS-TLS1.1", false },
	{ "NORMAL:-VERS-ALL:+VERS-TLS1.0", false },
	{ "NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+RSA", false },
	{ "NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC", false },
	{ "NORMAL:-CIPHER-ALL:+CHACHA20-POLY1305", true },
};

START_TEST(test_handshake_when_offered_so_then_agreed_or_not)
{
	struct toggled *t = tls_start(NULL, NULL);
	struct raw *raw = raw_open_plain(t);
	struct secure *s =
	    secure_new(raw_fd(raw), t->ca_file, offers[_i].priorities);

	ck_assert_int_eq(s != NULL, offers[_i].is_good);
	if (!s)
		ck_assert(raw_is_closed(raw, AT_ONCE_MS));
	secure_free(s);
	ck_assert_int_eq(toggled_get(t, "/readyz")->status, 200);
	tls_stop(t);
}
END_TEST

static const struct {
	const char *protocol;
	int alert;
} protocols[] = {
	{ "http/1.1", -1 },
	{ "h2", 120 }, /* no_application_protocol */
	{ "http/1.0", 120 },
};

START_TEST(test_handshake_when_protocol_is_not_ours_then_told_so)
{
	struct toggled *t = tls_start(NULL, NULL);
	struct raw *raw = raw_open_plain(t);

	ck_assert_int_eq(
	    secure_offer(raw_fd(raw), t->ca_file, protocols[_i].protocol),
	    protocols[_i].alert);
	tls_stop(t);
}
END_TEST

START_TEST(test_poll_when_changed_then_answered_and_connection_kept)
{
	struct toggled *t = tls_start(forms[_i], NULL);
	struct raw *raw = raw_open(t);

	ck_assert(raw_send_text(raw, POLL("2") HOST "\r\n"));
	wait_for_waiters(t, 1);
	flip_toggle(t, "{\"state\":\"DISABLED\"}");
	expect_revision(raw, 3);
	ck_assert(raw_send_text(raw, POLL("3") HOST "\r\n"));
	wait_for_waiters(t, 1);
	flip_toggle(t, "{\"state\":\"ENABLED\"}");
	expect_revision(raw, 4);
	ck_assert(
	    raw_send_text(raw, "GET " T "/toggles/a HTTP/1.1\r\n" HOST "\r\n"));
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 200);
	ck_assert(raw_send_text(
	    raw,
	    "GET " T "/changes?since=4&wait=150ms HTTP/1.1\r\n" HOST "\r\n"));
	expect_revision(raw, 4);
	tls_stop(t);
}
END_TEST

START_TEST(test_poll_when_requests_are_behind_it_then_nothing_is_lost)
{
	struct toggled *t = tls_start(forms[_i], NULL);
	struct raw *raw = raw_open(t);

	/* In one record, and the next while the poll waits. */
	ck_assert(raw_send_text(raw,
				POLL("2") HOST "\r\n"
					       "GET /healthz HTTP/1.1\r\n" HOST
					       "\r\n" POLL("3") HOST "\r\n"));
	wait_for_waiters(t, 1);
	ck_assert(raw_send_text(raw, "GET /version HTTP/1.1\r\n" HOST "\r\n"));
	flip_toggle(t, "{\"state\":\"DISABLED\"}");
	expect_revision(raw, 3);
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 200);
	flip_toggle(t, "{\"state\":\"ENABLED\"}");
	expect_revision(raw, 4);
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 200);
	tls_stop(t);
}
END_TEST

START_TEST(test_poll_when_client_hangs_up_then_freed)
{
	struct toggled *t = tls_start(forms[_i], NULL);
	struct raw *raw[4];

	for (int i = 0; i < 4; i++) {
		raw[i] = raw_open(t);
		ck_assert(raw_send_text(raw[i], POLL("2") HOST "\r\n"));
	}
	wait_for_waiters(t, 4);
	secure_bye(raw_secure(raw[0]));
	raw_close(raw[0]);
	raw_close(raw[1]);
	raw_reset(raw[2]);
	raw_shutdown(raw[3]);
	wait_for_waiters(t, 0);
	wait_for_metric(t, "toggled_polls_hung_up_total", 4);
	wait_for_metric(t, "toggled_connections_open", 1);
	ck_assert(raw_is_closed(raw[3], AT_ONCE_MS));
	flip_toggle(t, "{\"state\":\"DISABLED\"}");
	tls_stop(t);
}
END_TEST

START_TEST(test_hang_up_when_between_requests_then_freed)
{
	struct toggled *t = tls_start(forms[_i], NULL);
	struct raw *idle = raw_open(t);
	struct raw *polled = raw_open(t);

	ck_assert(raw_send_text(idle, "GET /healthz HTTP/1.1\r\n" HOST "\r\n"));
	ck_assert_int_eq(raw_answer(idle, SOON_MS)->status, 200);
	ck_assert(raw_send_text(polled, POLL("2") HOST "\r\n"));
	wait_for_waiters(t, 1);
	flip_toggle(t, "{\"state\":\"DISABLED\"}");
	expect_revision(polled, 3);
	wait_for_metric(t, "toggled_connections_open", 3);
	raw_close(idle);
	raw_close(polled);
	wait_for_metric(t, "toggled_connections_open", 1);
	tls_stop(t);
}
END_TEST

START_TEST(test_stop_when_polls_wait_then_each_is_answered)
{
	struct toggled *t = tls_start(forms[_i], NULL);
	struct raw *raw[WAITERS];
	struct answer *a;

	for (int i = 0; i < WAITERS; i++) {
		raw[i] = raw_open(t);
		ck_assert(raw_send_text(raw[i], POLL("2") HOST "\r\n"));
	}
	wait_for_waiters(t, WAITERS);
	flip_toggle(t, "{\"state\":\"DISABLED\"}");
	for (int i = 0; i < WAITERS; i++) {
		expect_revision(raw[i], 3);
		ck_assert(raw_send_text(raw[i], POLL("3") HOST "\r\n"));
	}
	wait_for_waiters(t, WAITERS);
	toggled_signal(t, SIGTERM);
	for (int i = 0; i < WAITERS; i++) {
		a = raw_answer(raw[i], SOON_MS);
		ck_assert_int_eq(a->status, 200);
		ck_assert_str_eq(answer_header(t, a, "Connection"), "close");
		ck_assert(raw_is_closed(raw[i], AT_ONCE_MS));
	}
	ck_assert_int_eq(toggled_wait(t, SOON_MS), 0);
	toggled_free(t);
}
END_TEST

START_TEST(test_body_when_large_then_whole_both_ways)
{
	struct toggled *t = tls_start(NULL, NULL);
	char *text = mem_zalloc(1, LARGE_BYTES + 1);
	struct answer *a;

	memset(text, 'x', LARGE_BYTES);
	ck_assert_int_eq(
	    toggled_request(t, "PUT", T "/toggles/b", NULL,
			    toggled_text(t,
					 "{\"variants\":{\"a\":\"%s\"},"
					 "\"defaultVariant\":\"a\"}",
					 text))
		->status,
	    201);
	a = toggled_get(t, T "/toggles/b");
	ck_assert_str_eq(json_text_at(answer_json(a), "/variants/a"), text);
	free(text);
	tls_stop(t);
}
END_TEST

START_TEST(test_answers_when_client_reads_late_then_whole)
{
	struct toggled *t = tls_start(NULL, NULL);
	struct raw *raw = raw_open(t);
	char *text = mem_zalloc(1, LARGE_BYTES + 1);

	memset(text, 'x', LARGE_BYTES);
	ck_assert_int_eq(
	    toggled_request(t, "PUT", T "/toggles/b", NULL,
			    toggled_text(t,
					 "{\"variants\":{\"a\":\"%s\"},"
					 "\"defaultVariant\":\"a\"}",
					 text))
		->status,
	    201);
	for (int i = 0; i < LATE; i++)
		ck_assert(raw_send_text(
		    raw, "GET " T "/toggles/b HTTP/1.1\r\n" HOST "\r\n"));
	ck_assert_int_eq(toggled_get(t, "/readyz")->status, 200);
	for (int i = 0; i < LATE; i++) {
		struct answer *a = raw_answer(raw, SOON_MS);

		ck_assert_int_eq(a->status, 200);
		ck_assert_str_eq(json_text_at(answer_json(a), "/variants/a"),
				 text);
	}
	free(text);
	tls_stop(t);
}
END_TEST

/* More than the sockets between take, while nobody reads it. */
START_TEST(test_poll_when_much_is_behind_it_then_nothing_is_lost)
{
	struct toggled *t = tls_start(forms[_i], NULL);
	struct raw *raw = raw_open(t);
	char *text = mem_zalloc(1, MUCH_BYTES + 1);
	const char *put;

	memset(text, ' ', MUCH_BYTES);
	put = toggled_text(t,
			   "POST " T "/changes HTTP/1.1\r\n" HOST
			   "Content-Type: application/json\r\n"
			   "Content-Length: %d\r\n\r\n%s"
			   "{\"toggles\":{\"b\":{}}}",
			   MUCH_BYTES + 20, text);
	ck_assert(raw_send_text(raw, POLL("2") HOST "\r\n"));
	wait_for_waiters(t, 1);
	ck_assert(raw_send_text(raw, put));
	flip_toggle(t, "{\"state\":\"DISABLED\"}");
	expect_revision(raw, 3);
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 200);
	free(text);
	tls_stop(t);
}
END_TEST

START_TEST(test_close_when_asked_for_then_said_under_tls)
{
	struct toggled *t = tls_start(NULL, NULL);
	struct raw *raw = raw_open(t);
	struct raw *half = raw_open(t);
	char byte;

	ck_assert(raw_send_text(raw, "GET /healthz HTTP/1.1\r\n" HOST
				     "Connection: close\r\n\r\n"));
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 200);
	ck_assert(raw_is_closed(raw, AT_ONCE_MS));
	/* Not cut off: the end was announced. */
	ck_assert_int_eq(secure_receive(raw_secure(raw), &byte, 1), 0);
	/* A client that sends its last request is answered. */
	ck_assert(raw_send_text(half, "GET /healthz HTTP/1.1\r\n" HOST "\r\n"));
	secure_bye(raw_secure(half));
	raw_shutdown(half);
	ck_assert_int_eq(raw_answer(half, SOON_MS)->status, 200);
	ck_assert(raw_is_closed(half, AT_ONCE_MS));
	wait_for_metric(t, "toggled_connections_open", 1);
	tls_stop(t);
}
END_TEST

START_TEST(test_stream_when_changed_then_told)
{
	struct toggled *t = tls_start(NULL, NULL);
	struct raw *raw = raw_open(t);

	ck_assert(raw_send_text(raw, "GET " T "/ofrep/v1/sse HTTP/1.1\r\n" HOST
				     "Accept: text/event-stream\r\n\r\n"));
	wait_for_metric(t, "toggled_streams", 1);
	flip_toggle(t, "{\"state\":\"DISABLED\"}");
	(void)raw_until(raw, "refetchEvaluation", SOON_MS);
	raw_close(raw);
	wait_for_metric(t, "toggled_streams", 0);
	tls_stop(t);
}
END_TEST

START_TEST(test_port_when_other_kind_of_client_then_closed)
{
	struct toggled *t = tls_start(NULL, NULL);
	struct raw *plain = raw_open_plain(t);
	struct raw *odd;

	/* Clear text to the TLS port. */
	ck_assert(raw_send_text(plain, "GET / HTTP/1.1\r\n" HOST "\r\n"));
	ck_assert(raw_is_closed(plain, AT_ONCE_MS));
	/* TLS to the port in clear text. */
	t->port =
	    (int)strtol(strstr(t->ready, "http://127.0.0.1:") + 17, NULL, 10);
	odd = raw_open_plain(t);
	ck_assert_ptr_null(secure_new(raw_fd(odd), t->ca_file, NULL));
	ck_assert(raw_is_closed(odd, AT_ONCE_MS));
	wait_for_metric(t, "toggled_connections_open", 1);
	tls_stop(t);
}
END_TEST

/* Nothing, half a record, a record that promises more than comes. */
static const struct {
	const char *bytes;
	size_t length;
} beginnings[] = {
	{ "", 0 },
	{ "\x16\x03\x01", 3 },
	{ "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11 },
};

START_TEST(test_handshake_when_it_does_not_end_then_cut)
{
	static const char *const args[] = { "--header-timeout", "300ms", NULL };
	struct toggled *t = tls_start(args, NULL);
	struct raw *raw = raw_open_plain(t);

	ck_assert(raw_send(raw, beginnings[_i].bytes, beginnings[_i].length));
	ck_assert(raw_is_closed(raw, AT_ONCE_MS));
	wait_for_metric(t, "toggled_connections_open", 1);
	ck_assert_int_ge(metric(t, "toggled_connections_reaped_total"), 1);
	tls_stop(t);
}
END_TEST

START_TEST(test_header_when_it_does_not_end_then_cut)
{
	static const char *const args[] = { "--header-timeout", "300ms", NULL };
	struct toggled *t = tls_start(args, NULL);
	struct raw *raw = raw_open(t);

	ck_assert(raw_send_text(raw, "GET / HTTP/1.1\r\nHo"));
	ck_assert(raw_is_closed(raw, AT_ONCE_MS));
	wait_for_metric(t, "toggled_connections_open", 1);
	tls_stop(t);
}
END_TEST

START_TEST(test_limit_when_reached_then_told_at_once)
{
	static const char *const args[] = { "--connections-per-address", "2",
					    NULL };
	struct toggled *t = tls_start(args, NULL);
	struct raw *second = raw_open(t);
	struct raw *third = raw_open(t);

	ck_assert(
	    raw_send_text(third, "GET /healthz HTTP/1.1\r\n" HOST "\r\n"));
	ck_assert_int_eq(raw_answer(third, SOON_MS)->status, 503);
	ck_assert(raw_is_closed(third, AT_ONCE_MS));
	raw_close(second);
	wait_for_metric(t, "toggled_connections_open", 1);
	ck_assert(raw_send_text(raw_open(t), POLL("2") HOST "\r\n"));
	wait_for_waiters(t, 1);
	tls_stop(t);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tls");
	TCase *tc = tcase_create("tls");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_serve_when_authority_is_known_then_answers);
	tcase_add_test(
	    tc, test_serve_when_authority_is_another_then_client_refuses);
	tcase_add_loop_test(tc,
			    test_handshake_when_offered_so_then_agreed_or_not,
			    0, (int)(sizeof(offers) / sizeof(*offers)));
	tcase_add_loop_test(
	    tc, test_handshake_when_protocol_is_not_ours_then_told_so, 0,
	    (int)(sizeof(protocols) / sizeof(*protocols)));
	tcase_add_loop_test(
	    tc, test_poll_when_changed_then_answered_and_connection_kept, 0, 2);
	tcase_add_loop_test(
	    tc, test_poll_when_requests_are_behind_it_then_nothing_is_lost, 0,
	    2);
	tcase_add_loop_test(tc, test_poll_when_client_hangs_up_then_freed, 0,
			    2);
	tcase_add_loop_test(tc, test_hang_up_when_between_requests_then_freed,
			    0, 2);
	tcase_add_loop_test(tc, test_stop_when_polls_wait_then_each_is_answered,
			    0, 2);
	tcase_add_test(tc, test_body_when_large_then_whole_both_ways);
	tcase_add_test(tc, test_answers_when_client_reads_late_then_whole);
	tcase_add_loop_test(
	    tc, test_poll_when_much_is_behind_it_then_nothing_is_lost, 0, 2);
	tcase_add_test(tc, test_close_when_asked_for_then_said_under_tls);
	tcase_add_test(tc, test_stream_when_changed_then_told);
	tcase_add_test(tc, test_port_when_other_kind_of_client_then_closed);
	tcase_add_loop_test(tc, test_handshake_when_it_does_not_end_then_cut, 0,
			    (int)(sizeof(beginnings) / sizeof(*beginnings)));
	tcase_add_test(tc, test_header_when_it_does_not_end_then_cut);
	tcase_add_test(tc, test_limit_when_reached_then_told_at_once);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

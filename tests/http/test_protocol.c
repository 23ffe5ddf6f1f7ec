/*
 * HTTP itself, on raw sockets: what is let in, what is refused and how, which
 * connections live on. The smuggling rows become attacks as soon as a proxy
 * stands in front, so all of this table has to stay green.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/harness.h"

enum { SOON_MS = 5000 };

#define T "/v1/envs/default"
#define HOST "Host: h\r\n"
#define SMUGGLED "DELETE " T "/toggles/victim HTTP/1.1\r\n" HOST "\r\n"

struct raw_case {
	const char *name;
	const char *sent;
	size_t length; /* 0: strlen(sent) */
	long status;   /* 0: closed without an answer is right too */
	bool closes;
};

#define ROW(name_, sent_, status_, closes_)                                    \
	{                                                                      \
		.name = (name_), .sent = (sent_), .length = sizeof(sent_) - 1, \
		.status = (status_), .closes = (closes_),                      \
	}

static const struct raw_case rows[] = {
	ROW("plain", "GET /healthz HTTP/1.1\r\n" HOST "\r\n", 200, false),
	ROW("content_length_and_chunked",
	    "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
	    "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "0\r\n\r\n" SMUGGLED,
	    400, true),
	ROW("chunked_and_content_length",
	    "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
	    "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n"
	    "0\r\n\r\n" SMUGGLED,
	    400, true),
	ROW("two_content_lengths",
	    "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
	    "Content-Length: 2\r\nContent-Length: 90\r\n\r\n{}" SMUGGLED,
	    400, true),
	ROW("two_equal_content_lengths",
	    "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
	    "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
	    400, true),
	ROW("content_length_list",
	    "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
	    "Content-Length: 2, 2\r\n\r\n{}",
	    400, true),
	ROW("content_length_with_plus",
	    "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
	    "Content-Length: +2\r\n\r\n{}",
	    400, true),
	ROW("content_length_negative",
	    "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
	    "Content-Length: -2\r\n\r\n{}",
	    400, true),
	ROW("unknown_transfer_encoding",
	    "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
	    "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
	    501, true),
	ROW("chunked_then_identity",
	    "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
	    "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
	    501, true),
	ROW("two_transfer_encodings",
	    "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
	    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "0\r\n\r\n",
	    501, true),
	ROW("space_before_colon",
	    "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
	    "Content-Length : 2\r\n\r\n{}",
	    400, true),
	ROW("space_in_name", "GET /healthz HTTP/1.1\r\n" HOST "A b: c\r\n\r\n",
	    400, true),
	ROW("no_name", "GET /healthz HTTP/1.1\r\n" HOST ": c\r\n\r\n", 400,
	    true),
	ROW("name_not_ascii",
	    "GET /healthz HTTP/1.1\r\n" HOST "X\xc3\xa9: c\r\n\r\n", 400, true),
	ROW("no_colon", "GET /healthz HTTP/1.1\r\n" HOST "nonsense\r\n\r\n",
	    400, true),
	ROW("nul_in_value", "GET /healthz HTTP/1.1\r\n" HOST "X: a\0b\r\n\r\n",
	    400, true),
	ROW("nul_hides_length",
	    "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
	    "X: a\0\r\nContent-Length: 2\r\n\r\n{}",
	    400, true),
	ROW("bare_cr_in_value",
	    "GET /healthz HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n", 400, true),
	ROW("control_in_value",
	    "GET /healthz HTTP/1.1\r\n" HOST "X: a\x01"
	    "b\r\n\r\n",
	    400, true),
	ROW("delete_in_value",
	    "GET /healthz HTTP/1.1\r\n" HOST "X: a\x7f\r\n\r\n", 400, true),
	ROW("tab_in_value", "GET /healthz HTTP/1.1\r\n" HOST "X: a\tb\r\n\r\n",
	    200, false),
	ROW("utf8_in_value",
	    "GET /healthz HTTP/1.1\r\n" HOST "X: \xc3\xa9\r\n\r\n", 200, false),
	ROW("empty_value", "GET /healthz HTTP/1.1\r\n" HOST "X:\r\n\r\n", 200,
	    false),
	ROW("folded_line",
	    "GET /healthz HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n", 400, true),
	ROW("folded_last_line",
	    "GET /healthz HTTP/1.1\r\nX: a\r\n" HOST " b\r\n\r\n", 400, true),
	ROW("bare_lf", "GET /healthz HTTP/1.1\nHost: h\n\n", 400, true),
	ROW("bare_lf_in_header",
	    "GET /healthz HTTP/1.1\r\n" HOST "X: a\nY: b\r\n\r\n", 400, true),
	ROW("nul_in_target", "GET /healthz\0x HTTP/1.1\r\n" HOST "\r\n", 400,
	    true),
	ROW("nul_in_query", "GET /healthz?a=\0b HTTP/1.1\r\n" HOST "\r\n", 400,
	    true),
	ROW("nul_in_method", "GE\0T /healthz HTTP/1.1\r\n" HOST "\r\n", 400,
	    true),
	ROW("encoded_nul_in_path", "GET /heal%00thz HTTP/1.1\r\n" HOST "\r\n",
	    400, false),
	ROW("encoded_nul_in_query",
	    "GET " T "/toggles?prefix=a%00 HTTP/1.1\r\n" HOST "\r\n", 400,
	    false),
	ROW("broken_percent", "GET /heal%4 HTTP/1.1\r\n" HOST "\r\n", 400,
	    false),
	ROW("broken_percent_digits", "GET /%zz HTTP/1.1\r\n" HOST "\r\n", 400,
	    false),
	ROW("path_not_utf8", "GET /%ff HTTP/1.1\r\n" HOST "\r\n", 400, false),
	ROW("encoded_once", "GET /%2568ealthz HTTP/1.1\r\n" HOST "\r\n", 404,
	    false),
	ROW("encoded_letter", "GET /%68ealthz HTTP/1.1\r\n" HOST "\r\n", 200,
	    false),
	ROW("encoded_slash_stays_in_its_segment",
	    "GET /v1%2Fenvs HTTP/1.1\r\n" HOST "\r\n", 404, false),
	ROW("space_in_target", "GET /a b HTTP/1.1\r\n" HOST "\r\n", 0, true),
	ROW("two_spaces", "GET  /healthz HTTP/1.1\r\n" HOST "\r\n", 400, true),
	ROW("no_host", "GET /healthz HTTP/1.1\r\n\r\n", 400, true),
	ROW("two_hosts", "GET /healthz HTTP/1.1\r\n" HOST "Host: other\r\n\r\n",
	    400, true),
	ROW("no_host_in_1_0", "GET /healthz HTTP/1.0\r\n\r\n", 200, true),
	ROW("keep_alive_in_1_0",
	    "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200,
	    false),
	ROW("no_version", "GET /healthz\r\n\r\n", 400, true),
	ROW("wrong_version", "GET /healthz HTTP/9.9\r\n" HOST "\r\n", 505,
	    true),
	ROW("connection_close",
	    "GET /healthz HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", 200,
	    true),
	ROW("nowhere", "GET /nowhere HTTP/1.1\r\n" HOST "\r\n", 404, false),
	ROW("wrong_method",
	    "POST /healthz HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}",
	    405, false),
	ROW("unknown_method", "BREW /healthz HTTP/1.1\r\n" HOST "\r\n", 405,
	    false),
	ROW("upgrade_is_ignored",
	    "GET /healthz HTTP/1.1\r\n" HOST
	    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
	    "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n",
	    200, false),
	ROW("wrong_media_type",
	    "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
	    "Content-Type: text/xml\r\nContent-Length: 2\r\n\r\n{}",
	    415, false),
	ROW("json_with_charset",
	    "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
	    "Content-Type: application/json; charset=utf-8\r\n"
	    "Content-Length: 2\r\n\r\n{}",
	    201, false),
	ROW("json_suffix",
	    "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
	    "Content-Type: application/vnd.x+json\r\n"
	    "Content-Length: 2\r\n\r\n{}",
	    201, false),
	ROW("form_as_curl_sends_it",
	    "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
	    "Content-Type: application/x-www-form-urlencoded\r\n"
	    "Content-Length: 2\r\n\r\n{}",
	    201, false),
	ROW("no_media_type",
	    "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
	    "Content-Length: 2\r\n\r\n{}",
	    201, false),
	ROW("chunked_body",
	    "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
	    "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
	    201, false),
	ROW("bad_chunk_size",
	    "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
	    "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
	    400, true),
	ROW("length_over_the_limit_with_consent",
	    "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
	    "Expect: 100-continue\r\nContent-Length: 300000\r\n\r\n",
	    413, true),
	ROW("length_far_over_the_limit",
	    "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
	    "Content-Length: 300000000\r\n\r\n",
	    413, true),
	ROW("expected_body",
	    "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
	    "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
	    201, false),
	ROW("foreign_origin",
	    "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
	    "Origin: http://evil\r\nContent-Length: 2\r\n\r\n{}",
	    403, false),
	ROW("null_origin",
	    "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
	    "Origin: null\r\nContent-Length: 2\r\n\r\n{}",
	    403, false),
	ROW("origin_of_another_port",
	    "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
	    "Origin: http://h:81\r\nContent-Length: 2\r\n\r\n{}",
	    403, false),
	ROW("own_origin",
	    "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
	    "Origin: http://h:80\r\nContent-Length: 2\r\n\r\n{}",
	    201, false),
	ROW("foreign_origin_may_read",
	    "GET " T "/toggles HTTP/1.1\r\n" HOST "Origin: http://evil\r\n\r\n",
	    200, false),
};

static struct toggled *
start(void)
{
	struct toggled *t = toggled_new();

	TOGGLED_START(t, "--loops", "1");
	return t;
}

/* After the answer: the connection serves another request, or it ends. */
static void
expect_life(struct raw *raw, bool closes, const char *name)
{
	if (closes) {
		ck_assert_msg(raw_is_closed(raw, SOON_MS), "%s: stays open",
			      name);
		return;
	}
	ck_assert(raw_send_text(raw, "GET /healthz HTTP/1.1\r\n" HOST "\r\n"));
	ck_assert_msg(raw_answer(raw, SOON_MS)->status == 200,
		      "%s: the next request fails", name);
}

START_TEST(test_request_when_in_table_then_answered_so)
{
	const struct raw_case *row = &rows[_i];
	struct toggled *t = start();
	struct answer *a;
	struct raw *raw;

	toggled_request(t, "PUT", T "/toggles/victim", NULL, "{}");
	raw = raw_open(t);
	(void)raw_send(raw, row->sent, row->length);
	a = raw_answer(raw, SOON_MS);
	ck_assert_msg(a->status == row->status, "%s: %ld instead of %ld",
		      row->name, a->status, row->status);
	expect_life(raw, row->closes, row->name);
	ck_assert_int_eq(toggled_get(t, T "/toggles/victim")->status, 200);
	toggled_free(t);
}
END_TEST

/* So that a sanitizer sees an orderly end after all of it. */
START_TEST(test_requests_when_all_sent_then_server_stops_cleanly)
{
	struct toggled *t = start();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct raw *raw = raw_open(t);

		(void)raw_send(raw, rows[i].sent, rows[i].length);
		(void)raw_answer(raw, SOON_MS);
		raw_close(raw);
	}
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

START_TEST(test_problem_when_refused_then_problem_json)
{
	static const char *const sent[] = {
		"GET /nowhere HTTP/1.1\r\n" HOST "\r\n",
		"POST /healthz HTTP/1.1\r\n" HOST "\r\n",
		"PUT " T "/toggles/a HTTP/1.1\r\n" HOST
		"Content-Type: text/xml\r\nContent-Length: 2\r\n\r\n{}",
		"PUT " T "/toggles/a HTTP/1.1\r\n" HOST
		"Expect: 100-continue\r\nContent-Length: 300000\r\n\r\n",
	};
	static const int status[] = { 404, 405, 415, 413 };
	struct toggled *t = start();

	for (size_t i = 0; i < sizeof(sent) / sizeof(sent[0]); i++) {
		struct raw *raw = raw_open(t);
		struct answer *a;

		ck_assert(raw_send_text(raw, sent[i]));
		a = raw_answer(raw, SOON_MS);
		ck_assert_str_eq(answer_header(t, a, "Content-Type"),
				 "application/problem+json");
		ck_assert_int_eq(json_int_at(answer_json(a), "/status"),
				 status[i]);
		ck_assert_str_eq(answer_header(t, a, "X-Content-Type-Options"),
				 "nosniff");
		ck_assert_str_eq(answer_header(t, a, "Cache-Control"),
				 "no-store");
		ck_assert_ptr_null(answer_header(t, a, "Server"));
	}
	toggled_free(t);
}
END_TEST

START_TEST(test_method_when_options_then_allow_lists_all)
{
	struct toggled *t = start();
	struct answer *a =
	    toggled_request(t, "OPTIONS", T "/toggles/a", NULL, NULL);

	ck_assert_int_eq(a->status, 204);
	ck_assert_str_eq(answer_header(t, a, "Allow"),
			 "GET, HEAD, PUT, PATCH, DELETE, OPTIONS");
	a = toggled_request(t, "POST", "/healthz", NULL, "{}");
	ck_assert_int_eq(a->status, 405);
	ck_assert_str_eq(answer_header(t, a, "Allow"), "GET, HEAD, OPTIONS");
	toggled_free(t);
}
END_TEST

START_TEST(test_head_when_sent_then_length_without_body)
{
	struct toggled *t = start();
	struct raw *raw = raw_open(t);
	struct answer *get = toggled_get(t, T "/toggles");
	struct answer *head;

	ck_assert(
	    raw_send_text(raw, "HEAD " T "/toggles HTTP/1.1\r\n" HOST "\r\n"));
	head = raw_answer_head(raw, SOON_MS);
	ck_assert_int_eq(head->status, 200);
	ck_assert_str_eq(answer_header(t, head, "Content-Length"),
			 answer_header(t, get, "Content-Length"));
	expect_life(raw, false, "head");
	toggled_free(t);
}
END_TEST

START_TEST(test_request_id_when_sane_then_echoed_else_made)
{
	static const char *const strange[] = { "X-Request-Id: a b",
					       "X-Request-Id: <x>", NULL };
	struct toggled *t = start();
	struct answer *a = toggled_request(
	    t, "GET", "/healthz", HEADERS("X-Request-Id: 0c8f-11_a.b:c"), NULL);

	ck_assert_str_eq(answer_header(t, a, "X-Request-Id"), "0c8f-11_a.b:c");
	for (size_t i = 0; strange[i] != NULL; i++) {
		a = toggled_request(t, "GET", "/healthz", HEADERS(strange[i]),
				    NULL);
		ck_assert_uint_eq(strlen(answer_header(t, a, "X-Request-Id")),
				  16);
	}
	toggled_free(t);
}
END_TEST

static struct answer *
send_many_headers(struct toggled *t, int count)
{
	struct raw *raw = raw_open(t);
	char line[32];

	(void)raw_send_text(raw, "GET /healthz HTTP/1.1\r\n" HOST);
	for (int i = 1; i < count; i++) {
		snprintf(line, sizeof(line), "X%d: %d\r\n", i, i);
		(void)raw_send_text(raw, line);
	}
	(void)raw_send_text(raw, "\r\n");
	return raw_answer(raw, SOON_MS);
}

START_TEST(test_headers_when_many_then_431)
{
	struct toggled *t = start();

	ck_assert_int_eq(send_many_headers(t, 60)->status, 200);
	ck_assert_int_eq(send_many_headers(t, 101)->status, 431);
	ck_assert_int_eq(send_many_headers(t, 500)->status, 431);
	toggled_free(t);
}
END_TEST

static char *
filled(struct toggled *t, const char *before, size_t count, const char *after)
{
	size_t length = strlen(before) + count + strlen(after) + 1;
	char *text = toggled_text(t, "%*s", (int)length, "");

	snprintf(text, length, "%s", before);
	memset(text + strlen(before), 'a', count);
	snprintf(text + strlen(before) + count, strlen(after) + 1, "%s", after);
	return text;
}

START_TEST(test_request_when_long_then_431_and_414)
{
	struct toggled *t = start();
	struct raw *raw = raw_open(t);

	(void)raw_send_text(
	    raw, filled(t, "GET /", 9000, " HTTP/1.1\r\n" HOST "\r\n"));
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 414);
	raw = raw_open(t);
	(void)raw_send_text(
	    raw, filled(t, "GET /healthz HTTP/1.1\r\n" HOST "X: ", 9000,
			"\r\n\r\n"));
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 431);
	raw = raw_open(t);
	(void)raw_send_text(
	    raw, filled(t, "GET /healthz HTTP/1.1\r\n" HOST "X: ", 3500,
			"\r\n\r\n"));
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 200);
	toggled_free(t);
}
END_TEST

START_TEST(test_body_when_too_large_then_413_and_connection_kept)
{
	struct toggled *t = start();
	struct raw *raw = raw_open(t);

	(void)raw_send_text(raw, filled(t,
					"PUT " T "/toggles/a HTTP/1.1\r\n" HOST
					"Content-Length: 300000\r\n\r\n",
					300000, ""));
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 413);
	expect_life(raw, false, "413");
	raw = raw_open(t);
	(void)raw_send_text(
	    raw, filled(t,
			"PUT " T "/toggles/a HTTP/1.1\r\n" HOST
			"Transfer-Encoding: chunked\r\n\r\n493e0\r\n",
			300000, "\r\n0\r\n\r\n"));
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 413);
	toggled_free(t);
}
END_TEST

enum { LARGE_BODY = 1000000, LARGE_BODIES = 6 };

static struct raw *
send_large(struct toggled *t, size_t length)
{
	struct raw *raw = raw_open(t);

	(void)raw_send_text(
	    raw, filled(t,
			toggled_text(t,
				     "POST " T "/changes HTTP/1.1\r\n" HOST
				     "Content-Length: %d\r\n\r\n",
				     LARGE_BODY),
			length, ""));
	return raw;
}

static bool
is_refused(void *ctx)
{
	struct toggled *t = ctx;

	return raw_answer(send_large(t, LARGE_BODY), SOON_MS)->status == 503;
}

START_TEST(test_bodies_when_many_are_large_then_503_but_small_ones_pass)
{
	struct toggled *t = start();
	struct raw *raw[LARGE_BODIES];
	struct answer *a;
	int held = 0;

	/* All but the last byte: they stay in memory. */
	for (int i = 0; i < LARGE_BODIES; i++)
		raw[i] = send_large(t, LARGE_BODY - 1);
	ck_assert(wait_until(is_refused, t, SOON_MS));
	a = toggled_request(t, "PUT", T "/toggles/a", NULL, "{}");
	ck_assert_int_eq(a->status, 201);
	/* While it looked for a refusal, a large one of its own may have been
	 * taken in before one of these was whole. */
	for (int i = 0; i < LARGE_BODIES; i++) {
		long status;

		(void)raw_send_text(raw[i], "a");
		status = raw_answer(raw[i], SOON_MS)->status;
		ck_assert(status == 400 || status == 503);
		held += status == 400;
	}
	ck_assert_int_ge(held, LARGE_BODIES / 2);
	a = raw_answer(send_large(t, LARGE_BODY), SOON_MS);
	ck_assert_int_eq(a->status, 400);
	toggled_free(t);
}
END_TEST

START_TEST(test_requests_when_pipelined_then_answered_in_order)
{
	struct toggled *t = start();
	struct raw *raw = raw_open(t);

	ck_assert(raw_send_text(raw, "GET /healthz HTTP/1.1\r\n" HOST "\r\n"
				     "GET /nowhere HTTP/1.1\r\n" HOST "\r\n"
				     "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
				     "Content-Length: 2\r\n\r\n{}"
				     "GET " T "/toggles/a HTTP/1.1\r\n" HOST
				     "\r\n"));
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 200);
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 404);
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 201);
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 200);
	toggled_free(t);
}
END_TEST

START_TEST(test_request_when_in_single_bytes_then_answered)
{
	static const char text[] = "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
				   "Content-Length: 2\r\n\r\n{}";
	struct toggled *t = start();
	struct raw *raw = raw_open(t);

	ck_assert(raw_send_pieces(raw, text, sizeof(text) - 1, 1));
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 201);
	expect_life(raw, false, "pieces");
	toggled_free(t);
}
END_TEST

START_TEST(test_header_when_slow_then_closed)
{
	struct toggled *t = toggled_new();
	struct raw *silent;
	struct raw *slow;
	int64_t begin;
	bool open = true;

	TOGGLED_START(t, "--loops", "1", "--header-timeout", "1s");
	silent = raw_open(t);
	slow = raw_open(t);
	begin = now_ms();
	(void)raw_send_text(slow, "GET /healthz HTTP/1.1\r\nX: ");
	/* A byte every tenth of a second is activity, but no header. */
	while (open && now_ms() - begin < SOON_MS)
		open = raw_send_text(slow, "a") && !raw_is_closed(slow, 100);
	ck_assert(!open);
	ck_assert_int_ge(now_ms() - begin, 900);
	ck_assert(raw_is_closed(silent, SOON_MS));
	toggled_free(t);
}
END_TEST

START_TEST(test_connection_when_idle_then_closed)
{
	struct toggled *t = toggled_new();
	struct raw *raw;

	TOGGLED_START(t, "--loops", "1", "--header-timeout", "1s",
		      "--idle-timeout", "1s");
	raw = raw_open(t);
	expect_life(raw, false, "first");
	ck_assert(raw_is_closed(raw, SOON_MS));
	toggled_free(t);
}
END_TEST

START_TEST(test_connections_when_too_many_then_503)
{
	struct toggled *t = toggled_new();
	struct raw *kept[4];
	struct raw *raw;

	TOGGLED_START(t, "--loops", "1", "--connections-per-address", "4");
	for (int i = 0; i < 4; i++) {
		kept[i] = raw_open(t);
		expect_life(kept[i], false, "kept");
	}
	raw = raw_open(t);
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 503);
	ck_assert(raw_is_closed(raw, SOON_MS));
	expect_life(kept[0], false, "kept");
	raw_close(kept[3]);
	/* The server notices in its own time. */
	for (int64_t end = now_ms() + SOON_MS; now_ms() < end;) {
		struct answer *a;

		raw = raw_open(t);
		(void)raw_send_text(raw,
				    "GET /healthz HTTP/1.1\r\n" HOST "\r\n");
		a = raw_answer(raw, SOON_MS);
		if (a->status == 200)
			break;
		raw_close(raw);
	}
	expect_life(raw, false, "after one has left");
	toggled_free(t);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("http/protocol");
	TCase *table = tcase_create("table");
	TCase *one = tcase_create("single");

	tcase_set_timeout(table, 60);
	tcase_set_timeout(one, 60);
	tcase_add_loop_test(table, test_request_when_in_table_then_answered_so,
			    0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(one,
		       test_requests_when_all_sent_then_server_stops_cleanly);
	tcase_add_test(one, test_problem_when_refused_then_problem_json);
	tcase_add_test(one, test_method_when_options_then_allow_lists_all);
	tcase_add_test(one, test_head_when_sent_then_length_without_body);
	tcase_add_test(one, test_request_id_when_sane_then_echoed_else_made);
	tcase_add_test(one, test_headers_when_many_then_431);
	tcase_add_test(one, test_request_when_long_then_431_and_414);
	tcase_add_test(one,
		       test_body_when_too_large_then_413_and_connection_kept);
	tcase_add_test(
	    one, test_bodies_when_many_are_large_then_503_but_small_ones_pass);
	tcase_add_test(one,
		       test_requests_when_pipelined_then_answered_in_order);
	tcase_add_test(one, test_request_when_in_single_bytes_then_answered);
	tcase_add_test(one, test_header_when_slow_then_closed);
	tcase_add_test(one, test_connection_when_idle_then_closed);
	tcase_add_test(one, test_connections_when_too_many_then_503);
	suite_add_tcase(s, table);
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

/*
 * HTTP itself, on raw sockets: what is let in, what is refused and how, which
 * connections live on. The smuggling rows become attacks as soon as a proxy
 * stands in front, so all of this table has to stay green.
 */
#include <check.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>

#include "http/library.h"
#include "scene.h"

#define T ENV
#define HOST "Host: localhost\r\n"
#define SMUGGLED "DELETE " T "/toggles/victim HTTP/1.1\r\n" HOST "\r\n"

struct raw_case {
	const char *name;
	const char *sent;
	size_t length; /* 0: strlen(sent) */
	long status;   /* 0: closed without an answer */
	bool closes;
	bool is_odd;
	bool is_body;
	long otherwise; /* with libmicrohttpd 1.0 */
	long in_pieces; /* as the library reads it by itself; 0: the same */
};

/* libmicrohttpd 1.0 refuses it before it is ours to judge, in its own words or
 * by closing (0). The first head of a connection is always ours. */
#define ODD(name_, sent_, status_, otherwise_)                                 \
	{                                                                      \
		.name = (name_), .sent = (sent_), .length = sizeof(sent_) - 1, \
		.status = (status_), .closes = true, .is_odd = true,           \
		.otherwise = (otherwise_),                                     \
	}

#define ROW(name_, sent_, status_, closes_)                                    \
	{                                                                      \
		.name = (name_), .sent = (sent_), .length = sizeof(sent_) - 1, \
		.status = (status_), .closes = (closes_),                      \
	}

/* What libmicrohttpd, or one of its versions, answers otherwise by itself. */
#define PIECES(name_, rest_, status_, closes_, in_pieces_)                     \
	{                                                                      \
		.name = (name_),                                               \
		.sent = "PUT " T "/toggles/a HTTP/1.1\r\n" HOST rest_,         \
		.length =                                                      \
		    sizeof("PUT " T "/toggles/a HTTP/1.1\r\n" HOST rest_) - 1, \
		.status = (status_), .closes = (closes_),                      \
		.in_pieces = (in_pieces_),                                     \
	}

/* A body that others may frame otherwise, and what they might take for a part
 * of it. */
#define FRAMED(chunks_)                                                        \
	"PUT " T "/toggles/a HTTP/1.1\r\n" HOST                                \
	"Transfer-Encoding: chunked\r\n\r\n" chunks_ SMUGGLED
#define CHUNKS(name_, chunks_)                                                 \
	{                                                                      \
		.name = (name_), .sent = FRAMED(chunks_),                      \
		.length = sizeof(FRAMED(chunks_)) - 1, .status = 201,          \
		.closes = true, .is_odd = true, .is_body = true,               \
		.otherwise = 400,                                              \
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
	PIECES("content_length_with_blanks_behind",
	       "Content-Length:\t 2 \t \r\n\r\n{}", 201, false, 400),
	PIECES("chunked_with_blanks_behind",
	       "Transfer-Encoding: chunked \r\n\r\n2\r\n{}\r\n0\r\n\r\n", 201,
	       true, 501),
	PIECES("unknown_transfer_encoding",
	       "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501, true, 400),
	PIECES("chunked_then_identity",
	       "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 501,
	       true, 400),
	PIECES(
	    "two_transfer_encodings",
	    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "0\r\n\r\n",
	    501, true, 400),
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
	ODD("nul_in_target", "GET /healthz\0x HTTP/1.1\r\n" HOST "\r\n", 400,
	    0),
	ODD("nul_in_query", "GET /healthz?a=\0b HTTP/1.1\r\n" HOST "\r\n", 400,
	    0),
	ODD("nul_in_method", "GE\0T /healthz HTTP/1.1\r\n" HOST "\r\n", 400, 0),
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
	ROW("space_in_target", "GET /a b HTTP/1.1\r\n" HOST "\r\n", 400, true),
	ROW("two_spaces", "GET  /healthz HTTP/1.1\r\n" HOST "\r\n", 400, true),
	ROW("no_host", "GET /healthz HTTP/1.1\r\n\r\n", 400, true),
	ROW("two_hosts", "GET /healthz HTTP/1.1\r\n" HOST "Host: other\r\n\r\n",
	    400, true),
	ROW("empty_host", "GET /healthz HTTP/1.1\r\nHost:\r\n\r\n", 400, true),
	ROW("host_with_blank", "GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n",
	    400, true),
	ROW("host_with_path", "GET /healthz HTTP/1.1\r\nHost: a/b\r\n\r\n", 400,
	    true),
	ROW("host_with_user", "GET /healthz HTTP/1.1\r\nHost: u@b\r\n\r\n", 400,
	    true),
	ROW("host_list", "GET /healthz HTTP/1.1\r\nHost: a,b\r\n\r\n", 400,
	    true),
	ROW("host_port_no_number", "GET /healthz HTTP/1.1\r\nHost: a:b\r\n\r\n",
	    400, true),
	ROW("host_half_a_bracket",
	    "GET /healthz HTTP/1.1\r\nHost: [::1\r\n\r\n", 400, true),
	ROW("host_with_query", "GET /healthz HTTP/1.1\r\nHost: a?b\r\n\r\n",
	    400, true),
	ROW("host_not_ascii", "GET /healthz HTTP/1.1\r\nHost: \xc3\xa9\r\n\r\n",
	    400, true),
	ROW("host_in_brackets",
	    "GET /healthz HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 200, false),
	ROW("target_with_a_host_that_is_none",
	    "GET http://a,b/healthz HTTP/1.1\r\n" HOST "\r\n", 400, false),
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
	    201, true),
	CHUNKS("chunks_with_lf_alone", "2\n{}\n0\n\n"),
	CHUNKS("chunk_extension_with_lf", "2;a\n{}\r\n0\r\n\r\n"),
	CHUNKS("chunk_data_before_lf_alone", "2\r\n{}\n0\r\n\r\n"),
	CHUNKS("trailer_with_lf_alone", "2\r\n{}\r\n0\r\nX: y\n\n"),
	CHUNKS("trailer_folded", "2\r\n{}\r\n0\r\nX: y\r\n z\r\n\r\n"),
	CHUNKS("trailer_that_frames",
	       "2\r\n{}\r\n0\r\nContent-Length: 90\r\n\r\n"),
	ROW("chunks_in_http_1.0",
	    "PUT " T "/toggles/a HTTP/1.0\r\n" HOST
	    "Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "2\r\n{}\r\n0\r\n\r\n" SMUGGLED,
	    201, true),
	ROW("control_in_target", "GET /healthz?a=\x01 HTTP/1.1\r\n" HOST "\r\n",
	    400, true),
	ROW("cr_in_target", "GET /healthz?a=\rb HTTP/1.1\r\n" HOST "\r\n", 400,
	    true),
	ROW("del_in_target", "GET /healthz\x7f HTTP/1.1\r\n" HOST "\r\n", 400,
	    true),
	ODD("cr_before_method", "\rGET /healthz HTTP/1.1\r\n" HOST "\r\n", 400,
	    0),
	ROW("method_no_token", "G@T /healthz HTTP/1.1\r\n" HOST "\r\n", 400,
	    true),
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
	ROW("own_origin_by_name_without_tokens",
	    "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
	    "Origin: http://h:80\r\nContent-Length: 2\r\n\r\n{}",
	    403, false),
	ROW("own_origin_at_an_address",
	    "PUT " T "/toggles/a HTTP/1.1\r\nHost: 127.0.0.1\r\n"
	    "Origin: http://127.0.0.1:80\r\nContent-Length: 2\r\n\r\n{}",
	    201, false),
	/* Not without a token: test_site.c. */
	ROW("foreign_origin_does_not_read",
	    "GET " T "/toggles HTTP/1.1\r\n" HOST "Origin: http://evil\r\n\r\n",
	    403, false),
};

static struct toggled *
start(void)
{
	struct toggled *t = toggled_new();

	TOGGLED_START(t, "--loops", "1");
	return t;
}

/* The first of a connection, the second, and that in two pieces: it is judged
 * before the library has it, in its memory, or by what it has made of it. */
enum place { FIRST, SECOND, IN_PIECES, PLACES };

static bool
may_differ(const struct raw_case *row, int place)
{
	return row->is_odd && (place != FIRST || row->is_body) &&
	       !library_passes_over(MHD_get_version());
}

START_TEST(test_request_when_in_table_then_answered_so)
{
	const struct raw_case *row = &rows[_i / PLACES];
	const int place = _i % PLACES;
	const size_t half = place == IN_PIECES ? row->length / 2 : 0;
	struct toggled *t = start();
	struct answer *a;
	struct raw *raw;
	bool unread;

	toggled_request(t, "PUT", T "/toggles/victim", NULL, "{}");
	raw = raw_open(t);
	if (place != FIRST)
		expect_life(raw, false, "first");
	(void)raw_send(raw, row->sent, half);
	if (half > 0)
		ask(t, "GET", "/healthz", NULL, 200);
	(void)raw_send(raw, row->sent + half, row->length - half);
	a = raw_answer(raw, SOON_MS);
	unread = place == IN_PIECES && row->in_pieces != 0 &&
		 a->status == row->in_pieces;
	ck_assert_msg(
	    a->status == row->status || unread ||
		(may_differ(row, place) && a->status == row->otherwise),
	    "%s: %ld instead of %ld", row->name, a->status, row->status);
	expect_life(raw, row->closes || unread, row->name);
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

static void
add(struct TCase *tc)
{
	tcase_add_loop_test(tc, test_request_when_in_table_then_answered_so, 0,
			    PLACES * COUNT(rows));
	tcase_add_test(tc,
		       test_requests_when_all_sent_then_server_stops_cleanly);
	tcase_add_test(tc, test_requests_when_pipelined_then_answered_in_order);
	tcase_add_test(tc, test_request_when_in_single_bytes_then_answered);
}

int
main(void)
{
	return scene_main("http/protocol", add);
}

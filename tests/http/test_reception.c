/*
 * The first head of a connection, by whichever way and in however many pieces
 * it comes: what is wrong with it is answered by us, in one head that nobody
 * keeps, and what is right is served. What has not come yet costs no memory
 * pool.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "tls_scene.h"
#include "vitals.h"

enum {
	LARGE = 2048, /* from here on not byte by byte */
	PIECE = 512,
	UNIX_PIECES = 32, /* a socket holds no more than twice that */
	PATIENT_MS = 20000,
	HALVES = 1000,
	HALF_MOST = 4, /* one inside costs so many times as much, at least */
	CASE_SECONDS = 240,
};

enum way { BY_TCP, BY_UNIX, BY_TLS, WAYS };
enum manner { WHOLE, IN_HALVES, IN_BYTES, MANNERS };

/* "<start><unit><unit>...<rest>"; parameters have a number each. */
struct first {
	const char *name;
	const char *start;
	size_t length;
	const char *unit;
	int times;
	const char *rest;
	long status;
};

#define ROW(name_, text_, status_)                                             \
	{                                                                      \
		.name = (name_), .start = (text_),                             \
		.length = sizeof(text_) - 1, .unit = "", .rest = "",           \
		.status = (status_),                                           \
	}
#define MANY(name_, start_, unit_, times_, rest_, status_)                     \
	{                                                                      \
		.name = (name_), .start = (start_),                            \
		.length = sizeof(start_) - 1, .unit = (unit_),                 \
		.times = (times_), .rest = (rest_), .status = (status_),       \
	}
#define LINE "GET /healthz HTTP/1.1\r\n"
#define GET LINE HOST
#define VALUES "GET " T "/values"

static const struct first firsts[] = {
	ROW("no target", "GET\r\n\r\n", 400),
	ROW("a blank for a target", "GET \r\n\r\n", 400),
	ROW("no version", "GET /healthz\r\n\r\n", 400),
	ROW("a blank for a version", "GET /healthz \r\n" HOST "\r\n", 400),
	ROW("a version of letters", "GET / HTTP/x.y\r\n" HOST "\r\n", 400),
	ROW("another name", "GET / ICAP/1.1\r\n" HOST "\r\n", 400),
	ROW("a name in small letters", "GET / http/1.1\r\n" HOST "\r\n", 400),
	ROW("a version of three", "GET / HTTP/1.10\r\n" HOST "\r\n", 400),
	ROW("a blank behind", "GET / HTTP/1.1 \r\n" HOST "\r\n", 400),
	ROW("HTTP/0.9", "GET / HTTP/0.9\r\n" HOST "\r\n", 505),
	ROW("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
	ROW("HTTP/3", "GET / HTTP/3.0\r\n" HOST "\r\n", 505),
	ROW("a NUL in the method", "GE\0T / HTTP/1.1\r\n" HOST "\r\n", 400),
	ROW("a NUL in the target", "GET /\0 HTTP/1.1\r\n" HOST "\r\n", 400),
	ROW("a NUL in the version", "GET / HTTP/1.1\0\r\n" HOST "\r\n", 400),
	ROW("no method", " / HTTP/1.1\r\n" HOST "\r\n", 400),
	ROW("a method that is none", "G@T / HTTP/1.1\r\n" HOST "\r\n", 400),
	ROW("two blanks", "GET  / HTTP/1.1\r\n" HOST "\r\n", 400),
	ROW("a blank in the target", "GET /a b HTTP/1.1\r\n" HOST "\r\n", 400),
	ROW("a tab", "GET\t/healthz HTTP/1.1\r\n" HOST "\r\n", 400),
	ROW("LF alone", "GET / HTTP/1.1\n" HOST "\r\n", 400),
	ROW("CR alone", "GET / HTTP/1.1\r" HOST "\r\n\r\n", 400),
	ROW("two empty lines", "\r\n\r\n" GET "\r\n", 400),
	ROW("an LF first", "\n" GET "\r\n", 400),
	ROW("TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
	MANY("a target without end", "GET /", "a", 20000, "", 414),
	MANY("a method without end", "", "A", 20000, "", 414),
	MANY("a large target", "GET /", "a", 15400, " HTTP/1.1\r\n" HOST "\r\n",
	     414),
	ROW("no Host and nothing", LINE "\r\n", 400),
	ROW("no Host and little", LINE "A:\r\n\r\n", 400),
	ROW("two Hosts", GET HOST "\r\n", 400),
	ROW("a Host that is none", LINE "Host: a b\r\n\r\n", 400),
	ROW("no colon", GET "nonsense\r\n\r\n", 400),
	ROW("a folded line", GET "A: b\r\n c\r\n\r\n", 400),
	ROW("a folded first line", LINE " A: b\r\n" HOST "\r\n", 400),
	ROW("LF alone in the fields", GET "A: b\nC: d\r\n\r\n", 400),
	ROW("a NUL in a value", GET "A: b\0c\r\n\r\n", 400),
	ROW("a NUL for a name", GET "\0: b\r\n\r\n", 400),
	ROW("a control character", GET "A: \x01\r\n\r\n", 400),
	ROW("a blank in a name", GET "A : b\r\n\r\n", 400),
	ROW("a length of words", GET "Content-Length: two\r\n\r\n", 400),
	ROW("two lengths", GET "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
	    400),
	ROW("length and coding",
	    GET "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
	ROW("another coding", GET "Transfer-Encoding: gzip\r\n\r\n", 501),
	MANY("151 fields", GET, "A: 1\r\n", 150, "\r\n", 431),
	MANY("a large field", GET "A: ", "a", 15400, "\r\n\r\n", 431),
	MANY("16 KiB", GET "A: ", "a", 16384, "\r\n\r\n", 431),
	MANY("a field without end", GET "A: ", "a", 40000, "", 431),
	MANY("fields without end", GET, "A: b\r\n", 4000, "", 431),
	MANY("a NUL without end", GET "A: \0", "a", 20000, "", 431),
	/* These are right. */
	ROW("plain", GET "\r\n", 200),
	ROW("an empty line first", "\r\n" GET "\r\n", 200),
	ROW("HTTP/1.0 without Host", "GET /healthz HTTP/1.0\r\n\r\n", 200),
	ROW("HTTP/1.2", "GET /healthz HTTP/1.2\r\n" HOST "\r\n", 200),
	ROW("absolute", "GET http://localhost/healthz HTTP/1.1\r\n" HOST "\r\n",
	    200),
	ROW("OPTIONS *", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 204),
	ROW("a write",
	    "PUT " T "/toggles/b HTTP/1.1\r\n" HOST
	    "Content-Length: 2\r\n\r\n{}",
	    201),
	ROW("a write in chunks",
	    "PUT " T "/toggles/b HTTP/1.1\r\n" HOST
	    "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
	    201),
	MANY("cookies", VALUES " HTTP/1.1\r\n" HOST "Cookie: ", "a;", 7000,
	     "a\r\n\r\n", 200),
	MANY("parameters", VALUES "?a", "&b", 200, " HTTP/1.1\r\n" HOST "\r\n",
	     200),
	MANY("150 fields", GET, "A: 1\r\n", 149, "\r\n", 200),
	MANY("15,000 bytes", GET "A: ", "a", 15000, "\r\n\r\n", 200),
};

static void
build(const struct first *f, struct bytes *out)
{
	bytes_init(out);
	bytes_append(out, f->start, f->length);
	for (int i = 0; i < f->times; i++) {
		bytes_append_str(out, f->unit);
		if (f->unit[0] == '&')
			bytes_printf(out, "%d", i);
	}
	bytes_append_str(out, f->rest);
}

static struct toggled *
open_by(int way, const char *option, const char *value)
{
	const char *const extra[] = { "--loops", "1", option, value, NULL };
	struct toggled *t;
	const char *path;

	if (way == BY_TLS)
		return tls_start(extra, NULL);
	t = toggled_new();
	path = toggled_path(t, "sock");
	TOGGLED_START(t, "--loops", "1", "--listen",
		      toggled_text(t, "unix:%s", path), option, value);
	if (way == BY_UNIX)
		snprintf(t->unix_path, sizeof(t->unix_path), "%s", path);
	return t;
}

/* The server has seen what was sent before. */
static void
let_look(struct toggled *t)
{
	ask(t, "GET", "/healthz", NULL, 200);
}

/* It may hang up before all is sent. */
static void
send_so(struct toggled *t, struct raw *raw, const struct bytes *text,
	int manner)
{
	size_t piece = text->length;
	size_t n;

	if (manner == IN_HALVES)
		piece = text->length / 2;
	if (manner == IN_BYTES)
		piece = text->length > LARGE ? PIECE : 1;
	if (manner == IN_BYTES && t->unix_path[0] != '\0' &&
	    piece < text->length / UNIX_PIECES)
		piece = text->length / UNIX_PIECES;
	for (size_t at = 0; at < text->length; at += n) {
		n = text->length - at < piece ? text->length - at : piece;
		if (!raw_send(raw, text->data + at, n))
			return;
		if (manner == IN_HALVES)
			let_look(t);
	}
}

/* A refusal of ours: one answer, for nobody to keep, and the end. */
static void
expect_ours(struct toggled *t, struct raw *raw, struct answer *a,
	    const char *name)
{
	const char *kept = answer_header(t, a, "Cache-Control");
	const char *type = answer_header(t, a, "Content-Type");
	const char *end = answer_header(t, a, "Connection");
	size_t length;

	ck_assert_msg(kept != NULL && strcmp(kept, "no-store") == 0 &&
			  type != NULL &&
			  strcmp(type, "application/problem+json") == 0 &&
			  end != NULL && strcmp(end, "close") == 0,
		      "%s: %s", name, a->headers);
	ck_assert_ptr_nonnull(answer_header(t, a, "X-Request-Id"));
	ck_assert_ptr_nonnull(answer_header(t, a, "Date"));
	ck_assert_ptr_nonnull(json_at(answer_json(a), "/detail"));
	ck_assert_msg(raw_is_closed(raw, SOON_MS), "%s", name);
	(void)raw_rest(raw, &length, SOON_MS);
	ck_assert_uint_eq(length, 0);
}

START_TEST(test_first_head_when_in_table_then_answered_so_by_us)
{
	const int way = _i / MANNERS;
	const int manner = _i % MANNERS;
	struct toggled *t = open_by(way, NULL, NULL);

	for (int i = 0; i < COUNT(firsts); i++) {
		const struct first *f = &firsts[i];
		struct raw *raw = raw_open(t);
		struct bytes text;
		struct answer *a;

		build(f, &text);
		send_so(t, raw, &text, manner);
		a = raw_answer(raw, PATIENT_MS);
		ck_assert_msg(a->status == f->status ||
				  (f->status == 201 && a->status == 200),
			      "%s: %ld instead of %ld\n%s", f->name, a->status,
			      f->status, a->body);
		if (f->status >= 400)
			expect_ours(t, raw, a, f->name);
		raw_close(raw);
		bytes_fini(&text);
	}
	wait_for_metric(t, "toggled_connections_open", 1);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

/* --- what the answer says --------------------------------------------------
 */

START_TEST(test_refusal_when_under_ofrep_then_in_its_form)
{
	static const char *const heads[] = {
		"POST /ofrep/v1/evaluate/flags HTTP/1.1\r\nnonsense\r\n\r\n",
		"POST /ofrep/v1/evaluate/flags HTTP/2.0\r\n" HOST "\r\n",
		"POST " T "/ofrep/v1/evaluate/flags/a HTTP/1.1\r\n\r\n",
		"POST http://localhost/ofrep/v1/evaluate/flags HTTP/1.1\r\n"
		"A : b\r\n\r\n",
	};
	struct toggled *t = open_by(_i, NULL, NULL);

	for (int i = 0; i < COUNT(heads); i++) {
		struct raw *raw = raw_open(t);
		struct answer *a;

		(void)raw_send_text(raw, heads[i]);
		a = raw_answer(raw, SOON_MS);
		ck_assert_int_eq(a->status, 400);
		ck_assert_str_eq(answer_header(t, a, "Cache-Control"),
				 "no-store");
		ck_assert_str_eq(answer_header(t, a, "Content-Type"),
				 "application/json");
		ck_assert_str_eq(
		    answer_header(t, a, "Access-Control-Allow-Origin"), "*");
		ck_assert_ptr_nonnull(json_at(answer_json(a), "/errorCode"));
		raw_close(raw);
	}
	scene_close(t);
}
END_TEST

START_TEST(test_refusal_when_it_is_ours_then_counted_named_and_logged)
{
	struct toggled *t = open_by(_i, "--access-log", NULL);
	struct raw *raw = raw_open(t);
	struct answer *a;

	(void)raw_send_text(raw,
			    GET HOST "X-Request-Id: two-hosts-here\r\n\r\n");
	a = raw_answer(raw, SOON_MS);
	ck_assert_int_eq(a->status, 400);
	ck_assert_str_eq(answer_header(t, a, "X-Request-Id"), "two-hosts-here");
	a = ask(t, "GET", "/metrics", NULL, 200);
	expect_says(a->body, "code=\"400\"");
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	expect_logged(t, "id=two-hosts-here");
	toggled_free(t);
}
END_TEST

START_TEST(test_refusal_when_of_HEAD_then_without_body)
{
	struct toggled *t = open_by(_i, NULL, NULL);
	struct raw *raw = raw_open(t);
	size_t length;

	(void)raw_send_text(raw, "HEAD / HTTP/1.1\r\nnonsense\r\n\r\n");
	ck_assert_int_eq(raw_answer_head(raw, SOON_MS)->status, 400);
	(void)raw_rest(raw, &length, SOON_MS);
	ck_assert_uint_eq(length, 0);
	scene_close(t);
}
END_TEST

/* By a unix socket nobody rests outside, or stays there with half a head. */
static const int outside[] = { BY_TCP, BY_TLS };

/* --- heads that do not get whole -------------------------------------------
 */

START_TEST(test_head_when_client_ends_in_it_then_refused)
{
	struct toggled *t = open_by(_i, NULL, NULL);
	struct raw *raw = raw_open(t);
	struct answer *a;

	(void)raw_send_text(raw, GET "A: ");
	let_look(t);
	raw_shutdown(raw);
	a = raw_answer(raw, SOON_MS);
	ck_assert_int_eq(a->status, 400);
	expect_ours(t, raw, a, "an end");
	scene_close(t);
}
END_TEST

START_TEST(test_head_when_late_then_told_so_and_who_is_silent_is_not)
{
	struct toggled *t = open_by(outside[_i], "--header-timeout", "1s");
	struct raw *silent = raw_open(t);
	struct raw *half = raw_open(t);
	struct answer *a;

	(void)raw_send_text(half, GET "A: ");
	a = raw_answer(half, PATIENT_MS);
	ck_assert_int_eq(a->status, 408);
	expect_ours(t, half, a, "late");
	ck_assert_int_eq(raw_answer(silent, PATIENT_MS)->status, 0);
	scene_close(t);
}
END_TEST

START_TEST(test_head_when_large_and_in_single_bytes_then_served)
{
	struct toggled *t = open_by(_i, NULL, NULL);
	struct raw *raw = raw_open(t);
	struct bytes text;

	bytes_init(&text);
	bytes_append_str(&text, GET "A: ");
	while (text.length < LARGE)
		bytes_append_char(&text, 'a');
	bytes_append_str(&text, "\r\n\r\n");
	for (size_t i = 0; i < text.length; i++)
		ck_assert(raw_send(raw, text.data + i, 1));
	bytes_fini(&text);
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 200);
	expect_life(raw, false, "single bytes");
	scene_close(t);
}
END_TEST

/* What it has sent is done, though nobody waits for the answer. */
START_TEST(test_request_when_client_leaves_behind_it_then_done)
{
	struct toggled *t = open_by(_i, NULL, NULL);
	struct raw *raw = raw_open(t);

	(void)raw_send_text(raw, "PUT " T "/toggles/left HTTP/1.1\r\n" HOST
				 "Content-Length: 2\r\n\r\n{}");
	raw_close(raw);
	wait_for_metric(t, "toggled_connections_open", 1);
	ask(t, "GET", T "/toggles/left", NULL, 200);
	scene_close(t);
}
END_TEST

/* --- heads behind the first ------------------------------------------------
 */

START_TEST(test_head_when_it_ends_a_rest_then_judged_as_the_first)
{
	struct toggled *t = open_by(outside[_i], NULL, NULL);
	struct raw *raw = raw_open(t);
	struct answer *a;

	expect_life(raw, false, "fresh");
	wait_for_metric(t, "toggled_connections_resting", 1);
	(void)raw_send_text(raw, "GET /hea");
	let_look(t);
	(void)raw_send_text(raw, "lthz\r\n\r\n");
	a = raw_answer(raw, SOON_MS);
	ck_assert_int_eq(a->status, 400);
	expect_ours(t, raw, a, "rested");
	scene_close(t);
}
END_TEST

/* It comes while the poll before it waits, or when that has been answered. */
START_TEST(test_head_when_behind_a_poll_then_judged_as_the_first)
{
	struct toggled *t = open_by(outside[_i / 2], NULL, NULL);
	struct raw *raw = raw_open(t);
	struct answer *a;

	(void)raw_send_text(
	    raw,
	    toggled_text(t,
			 "GET " T "/changes?since=%d&wait=60s HTTP/1.1\r\n" HOST
			 "\r\n",
			 (int)head_revision(t)));
	wait_for_waiters(t, 1);
	if (_i % 2 == 0) {
		(void)raw_send_text(raw, "GET /healthz\r\n");
		let_look(t);
	}
	ask(t, "PUT", T "/toggles/x", "{}", 201);
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 200);
	(void)raw_send_text(raw, "GET /healthz\r\n\r\n");
	a = raw_answer(raw, SOON_MS);
	ck_assert_int_eq(a->status, 400);
	expect_ours(t, raw, a, "behind a poll");
	scene_close(t);
}
END_TEST

/* At a limit of connections what is no request is told so, and not that there
 * is no room. */
START_TEST(test_first_head_when_there_is_no_room_then_judged_all_the_same)
{
	struct toggled *t = open_by(outside[_i], "--connections", "2");
	const char *poll = toggled_text(
	    t, "GET " T "/changes?since=%d&wait=60s HTTP/1.1\r\n" HOST "\r\n",
	    (int)head_revision(t));
	struct raw *held[2];
	struct answer *a;
	struct raw *raw;

	toggled_hang_up(t);
	for (int i = 0; i < 2; i++) {
		held[i] = raw_open(t);
		(void)raw_send_text(held[i], poll);
	}
	for (int i = 0; i < COUNT(firsts); i++) {
		struct bytes text;

		if (firsts[i].status < 400)
			continue;
		build(&firsts[i], &text);
		raw = raw_open(t);
		(void)raw_send(raw, text.data, text.length);
		a = raw_answer(raw, SOON_MS);
		ck_assert_msg(a->status == firsts[i].status, "%s: %ld",
			      firsts[i].name, a->status);
		expect_ours(t, raw, a, firsts[i].name);
		raw_close(raw);
		bytes_fini(&text);
	}
	raw = raw_open(t);
	(void)raw_send_text(raw, GET "\r\n");
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 503);
	scene_close(t);
}
END_TEST

/* --- what it costs ---------------------------------------------------------
 */

static int64_t
grow_by(struct toggled *t, struct raw **raw, const char *text)
{
	const int64_t before = vitals_rss_kib(t);

	for (int i = 0; i < HALVES; i++) {
		raw[i] = raw_open(t);
		(void)raw_send_text(raw[i], text);
	}
	wait_for_metric(t, "toggled_connections_open", HALVES + 1);
	let_look(t);
	return vitals_rss_kib(t) - before;
}

/* Beside one that the library has, because its body is missing. */
START_TEST(test_half_heads_when_many_then_they_cost_no_pool)
{
	struct toggled *t = open_by(_i, NULL, NULL);
	struct raw *raw[HALVES];
	int64_t outside_kib, inside_kib;

	outside_kib = grow_by(t, raw, "PUT " T "/toggles/a HTTP/1.1\r\n" HOST);
	for (int i = 0; i < HALVES; i++)
		(void)raw_send_text(raw[i], "Content-Length: 2\r\n\r\n");
	for (int i = 0; i < HALVES; i++)
		raw_close(raw[i]);
	wait_for_metric(t, "toggled_connections_open", 1);
	scene_close(t);
	t = open_by(_i, NULL, NULL);
	inside_kib = grow_by(t, raw,
			     "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
			     "Content-Length: 2\r\n\r\n");
	printf("%d half heads: %lld KiB, with a body to come %lld KiB\n",
	       HALVES, (long long)outside_kib, (long long)inside_kib);
	if (!VITALS_SANITIZED)
		ck_assert_int_lt(HALF_MOST * outside_kib, inside_kib);
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_set_timeout(tc, CASE_SECONDS);
	tcase_add_loop_test(
	    tc, test_first_head_when_in_table_then_answered_so_by_us, 0,
	    WAYS * MANNERS);
	tcase_add_loop_test(tc, test_refusal_when_under_ofrep_then_in_its_form,
			    0, WAYS);
	tcase_add_loop_test(
	    tc, test_refusal_when_it_is_ours_then_counted_named_and_logged, 0,
	    WAYS);
	tcase_add_loop_test(tc, test_refusal_when_of_HEAD_then_without_body, 0,
			    WAYS);
	/* Under TLS an end without a word is the end of both directions. */
	tcase_add_loop_test(tc, test_head_when_client_ends_in_it_then_refused,
			    0, BY_TLS);
	tcase_add_loop_test(
	    tc, test_head_when_late_then_told_so_and_who_is_silent_is_not, 0,
	    COUNT(outside));
	tcase_add_loop_test(
	    tc, test_head_when_large_and_in_single_bytes_then_served, 0, WAYS);
	tcase_add_loop_test(
	    tc, test_request_when_client_leaves_behind_it_then_done, 0, WAYS);
	tcase_add_loop_test(
	    tc, test_head_when_it_ends_a_rest_then_judged_as_the_first, 0,
	    COUNT(outside));
	tcase_add_loop_test(
	    tc, test_head_when_behind_a_poll_then_judged_as_the_first, 0,
	    2 * COUNT(outside));
	tcase_add_loop_test(
	    tc, test_first_head_when_there_is_no_room_then_judged_all_the_same,
	    0, COUNT(outside));
	tcase_add_loop_test(
	    tc, test_half_heads_when_many_then_they_cost_no_pool, 0, WAYS - 1);
}

int
main(void)
{
	return scene_main("reception", add);
}

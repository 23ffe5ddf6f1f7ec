/*
 * How large a head may be, and what is said to one that is larger: the sizes
 * are those at which libmicrohttpd's buffers fill. What is done is answered,
 * and what cannot be answered is not done.
 */
#include <check.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "http/library.h"
#include "scene.h"
#include "tls_scene.h"

enum {
	HEAD_MOST = 15 * 1024,
	FIELDS_MOST = 150,
	PARAMETERS_MOST = 256,
	CASE_SECONDS = 120,
};

#define GET_VALUES "GET " T "/values HTTP/1.1\r\n" HOST

/* A head: what it begins with, units of something, and what fills it up to a
 * size in all. */
struct head_case {
	const char *name;
	const char *start;
	const char *unit;
	int times;
	const char *rest; /* behind the units; then a field of filling */
	size_t size;      /* 0: without filling */
	long status;
};

static const struct head_case heads[] = {
	{ "62 cookies", GET_VALUES "Cookie: ", "a=aaaaaaaaaabbbbbbbbbbcccccc; ",
	  62, "a=b\r\n", 0, 200 },
	{ "98 cookies", GET_VALUES "Cookie: ", "a=1234; ", 98, "a=b\r\n", 0,
	  200 },
	{ "7,000 cookies", GET_VALUES "Cookie: ", "a;", 7000, "a\r\n", 0, 200 },
	{ "a long cookie", GET_VALUES "cookie: a=", "0123456789", 1400, "\r\n",
	  0, 200 },
	{ "cookies on lines", GET_VALUES, "COOKIE: a=b\r\n", 140, "", 0, 200 },
	{ "115 parameters", "GET " T "/values?", "u%d=1&", 115,
	  " HTTP/1.1\r\n" HOST, 0, 200 },
	{ "256 parameters", "GET " T "/values?u=1", "&u%d=1",
	  PARAMETERS_MOST - 1, " HTTP/1.1\r\n" HOST, 0, 200 },
	{ "257 parameters", "GET " T "/values?u=1", "&u%d=1", PARAMETERS_MOST,
	  " HTTP/1.1\r\n" HOST, 0, 400 },
	{ "150 fields", GET_VALUES, "A: 1\r\n", FIELDS_MOST - 1, "", 0, 200 },
	{ "151 fields", GET_VALUES, "A: 1\r\n", FIELDS_MOST, "", 0, 431 },
	{ "4,000 fields", GET_VALUES, "A:\r\n", 2500, "", 0, 431 },
	{ "15 KiB", GET_VALUES, "", 0, "", HEAD_MOST, 200 },
	{ "15 KiB and a byte", GET_VALUES, "", 0, "", HEAD_MOST + 1, 431 },
	{ "15 KiB of 140 fields", GET_VALUES, "A: 1\r\n", 140, "", HEAD_MOST,
	  200 },
	{ "half of the memory", GET_VALUES, "", 0, "", 16384, 431 },
	{ "a long target", "GET " T "/values?u=", "0123456789", 1500,
	  " HTTP/1.1\r\n" HOST, 0, 200 },
	{ "a target that is too long", "GET " T "/values?u=", "0123456789",
	  1560, " HTTP/1.1\r\n" HOST, 0, 414 },
	{ "no colon", GET_VALUES, "", 0, "nonsense\r\n", 0, 400 },
	{ "a length of words", GET_VALUES, "", 0, "Content-Length: two\r\n", 0,
	  400 },
	{ "a length without end", GET_VALUES, "", 0,
	  "Content-Length: 99999999999999999999999\r\n", 0, 400 },
	{ "another coding", GET_VALUES, "", 0, "Transfer-Encoding: gzip\r\n", 0,
	  501 },
};

/* These libmicrohttpd 1.0 answers by itself, before it asks anybody, where they
 * are not the first of a connection. */
static const struct head_case lines[] = {
	{ "no Host and a field", "GET /healthz HTTP/1.1\r\n", "", 0, "A: 1\r\n",
	  0, 400 },
	{ "no Host and nothing", "GET /healthz HTTP/1.1\r\n", "", 0, "", 0,
	  400 },
	{ "two blanks", "GET  /healthz HTTP/1.1\r\n" HOST, "", 0, "", 0, 400 },
	{ "a blank in the target", "GET /a b HTTP/1.1\r\n" HOST, "", 0, "", 0,
	  400 },
};

static void
fill(struct bytes *out, size_t size)
{
	static const char field[] = "X-Filling: ";

	if (size == 0)
		return;
	bytes_append_str(out, field);
	while (out->length + 4 < size)
		bytes_append_char(out, 'x');
	bytes_append_str(out, "\r\n");
}

static void
build(const struct head_case *c, struct bytes *out)
{
	bytes_init(out);
	bytes_append_str(out, c->start);
	for (int i = 0; i < c->times; i++) {
		const char *mark = strstr(c->unit, "%d");

		if (mark == NULL)
			bytes_append_str(out, c->unit);
		else
			bytes_printf(out, "%.*s%d%s", (int)(mark - c->unit),
				     c->unit, i, mark + 2);
	}
	bytes_append_str(out, c->rest);
	fill(out, c->size);
	bytes_append_str(out, "\r\n");
}

/* A refusal of ours: one head, for nobody to keep. */
static void
expect_ours(struct toggled *t, struct answer *a, const char *name)
{
	const char *kept = answer_header(t, a, "Cache-Control");
	const char *type = answer_header(t, a, "Content-Type");

	ck_assert_msg(kept != NULL && strcmp(kept, "no-store") == 0 &&
			  type != NULL &&
			  strcmp(type, "application/problem+json") == 0,
		      "%s: %s", name, a->headers);
	ck_assert_ptr_nonnull(json_at(answer_json(a), "/detail"));
	ck_assert_ptr_null(strstr(a->body, "HTTP/1"));
}

static void
expect_answer(struct toggled *t, struct raw *raw, const struct head_case *c,
	      bool is_ours)
{
	struct answer *a = raw_answer(raw, SOON_MS);

	ck_assert_msg(a->status == c->status, "%s: %ld instead of %ld\n%s",
		      c->name, a->status, c->status, a->body);
	if (c->status >= 400 && is_ours)
		expect_ours(t, a, c->name);
}

/* First and second on a connection, in clear text and under TLS. */
static void
send_head(const struct head_case *c, bool under_tls, bool is_ours)
{
	struct toggled *t =
	    under_tls ? tls_start(NULL, NULL) : SCENE_OPEN("--loops", "1");
	struct bytes text;

	build(c, &text);
	for (int first = 1; first >= 0; first--) {
		struct raw *raw = raw_open(t);

		if (first == 0) {
			(void)raw_send_text(
			    raw, "GET /healthz HTTP/1.1\r\n" HOST "\r\n");
			ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 200);
		}
		(void)raw_send(raw, text.data, text.length);
		expect_answer(t, raw, c, is_ours || first == 1);
		raw_close(raw);
	}
	bytes_fini(&text);
	ck_assert_int_eq(toggled_get(t, "/healthz")->status, 200);
	toggled_free(t);
}

START_TEST(test_head_when_in_one_piece_then_answered_by_us)
{
	send_head(&heads[_i / 2], _i % 2 == 1, true);
}
END_TEST

START_TEST(test_line_when_it_is_none_then_refused)
{
	send_head(&lines[_i / 2], _i % 2 == 1,
		  library_passes_over(MHD_get_version()));
}
END_TEST

/* --- what is done is answered ----------------------------------------------
 */

static void
put(struct raw *raw, int n, size_t size, size_t piece)
{
	struct bytes text;

	bytes_init(&text);
	bytes_printf(&text,
		     "PUT " T "/toggles/t%d HTTP/1.1\r\n" HOST
		     "Content-Length: 2\r\n",
		     n);
	fill(&text, size);
	bytes_append_str(&text, "\r\n{}");
	(void)raw_send_pieces(raw, text.data, text.length, piece);
	bytes_fini(&text);
}

static const struct {
	size_t from, to, step;
} ranges[] = {
	/* the last in one piece only: it is refused before its end */
	{ 7600, 8300, 25 },
	{ 15200, 15400, 10 },
	{ 16200, 16500, 25 },
	{ 31000, 33000, 250 },
};

START_TEST(test_write_when_its_head_is_large_then_answered_or_not_done)
{
	const size_t pieces[] = { SIZE_MAX, 1448 };
	struct toggled *t = SCENE_OPEN("--loops", "1");
	const size_t piece = pieces[_i % 2];

	for (size_t size = ranges[_i / 2].from; size <= ranges[_i / 2].to;
	     size += ranges[_i / 2].step) {
		struct raw *raw = raw_open(t);
		const int n = (int)size;
		struct answer *a;
		long status;

		put(raw, n, size, piece);
		a = raw_answer(raw, SOON_MS);
		status = a->status;
		ck_assert_msg(status == (size <= HEAD_MOST ? 201 : 431) ||
				  (size > HEAD_MOST && status == 0),
			      "%zu bytes: %ld", size, status);
		ck_assert_int_eq(
		    toggled_get(t, toggled_text(t, T "/toggles/t%d", n))
			->status,
		    status == 201 ? 200 : 404);
		raw_close(raw);
	}
	toggled_free(t);
}
END_TEST

/* The body comes when the head has been judged. */
START_TEST(test_body_when_behind_a_large_head_then_taken)
{
	static const size_t sizes[] = { 7999, 8000, 8001, 8192, 15000, 15360 };
	struct toggled *t = SCENE_OPEN("--loops", "1");
	struct raw *raw = raw_open(t);
	struct bytes text;

	bytes_init(&text);
	bytes_append_str(&text, "PUT " T "/toggles/a HTTP/1.1\r\n" HOST
				"Expect: 100-continue\r\n"
				"Content-Length: 2\r\n");
	fill(&text, sizes[_i]);
	bytes_append_str(&text, "\r\n");
	(void)raw_send(raw, text.data, text.length);
	ck_assert_ptr_nonnull(
	    raw_until(raw, "HTTP/1.1 100 Continue\r\n\r\n", SOON_MS));
	(void)raw_send_text(raw, "{}");
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 201);
	expect_life(raw, false, "large head");
	bytes_fini(&text);
	toggled_free(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_set_timeout(tc, CASE_SECONDS);
	tcase_add_loop_test(tc, test_head_when_in_one_piece_then_answered_by_us,
			    0, 2 * COUNT(heads));
	tcase_add_loop_test(tc, test_line_when_it_is_none_then_refused, 0,
			    2 * COUNT(lines));
	tcase_add_loop_test(
	    tc, test_write_when_its_head_is_large_then_answered_or_not_done, 0,
	    2 * COUNT(ranges) - 1);
	tcase_add_loop_test(tc, test_body_when_behind_a_large_head_then_taken,
			    0, 6);
}

int
main(void)
{
	return scene_main("heads", add);
}

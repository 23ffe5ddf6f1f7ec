/* Content codings of requests and replies. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "scene.h"
#include "vitals.h"

enum {
	CASE_SECONDS = 60,
	SOON_MS = 20000,
	RAW = -15, /* zlib's names of the formats */
	ZLIB = 15,
	GZIP = 15 + 16,
	DEFINITION_MAX = 256 * 1024,
};

/* --- of requests -----------------------------------------------------------
 */

struct packed {
	char *data;
	size_t length;
};

static struct packed
pack_bytes(struct toggled *t, const char *text, size_t length, int format)
{
	z_stream z = { .zalloc = Z_NULL };
	struct packed packed;
	uLong bound;

	ck_assert_int_eq(
	    deflateInit2(&z, 6, Z_DEFLATED, format, 8, Z_DEFAULT_STRATEGY),
	    Z_OK);
	bound = deflateBound(&z, length) + 64;
	packed.data = toggled_own(t, malloc(bound), free);
	z.next_in = (Bytef *)(uintptr_t)text;
	z.avail_in = (uInt)length;
	z.next_out = (Bytef *)packed.data;
	z.avail_out = (uInt)bound;
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	packed.length = z.total_out;
	deflateEnd(&z);
	return packed;
}

static struct packed
pack(struct toggled *t, const char *text, int format)
{
	return pack_bytes(t, text, strlen(text), format);
}

/* `piece` 0: in one; else in chunks of that size. */
static struct answer *
send_packed(struct toggled *t, const char *head, struct packed body,
	    size_t piece)
{
	struct raw *raw = raw_open(t);
	struct answer *answer;
	char line[32];

	ck_assert(raw_send_text(
	    raw, toggled_text(t,
			      "%s\r\nHost: localhost\r\nContent-Type: "
			      "application/json\r\n",
			      head)));
	if (piece == 0) {
		ck_assert(raw_send_text(
		    raw, toggled_text(t, "Content-Length: %zu\r\n\r\n",
				      body.length)));
		(void)raw_send(raw, body.data, body.length);
	} else {
		ck_assert(
		    raw_send_text(raw, "Transfer-Encoding: chunked\r\n\r\n"));
		for (size_t at = 0; at < body.length; at += piece) {
			size_t n = body.length - at;

			n = n < piece ? n : piece;
			(void)snprintf(line, sizeof(line), "%zx\r\n", n);
			ck_assert(raw_send_text(raw, line));
			ck_assert(raw_send(raw, body.data + at, n));
			ck_assert(raw_send_text(raw, "\r\n"));
		}
		ck_assert(raw_send_text(raw, "0\r\n\r\n"));
	}
	answer = raw_answer(raw, SOON_MS);
	raw_close(raw);
	return answer;
}

static const struct {
	const char *coding;
	int format; /* 0: as it is */
} taken[] = {
	{ "gzip", GZIP },           { "x-gzip", GZIP },  { "GZip", GZIP },
	{ "identity, gzip", GZIP }, { "deflate", ZLIB }, { "deflate", RAW },
	{ "identity", 0 },          { "", 0 },
};

static const struct {
	const char *method;
	const char *path;
	const char *body;
	const char *expect;
} requests[] = {
	{ "PUT", ENV "/toggles/a", "{\"value\":\"packed\"}", "packed" },
	{ "POST", ENV "/changes", "{\"toggles\":{\"a\":{\"value\":\"x1\"}}}",
	  "\"revision\":" },
	{ "POST", ENV "/values", "{\"u\":\"known\"}", "\"who\":true" },
	{ "POST", "/ofrep/v1/evaluate/flags/who",
	  "{\"context\":{\"u\":\"known\"}}", "\"value\":true" },
};

START_TEST(test_body_when_coded_then_it_is_undone)
{
	struct toggled *t = scene_open();

	put_toggle(t, "who",
		   "{\"targeting\":{\"if\":[{\"==\":[{\"var\":\"u\"},"
		   "\"known\"]},\"on\"]}}");
	for (int i = 0; i < COUNT(requests); i++) {
		const char *head = toggled_text(
		    t, "%s %s HTTP/1.1\r\nContent-Encoding: %s",
		    requests[i].method, requests[i].path, taken[_i].coding);
		struct packed body = { toggled_text(t, "%s", requests[i].body),
				       strlen(requests[i].body) };

		if (taken[_i].format != 0)
			body = pack(t, requests[i].body, taken[_i].format);
		for (size_t piece = 0; piece < 3; piece++) {
			struct answer *answer =
			    send_packed(t, head, body, piece);

			ck_assert_msg(answer->status / 100 == 2, "%s: %ld %s",
				      head, answer->status, answer->body);
			expect_says(answer->body, requests[i].expect);
		}
	}
	scene_close(t);
}
END_TEST

START_TEST(test_body_when_another_coding_then_415_says_which_are_taken)
{
	static const char *const codings[] = { "br",         "compress",
					       "zstd",       "gzip, br",
					       "gzip, gzip", "gzipped" };
	struct toggled *t = scene_open();
	const char *header =
	    toggled_text(t, "Content-Encoding: %s", codings[_i % 6]);
	struct answer *answer =
	    ask_with(t, HEADERS(header, "Content-Type: application/json"),
		     "PUT", ENV "/toggles/a", "{}", 415);

	ck_assert_str_eq(answer_header(t, answer, "Accept-Encoding"),
			 "gzip, deflate");
	answer = ask_with(t, HEADERS(header, "Content-Type: application/json"),
			  "POST", "/ofrep/v1/evaluate/flags", "{}", 400);
	ck_assert_str_eq(answer_header(t, answer, "Accept-Encoding"),
			 "gzip, deflate");
	ck_assert_int_eq(head_revision(t), 1);
	scene_close(t);
}
END_TEST

/* What is not what it says. */
START_TEST(test_body_when_its_coding_is_broken_then_400_says_so)
{
	struct toggled *t = scene_open();
	const char *head =
	    "PUT " ENV "/toggles/a HTTP/1.1\r\nContent-Encoding: gzip";
	struct packed body = pack(t, "{\"value\":\"text\"}", GZIP);
	struct packed plain = { (char *)(uintptr_t) "{}", 2 };
	struct packed tail = { toggled_own(t, malloc(body.length + 4), free),
			       body.length + 4 };
	struct packed part;
	struct answer *answer;

	expect_problem(send_packed(t, head, plain, 0), 400, "invalid");
	memcpy(tail.data, body.data, body.length);
	memcpy(tail.data + body.length, "more", 4);
	expect_problem(send_packed(t, head, tail, 0), 400, "invalid");
	for (size_t length = 1; length < body.length; length++) {
		part = (struct packed){ body.data, length };
		answer = send_packed(t, head, part, length % 3);
		expect_problem(answer, 400, "invalid");
	}
	for (size_t at = 10; at < body.length; at++) {
		body.data[at] = (char)~body.data[at];
		answer = send_packed(t, head, body, 0);
		ck_assert_int_eq(answer->status, 400);
		body.data[at] = (char)~body.data[at];
	}
	ck_assert_int_eq(head_revision(t), 1);
	/* Two members are one file (RFC 1952, 2.2). */
	part = pack(t, "{\"value\":", GZIP);
	body = pack(t, "\"text\"}", GZIP);
	tail.data = toggled_own(t, malloc(part.length + body.length), free);
	tail.length = part.length + body.length;
	memcpy(tail.data, part.data, part.length);
	memcpy(tail.data + part.length, body.data, body.length);
	ck_assert_int_eq(send_packed(t, head, tail, 0)->status, 201);
	scene_close(t);
}
END_TEST

/* The limits are those of the body as it is when its coding is undone. */
START_TEST(test_body_when_it_is_a_bomb_then_413_and_no_memory)
{
	enum { BOMB = 200 << 20, MUCH_KIB = 64 << 10 };
	struct toggled *t = scene_open();
	const char *head = "PUT " ENV "/toggles/a HTTP/1.1\r\n"
			   "Content-Encoding: gzip";
	char *blanks = toggled_own(t, malloc(BOMB), free);
	struct packed bomb;
	int64_t before;

	memset(blanks, ' ', BOMB);
	bomb = pack_bytes(t, blanks, BOMB, GZIP);
	ck_assert_uint_lt(bomb.length, DEFINITION_MAX);
	before = vitals_rss_kib(t);
	for (size_t piece = 0; piece < 2000; piece += 999) {
		struct answer *answer = send_packed(t, head, bomb, piece);

		expect_problem(answer, 413, "too-large");
		expect_says(answer->body, "262144");
	}
	if (!VITALS_SANITIZED)
		ck_assert_int_lt(vitals_rss_kib(t) - before, MUCH_KIB);
	/* Up to the limit it is taken. */
	memcpy(blanks, "{}", 2);
	bomb = pack_bytes(t, blanks, DEFINITION_MAX, GZIP);
	ck_assert_int_eq(send_packed(t, head, bomb, 0)->status, 201);
	bomb = pack_bytes(t, blanks, DEFINITION_MAX + 1, GZIP);
	ck_assert_int_eq(send_packed(t, head, bomb, 0)->status, 413);
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_set_timeout(tc, CASE_SECONDS);
	tcase_add_loop_test(tc, test_body_when_coded_then_it_is_undone, 0,
			    COUNT(taken));
	tcase_add_loop_test(
	    tc, test_body_when_another_coding_then_415_says_which_are_taken, 0,
	    6);
	tcase_add_test(tc,
		       test_body_when_its_coding_is_broken_then_400_says_so);
	tcase_add_test(tc, test_body_when_it_is_a_bomb_then_413_and_no_memory);
}

int
main(void)
{
	return scene_main("codings", add);
}

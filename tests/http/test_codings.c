/* Content codings of requests and replies. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/bytes.h"
#include "scene.h"
#include "vitals.h"

enum {
	CASE_SECONDS = 60,
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

/* --- of replies ------------------------------------------------------------
 */

/* What an answer in gzip says. */
static const char *
unpacked(struct toggled *t, const struct answer *answer)
{
	enum { ROOM = 32 << 20 };
	z_stream z = { .zalloc = Z_NULL };
	char *out = toggled_own(t, calloc(1, ROOM), free);

	ck_assert_str_eq(answer_header(t, answer, "Content-Encoding"), "gzip");
	ck_assert_int_eq(inflateInit2(&z, GZIP), Z_OK);
	z.next_in = (Bytef *)answer->body;
	z.avail_in = (uInt)answer->length;
	z.next_out = (Bytef *)out;
	z.avail_out = ROOM - 1;
	ck_assert_int_eq(inflate(&z, Z_FINISH), Z_STREAM_END);
	inflateEnd(&z);
	return out;
}

/* `count` toggles with texts of `bytes`, by changes that fit. */
static void
put_many(struct toggled *t, int count, int bytes)
{
	enum { AT_ONCE = 200 };
	struct bytes body;

	for (int i = 0; i < count; i += AT_ONCE) {
		bytes_init(&body);
		bytes_append_str(&body, "{\"toggles\":{");
		for (int k = i; k < i + AT_ONCE && k < count; k++) {
			bytes_printf(&body, "%s\"many-%d\":{\"description\":\"",
				     k > i ? "," : "", k);
			for (int n = 0; n < bytes; n++)
				bytes_append_char(
				    &body, (char)('a' + (k * 31 + n * n) % 26));
			bytes_append_str(&body, "\"}");
		}
		bytes_append_str(&body, "}}");
		ask(t, "POST", ENV "/changes", body.data, 200);
		bytes_fini(&body);
	}
}

static const struct {
	const char *path;
	const char *body; /* POST; NULL: GET */
	bool moves;       /* from one call to the next */
} large[] = {
	{ ENV "/toggles", NULL, false },
	{ ENV "/toggles?tag=none&at=1", NULL, false },
	{ ENV "/toggles/long", NULL, false },
	{ ENV "/changes", NULL, false },
	{ ENV "/changes?since=2", NULL, false },
	{ ENV "/flags", NULL, false },
	{ "/v1/flags", NULL, false },
	{ ENV "/values?u=1", NULL, false },
	{ ENV "/values", "{\"u\":1}", false },
	{ ENV "/evaluate", "{\"context\":{}}", false },
	{ ENV "/evaluate?explain=true", "{\"context\":{}}", false },
	{ "/ofrep/v1/evaluate/flags", "{}", false },
	{ ENV "/history", NULL, false },
	{ ENV "/usage", NULL, true },
	{ "/metrics", NULL, true },
	{ "/openapi.yaml", NULL, false },
};

static struct answer *
ask_coded(struct toggled *t, const char *header, const char *path,
	  const char *body)
{
	return ask_with(t, HEADERS(header), body == NULL ? "GET" : "POST", path,
			body, 200);
}

/* Some are compressed at once, the others in slices. */
static const int volumes[] = { 40, 2000 };

START_TEST(test_reply_when_large_then_coded_for_who_takes_it)
{
	struct toggled *t = scene_open();

	put_toggle(t, "long",
		   toggled_text(t, "{\"description\":\"%01500d\"}", 7));
	put_many(t, volumes[_i], 100);
	for (int i = 0; i < COUNT(large); i++) {
		struct answer *plain =
		    ask_coded(t, "X-None: 1", large[i].path, large[i].body);
		struct answer *coded = ask_coded(t, "Accept-Encoding: gzip",
						 large[i].path, large[i].body);
		const char *vary = answer_header(t, plain, "Vary");

		if (plain->length <= 1024) {
			ck_assert_ptr_null(
			    answer_header(t, coded, "Content-Encoding"));
			continue;
		}
		ck_assert_ptr_null(answer_header(t, plain, "Content-Encoding"));
		ck_assert_msg(vary != NULL, "%s: no Vary", large[i].path);
		expect_says(vary, "Accept-Encoding");
		ck_assert_str_eq(answer_header(t, coded, "Vary"), vary);
		ck_assert_uint_lt(coded->length, plain->length);
		if (!large[i].moves)
			ck_assert_str_eq(unpacked(t, coded), plain->body);
		if (answer_header(t, plain, "ETag") != NULL)
			ck_assert_str_ne(answer_header(t, plain, "ETag"),
					 answer_header(t, coded, "ETag"));
	}
	scene_close(t);
}
END_TEST

/* The tag of the coded form is good for a write, too. */
START_TEST(test_definition_when_read_in_gzip_then_its_tag_allows_a_write)
{
	struct toggled *t = scene_open();
	struct answer *read;
	const char *condition;

	put_toggle(t, "long",
		   toggled_text(t, "{\"description\":\"%01500d\"}", 7));
	read = ask_with(t, HEADERS("Accept-Encoding: gzip"), "GET",
			ENV "/toggles/long", NULL, 200);
	condition =
	    toggled_text(t, "If-Match: %s", answer_header(t, read, "ETag"));
	expect_says(condition, "-gzip\"");
	ask_with(t, HEADERS(condition), "PATCH", ENV "/toggles/long",
		 "{\"state\":\"DISABLED\"}", 200);
	ask_with(t, HEADERS(condition), "PATCH", ENV "/toggles/long",
		 "{\"state\":\"ENABLED\"}", 412);
	scene_close(t);
}
END_TEST

/* Who asks behind somebody whose answer takes long to compress is answered
 * before. Where this machine stands still for so long that both are there, it
 * is tried again. */
static bool
is_answered_before(struct toggled *t, const char *path)
{
	struct poller *slow =
	    poll_start(t, path, HEADERS("Accept-Encoding: gzip"));
	bool before;

	ask(t, "GET", "/healthz", NULL, 200);
	before = !poll_is_done(slow);
	ck_assert_int_eq(poll_finish(slow, SOON_MS)->status, 200);
	return before;
}

static const char *const slow_paths[] = { ENV "/values?u=1",
					  ENV "/toggles?prefix=many" };

START_TEST(test_reply_when_it_takes_long_to_code_then_others_are_served)
{
	enum { TRIES = 20 };
	struct toggled *t = SCENE_OPEN("--loops", "1");
	bool before = false;

	for (int i = 0; i < 5; i++)
		put_toggle(t, toggled_text(t, "v%d", i),
			   toggled_text(t, "{\"value\":\"%0100000d\"}", i));
	put_many(t, 6000, 300);
	for (int i = 0; i < TRIES && !before; i++) {
		before = is_answered_before(t, slow_paths[_i]);
		put_toggle(t, "many-0", "{}");
		put_toggle(t, "many-0", "{\"enabled\":false}");
	}
	ck_assert_msg(before, "nobody was served meanwhile");
	scene_close(t);
}
END_TEST

/* More than are compressed at a time, and all get the same. */
START_TEST(test_reply_when_many_ask_then_all_get_it)
{
	enum { CLIENTS = 40 };
	struct toggled *t = scene_open();
	struct poller *pollers[CLIENTS];
	const char *expected;

	put_many(t, 3000, 100);
	expected = ask(t, "GET", ENV "/values", NULL, 200)->body;
	for (int i = 0; i < CLIENTS; i++)
		pollers[i] =
		    poll_start(t, i % 2 == 0 ? ENV "/values" : ENV "/toggles",
			       HEADERS("Accept-Encoding: gzip"));
	for (int i = 0; i < CLIENTS; i++) {
		struct answer *answer = poll_finish(pollers[i], SOON_MS);

		ck_assert_int_eq(answer->status, 200);
		if (i % 2 != 0)
			continue;
		ck_assert_str_eq(answer_header(t, answer, "Content-Encoding") !=
					 NULL
				     ? unpacked(t, answer)
				     : answer->body,
				 expected);
	}
	scene_close(t);
}
END_TEST

/* A client that leaves while its answer is compressed, and a server that stops.
 */
START_TEST(test_reply_when_client_leaves_or_server_stops_then_all_ends)
{
	struct toggled *t = scene_open();

	put_many(t, 4000, 200);
	for (int i = 0; i < 20; i++)
		poll_abandon(poll_start(t, ENV "/toggles?prefix=m",
					HEADERS("Accept-Encoding: gzip")));
	ask(t, "GET", ENV "/toggles", NULL, 200);
	for (int i = 0; i < 20; i++)
		(void)poll_start(t, ENV "/values",
				 HEADERS("Accept-Encoding: gzip"));
	scene_stop(t);
	toggled_free(t);
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
	tcase_add_loop_test(tc,
			    test_reply_when_large_then_coded_for_who_takes_it,
			    0, COUNT(volumes));
	tcase_add_test(
	    tc, test_definition_when_read_in_gzip_then_its_tag_allows_a_write);
	tcase_add_loop_test(
	    tc, test_reply_when_it_takes_long_to_code_then_others_are_served, 0,
	    COUNT(slow_paths));
	tcase_add_test(tc, test_reply_when_many_ask_then_all_get_it);
	tcase_add_test(
	    tc, test_reply_when_client_leaves_or_server_stops_then_all_ends);
}

int
main(void)
{
	return scene_main("codings", add);
}

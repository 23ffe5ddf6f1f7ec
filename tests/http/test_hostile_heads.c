/*
 * What the bytes of a request can hold before anybody knows whose it is: heads
 * that are too much for libmicrohttpd's memory, and bodies whose frame never
 * ends. The sizes are those at which its buffers fill.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "parking_scene.h"
#include "scene.h"
#include "together.h"
#include "vitals.h"

enum {
	REQUESTS = 2000,
	STUCK = 300,
	FLIP_MOST = 10,
	GONE_MS = 4000,
	REST_MS = 500,
	CASE_SECONDS = 120,
};

/* "<head><unit><unit>...<tail>": of `times` units. */
struct pattern {
	const char *name;
	const char *head;
	const char *unit;
	int times;
	const char *tail;
};

#define GET "GET /healthz HTTP/1.1\r\n" HOST
#define PUT_CHUNKS                                                             \
	"PUT " T "/toggles/b HTTP/1.1\r\n" HOST                                \
	"Transfer-Encoding: chunked\r\n\r\n"
#define TEN "aaaaaaaaaa"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static void
build(const struct pattern *p, struct bytes *out)
{
	bytes_init(out);
	bytes_append_str(out, p->head);
	for (int i = 0; i < p->times; i++)
		bytes_append_str(out, p->unit);
	bytes_append_str(out, p->tail);
}

/* --- heads -----------------------------------------------------------------
 */

static const struct pattern heads[] = {
	{ "98 cookies", GET "Cookie: ", "a=1234; ", 98, "a=b\r\n\r\n" },
	{ "62 cookies", GET "Cookie: ", "a=" TEN TEN TEN "; ", 62,
	  "a=b\r\n\r\n" },
	{ "a cookie", GET "Cookie: a=", TEN, 387, "\r\n\r\n" },
	{ "a large cookie", GET "Cookie: a=", HUNDRED, 140, "\r\n\r\n" },
	{ "7,000 cookies", GET "Cookie: ", "a;", 7000, "\r\n\r\n" },
	{ "parameters", "GET /healthz?", "a=1&", 115,
	  "a HTTP/1.1\r\n" HOST "\r\n" },
	{ "7,000 parameters", "GET /healthz?", "a&", 7000,
	  "a HTTP/1.1\r\n" HOST "\r\n" },
	{ "fields", GET, "A: 1\r\n", 110, "\r\n" },
	{ "4,000 fields", GET, "A:\r\n", 4000, "\r\n" },
};

static void
send_and_leave(struct toggled *t, const struct bytes *text)
{
	struct raw *raw = raw_open(t);

	(void)raw_send(raw, text->data, text->length);
	(void)raw_answer(raw, SOON_MS);
	raw_close(raw);
}

START_TEST(test_heads_when_too_much_for_memory_then_nothing_of_them_stays)
{
	struct toggled *t = scene_open();
	struct bytes text;
	int64_t before;

	build(&heads[_i], &text);
	for (int i = 0; i < REQUESTS / 10; i++)
		send_and_leave(t, &text);
	before = vitals_rss_kib(t);
	for (int i = 0; i < REQUESTS; i++)
		send_and_leave(t, &text);
	expect_memory(t, heads[_i].name, before, 1.3);
	bytes_fini(&text);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

/* --- frames that do not end ------------------------------------------------
 */

static const struct pattern frames[] = {
	{ "an extension", PUT_CHUNKS "2;", HUNDRED, 400, "" },
	{ "an extension of 24 KiB", PUT_CHUNKS "2;", TEN, 2458, "" },
	{ "an extension behind a chunk", PUT_CHUNKS "2\r\n{}\r\n2;", HUNDRED,
	  400, "" },
	{ "digits", PUT_CHUNKS, "0000000000", 4000, "" },
	{ "trailers", PUT_CHUNKS "2\r\n{}\r\n0\r\n", "A: b\r\n", 8000, "" },
	{ "a trailer", PUT_CHUNKS "2\r\n{}\r\n0\r\nA: ", HUNDRED, 400, "" },
};

static bool
only_ours_is_open(void *ctx)
{
	return vitals_sockets(ctx, VITALS_ESTABLISHED) <= 1;
}

/* By the first second they are gone; their clients stay. */
START_TEST(test_frames_when_they_do_not_end_then_flips_get_in_and_it_passes)
{
	struct toggled *t = SCENE_OPEN("--loops", "1");
	const struct question flip = {
		.method = "PATCH",
		.path = T "/toggles/a",
		.bodies = { "{\"state\":\"DISABLED\"}",
			    "{\"state\":\"ENABLED\"}" },
		.status = 200,
	};
	struct bytes text;
	double alone;

	ask(t, "PUT", T "/toggles/a", "{}", 201);
	alone = question_ms(t, &flip);
	build(&frames[_i], &text);
	for (int i = 0; i < STUCK; i++)
		(void)raw_send(raw_open(t), text.data, text.length);
	bytes_fini(&text);
	expect_ratio(frames[_i].name, question_ms(t, &flip), alone, FLIP_MOST);
	ck_assert(wait_until(only_ours_is_open, t, GONE_MS));
	(void)vitals_expect_rest(t, REST_MS);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	toggled_free(t);
}
END_TEST

START_TEST(test_frame_when_it_does_not_end_then_refused)
{
	struct toggled *t = SCENE_OPEN("--loops", "1");
	struct raw *raw = raw_open(t);
	struct bytes text;
	struct answer *a;

	build(&frames[_i], &text);
	(void)raw_send(raw, text.data, text.length);
	bytes_fini(&text);
	a = raw_answer(raw, SOON_MS);
	ck_assert_msg(a->status == 0 || (a->status >= 400 && a->status < 500),
		      "%s: %ld", frames[_i].name, a->status);
	ck_assert(raw_is_closed(raw, AT_ONCE_MS));
	toggled_free(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_set_timeout(tc, CASE_SECONDS);
	tcase_add_loop_test(
	    tc, test_heads_when_too_much_for_memory_then_nothing_of_them_stays,
	    0, COUNT(heads));
	tcase_add_loop_test(
	    tc,
	    test_frames_when_they_do_not_end_then_flips_get_in_and_it_passes, 0,
	    COUNT(frames));
	tcase_add_loop_test(tc, test_frame_when_it_does_not_end_then_refused, 0,
			    COUNT(frames));
}

int
main(void)
{
	return scene_main("hostile_heads", add);
}

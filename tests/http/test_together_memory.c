/*
 * What clients that stay a long time make the program hold: streams, waits with
 * a context, answers that are not read. What lives long holds nothing that is
 * large. Bounds are ratios of the program's memory (together.h).
 */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "together.h"
#include "vitals.h"

enum {
	CASE_SECONDS = 120,
	TOGGLES = VITALS_MANY(600, 200), /* of two kilobytes each */
	DESCRIPTION = 1990,
	EACH_CHANGE = 200,
	STREAMS = VITALS_MANY(40, 8),
	WAITS = VITALS_MANY(400, 40),
	SMALL_CONTEXT = 15 * 1024,
	POOL_KIB = 32, /* a larger request touches more of the library's */
	AT_ONCE = 10,
	LARGE_WAITS = VITALS_MANY(120, 20),
	LARGE_CONTEXT = 200 * 1024,
};

/* So many toggles that a listing of them is large. */
static void
put_many(struct toggled *t)
{
	char description[DESCRIPTION + 1];

	memset(description, 'd', DESCRIPTION);
	description[DESCRIPTION] = '\0';
	for (int i = 0; i < TOGGLES;) {
		struct bytes body;

		bytes_init(&body);
		bytes_append_str(&body, "{\"toggles\":{");
		for (int n = 0; n < EACH_CHANGE; n++, i++)
			bytes_printf(&body,
				     "%s\"t%d\":{\"description\":\"%s\"}",
				     n > 0 ? "," : "", i, description);
		bytes_append_str(&body, "}}");
		ask(t, "POST", ENV "/changes",
		    toggled_own(t, bytes_take(&body), free), 200);
	}
}

/* A listing of each revision is built and remembered with it; then a stream
 * begins. */
static void
open_stream_at_a_new_revision(struct toggled *t, struct raw **raw, int round)
{
	flip_toggle(t, round % 2 == 0 ? "{\"state\":\"DISABLED\"}"
				      : "{\"state\":\"ENABLED\"}");
	ck_assert_uint_gt(ask(t, "GET", ENV "/toggles", NULL, 200)->length,
			  (size_t)TOGGLES * DESCRIPTION);
	*raw = raw_open(t);
	ck_assert(raw_send_text(
	    *raw,
	    "GET " ENV "/ofrep/v1/sse HTTP/1.1\r\nHost: localhost\r\n\r\n"));
	(void)raw_until(*raw, "id: ", SOON_MS);
}

START_TEST(test_streams_when_of_many_revisions_then_they_hold_none)
{
	struct toggled *t = SCENE_OPEN("--loops", "1");
	struct raw *raws[STREAMS];
	int64_t before;

	put_toggle(t, "a", "{}");
	put_many(t);
	open_stream_at_a_new_revision(t, &raws[0], 0);
	open_stream_at_a_new_revision(t, &raws[1], 1);
	before = vitals_rss_kib(t);
	for (int i = 2; i < STREAMS; i++)
		open_stream_at_a_new_revision(t, &raws[i], i);
	ck_assert_int_eq(metric(t, "toggled_streams"), STREAMS);
	expect_memory(t, "streams of a revision each", before, 1.5);
	for (int i = 0; i < STREAMS; i++)
		raw_close(raws[i]);
	wait_for_metric(t, "toggled_streams", 0);
	scene_close(t);
}
END_TEST

/* A poll for values whose context has many small members: what costs most once
 * it is parsed. */
static void
wait_with_context(struct toggled *t, struct raw **raw, int number, int length)
{
	struct bytes text;
	struct bytes body;

	bytes_init(&text);
	bytes_init(&body);
	bytes_printf(&body, "{\"context\":{\"n\":%d,\"items\":[0", number);
	while (body.length < (size_t)length)
		bytes_append_str(&body, ",1");
	bytes_append_str(&body, "]}}");
	bytes_printf(&text,
		     "POST " ENV "/values?since=%" PRId64
		     "&wait=60 HTTP/1.1\r\nHost: localhost\r\n"
		     "Content-Type: application/json\r\n"
		     "Content-Length: %zu\r\n\r\n%s",
		     head_revision(t), body.length, body.data);
	*raw = raw_open(t);
	ck_assert(raw_send(*raw, text.data, text.length));
	bytes_fini(&text);
	bytes_fini(&body);
}

static struct raw **
crowd_of_waits(struct toggled *t, int count, int length)
{
	struct raw **raws =
	    toggled_own(t, calloc((size_t)count, sizeof(struct raw *)), free);

	/* So many bodies at a time as there is room for. */
	for (int i = 0; i < count; i++) {
		wait_with_context(t, &raws[i], i, length);
		if (i % AT_ONCE == 0)
			wait_for_waiters(t, i + 1);
	}
	wait_for_waiters(t, count);
	return raws;
}

/* Their requests are up to eighty times as large while they are worked on. */
START_TEST(test_waits_when_with_contexts_then_only_those_are_held)
{
	struct toggled *t = scene_open_parking(_i);
	struct raw **raws;
	int64_t each;
	int64_t before;

	put_toggle(t, "a", "{}");
	raws = crowd_of_waits(t, WAITS, 16);
	before = vitals_rss_kib(t);
	for (int i = 0; i < WAITS; i++)
		raw_close(raws[i]);
	wait_for_waiters(t, 0);
	raws = crowd_of_waits(t, WAITS, SMALL_CONTEXT);
	each = (vitals_rss_kib(t) - before) / WAITS;
	printf("%s: %" PRId64 " KiB for each of %d waits with %d bytes\n",
	       scene_parkings[_i], each, WAITS, SMALL_CONTEXT);
	if (!VITALS_SANITIZED)
		ck_assert_int_le(each, 3 * SMALL_CONTEXT / 1024 +
					   (_i == 0 ? 0 : POOL_KIB));
	flip_toggle(t, "{\"state\":\"DISABLED\"}");
	for (int i = 0; i < WAITS; i++) {
		ck_assert_int_eq(raw_answer(raws[i], SOON_MS)->status, 200);
		raw_close(raws[i]);
	}
	scene_close(t);
}
END_TEST

START_TEST(test_imports_when_large_contexts_wait_then_there_is_room)
{
	struct toggled *t = scene_open_parking(_i);
	struct raw **raws;

	put_toggle(t, "a", "{}");
	raws = crowd_of_waits(t, LARGE_WAITS, LARGE_CONTEXT);
	wait_for_metric(t, "toggled_large_body_bytes", 0);
	put_many(t);
	ck_assert_int_eq(metric(t, "toggled_bodies_refused_total"), 0);
	for (int i = 0; i < LARGE_WAITS; i++) {
		ck_assert_int_eq(raw_answer(raws[i], SOON_MS)->status, 200);
		raw_close(raws[i]);
	}
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_set_timeout(tc, CASE_SECONDS);
	tcase_add_test(tc,
		       test_streams_when_of_many_revisions_then_they_hold_none);
	tcase_add_loop_test(
	    tc, test_waits_when_with_contexts_then_only_those_are_held, 0,
	    SCENE_PARKINGS);
	tcase_add_loop_test(
	    tc, test_imports_when_large_contexts_wait_then_there_is_room, 0,
	    SCENE_PARKINGS);
}

int
main(void)
{
	return scene_main("together_memory", add);
}

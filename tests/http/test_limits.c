/*
 * Limits on what one client, or all together, may ask for: heads, bodies, time,
 * connections.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "scene.h"

#define T ENV
#define HOST "Host: localhost\r\n"

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
	struct toggled *t = SCENE_OPEN("--loops", "1");

	ck_assert_int_eq(send_many_headers(t, 60)->status, 200);
	ck_assert_int_eq(send_many_headers(t, 150)->status, 200);
	ck_assert_int_eq(send_many_headers(t, 151)->status, 431);
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
	struct toggled *t = SCENE_OPEN("--loops", "1");
	struct raw *raw = raw_open(t);

	(void)raw_send_text(
	    raw, filled(t, "GET /", 20000, " HTTP/1.1\r\n" HOST "\r\n"));
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 414);
	raw = raw_open(t);
	(void)raw_send_text(
	    raw, filled(t, "GET /healthz HTTP/1.1\r\n" HOST "X: ", 20000,
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
	struct toggled *t = SCENE_OPEN("--loops", "1");
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

/* --- bodies held at a time ---------------------------------------------------
 */

enum {
	LARGE_BODY = 1000000,
	LARGE_BODIES = 6, /* that there is room for, and no seventh */
	ALL_BUT_ONE = LARGE_BODY - 1,
};

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

#define HELD "toggled_large_body_bytes"

START_TEST(test_bodies_when_many_are_large_then_503_but_small_ones_pass)
{
	struct toggled *t = SCENE_OPEN("--loops", "1");
	struct raw *raw[LARGE_BODIES];
	struct raw *refused;

	ck_assert_int_gt(metric(t, "toggled_large_body_max_bytes"),
			 LARGE_BODIES * LARGE_BODY);
	ck_assert_int_lt(metric(t, "toggled_large_body_max_bytes"),
			 (LARGE_BODIES + 1) * ALL_BUT_ONE);
	/* All but the last byte: they stay in memory. */
	for (int i = 0; i < LARGE_BODIES; i++)
		raw[i] = send_large(t, ALL_BUT_ONE);
	wait_for_metric(t, HELD, LARGE_BODIES * ALL_BUT_ONE);
	/* One more has no room, and takes none while its rest comes. */
	refused = send_large(t, ALL_BUT_ONE);
	wait_for_metric(t, "toggled_bodies_refused_total", 1);
	wait_for_metric(t, HELD, LARGE_BODIES * ALL_BUT_ONE);
	ask(t, "PUT", T "/toggles/a", "{}", 201);
	(void)raw_send_text(refused, "a");
	ck_assert_int_eq(raw_answer(refused, SOON_MS)->status, 503);
	/* Those that were in before are whole: bad JSON, but read. */
	for (int i = 0; i < LARGE_BODIES; i++) {
		(void)raw_send_text(raw[i], "a");
		ck_assert_int_eq(raw_answer(raw[i], SOON_MS)->status, 400);
		wait_for_metric(t, HELD,
				(LARGE_BODIES - 1 - i) * (int64_t)ALL_BUT_ONE);
	}
	ck_assert_int_eq(metric(t, "toggled_bodies_refused_total"), 1);
	ck_assert_int_eq(raw_answer(send_large(t, LARGE_BODY), SOON_MS)->status,
			 400);
	wait_for_metric(t, HELD, 0);
	toggled_free(t);
}
END_TEST

/* --- connections -------------------------------------------------------------
 */

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
	ck_assert(raw_is_closed(silent, AT_ONCE_MS));
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
	ck_assert(raw_is_closed(raw, AT_ONCE_MS));
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
	ck_assert(raw_is_closed(raw, AT_ONCE_MS));
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

static void
add(struct TCase *tc)
{
	tcase_add_test(tc, test_headers_when_many_then_431);
	tcase_add_test(tc, test_request_when_long_then_431_and_414);
	tcase_add_test(tc,
		       test_body_when_too_large_then_413_and_connection_kept);
	tcase_add_test(
	    tc, test_bodies_when_many_are_large_then_503_but_small_ones_pass);
	tcase_add_test(tc, test_header_when_slow_then_closed);
	tcase_add_test(tc, test_connection_when_idle_then_closed);
	tcase_add_test(tc, test_connections_when_too_many_then_503);
}

int
main(void)
{
	return scene_main("http/limits", add);
}

/*
 * From a read to a wait: a client reads, and then waits for what comes after
 * it. A change between the two is told at once, whichever way it waits; what
 * it has read, or may have missed, is never waited over.
 *
 * And whoever shows what it has (If-None-Match) waits with Prefer: wait on
 * every route that knows tags, as on OFREP's: 304 at once is a busy loop.
 */
#include <check.h>
#include <string.h>

#include "scene.h"

enum { CASE_SECONDS = 60 };

#define T "/v1/envs/default"
#define WAIT "Prefer: wait=60"

/* A way to read and then to wait. */
struct handover {
	const char *read;  /* path; POST where there is a body */
	const char *body;  /* or NULL */
	const char *wait;  /* path of the wait; CURSOR: the one that was read */
	bool shows_tag;    /* If-None-Match with the ETag that was read */
	const char *other; /* a change that does not concern it, or NULL */
};

static const struct handover handovers[] = {
	{ T "/toggles", NULL, T "/changes?since=CURSOR&wait=60", false, NULL },
	{ T "/toggles", NULL, T "/changes?since=CURSOR", false, NULL },
	{ T "/changes", NULL, T "/changes?since=CURSOR&wait=60", false, NULL },
	{ T "/changes?prefix=a", NULL,
	  T "/changes?since=CURSOR&wait=60&prefix=a", false, T "/toggles/b" },
	{ T "/values?u=1", NULL, T "/values?u=1&since=CURSOR&wait=60", false,
	  NULL },
	{ T "/values?u=1&prefix=a", NULL,
	  T "/values?u=1&since=CURSOR&wait=60&prefix=a", false,
	  T "/toggles/b" },
	{ T "/values", "{\"u\":1}", T "/values?since=CURSOR&wait=60", false,
	  NULL },
	/* By the tag alone. */
	{ T "/changes", NULL, T "/changes", true, NULL },
	{ T "/changes?prefix=a", NULL, T "/changes?prefix=a", true,
	  T "/toggles/b" },
	{ T "/toggles", NULL, T "/toggles", true, NULL },
	{ T "/toggles?prefix=a", NULL, T "/toggles?prefix=a", true,
	  T "/toggles/b" },
	{ T "/toggles?tag=x", NULL, T "/toggles?tag=x", true, NULL },
	{ T "/toggles/a", NULL, T "/toggles/a", true, T "/toggles/b" },
	{ T "/segments/s", NULL, T "/segments/s", true, NULL },
	{ T "/values?u=1", NULL, T "/values?u=1", true, NULL },
	{ T "/values", "{\"u\":1}", T "/values", true, NULL },
	{ T "/flags", NULL, T "/flags", true, NULL },
	{ "/v1/flags", NULL, "/v1/flags", true, NULL },
	{ "/v1/flags/default", NULL, "/v1/flags/default", true, NULL },
	{ "/ofrep/v1/evaluate/flags", "{}", "/ofrep/v1/evaluate/flags", true,
	  NULL },
	{ T "/ofrep/v1/evaluate/flags", "{\"context\":{\"u\":1}}",
	  T "/ofrep/v1/evaluate/flags", true, NULL },
};

static struct toggled *
open_scene(void)
{
	struct toggled *t = scene_open();

	put_toggle(t, "a", "{\"value\":1,\"tags\":[\"x\"]}");
	put_toggle(t, "b", "{\"value\":1}");
	ask(t, "PUT", T "/segments/s", "{\"==\":[{\"var\":\"u\"},1]}", 201);
	return t;
}

/* Of everything that any of them shows. */
static void
change(struct toggled *t, int value)
{
	ask(t, "POST", T "/changes",
	    toggled_text(t,
			 "{\"toggles\":{\"a\":{\"variants\":{\"value\":%d}}},"
			 "\"segments\":{\"s\":{\"==\":[{\"var\":\"u\"},%d]}}}",
			 value, value),
	    200);
}

static const char *
with_cursor(struct toggled *t, const char *path, const char *cursor)
{
	static const char mark[] = "CURSOR";
	const char *at = strstr(path, mark);

	if (at == NULL)
		return path;
	return toggled_text(t, "%.*s%s%s", (int)(at - path), path, cursor,
			    at + sizeof(mark) - 1);
}

/* The wait that follows on what was read, not yet sent. */
static const char *
next_request(struct toggled *t, const struct handover *h)
{
	struct answer *read =
	    ask(t, h->body == NULL ? "GET" : "POST", h->read, h->body, 200);
	const char *body = h->body == NULL ? "" : h->body;
	const char *tag = "";
	const char *cursor = "";

	if (h->shows_tag)
		tag = toggled_text(t, "If-None-Match: %s\r\n",
				   answer_header(t, read, "ETag"));
	else
		cursor = json_text_at(answer_json(read), "/cursor");
	return toggled_text(
	    t,
	    "%s %s HTTP/1.1\r\nHost: localhost\r\n" WAIT "\r\n%s"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
	    h->body == NULL ? "GET" : "POST", with_cursor(t, h->wait, cursor),
	    tag, strlen(body), body);
}

static void
expect_news(struct toggled *t, struct raw *raw, const struct handover *h)
{
	struct answer *answer = raw_answer(raw, SOON_MS);
	struct answer *now =
	    ask(t, h->body == NULL ? "GET" : "POST", h->read, h->body, 200);

	ck_assert_int_eq(answer->status, 200);
	ck_assert_str_eq(answer_header(t, answer, "ETag"),
			 answer_header(t, now, "ETag"));
	if (h->shows_tag)
		ck_assert_str_eq(answer->body, now->body);
}

START_TEST(test_handover_when_changed_between_then_told_at_once)
{
	struct toggled *t = open_scene();
	const struct handover *h = &handovers[_i];

	for (int value = 2; value < 5; value++) {
		const char *request = next_request(t, h);
		struct raw *raw = raw_open(t);

		change(t, value);
		ck_assert(raw_send_text(raw, request));
		expect_news(t, raw, h);
		raw_close(raw);
	}
	scene_close(t);
}
END_TEST

START_TEST(test_handover_when_nothing_changed_then_it_waits_for_a_change)
{
	struct toggled *t = open_scene();
	const struct handover *h = &handovers[_i];
	struct raw *raw = raw_open(t);

	ck_assert(raw_send_text(raw, next_request(t, h)));
	wait_for_waiters(t, 1);
	if (h->other != NULL) {
		ask(t, "PATCH", h->other, "{\"description\":\"x\"}", 200);
		wait_for_waiters(t, 1);
	}
	change(t, 7);
	expect_news(t, raw, h);
	scene_close(t);
}
END_TEST

/* The settings of an environment are in the flagd document, and what decides
 * who is in which bucket. */
static const char *const with_settings[] = { T "/flags", "/v1/flags",
					     T "/toggles" };

START_TEST(test_handover_when_settings_change_then_told)
{
	struct toggled *t = open_scene();
	const struct handover h = { with_settings[_i], NULL, with_settings[_i],
				    true, NULL };
	struct raw *raw = raw_open(t);

	ck_assert(raw_send_text(raw, next_request(t, &h)));
	wait_for_waiters(t, 1);
	ask(t, "PUT", T, "{\"metadata\":{\"team\":\"shop\"}}", 200);
	expect_news(t, raw, &h);
	scene_close(t);
}
END_TEST

/* 304 when the wait has passed, 404 when there is nothing to wait for. */
START_TEST(test_handover_when_wait_has_passed_then_as_it_was)
{
	struct toggled *t = open_scene();
	const struct handover *h = &handovers[_i];
	char *request = toggled_text(t, "%s", next_request(t, h));
	char *wait = strstr(request, "wait=60");
	struct answer *answer;
	struct raw *raw = raw_open(t);

	while (wait != NULL) {
		memcpy(wait, "wait=01", 7);
		wait = strstr(wait, "wait=60");
	}
	ck_assert(raw_send_text(raw, request));
	answer = raw_answer(raw, SOON_MS);
	ck_assert_int_eq(answer->status, h->shows_tag ? 304 : 200);
	ck_assert_ptr_nonnull(answer_header(t, answer, "ETag"));
	if (strstr(h->wait, "wait=") == NULL)
		ck_assert_str_eq(answer_header(t, answer, "Preference-Applied"),
				 "wait");
	scene_close(t);
}
END_TEST

START_TEST(test_handover_when_environment_is_removed_then_not_found)
{
	struct toggled *t = open_scene();
	const struct handover h = { "/v1/envs/prod/toggles", NULL,
				    "/v1/envs/prod/toggles", true, NULL };
	struct raw *raw = raw_open(t);

	ask(t, "PUT", "/v1/envs/prod", "{}", 201);
	ck_assert(raw_send_text(raw, next_request(t, &h)));
	wait_for_waiters(t, 1);
	ask(t, "DELETE", "/v1/envs/prod", NULL, 200);
	ck_assert_int_eq(raw_answer(raw, SOON_MS)->status, 404);
	scene_close(t);
}
END_TEST

/* A stream says nothing of what was read: the client is told to read again,
 * unless it says what it knows. */
START_TEST(test_handover_when_changed_before_the_stream_then_told_at_once)
{
	struct toggled *t = open_scene();
	struct answer *bulk =
	    ask(t, "POST", "/ofrep/v1/evaluate/flags", "{}", 200);
	const char *path = json_text_at(answer_json(bulk),
					"/eventStreams/0/endpoint/requestUri");
	const char *tag = answer_header(t, bulk, "ETag");
	const char *told;
	struct raw *raw = raw_open(t);

	change(t, 2);
	ck_assert(raw_send_text(
	    raw, toggled_text(t, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n",
			      path)));
	told = strstr(raw_until(raw, "lastModified", SOON_MS), "\"etag\":\"");
	ck_assert_ptr_nonnull(told);
	told += strlen("\"etag\":\"");
	/* As the web provider asks then. */
	bulk = ask_with(
	    t, HEADERS(toggled_text(t, "If-None-Match: %s", tag)), "POST",
	    toggled_text(t,
			 "/ofrep/v1/evaluate/flags?flagConfigEtag=%%22%.*s%%22",
			 (int)strcspn(told, "\""), told),
	    "{}", 200);
	ck_assert_int_eq(json_int_at(answer_json(bulk), "/flags/0/value"), 2);
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_set_timeout(tc, CASE_SECONDS);
	tcase_add_loop_test(
	    tc, test_handover_when_changed_between_then_told_at_once, 0,
	    COUNT(handovers));
	tcase_add_loop_test(
	    tc, test_handover_when_nothing_changed_then_it_waits_for_a_change,
	    0, COUNT(handovers));
	tcase_add_loop_test(tc, test_handover_when_settings_change_then_told, 0,
			    COUNT(with_settings));
	tcase_add_loop_test(tc,
			    test_handover_when_wait_has_passed_then_as_it_was,
			    0, COUNT(handovers));
	tcase_add_test(
	    tc, test_handover_when_environment_is_removed_then_not_found);
	tcase_add_test(
	    tc, test_handover_when_changed_before_the_stream_then_told_at_once);
}

int
main(void)
{
	return scene_main("handover", add);
}

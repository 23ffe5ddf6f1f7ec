/* Headers on several lines and query parameters that stand twice. */
#include <check.h>
#include <string.h>

#include "scene.h"

#define KEY ENV "/toggles/new-checkout"
#define OFREP "/ofrep/v1/evaluate/flags"
#define SOON 20000

START_TEST(test_none_match_when_on_two_lines_then_one_list)
{
	struct toggled *t = scene_open();
	const char *match;

	put_toggle(t, "new-checkout", "{}");
	match = toggled_text(
	    t, "If-None-Match: %s",
	    answer_header(t, ask(t, "GET", KEY, NULL, 200), "ETag"));
	ask_with(t, HEADERS("If-None-Match: \"other\"", match), "GET", KEY,
		 NULL, 304);
	ask_with(t, HEADERS(match, "If-None-Match: \"other\""), "GET", KEY,
		 NULL, 304);
	ask_with(t, HEADERS("If-None-Match: \"other\"", "if-none-match: \"x\""),
		 "GET", KEY, NULL, 200);
	match = toggled_text(
	    t, "If-None-Match: %s",
	    answer_header(t, ask(t, "POST", OFREP, "{}", 200), "ETag"));
	ask_with(t, HEADERS("If-None-Match: \"other\"", match), "POST", OFREP,
		 "{}", 304);
	scene_close(t);
}
END_TEST

static const struct {
	const char *header;
	const char *method;
	const char *path;
	long status;
} odd_bytes[] = {
	{ "Flagd-Selector: \x84", "GET", "/v1/flags", 404 },
	{ "Flagd-Selector: \xc3", "POST", OFREP, 400 },
	{ "Content-Type: \xff/\xfe", "POST", ENV "/values", 415 },
	{ "Prefer: wait=\xe2\x82", "GET", ENV "/changes?since=\x84", 400 },
	{ "If-Match: \xed\xa0\x80", "PUT", KEY, 412 },
};

/* An answer is JSON whatever bytes it quotes. */
START_TEST(test_header_when_it_is_no_utf8_then_answer_is)
{
	struct toggled *t = scene_open();
	struct answer *answer =
	    ask_with(t, HEADERS(odd_bytes[_i].header), odd_bytes[_i].method,
		     odd_bytes[_i].path, "{}", odd_bytes[_i].status);

	ck_assert(json_is_object(answer_json(answer)));
	scene_close(t);
}
END_TEST

START_TEST(test_match_when_on_two_lines_then_one_list)
{
	struct toggled *t = scene_open();

	put_toggle(t, "new-checkout", "{}");
	ask_with(t, HEADERS("If-Match: \"1\"", "If-Match: \"2\""), "PATCH", KEY,
		 "{\"owner\":\"me\"}", 200);
	ask_with(t, HEADERS("If-Match: \"1\"", "If-Match: \"2\""), "PATCH", KEY,
		 "{\"owner\":\"you\"}", 412);
	scene_close(t);
}
END_TEST

START_TEST(test_encoding_when_on_two_lines_then_one_list)
{
	struct toggled *t = scene_open();
	struct answer *answer;

	for (int i = 0; i < 20; i++)
		put_toggle(t, toggled_text(t, "toggle-%d", i), "{}");
	answer =
	    ask_with(t, HEADERS("Accept-Encoding: br", "Accept-Encoding: gzip"),
		     "GET", ENV "/toggles", NULL, 200);
	ck_assert_str_eq(answer_header(t, answer, "Content-Encoding"), "gzip");
	scene_close(t);
}
END_TEST

START_TEST(test_prefer_when_on_two_lines_then_one_list)
{
	struct toggled *t = scene_open();
	struct answer *answer;

	put_toggle(t, "new-checkout", "{}");
	answer = ask_with(t, HEADERS("Prefer: respond-async", "Prefer: wait=1"),
			  "GET", ENV "/changes?since=2", NULL, 200);
	ck_assert_str_eq(answer_header(t, answer, "Preference-Applied"),
			 "wait");
	scene_close(t);
}
END_TEST

/* What may stand once. */
static const struct {
	const char *name, *value;
	const char *method, *path, *body;
} once[] = {
	{ "Authorization", "Bearer x", "GET", KEY, NULL },
	{ "X-API-Key", "x", "GET", KEY, NULL },
	{ "Content-Type", "application/json", "PATCH", KEY, "{}" },
	{ "Idempotency-Key", "x", "PATCH", KEY, "{}" },
	{ "Change-Comment", "x", "PATCH", KEY, "{}" },
	{ "Toggled-Client", "x", "GET", KEY, NULL },
	{ "If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT", "GET", KEY,
	  NULL },
	{ "Flagd-Selector", "default", "GET", "/v1/flags", NULL },
	{ "Last-Event-ID", "1", "GET", KEY, NULL },
	{ "Host", "localhost", "GET", KEY, NULL },
	{ "Content-Length", "2", "PATCH", KEY, "{}" },
};

START_TEST(test_header_when_it_may_stand_once_then_twice_is_refused_by_name)
{
	struct toggled *t = scene_open();
	const char *line =
	    toggled_text(t, "%s: %s", once[_i].name, once[_i].value);
	struct answer *answer;
	const char *detail;
	struct raw *raw;

	put_toggle(t, "new-checkout", "{}");
	raw = raw_open(t);
	raw_send_text(
	    raw,
	    toggled_text(
		t, "%s %s HTTP/1.1\r\n%s%s%s\r\n%s\r\n\r\n%s", once[_i].method,
		once[_i].path,
		strcmp(once[_i].name, "Host") == 0 ? "" : "Host: localhost\r\n",
		once[_i].body != NULL &&
			strcmp(once[_i].name, "Content-Length") != 0
		    ? "Content-Length: 2\r\n"
		    : "",
		line, line, once[_i].body == NULL ? "" : "{}"));
	answer = raw_answer(raw, SOON);
	ck_assert_int_eq(answer->status, 400);
	detail = json_text_at(answer_json(answer),
			      strstr(once[_i].path, "/ofrep") != NULL
				  ? "/errorDetails"
				  : "/detail");
	expect_says(detail, once[_i].name);
	ck_assert_int_eq(head_revision(t), 2);
	scene_close(t);
}
END_TEST

static const struct {
	const char *method, *path, *body;
	const char *name;
} queries[] = {
	{ "GET", ENV "/toggles?prefix=a&prefix=b", NULL, "prefix" },
	{ "GET", ENV "/toggles?at=1&at=2", NULL, "at" },
	{ "GET", KEY "?at=1&at=2", NULL, "at" },
	{ "GET", ENV "/history?key=a&key=b", NULL, "key" },
	{ "GET", ENV "/history?limit=1&limit=1", NULL, "limit" },
	{ "GET", ENV "/changes?since=1&since=2", NULL, "since" },
	{ "GET", ENV "/changes?since=2&wait=1&wait=2", NULL, "wait" },
	{ "GET", ENV "/values?a=1&a=2", NULL, "a" },
	{ "GET", ENV "/values?a=1&b=2&a=1", NULL, "a" },
	{ "GET", ENV "/values?%61=1&a=2", NULL, "a" },
	{ "GET", ENV "/values?prefix=a&prefix=b", NULL, "prefix" },
	{ "POST", ENV "/values?prefix=a&prefix=b", "{}", "prefix" },
	{ "GET", ENV "/usage?tag=a&tag=b", NULL, "tag" },
	{ "POST", ENV "/evaluate?explain=true&explain", "{}", "explain" },
	{ "PUT", KEY "?dryRun=true&dryRun=false", "{}", "dryRun" },
	{ "POST", ENV "/changes?lenient&lenient", "{\"toggles\":{}}",
	  "lenient" },
	{ "POST", ENV "/rollback?dryRun&dryRun", "{\"to\":1}", "dryRun" },
	{ "POST", OFREP "?flagConfigEtag=a&flagConfigEtag=b", "{}",
	  "flagConfigEtag" },
	{ "GET", ENV "/ofrep/v1/sse?ticket=a&ticket=b", NULL, "ticket" },
	{ "GET", "/v1/flags?x=1&x=2", NULL, "x" },
	{ "GET", "/v1/envs?x=1&x=2", NULL, "x" },
};

START_TEST(test_query_when_a_parameter_stands_twice_then_400_that_names_it)
{
	struct toggled *t = scene_open();
	struct answer *answer;
	json_t *problem;

	put_toggle(t, "new-checkout", "{}");
	answer =
	    ask(t, queries[_i].method, queries[_i].path, queries[_i].body, 400);
	problem = answer_json(answer);
	expect_says(
	    json_text_at(problem, strstr(queries[_i].path, "/ofrep") != NULL
				      ? "/errorDetails"
				      : "/detail"),
	    toggled_text(t, "'%s' stands twice", queries[_i].name));
	ck_assert_int_eq(head_revision(t), 2);
	scene_close(t);
}
END_TEST

/* The next poll of an idle client is taken without libmicrohttpd. */
START_TEST(test_poll_again_when_something_stands_twice_then_refused)
{
	static const char *const again[] = {
		"GET " ENV "/changes?since=2&wait=50ms&wait=50ms HTTP/1.1\r\n"
		"Host: localhost\r\n\r\n",
		"GET " ENV
		"/changes?since=2&wait=50ms HTTP/1.1\r\nHost: localhost\r\n"
		"Toggled-Client: a\r\nToggled-Client: b\r\n\r\n",
	};

	for (int i = 0; i < COUNT(again); i++) {
		struct toggled *t = scene_open();
		struct raw *raw;

		put_toggle(t, "new-checkout", "{}");
		raw = raw_open(t);
		raw_send_text(raw,
			      "GET " ENV "/changes?since=2&wait=50ms HTTP/1.1"
			      "\r\nHost: localhost\r\n\r\n");
		ck_assert_int_eq(raw_answer(raw, SOON)->status, 200);
		raw_send_text(raw, again[i]);
		ck_assert_int_eq(raw_answer(raw, SOON)->status, 400);
		scene_close(t);
	}
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_loop_test(tc, test_header_when_it_is_no_utf8_then_answer_is,
			    0, COUNT(odd_bytes));
	tcase_add_test(tc, test_none_match_when_on_two_lines_then_one_list);
	tcase_add_test(tc, test_match_when_on_two_lines_then_one_list);
	tcase_add_test(tc, test_encoding_when_on_two_lines_then_one_list);
	tcase_add_test(tc, test_prefer_when_on_two_lines_then_one_list);
	tcase_add_loop_test(
	    tc,
	    test_header_when_it_may_stand_once_then_twice_is_refused_by_name, 0,
	    COUNT(once));
	tcase_add_loop_test(
	    tc, test_query_when_a_parameter_stands_twice_then_400_that_names_it,
	    0, COUNT(queries));
	tcase_add_test(
	    tc, test_poll_again_when_something_stands_twice_then_refused);
}

int
main(void)
{
	return scene_main("fields", add);
}

/* Refusals: each a problem document that says what and where. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "scene.h"

#define KEY ENV "/toggles/new-checkout"
#define DEEP8 "[[[[[[[["
#define DEEP40 DEEP8 DEEP8 DEEP8 DEEP8 DEEP8
#define SHUT8 "]]]]]]]]"
#define SHUT40 SHUT8 SHUT8 SHUT8 SHUT8 SHUT8

/* new-checkout and new-search are there. */
static const struct {
	const char *method;
	const char *path;
	const char *body;
	long status;
	const char *slug;
	const char *says;    /* in the detail; NULL: anything */
	const char *pointer; /* of one of the errors; NULL: any or none */
} refusals[] = {
	/* Paths */
	{ "GET", "/nowhere", NULL, 404, "not-found", "/nowhere", NULL },
	{ "GET", "/", NULL, 404, "not-found", NULL, NULL },
	{ "GET", "/v1", NULL, 404, "not-found", NULL, NULL },
	{ "GET", ENV "/toggle", NULL, 404, "not-found", NULL, NULL },
	{ "GET", ENV "/toggles/new-checkot", NULL, 404, "not-found",
	  "did you mean 'new-checkout'", NULL },
	{ "GET", ENV "/toggles/xyz", NULL, 404, "not-found", "'xyz'", NULL },
	{ "GET", ENV "/history/99", NULL, 404, "not-found", "99", NULL },
	/* Methods */
	{ "POST", KEY, "{}", 405, "method-not-allowed", "POST", NULL },
	{ "PATCH", ENV "/toggles", "{}", 405, "method-not-allowed", NULL,
	  NULL },
	{ "DELETE", ENV "/changes", NULL, 405, "method-not-allowed", NULL,
	  NULL },
	{ "BREW", KEY, NULL, 405, "method-not-allowed", NULL, NULL },
	{ "PUT", "/readyz", "{}", 405, "method-not-allowed", NULL, NULL },
	/* Names */
	{ "PUT", ENV "/toggles/a%20b", "{}", 400, "invalid", "A-Z", NULL },
	{ "PUT", ENV "/toggles/a%2Fb", "{}", 400, "invalid", "A-Z", NULL },
	{ "PUT", ENV "/toggles/%C3%A4", "{}", 400, "invalid", "A-Z", NULL },
	{ "PUT", ENV "/segments/a%24", "{}", 400, "invalid", "A-Z", NULL },
	/* Query */
	{ "GET", ENV "/toggles?perfix=a", NULL, 400, "invalid",
	  "did you mean 'prefix'", NULL },
	{ "GET", ENV "/toggles?zzz=1", NULL, 400, "invalid", "'zzz'", NULL },
	{ "PUT", KEY "?dryrun=true", "{}", 400, "invalid",
	  "did you mean 'dryRun'", NULL },
	{ "PUT", KEY "?dryRun=maybe", "{}", 400, "invalid", "maybe", NULL },
	{ "GET", ENV "/changes?since=abc", NULL, 400, "invalid", "abc", NULL },
	{ "GET", ENV "/changes?since=-1", NULL, 400, "invalid", "-1", NULL },
	{ "GET", ENV "/changes?since=1.2.3", NULL, 400, "invalid", NULL, NULL },
	{ "GET", ENV "/changes?since=99999999999999999999", NULL, 400,
	  "invalid", NULL, NULL },
	{ "GET", ENV "/changes?since=1&wait=soon", NULL, 400, "invalid", "soon",
	  NULL },
	{ "GET", ENV "/changes?since=1&wait=-5", NULL, 400, "invalid", "-5",
	  NULL },
	{ "GET", ENV "/changes?since=1&wait=5m", NULL, 400, "invalid", "5m",
	  NULL },
	{ "GET", ENV "/changes?prefix=a%20b", NULL, 400, "invalid", "prefix",
	  NULL },
	{ "GET", ENV "/values?since=x", NULL, 400, "invalid", "'x'", NULL },
	{ "GET", ENV "/history?limit=0", NULL, 400, "invalid", "limit", NULL },
	{ "GET", ENV "/history?limit=1001", NULL, 400, "invalid", "limit",
	  NULL },
	{ "GET", ENV "/history?limit=x", NULL, 400, "invalid", "limit", NULL },
	{ "GET", ENV "/history?before=x", NULL, 400, "invalid", "before",
	  NULL },
	{ "GET", ENV "/history/x", NULL, 400, "invalid", NULL, NULL },
	/* JSON */
	{ "PUT", KEY, "", 400, "invalid", NULL, NULL },
	{ "PUT", KEY, "{\"owner\":\"me\",\n  \"state\" ENABLED}", 400,
	  "invalid", "line 2, column", NULL },
	{ "PUT", KEY, "{", 400, "invalid", "line 1, column", NULL },
	{ "PUT", KEY, "{} {}", 400, "invalid", "line 1, column", NULL },
	{ "PUT", KEY, "[]", 400, "invalid", "object", NULL },
	{ "PUT", KEY, "null", 400, "invalid", "object", NULL },
	{ "PUT", KEY, "{\"owner\":\"a\",\"owner\":\"b\"}", 400, "invalid",
	  "owner", NULL },
	{ "PUT", KEY, "{\"metadata\":{\"a\":1,\"a\":2}}", 400, "invalid",
	  "line 1, column", NULL },
	{ "PUT", KEY, "{\"owner\":\"\\ud800\"}", 400, "invalid",
	  "/owner: ", NULL },
	{ "PUT", KEY, "{\"owner\":\"\xff\"}", 400, "invalid", NULL, NULL },
	{ "PUT", KEY, "{\"owner\":\"a\\u0000b\"}", 400, "invalid", NULL, NULL },
	{ "PUT", KEY, "{\"variants\":{\"a\":1e999}}", 400, "invalid", NULL,
	  NULL },
	{ "PUT", KEY, "{\"targeting\":" DEEP40 SHUT40 "}", 400, "invalid",
	  "deep", NULL },
	{ "POST", ENV "/values", DEEP40 SHUT40, 400, "invalid", "deep", NULL },
	/* Definitions */
	{ "PUT", KEY, "{\"defaultVarient\":\"on\"}", 400, "invalid",
	  "did you mean defaultVariant?", "/defaultVarient" },
	{ "PUT", KEY, "{\"zzz\":1}", 400, "invalid", "zzz", "/zzz" },
	{ "PATCH", KEY, "{\"stat\":\"ENABLED\"}", 400, "invalid",
	  "did you mean state?", "/stat" },
	{ "PUT", KEY, "{\"state\":\"enabled\"}", 400, "invalid", "ENABLED",
	  "/state" },
	{ "PUT", KEY, "{\"state\":true}", 400, "invalid", NULL, "/state" },
	{ "PUT", KEY, "{\"key\":\"other\"}", 400, "invalid", "other", "/key" },
	{ "PUT", KEY, "{\"owner\":7}", 400, "invalid", "integer", "/owner" },
	{ "PUT", KEY, "{\"tags\":\"a\"}", 400, "invalid", NULL, "/tags" },
	{ "PUT", KEY, "{\"tags\":[\"a\",7]}", 400, "invalid", NULL, "/tags/1" },
	{ "PUT", KEY, "{\"variants\":{}}", 400, "invalid", NULL, "/variants" },
	{ "PUT", KEY, "{\"variants\":{\"a\":1,\"b\":\"x\"}}", 400, "invalid",
	  "one type", "/variants/b" },
	{ "PUT", KEY, "{\"variants\":{\"a\":null}}", 400, "invalid", NULL,
	  "/variants/a" },
	{ "PUT", KEY, "{\"variants\":{\"a\":[1]}}", 400, "invalid", NULL,
	  "/variants/a" },
	{ "PUT", KEY, "{\"variants\":{\"a\":9007199254740993}}", 400, "invalid",
	  NULL, "/variants/a" },
	{ "PUT", KEY, "{\"defaultVariant\":\"onn\"}", 400, "invalid",
	  "did you mean on?", "/defaultVariant" },
	{ "PUT", KEY, "{\"type\":\"string\"}", 400, "invalid", NULL, "/type" },
	{ "PUT", KEY, "{\"type\":\"bool\"}", 400, "invalid", NULL, "/type" },
	{ "PUT", KEY, "{\"metadata\":{\"a\":{}}}", 400, "invalid", NULL,
	  "/metadata/a" },
	{ "PUT", KEY, "{\"targeting\":{\"starts_wiht\":[\"a\",\"b\"]}}", 400,
	  "invalid", "starts_with", NULL },
	{ "PUT", KEY, "{\"targeting\":{\"if\":[true,\"up\"]}}", 400, "invalid",
	  "up", NULL },
	{ "PUT", KEY, "{\"targeting\":{\"if\":[{\"$ref\":\"no\"},\"on\"]}}",
	  400, "invalid", "no", NULL },
	/* Changes */
	{ "POST", ENV "/changes", "{\"toggels\":{}}", 400, "invalid",
	  "did you mean toggles?", "/toggels" },
	{ "POST", ENV "/changes", "{\"toggles\":[]}", 400, "invalid", NULL,
	  "/toggles" },
	{ "POST", ENV "/changes", "{\"comment\":1}", 400, "invalid", NULL,
	  "/comment" },
	{ "POST", ENV "/changes", "{\"toggles\":{\"a b\":{}}}", 400, "invalid",
	  NULL, "/toggles/a b" },
	{ "POST", ENV "/changes", "{\"toggles\":{\"a\":7}}", 400, "invalid",
	  NULL, "/toggles/a" },
	{ "POST", ENV "/changes", "{\"flags\":[{\"state\":\"ENABLED\"}]}", 400,
	  "invalid", "key", "/flags/0" },
	/* Rollback */
	{ "POST", ENV "/rollback", "{}", 400, "invalid", "to", NULL },
	{ "POST", ENV "/rollback", "{\"to\":true}", 400, "invalid", NULL,
	  "/to" },
	{ "POST", ENV "/rollback", "{\"to\":\"soon\"}", 400, "invalid", "soon",
	  "/to" },
	{ "POST", ENV "/rollback", "{\"to\":99}", 400, "invalid", "99", NULL },
	{ "POST", ENV "/rollback", "{\"to\":1,\"keys\":[]}", 400, "invalid",
	  NULL, "/keys" },
	{ "POST", ENV "/rollback", "{\"to\":1,\"keys\":[7]}", 400, "invalid",
	  NULL, "/keys/0" },
	{ "POST", ENV "/rollback", "{\"to\":1,\"key\":[]}", 400, "invalid",
	  "did you mean keys?", "/key" },
	{ "POST", ENV "/rollback", "{\"to\":1,\"keys\":[\"never\"]}", 404,
	  "not-found", "never", NULL },
};

START_TEST(test_request_when_wrong_then_problem_says_why)
{
	struct toggled *t = scene_open();
	int64_t before;
	json_t *problem;

	put_toggle(t, "new-checkout", "{}");
	before = put_toggle(t, "new-search", "{}");
	for (int i = 0; i < COUNT(refusals); i++) {
		struct answer *answer =
		    toggled_request(t, refusals[i].method, refusals[i].path,
				    NULL, refusals[i].body);

		/* So that a failure names the row. */
		ck_assert_msg(answer->status == refusals[i].status,
			      "%s %s %s: %ld %s", refusals[i].method,
			      refusals[i].path,
			      refusals[i].body ? refusals[i].body : "",
			      answer->status, answer->body);
		problem = expect_problem(answer, refusals[i].status,
					 refusals[i].slug);
		if (refusals[i].says != NULL)
			expect_says(json_text_at(problem, "/detail"),
				    refusals[i].says);
		if (refusals[i].pointer != NULL)
			ck_assert_msg(
			    problem_points_at(problem, refusals[i].pointer),
			    "%s: no error at %s", answer->body,
			    refusals[i].pointer);
	}
	ck_assert_int_eq(head_revision(t), before);
	scene_close(t);
}
END_TEST

START_TEST(test_method_when_not_there_then_allow_says_which)
{
	static const struct {
		const char *path;
		const char *allow;
	} paths[] = {
		{ KEY, "GET, HEAD, PUT, PATCH, DELETE, OPTIONS" },
		{ ENV "/toggles", "GET, HEAD, OPTIONS" },
		{ ENV "/changes", "GET, HEAD, POST, OPTIONS" },
		{ ENV "/rollback", "POST, OPTIONS" },
		{ "/readyz", "GET, HEAD, OPTIONS" },
	};
	struct toggled *t = scene_open();

	for (int i = 0; i < COUNT(paths); i++) {
		struct answer *refused =
		    toggled_request(t, "BREW", paths[i].path, NULL, NULL);
		struct answer *options =
		    ask(t, "OPTIONS", paths[i].path, NULL, 204);

		expect_problem(refused, 405, "method-not-allowed");
		ck_assert_str_eq(answer_header(t, refused, "Allow"),
				 paths[i].allow);
		ck_assert_str_eq(answer_header(t, options, "Allow"),
				 paths[i].allow);
		ck_assert_uint_eq(options->length, 0);
	}
	ck_assert_int_eq(ask(t, "OPTIONS", "/nowhere", NULL, 404)->status, 404);
	scene_close(t);
}
END_TEST

/* As it was sent, in the answer and in the log, so that a mistake is seen. */
START_TEST(test_method_when_not_there_then_named_as_sent)
{
	static const struct {
		const char *method;
		const char *shown;
	} methods[] = {
		{ "BREW", "BREW" },
		{ "get", "get" },
		{ "POST", "POST" },
		{ "M-SEARCH", "M-SEARCH" },
		{ "AVERYLONGMETHODINDEEDX", "AVERYLONGMETHODINDEE" },
	};
	struct toggled *t = toggled_new();
	struct raw *raw;

	TOGGLED_START(t, "--access-log", "--loops", "1");
	raw = raw_open(t);
	for (int i = 0; i < COUNT(methods); i++) {
		struct answer *answer;

		raw_send_text(
		    raw,
		    toggled_text(t,
				 "%s /healthz HTTP/1.1\r\nHost: localhost\r\n"
				 "Content-Length: 0\r\n\r\n",
				 methods[i].method));
		answer = raw_answer(raw, DEADLINE_ANSWER_MS);
		ck_assert_str_eq(
		    json_text_at(
			expect_problem(answer, 405, "method-not-allowed"),
			"/detail"),
		    toggled_text(t,
				 "%s is not possible here; what is: "
				 "GET, HEAD, OPTIONS",
				 methods[i].shown));
		ck_assert(wait_until_logged(
		    t, toggled_text(t, "method=%s path", methods[i].shown),
		    DEADLINE_ANSWER_MS));
	}
	raw_send_text(raw, "HEAD " ENV
			   "/rollback HTTP/1.1\r\nHost: localhost\r\n\r\n");
	ck_assert_int_eq(raw_answer_head(raw, DEADLINE_ANSWER_MS)->status, 405);
	/* No part of a line, nor one more label for each. */
	raw_send_text(raw,
		      "A\"B=C /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
	ck_assert_int_eq(raw_answer(raw, DEADLINE_ANSWER_MS)->status, 400);
	ck_assert(wait_until_logged(t, "method=ABC path", DEADLINE_ANSWER_MS));
	ck_assert_ptr_null(strstr(toggled_get(t, "/metrics")->body, "BREW"));
	scene_close(t);
}
END_TEST

static const struct {
	const char *type;
	long status;
} types[] = {
	{ "Content-Type: application/json", 200 },
	{ "Content-Type: application/json; charset=utf-8", 200 },
	{ "Content-Type: APPLICATION/JSON", 200 },
	{ "Content-Type: application/merge-patch+json", 200 },
	{ "Content-Type: application/x-www-form-urlencoded", 200 },
	{ "Content-Type:", 200 },
	{ "Content-Type: text/plain", 415 },
	{ "Content-Type: application/xml", 415 },
	{ "Content-Type: multipart/form-data; boundary=x", 415 },
	{ "Content-Type: application/jsonx", 415 },
};

START_TEST(test_body_when_of_that_type_then_taken_or_415)
{
	struct toggled *t = scene_open();
	struct answer *answer;

	put_toggle(t, "new-checkout", "{}");
	answer = ask_with(t, HEADERS(types[_i].type), "PATCH", KEY,
			  "{\"owner\":\"me\"}", types[_i].status);
	if (types[_i].status == 415)
		expect_problem(answer, 415, "unsupported-media-type");
	scene_close(t);
}
END_TEST

static char *
padded(struct toggled *t, size_t length)
{
	char *text = toggled_own(t, malloc(length + 1), free);

	memset(text, ' ', length);
	text[0] = '{';
	text[length - 1] = '}';
	text[length] = '\0';
	return text;
}

static const struct {
	const char *method;
	const char *path;
	size_t limit;
} sizes[] = {
	{ "PUT", KEY, 256 * 1024 },
	{ "PATCH", KEY, 256 * 1024 },
	{ "POST", ENV "/changes", 1024 * 1024 },
};

START_TEST(test_body_when_over_the_limit_then_413)
{
	struct toggled *t = scene_open();
	struct answer *answer;
	struct raw *raw;

	put_toggle(t, "new-checkout", "{}");
	ask(t, sizes[_i].method, sizes[_i].path, padded(t, sizes[_i].limit),
	    200);
	answer = toggled_request(t, sizes[_i].method, sizes[_i].path, NULL,
				 padded(t, sizes[_i].limit + 1));
	expect_problem(answer, 413, "too-large");
	/* Without a length said beforehand. */
	answer = toggled_request(t, sizes[_i].method, sizes[_i].path,
				 HEADERS("Transfer-Encoding: chunked"),
				 padded(t, sizes[_i].limit + 1));
	expect_problem(answer, 413, "too-large");
	/* And at once, where the client asks before it sends. */
	raw = raw_open(t);
	raw_send_text(raw, toggled_text(t,
					"%s %s HTTP/1.1\r\nHost: localhost\r\n"
					"Expect: 100-continue\r\n"
					"Content-Length: %zu\r\n\r\n",
					sizes[_i].method, sizes[_i].path,
					sizes[_i].limit + 1));
	expect_problem(raw_answer(raw, 5000), 413, "too-large");
	scene_close(t);
}
END_TEST

START_TEST(test_name_when_longest_then_taken_and_one_more_is_not)
{
	struct toggled *t = scene_open();
	char name[257];

	memset(name, 'x', sizeof(name));
	name[255] = '\0';
	put_toggle(t, name, "{}");
	name[255] = 'x';
	name[256] = '\0';
	expect_problem(toggled_request(t, "PUT",
				       toggled_text(t, ENV "/toggles/%s", name),
				       NULL, "{}"),
		       400, "invalid");
	put_toggle(t, "A-z.0_9:~-", "{}");
	ck_assert_str_eq(
	    json_text_at(
		ask_json(t, "GET", ENV "/toggles/A-z.0_9%3A~-", NULL, 200),
		"/key"),
	    "A-z.0_9:~-");
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_test(tc, test_request_when_wrong_then_problem_says_why);
	tcase_add_test(tc, test_method_when_not_there_then_allow_says_which);
	tcase_add_test(tc, test_method_when_not_there_then_named_as_sent);
	tcase_add_loop_test(tc, test_body_when_of_that_type_then_taken_or_415,
			    0, COUNT(types));
	tcase_add_loop_test(tc, test_body_when_over_the_limit_then_413, 0,
			    COUNT(sizes));
	tcase_add_test(tc,
		       test_name_when_longest_then_taken_and_one_more_is_not);
}

int
main(void)
{
	return scene_main("errors", add);
}

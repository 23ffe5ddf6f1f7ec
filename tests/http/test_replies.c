/*
 * What every reply has: its headers, its problem document, its length, the id
 * of the request.
 */
#include <check.h>
#include <string.h>

#include "scene.h"

#define T ENV
#define HOST "Host: localhost\r\n"

START_TEST(test_problem_when_refused_then_problem_json)
{
	static const char *const sent[] = {
		"GET /nowhere HTTP/1.1\r\n" HOST "\r\n",
		"POST /healthz HTTP/1.1\r\n" HOST "\r\n",
		"PUT " T "/toggles/a HTTP/1.1\r\n" HOST
		"Content-Type: text/xml\r\nContent-Length: 2\r\n\r\n{}",
		"PUT " T "/toggles/a HTTP/1.1\r\n" HOST
		"Expect: 100-continue\r\nContent-Length: 300000\r\n\r\n",
	};
	static const int status[] = { 404, 405, 415, 413 };
	struct toggled *t = SCENE_OPEN("--loops", "1");

	for (size_t i = 0; i < sizeof(sent) / sizeof(sent[0]); i++) {
		struct raw *raw = raw_open(t);
		struct answer *a;

		ck_assert(raw_send_text(raw, sent[i]));
		a = raw_answer(raw, SOON_MS);
		ck_assert_str_eq(answer_header(t, a, "Content-Type"),
				 "application/problem+json");
		ck_assert_int_eq(json_int_at(answer_json(a), "/status"),
				 status[i]);
		ck_assert_str_eq(answer_header(t, a, "X-Content-Type-Options"),
				 "nosniff");
		ck_assert_str_eq(answer_header(t, a, "Cache-Control"),
				 "no-store");
		ck_assert_ptr_null(answer_header(t, a, "Server"));
	}
	toggled_free(t);
}
END_TEST

START_TEST(test_method_when_options_then_allow_lists_all)
{
	struct toggled *t = SCENE_OPEN("--loops", "1");
	struct answer *a =
	    toggled_request(t, "OPTIONS", T "/toggles/a", NULL, NULL);

	ck_assert_int_eq(a->status, 204);
	ck_assert_str_eq(answer_header(t, a, "Allow"),
			 "GET, HEAD, PUT, PATCH, DELETE, OPTIONS");
	a = toggled_request(t, "POST", "/healthz", NULL, "{}");
	ck_assert_int_eq(a->status, 405);
	ck_assert_str_eq(answer_header(t, a, "Allow"), "GET, HEAD, OPTIONS");
	toggled_free(t);
}
END_TEST

START_TEST(test_head_when_sent_then_length_without_body)
{
	struct toggled *t = SCENE_OPEN("--loops", "1");
	struct raw *raw = raw_open(t);
	struct answer *get = toggled_get(t, T "/toggles");
	struct answer *head;

	ck_assert(
	    raw_send_text(raw, "HEAD " T "/toggles HTTP/1.1\r\n" HOST "\r\n"));
	head = raw_answer_head(raw, SOON_MS);
	ck_assert_int_eq(head->status, 200);
	ck_assert_str_eq(answer_header(t, head, "Content-Length"),
			 answer_header(t, get, "Content-Length"));
	expect_life(raw, false, "head");
	toggled_free(t);
}
END_TEST

#define UUID "3f2b8c1e-0d7a-4c59-9e61-5a4f7b2d8e90"

START_TEST(test_request_id_when_sane_then_echoed_else_made)
{
	static const char *const strange[] = {
		"X-Request-Id: a b",
		"X-Request-Id: 0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef0",
		"X-Request-Id: <x>", NULL
	};
	struct toggled *t = SCENE_OPEN("--loops", "1");
	struct answer *a = toggled_request(
	    t, "GET", "/healthz", HEADERS("X-Request-Id: 0c8f-11_a.b:c"), NULL);

	ck_assert_str_eq(answer_header(t, a, "X-Request-Id"), "0c8f-11_a.b:c");
	a = toggled_request(t, "GET", "/healthz",
			    HEADERS("X-Request-Id: " UUID), NULL);
	ck_assert_str_eq(answer_header(t, a, "X-Request-Id"), UUID);
	for (size_t i = 0; strange[i] != NULL; i++) {
		a = toggled_request(t, "GET", "/healthz", HEADERS(strange[i]),
				    NULL);
		ck_assert_uint_eq(strlen(answer_header(t, a, "X-Request-Id")),
				  16);
	}
	toggled_free(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_test(tc, test_problem_when_refused_then_problem_json);
	tcase_add_test(tc, test_method_when_options_then_allow_lists_all);
	tcase_add_test(tc, test_head_when_sent_then_length_without_body);
	tcase_add_test(tc, test_request_id_when_sane_then_echoed_else_made);
}

int
main(void)
{
	return scene_main("http/replies", add);
}

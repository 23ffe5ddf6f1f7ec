/* What web pages may do: evaluate from anywhere, write from our own only. */
#include <check.h>
#include <string.h>

#include "login.h"

#define ALL "/ofrep/v1/evaluate/flags"
#define ONE ALL "/"
#define SOON 20000
#define KEY ENV "/toggles/new-checkout"

/* The one list, on whatever comes from a path of OFREP's. */
static void
expect_cors(struct toggled *t, const struct answer *answer)
{
	static const char *const exposed[] = { "ETag", "Retry-After",
					       "Preference-Applied",
					       "X-Request-Id" };
	const char *headers =
	    answer_header(t, answer, "Access-Control-Expose-Headers");

	ck_assert_msg(headers != NULL, "no CORS in:\n%s", answer->headers);
	for (int i = 0; i < COUNT(exposed); i++)
		expect_says(headers, exposed[i]);
	ck_assert_str_eq(
	    answer_header(t, answer, "Access-Control-Allow-Origin"), "*");
	/* Twice would be as bad as never. */
	ck_assert_ptr_null(strcasestr(
	    strcasestr(answer->headers, "Allow-Origin") + 1, "Allow-Origin"));
}

static const struct {
	const char *path, *method, *allowed;
} asked[] = {
	{ ALL, "POST", "POST, OPTIONS" },
	{ ONE "a", "POST", "POST, OPTIONS" },
	{ ENV ALL, "POST", "POST, OPTIONS" },
	{ ENV ONE "a", "POST", "POST, OPTIONS" },
	{ ENV "/ofrep/v1/sse", "GET", "GET, HEAD, OPTIONS" },
};

START_TEST(test_browser_when_it_asks_then_it_may)
{
	static const char *const allowed[] = {
		"Content-Type",   "Authorization", "X-API-Key",
		"If-None-Match",  "Prefer",        "Flagd-Selector",
		"Toggled-Client", "Last-Event-ID", "X-Request-Id",
		"traceparent",    "tracestate",    "baggage",
	};
	const char *admin;
	struct toggled *t = open_guarded(0, &admin);

	for (int i = 0; i < COUNT(asked); i++) {
		struct answer *answer = ask_with(
		    t,
		    HEADERS("Origin: https://shop.example",
			    "Access-Control-Request-Method: POST",
			    "Access-Control-Request-Headers: content-type"),
		    "OPTIONS", asked[i].path, NULL, 204);
		const char *headers =
		    answer_header(t, answer, "Access-Control-Allow-Headers");

		for (int h = 0; h < COUNT(allowed); h++)
			expect_says(headers, allowed[h]);
		ck_assert_str_eq(answer_header(t, answer, "Allow"),
				 asked[i].allowed);
		ck_assert_str_eq(
		    answer_header(t, answer, "Access-Control-Allow-Methods"),
		    asked[i].allowed);
		ck_assert_ptr_nonnull(
		    answer_header(t, answer, "Access-Control-Max-Age"));
		expect_cors(t, answer);
	}
	scene_close(t);
}
END_TEST

START_TEST(test_browser_when_answered_then_it_may_read)
{
	struct toggled *t = scene_open();

	put_toggle(t, "a", "{}");
	for (int i = 0; i < COUNT(asked) - 1; i++)
		expect_cors(t, ask_with(t, HEADERS("Origin: http://localhost"),
					"POST", asked[i].path, "{}", 200));
	scene_close(t);
}
END_TEST

/* What is refused before a handler sees it, and what OFREP's clients are told.
 */
static const struct {
	const char *method, *path;
	const char *header, *body;
	bool guarded;
	long status;
	const char *code;
} early[] = {
	{ "POST", ALL, NULL, "{}", true, 401, "GENERAL" },
	{ "GET", ENV "/ofrep/v1/sse?ticket=x", NULL, NULL, true, 401,
	  "GENERAL" },
	{ "POST", ALL, "Authorization: Bearer x", "{}", true, 401, "GENERAL" },
	{ "POST", "/ofrep/v1/nothing", NULL, "{}", false, 404, "GENERAL" },
	{ "POST", "/ofrep", NULL, "{}", false, 404, "GENERAL" },
	{ "POST", ENV "/ofrep/v1/", NULL, "{}", true, 404, "GENERAL" },
	{ "OPTIONS", "/ofrep/v2", NULL, NULL, true, 404, "GENERAL" },
	{ "POST", ONE "a", "Flagd-Selector: no", "{}", false, 404,
	  "FLAG_NOT_FOUND" },
	{ "GET", ALL, NULL, NULL, true, 405, "GENERAL" },
	{ "DELETE", ENV ONE "a", NULL, NULL, true, 405, "GENERAL" },
	{ "POST", ENV "/ofrep/v1/sse", NULL, "{}", false, 405, "GENERAL" },
	{ "POST", ALL, "Content-Length: 300000", "", false, 400,
	  "INVALID_CONTEXT" },
	{ "POST", ALL, "Content-Type: text/plain", "{}", false, 400,
	  "INVALID_CONTEXT" },
	{ "POST", "/ofrep/%zz", NULL, "{}", true, 400, "INVALID_CONTEXT" },
	{ "POST", ALL "?x=1&x=2", NULL, "{}", false, 400, "INVALID_CONTEXT" },
	{ "POST", ALL, "Transfer-Encoding: gzip", "{}", true, 500, "GENERAL" },
	{ "POST", ALL, "Na me: x", "{}", true, 400, "INVALID_CONTEXT" },
};

static struct answer *
send_early(struct toggled *t, int i)
{
	const char *header = early[i].header;
	struct raw *raw = raw_open(t);
	const bool has_length =
	    early[i].body == NULL ||
	    (header != NULL && (strncmp(header, "Content-Length", 14) == 0 ||
				strncmp(header, "Transfer", 8) == 0));

	raw_send_text(raw,
		      toggled_text(t,
				   "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s%s%s"
				   "\r\n%s",
				   early[i].method, early[i].path,
				   header == NULL ? "" : header,
				   header == NULL ? "" : "\r\n",
				   has_length ? "" : "Content-Length: 2\r\n",
				   early[i].body == NULL ? "" : early[i].body));
	if (header != NULL && strstr(header, "300000") != NULL)
		for (int n = 0; n < 300; n++)
			raw_send(raw, toggled_text(t, "%01000d", 0), 1000);
	return raw_answer(raw, SOON);
}

START_TEST(test_early_refusal_when_under_ofrep_then_of_its_form)
{
	const char *admin;
	struct toggled *t =
	    early[_i].guarded ? open_guarded(0, &admin) : scene_open();
	struct answer *answer = send_early(t, _i);

	ck_assert_int_eq(answer->status, early[_i].status);
	expect_cors(t, answer);
	ck_assert_str_eq(answer_header(t, answer, "Content-Type"),
			 "application/json");
	ck_assert_str_eq(json_text_at(answer_json(answer), "/errorCode"),
			 early[_i].code);
	ck_assert_ptr_nonnull(
	    json_text_at(answer_json(answer), "/errorDetails"));
	if (answer->status == 405)
		ck_assert_ptr_nonnull(answer_header(t, answer, "Allow"));
	scene_close(t);
}
END_TEST

START_TEST(test_early_refusal_when_too_many_attempts_then_of_its_form)
{
	const char *admin;
	struct toggled *t = open_guarded(0, &admin);
	struct answer *answer = NULL;

	for (int i = 0; i < 30 && (answer == NULL || answer->status == 401);
	     i++)
		answer = toggled_request(t, "POST", ALL,
					 HEADERS(bearer(t, "wrong")), "{}");
	ck_assert_int_eq(answer->status, 429);
	expect_cors(t, answer);
	ck_assert_ptr_nonnull(answer_header(t, answer, "Retry-After"));
	ck_assert_str_eq(json_text_at(answer_json(answer), "/errorCode"),
			 "GENERAL");
	scene_close(t);
}
END_TEST

/* The body does not come. */
START_TEST(test_early_refusal_when_late_then_of_its_form)
{
	struct toggled *t = SCENE_OPEN("--body-timeout", "1");
	struct raw *raw = raw_open(t);
	struct answer *answer;

	raw_send_text(raw, "POST " ALL " HTTP/1.1\r\nHost: 127.0.0.1\r\n"
			   "Content-Length: 2\r\n\r\n{");
	answer = raw_answer(raw, SOON);
	ck_assert_int_eq(answer->status, 400);
	expect_cors(t, answer);
	ck_assert_str_eq(json_text_at(answer_json(answer), "/errorCode"),
			 "GENERAL");
	scene_close(t);
}
END_TEST

START_TEST(test_write_when_from_another_web_page_then_403)
{
	struct toggled *t = scene_open();

	expect_problem(toggled_request(t, "PUT", KEY,
				       HEADERS("Origin: https://evil.example"),
				       "{}"),
		       403, "forbidden");
	ask_with(t, HEADERS(toggled_text(t, "Origin: %s", t->url)), "PUT", KEY,
		 "{}", 201);
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_test(tc, test_browser_when_it_asks_then_it_may);
	tcase_add_test(tc, test_browser_when_answered_then_it_may_read);
	tcase_add_loop_test(
	    tc, test_early_refusal_when_under_ofrep_then_of_its_form, 0,
	    COUNT(early));
	tcase_add_test(
	    tc, test_early_refusal_when_too_many_attempts_then_of_its_form);
	tcase_add_test(tc, test_early_refusal_when_late_then_of_its_form);
	tcase_add_test(tc, test_write_when_from_another_web_page_then_403);
}

int
main(void)
{
	return scene_main("browser", add);
}

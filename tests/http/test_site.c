/* From which page a request comes, as browsers say it, and which may do what.
 */
#include <check.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "login.h"

#define OFREP "/ofrep/v1/evaluate/flags"
#define FORM "Content-Type: application/x-www-form-urlencoded"
#define SOON 20000

enum { HEADERS_MAX = 4 };

/* On a server without a token. %P: its port. */
static const struct {
	const char *method, *path;
	const char *headers[HEADERS_MAX];
	long status;
} open_cases[] = {
	/* Whoever it is, the name may be made to lead here. */
	{ "GET", "/v1/envs", { "Host: evil.example" }, 403 },
	{ "GET", "/v1/envs", { "Host: evil.example:%P" }, 403 },
	{ "GET", "/v1/envs", { "Host: 127.0.0.1.evil.example" }, 403 },
	{ "GET", "/v1/envs", { "Host: localhost.evil.example:%P" }, 403 },
	{ "GET", ENV "/changes", { "Host: evil.example" }, 403 },
	{ "GET", "/metrics", { "Host: evil.example" }, 403 },
	{ "GET", "/openapi.yaml", { "Host: evil.example" }, 403 },
	{ "PUT", ENV "/toggles/b", { "Host: evil.example" }, 403 },
	{ "POST", OFREP, { "Host: evil.example" }, 403 },
	{ "GET", "/v1/envs", { "Host: localhost" }, 200 },
	{ "GET", "/v1/envs", { "Host: LOCALHOST:%P" }, 200 },
	{ "GET", "/v1/envs", { "Host: 127.0.0.1" }, 200 },
	{ "GET", "/v1/envs", { "Host: [::1]:%P" }, 200 },
	{ "GET", "/v1/envs", { "Host: 192.0.2.7:%P" }, 200 },
	/* What is public is so for all. */
	{ "GET", "/healthz", { "Host: evil.example" }, 200 },
	{ "GET", "/readyz", { "Host: evil.example" }, 200 },
	{ "GET", "/version", { "Host: evil.example" }, 200 },
	{ "GET",
	  "/version",
	  { "Origin: https://evil.example", "Sec-Fetch-Site: cross-site" },
	  200 },

	/* <img src="http://127.0.0.1:8016/v1/backup"> and its kind. */
	{ "GET",
	  "/v1/backup",
	  { "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors",
	    "Sec-Fetch-Dest: image" },
	  403 },
	{ "GET",
	  "/v1/backup",
	  { "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate",
	    "Sec-Fetch-Dest: document" },
	  403 },
	{ "GET", ENV "/values?a=b", { "Sec-Fetch-Site: cross-site" }, 403 },
	{ "GET",
	  ENV "/values?a=b",
	  { "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate",
	    "Sec-Fetch-Dest: iframe" },
	  403 },
	{ "GET", ENV "/changes", { "Sec-Fetch-Site: cross-site" }, 403 },
	{ "GET", ENV "/ofrep/v1/sse", { "Sec-Fetch-Site: cross-site" }, 403 },
	{ "POST",
	  ENV "/evaluate",
	  { "Sec-Fetch-Site: cross-site", "Origin: null", FORM },
	  403 },
	/* Browsers that do not say so yet. */
	{ "POST", ENV "/evaluate", { "Origin: https://evil.example" }, 403 },
	{ "POST",
	  ENV "/values",
	  { "Origin: https://evil.example", FORM },
	  403 },
	{ "GET", ENV "/toggles", { "Origin: https://evil.example" }, 403 },

	/* People: an address that is typed, a link, a page of ours. */
	{ "GET",
	  "/openapi.yaml",
	  { "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate" },
	  200 },
	{ "GET",
	  "/openapi.yaml",
	  { "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors" },
	  403 },
	{ "GET", ENV "/toggles", { "Sec-Fetch-Site: none" }, 200 },
	{ "GET", ENV "/toggles", { "Sec-Fetch-Site: same-origin" }, 200 },
	{ "GET", ENV "/toggles", { "Sec-Fetch-Site: same-site" }, 200 },
	{ "POST",
	  ENV "/evaluate",
	  { "Sec-Fetch-Site: same-origin", "Origin: http://127.0.0.1:%P" },
	  200 },
	/* Programs that say a part of it (undici). */
	{ "POST", ENV "/evaluate", { "Sec-Fetch-Mode: cors" }, 200 },

	/* Writes: another port, scheme or host is another origin. */
	{ "PUT", ENV "/toggles/b", { "Origin: http://127.0.0.1:%P" }, 201 },
	{ "PUT", ENV "/toggles/b", { "Origin: https://127.0.0.1:%P" }, 403 },
	{ "PUT", ENV "/toggles/b", { "Origin: http://127.0.0.1:1" }, 403 },
	{ "PUT", ENV "/toggles/b", { "Origin: http://localhost:%P" }, 403 },
	{ "PUT", ENV "/toggles/b", { "Origin: null" }, 403 },
	/* TLS ends at a proxy, and the browser knows. */
	{ "PUT",
	  ENV "/toggles/b",
	  { "Origin: https://127.0.0.1:%P", "Sec-Fetch-Site: same-origin" },
	  201 },

	/* OFREP: pages of this machine. */
	{ "POST", OFREP, { "Origin: http://localhost:3000" }, 200 },
	{ "POST",
	  OFREP,
	  { "Origin: http://127.0.0.1:5173", "Sec-Fetch-Site: cross-site" },
	  200 },
	{ "POST", OFREP, { "Origin: http://[::1]:5173" }, 200 },
	{ "POST", ENV OFREP, { "Origin: https://localhost" }, 200 },
	{ "POST", OFREP, { "Origin: https://shop.example" }, 403 },
	{ "POST", OFREP, { "Origin: https://localhost.evil.example" }, 403 },
	{ "POST", OFREP, { "Origin: http://192.0.2.7" }, 403 },
	{ "POST", OFREP, { "Origin: null" }, 403 },
	{ "POST", ENV OFREP "/a", { "Origin: https://shop.example" }, 403 },
	/* Nor are they told which environments there are. */
	{ "POST", "/v1/envs/x" OFREP, { "Origin: https://evil.example" }, 403 },
	{ "POST",
	  OFREP,
	  { "Origin: https://evil.example", "Flagd-Selector: x" },
	  403 },
};

static const char *
with_port(struct toggled *t, const char *header)
{
	const char *at = header == NULL ? NULL : strstr(header, "%P");

	if (at == NULL)
		return header;
	return toggled_text(t, "%.*s%d%s", (int)(at - header), header, t->port,
			    at + 2);
}

START_TEST(test_page_when_there_is_no_token_then_as_the_table_says)
{
	struct toggled *t = scene_open();
	const char *headers[HEADERS_MAX + 1] = { NULL };
	struct answer *answer;
	glob_t copies;

	put_toggle(t, "a", "{}");
	for (int i = 0; i < HEADERS_MAX; i++)
		headers[i] = with_port(t, open_cases[_i].headers[i]);
	answer =
	    ask_with(t, headers, open_cases[_i].method, open_cases[_i].path,
		     open_cases[_i].method[0] == 'P' ? "{}" : NULL,
		     open_cases[_i].status);
	if (answer->status == 403 &&
	    strstr(open_cases[_i].path, "ofrep") == NULL)
		expect_problem(answer, 403, "forbidden");
	/* Nothing was copied. */
	ck_assert_int_eq(glob(toggled_path(t, "*.backup-*"), 0, NULL, &copies),
			 GLOB_NOMATCH);
	scene_close(t);
}
END_TEST

/* The target's host goes before the header's. */
START_TEST(test_page_when_the_target_names_a_host_then_that_counts)
{
	struct toggled *t = scene_open();
	struct raw *raw = raw_open(t);

	raw_send_text(raw, "GET http://evil.example/v1/envs HTTP/1.1\r\n"
			   "Host: 127.0.0.1\r\n\r\n");
	ck_assert_int_eq(raw_answer(raw, SOON)->status, 403);
	scene_close(t);
}
END_TEST

/* Also the next poll of an idle client, which the library does not see. */
START_TEST(test_page_when_it_polls_again_then_judged_again)
{
	static const char *const again[] = {
		"Host: evil.example\r\n",
		"Host: 127.0.0.1\r\nSec-Fetch-Site: cross-site\r\n",
	};
	struct toggled *t = scene_open();

	put_toggle(t, "a", "{}");
	for (int i = 0; i < COUNT(again); i++) {
		struct raw *raw = raw_open(t);

		raw_send_text(raw, "GET " ENV "/changes?since=2&wait=50ms "
				   "HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
		ck_assert_int_eq(raw_answer(raw, SOON)->status, 200);
		raw_send_text(raw,
			      toggled_text(t,
					   "GET " ENV "/changes?since=2&wait="
					   "50ms HTTP/1.1\r\n%s\r\n",
					   again[i]));
		ck_assert_int_eq(raw_answer(raw, SOON)->status, 403);
		raw_close(raw);
	}
	scene_close(t);
}
END_TEST

/* Where the network is trusted a name will do, but no other page. */
START_TEST(test_page_when_unauthenticated_is_allowed_then_any_host)
{
	struct toggled *t = SCENE_OPEN("--allow-unauthenticated");
	const char *const host = "Host: toggles.corp.example";

	ask_with(t, HEADERS(host), "GET", "/v1/envs", NULL, 200);
	ask_with(t, HEADERS(host), "PUT", ENV "/toggles/a", "{}", 201);
	ask_with(t, HEADERS(host, "Sec-Fetch-Site: cross-site"), "GET",
		 "/v1/backup", NULL, 403);
	ask_with(t, HEADERS(host, "Origin: http://toggles.corp.example"), "PUT",
		 ENV "/toggles/a", "{}", 403);
	scene_close(t);
}
END_TEST

START_TEST(test_page_when_by_unix_socket_then_any_host)
{
	struct toggled *t = toggled_new();

	(void)snprintf(t->unix_path, sizeof(t->unix_path), "%s",
		       toggled_path(t, "s"));
	TOGGLED_START(t, "--listen", toggled_text(t, "unix:%s", t->unix_path));
	ask_with(t, HEADERS("Host: anything"), "GET", "/v1/envs", NULL, 200);
	scene_close(t);
}
END_TEST

/* --- with tokens ---------------------------------------------------------- */

static const struct {
	const char *origins; /* the setting; NULL: none */
	const char *origin;
	long client, viewer; /* what their tokens are answered */
} settings[] = {
	{ NULL, "https://shop.example", 200, 403 },
	{ NULL, "null", 200, 403 },
	{ NULL, "http://localhost:3000", 200, 200 },
	{ "[]", "https://shop.example", 403, 403 },
	{ "[]", "http://localhost:3000", 403, 403 },
	{ "[\"*\"]", "https://shop.example", 200, 200 },
	{ "[\"https://a.example\",\"https://shop.example\"]",
	  "https://shop.example", 200, 200 },
	{ "[\"https://shop.example\"]", "HTTPS://SHOP.example", 200, 200 },
	{ "[\"https://shop.example\"]", "http://shop.example", 403, 403 },
	{ "[\"https://shop.example\"]", "https://shop.example.evil", 403, 403 },
	{ "[\"https://shop.example\"]", "https://www.shop.example", 403, 403 },
};

static void
ask_from(struct toggled *t, const char *who, const char *origin, long status)
{
	static const char *const paths[] = { OFREP, ENV OFREP, ENV OFREP "/a" };
	const char *from = toggled_text(t, "Origin: %s", origin);

	for (int i = 0; i < COUNT(paths); i++) {
		struct answer *answer = ask_with(t, HEADERS(who, from), "POST",
						 paths[i], "{}", status);

		/* A page reads also why not. */
		ck_assert_str_eq(
		    answer_header(t, answer, "Access-Control-Allow-Origin"),
		    "*");
		if (status == 403)
			expect_says(
			    json_text_at(answer_json(answer), "/errorDetails"),
			    "corsOrigins");
	}
}

START_TEST(test_page_when_the_environment_names_origins_then_those)
{
	const char *admin;
	struct toggled *t = open_guarded(0, &admin);
	const char *origins = settings[_i].origins;
	const char *client =
	    bearer(t, make_token(t, admin,
				 "{\"name\":\"c\",\"role\":\"client\","
				 "\"environments\":[\"default\"]}",
				 NULL));
	const char *viewer =
	    bearer(t, make_token(t, admin,
				 "{\"name\":\"v\",\"role\":\"viewer\","
				 "\"environments\":[\"default\"]}",
				 NULL));

	ask_with(t, HEADERS(admin), "PUT", ENV "/toggles/a", "{}", 201);
	if (origins != NULL)
		ask_with(t, HEADERS(admin), "PUT", ENV,
			 toggled_text(t, "{\"corsOrigins\":%s}", origins), 200);
	for (int life = 0; life < 2; life++) {
		ask_from(t, client, settings[_i].origin, settings[_i].client);
		ask_from(t, viewer, settings[_i].origin, settings[_i].viewer);
		/* Who is no page is not asked. */
		ask_with(t, HEADERS(viewer), "POST", OFREP, "{}", 200);
		ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
		toggled_start(t, NULL);
	}
	scene_close(t);
}
END_TEST

/* A page has to show a token, which no page can do unasked. */
START_TEST(test_page_when_a_token_is_shown_then_host_and_site_do_not_matter)
{
	const char *admin;
	struct toggled *t = open_guarded(0, &admin);

	ask_with(t, HEADERS(admin, "Host: toggles.example"), "GET", "/v1/envs",
		 NULL, 200);
	ask_with(t, HEADERS(admin, "Sec-Fetch-Site: cross-site"), "GET",
		 "/v1/envs", NULL, 200);
	scene_close(t);
}
END_TEST

static const char *const malformed[] = {
	"\"*\"",
	"{}",
	"[1]",
	"[\"shop.example\"]",
	"[\"://shop.example\"]",
	"[\"1://shop.example\"]",
	"[\"https://a b\"]",
	"[\"https://\u00e4\"]",
	"[\"https://\"]",
	"[\"https://shop.example/\"]",
	"[\"https://*.shop.example\"]",
	"[\"https://a.example,https://b.example\"]",
	"[\"\"]",
};

START_TEST(test_origins_when_malformed_then_a_pointer)
{
	struct toggled *t = scene_open();
	json_t *problem = expect_problem(
	    toggled_request(
		t, "PUT", ENV, NULL,
		toggled_text(t, "{\"corsOrigins\":%s}", malformed[_i])),
	    400, "invalid");

	ck_assert(problem_points_at(problem, malformed[_i][0] == '['
						 ? "/corsOrigins/0"
						 : "/corsOrigins"));
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_loop_test(
	    tc, test_page_when_there_is_no_token_then_as_the_table_says, 0,
	    COUNT(open_cases));
	tcase_add_test(tc,
		       test_page_when_the_target_names_a_host_then_that_counts);
	tcase_add_test(tc, test_page_when_it_polls_again_then_judged_again);
	tcase_add_test(tc,
		       test_page_when_unauthenticated_is_allowed_then_any_host);
	tcase_add_test(tc, test_page_when_by_unix_socket_then_any_host);
	tcase_add_loop_test(
	    tc, test_page_when_the_environment_names_origins_then_those, 0,
	    COUNT(settings));
	tcase_add_test(
	    tc,
	    test_page_when_a_token_is_shown_then_host_and_site_do_not_matter);
	tcase_add_loop_test(tc, test_origins_when_malformed_then_a_pointer, 0,
			    COUNT(malformed));
}

int
main(void)
{
	return scene_main("site", add);
}

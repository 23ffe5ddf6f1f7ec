/* What web pages may do: evaluate from anywhere, write from our own only. */
#include <check.h>
#include <string.h>

#include "scene.h"

#define ALL "/ofrep/v1/evaluate/flags"
#define ONE ALL "/"
#define KEY ENV "/toggles/new-checkout"

START_TEST(test_browser_when_it_asks_then_it_may)
{
	static const char *const paths[] = { ALL, ONE "a", ENV ALL,
					     ENV ONE "a" };
	static const char *const allowed[] = {
		"Content-Type",  "Authorization",  "X-API-Key",
		"If-None-Match", "Flagd-Selector", "Prefer",
	};
	struct toggled *t = scene_open();

	put_toggle(t, "a", "{}");
	for (int i = 0; i < COUNT(paths); i++) {
		struct answer *answer = ask_with(
		    t,
		    HEADERS("Origin: https://shop.example",
			    "Access-Control-Request-Method: POST",
			    "Access-Control-Request-Headers: content-type"),
		    "OPTIONS", paths[i], NULL, 204);
		const char *headers =
		    answer_header(t, answer, "Access-Control-Allow-Headers");

		for (int h = 0; h < COUNT(allowed); h++)
			expect_says(headers, allowed[h]);
		expect_says(
		    answer_header(t, answer, "Access-Control-Allow-Methods"),
		    "POST");
		ck_assert_str_eq(
		    answer_header(t, answer, "Access-Control-Allow-Origin"),
		    "*");
		ck_assert_ptr_nonnull(
		    answer_header(t, answer, "Access-Control-Max-Age"));
		answer = ask_with(t, HEADERS("Origin: https://shop.example"),
				  "POST", paths[i], "{}", 200);
		ck_assert_str_eq(
		    answer_header(t, answer, "Access-Control-Allow-Origin"),
		    "*");
		/* Twice would be as bad as never. */
		ck_assert_ptr_null(
		    strcasestr(strcasestr(answer->headers, "Allow-Origin") + 1,
			       "Allow-Origin"));
		expect_says(
		    answer_header(t, answer, "Access-Control-Expose-Headers"),
		    "ETag, Retry-After");
	}
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
	tcase_add_test(tc, test_write_when_from_another_web_page_then_403);
}

int
main(void)
{
	return scene_main("browser", add);
}

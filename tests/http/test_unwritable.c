/*
 * Every change is refused: who watches is told for as long as it is so, and why
 * where they may know.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "login.h"
#include "scene.h"

#define ENV "/v1/envs/default"

struct readiness {
	struct toggled *t;
	bool is_writable;
};

static bool
is_so(void *ctx)
{
	const struct readiness *r = ctx;
	json_t *body =
	    answer_json(toggled_request(r->t, "GET", "/readyz", NULL, NULL));

	return (json_object_get(body, "writable") == NULL) == r->is_writable;
}

static void
wait_for_readiness(struct toggled *t, bool is_writable)
{
	struct readiness r = { t, is_writable };

	ck_assert(wait_until(is_so, &r, DEADLINE_ANSWER_MS));
}

/* The file goes and comes back; nobody writes meanwhile. */
START_TEST(test_ready_when_nothing_can_be_written_then_says_so_until_it_can)
{
	const char *admin = NULL;
	struct toggled *t = open_guarded(0, &admin);
	const char *kept = toggled_path(t, "kept.db");
	json_t *body;

	ask_with(t, HEADERS(admin), "PUT", ENV "/toggles/a", "{}", 201);
	body = ask_json(t, "GET", "/readyz", NULL, 200);
	expect_json(body, "{\"status\":\"ready\"}");
	ck_assert_int_eq(metric_as(t, admin, "toggled_store_writable"), 1);
	ck_assert_int_eq(rename(t->database, kept), 0);
	ask_with(t, HEADERS(admin), "PUT", ENV "/toggles/b", "{}", 500);
	body = ask_json(t, "GET", "/readyz", NULL, 200);
	expect_json(body, "{\"status\":\"ready\",\"degraded\":true,"
			  "\"writable\":false}");
	body = answer_json(
	    ask_with(t, HEADERS(admin), "GET", "/readyz", NULL, 200));
	expect_says(json_text_at(body, "/writeError"), "removed or replaced");
	ck_assert_int_eq(metric_as(t, admin, "toggled_store_writable"), 0);
	ask_with(t, HEADERS(admin), "GET", ENV "/toggles/a", NULL, 200);
	ck_assert_int_eq(rename(kept, t->database), 0);
	wait_for_readiness(t, true);
	ck_assert_int_eq(metric_as(t, admin, "toggled_store_writable"), 1);
	ask_with(t, HEADERS(admin), "PUT", ENV "/toggles/b", "{}", 201);
	scene_close(t);
}
END_TEST

/* A write says so first, where it comes before the next try. */
START_TEST(test_ready_when_a_write_goes_through_then_at_once)
{
	struct toggled *t = scene_open();
	const char *kept = toggled_path(t, "kept.db");

	ck_assert_int_eq(rename(t->database, kept), 0);
	ask(t, "PUT", ENV "/toggles/b", "{}", 500);
	wait_for_readiness(t, false);
	ck_assert_int_eq(rename(kept, t->database), 0);
	ask(t, "PUT", ENV "/toggles/b", "{}", 201);
	ck_assert_ptr_null(json_object_get(
	    ask_json(t, "GET", "/readyz", NULL, 200), "writable"));
	scene_close(t);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_test(
	    tc,
	    test_ready_when_nothing_can_be_written_then_says_so_until_it_can);
	tcase_add_test(tc, test_ready_when_a_write_goes_through_then_at_once);
}

int
main(void)
{
	return scene_main("unwritable", add);
}

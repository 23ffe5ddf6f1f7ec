/* Environments: made, read, removed, and apart from one another. */
#include <check.h>
#include <string.h>

#include "scene.h"

#define STAGING "/v1/envs/staging"

START_TEST(test_environment_when_put_without_a_body_then_made_with_defaults)
{
	struct toggled *t = scene_open();
	struct answer *answer = ask(t, "PUT", STAGING, NULL, 201);

	ck_assert_str_eq(json_text_at(answer_json(answer), "/fractional"),
			 "v2");
	/* A toggle's defaults have to be asked for. */
	ask(t, "PUT", STAGING "/toggles/a", NULL, 400);
	scene_close(t);
}
END_TEST

START_TEST(test_environment_when_put_then_there)
{
	struct toggled *t = scene_open();
	struct answer *answer = ask(
	    t, "PUT", STAGING,
	    "{\"description\":\"before production\",\"metadata\":{\"a\":1}}",
	    201);
	json_t *all;

	ck_assert_str_eq(answer_header(t, answer, "Location"), STAGING);
	ck_assert_str_eq(json_text_at(answer_json(answer), "/name"), "staging");
	ck_assert_str_eq(json_text_at(answer_json(answer), "/fractional"),
			 "v2");
	ck_assert(json_equal(answer_json(answer),
			     ask_json(t, "GET", STAGING, NULL, 200)));
	ask(t, "PUT", STAGING, "{\"fractional\":\"v3\"}", 200);
	all = ask_json(t, "GET", "/v1/envs", NULL, 200);
	ck_assert_uint_eq(json_object_size(json_at(all, "/environments")), 2);
	ck_assert_str_eq(json_text_at(all, "/environments/staging/fractional"),
			 "v3");
	ck_assert_ptr_nonnull(json_at(all, "/environments/default"));
	ask_with(t, HEADERS("If-None-Match: *"), "PUT", STAGING, "{}", 412);
	scene_close(t);
}
END_TEST

static const struct {
	const char *path;
	const char *body;
	const char *pointer; /* NULL: it is the path */
} wrong[] = {
	{ "/v1/envs/.hidden", "{}", NULL },
	{ "/v1/envs/a%20b", "{}", NULL },
	{ "/v1/envs/a:b", "{}", NULL },
	{ STAGING, "{\"fractional\":\"v1\"}", "/fractional" },
	{ STAGING, "{\"metadata\":{\"a\":[]}}", "/metadata/a" },
	{ STAGING, "{\"metadata\":{\"flagSetId\":\"x\"}}", "/metadata" },
	{ STAGING, "{\"descripton\":\"x\"}", "/descripton" },
};

START_TEST(test_environment_when_wrong_then_400)
{
	struct toggled *t = scene_open();
	json_t *problem = expect_problem(
	    toggled_request(t, "PUT", wrong[_i].path, NULL, wrong[_i].body),
	    400, "invalid");

	if (wrong[_i].pointer != NULL)
		ck_assert(problem_points_at(problem, wrong[_i].pointer));
	ck_assert_int_eq(head_revision(t), 1);
	scene_close(t);
}
END_TEST

START_TEST(test_environments_when_written_then_apart)
{
	struct toggled *t = scene_open();
	int64_t before;

	ask(t, "PUT", STAGING, "{}", 201);
	put_toggle(t, "a", "{\"owner\":\"default\"}");
	ask(t, "PUT", STAGING "/toggles/a", "{\"owner\":\"staging\"}", 201);
	before = head_revision(t);
	ck_assert_str_eq(
	    json_text_at(ask_json(t, "GET", ENV "/toggles/a", NULL, 200),
			 "/owner"),
	    "default");
	/* One order of revisions for all, and each has its own history. */
	ask(t, "PUT", STAGING "/toggles/b", "{}", 201);
	ck_assert_int_eq(head_revision(t), before + 1);
	ask(t, "GET", ENV "/toggles/b", NULL, 404);
	ck_assert_int_eq(
	    json_int_at(ask_json(t, "GET", ENV "/history?limit=1", NULL, 200),
			"/changes/0/revision"),
	    before - 1);
	ck_assert_int_eq(
	    json_int_at(ask_json(t, "GET", ENV "/changes", NULL, 200),
			"/revision"),
	    before - 1);
	expect_problem(toggled_get(t, ENV "/history/4"), 404, "not-found");
	scene_close(t);
}
END_TEST

START_TEST(test_environment_when_removed_then_all_of_it_is_gone)
{
	struct toggled *t = scene_open();
	const char *cursor;
	json_t *feed;

	ask(t, "PUT", STAGING, "{}", 201);
	ask(t, "PUT", STAGING "/toggles/a", "{}", 201);
	cursor = json_text_at(ask_json(t, "GET", STAGING "/changes", NULL, 200),
			      "/cursor");
	ask(t, "DELETE", STAGING "?name=staging", NULL, 200);
	expect_problem(toggled_get(t, STAGING), 404, "not-found");
	expect_problem(toggled_get(t, STAGING "/toggles"), 404, "not-found");
	expect_problem(
	    toggled_request(t, "PUT", STAGING "/toggles/b", NULL, "{}"), 404,
	    "not-found");
	expect_problem(toggled_request(t, "DELETE", STAGING, NULL, NULL), 404,
		       "not-found");
	/* A new one of that name is empty, and old cursors learn of it. */
	ask(t, "PUT", STAGING, "{}", 201);
	feed = ask_json(
	    t, "GET",
	    toggled_text(t, STAGING "/changes?since=%s&wait=10", cursor), NULL,
	    200);
	ck_assert(json_bool_at(feed, "/full"));
	ck_assert_uint_eq(json_object_size(json_at(feed, "/toggles")), 0);
	scene_close(t);
}
END_TEST

START_TEST(test_default_environment_when_removed_then_409)
{
	struct toggled *t = scene_open();

	put_toggle(t, "a", "{}");
	expect_problem(toggled_request(t, "DELETE", ENV, NULL, NULL), 409,
		       "conflict");
	ask(t, "GET", ENV "/toggles/a", NULL, 200);
	scene_close(t);
}
END_TEST

START_TEST(test_environment_when_unknown_then_404_with_a_hint)
{
	struct toggled *t = scene_open();
	static const char *const paths[] = {
		"/v1/envs/defualt/toggles",   "/v1/envs/defualt/changes",
		"/v1/envs/defualt/values",    "/v1/envs/defualt/history",
		"/v1/envs/defualt/toggles/a", "/v1/envs/defualt/flags",
		"/v1/envs/defualt",
	};

	for (int i = 0; i < COUNT(paths); i++) {
		json_t *problem =
		    expect_problem(toggled_get(t, paths[i]), 404, "not-found");

		expect_says(json_text_at(problem, "/detail"), "default");
	}
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_test(
	    tc,
	    test_environment_when_put_without_a_body_then_made_with_defaults);
	tcase_add_test(tc, test_environment_when_put_then_there);
	tcase_add_loop_test(tc, test_environment_when_wrong_then_400, 0,
			    COUNT(wrong));
	tcase_add_test(tc, test_environments_when_written_then_apart);
	tcase_add_test(tc,
		       test_environment_when_removed_then_all_of_it_is_gone);
	tcase_add_test(tc, test_default_environment_when_removed_then_409);
	tcase_add_test(tc, test_environment_when_unknown_then_404_with_a_hint);
}

int
main(void)
{
	return scene_main("environments", add);
}

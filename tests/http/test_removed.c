/*
 * An environment that was removed: who did it can be read, and it is brought
 * back in one change, with the life it had. One that is only made again under
 * the name begins another.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "login.h"

#define SHOP "/v1/envs/shop"

/* `shop` with two toggles, a segment and settings, removed by ann. */
struct gone {
	struct toggled *t;
	const char *admin, *editor, *viewer;
	int64_t made, before, removed; /* revisions */
	const char *cursor;            /* of a client, before */
};

static json_t *
as(struct gone *g, const char *who, const char *method, const char *path,
   const char *body, long status)
{
	return answer_json(
	    ask_with(g->t, HEADERS(who), method, path, body, status));
}

static int64_t
revision_of(json_t *answer)
{
	return json_int_at(answer, "/revision");
}

static int
count_of(json_t *answer)
{
	return (int)json_array_size(json_at(answer, "/changes"));
}

static const char *
rollback_to(struct gone *g, int64_t revision)
{
	return toggled_text(g->t,
			    "{\"to\":%d,\"comment\":\"it was a mistake\"}",
			    (int)revision);
}

static struct gone
remove_shop(void)
{
	struct gone g = { 0 };

	g.t = open_guarded(0, &g.admin);
	g.made = revision_of(
	    as(&g, g.admin, "PUT", SHOP, "{\"description\":\"sells\"}", 201));
	g.editor = bearer(g.t, make_token(g.t, g.admin,
					  "{\"name\":\"e\",\"role\":\"editor\","
					  "\"environments\":[\"shop\"]}",
					  NULL));
	g.viewer = bearer(g.t, make_token(g.t, g.admin,
					  "{\"name\":\"v\",\"role\":\"viewer\","
					  "\"environments\":[\"shop\"]}",
					  NULL));
	as(&g, g.admin, "PUT", SHOP "/segments/s", "{\"var\":\"x\"}", 201);
	as(&g, g.editor, "PUT", SHOP "/toggles/a",
	   "{\"targeting\":{\"if\":[{\"$ref\":\"s\"},\"on\"]}}", 201);
	g.before = revision_of(as(&g, g.editor, "PUT", SHOP "/toggles/b",
				  "{\"owner\":\"me\"}", 201));
	g.cursor = toggled_text(
	    g.t, "%s",
	    json_text_at(as(&g, g.viewer, "GET", SHOP "/changes", NULL, 200),
			 "/cursor"));
	g.removed = revision_of(
	    as(&g, g.admin, "DELETE", SHOP "?name=shop", NULL, 200));
	return g;
}

static void
restart(struct gone *g)
{
	ck_assert_int_eq(toggled_stop(g->t, SIGTERM), 0);
	toggled_start(g->t, NULL);
}

START_TEST(test_history_when_environment_is_removed_then_admins_read_who_did_it)
{
	struct gone g = remove_shop();
	json_t *page = as(&g, g.admin, "GET", SHOP "/history", NULL, 200);

	ck_assert_int_eq(json_int_at(page, "/changes/0/revision"), g.removed);
	ck_assert_str_eq(json_text_at(page, "/changes/0/actor"), "ann");
	ck_assert(
	    json_is_null(json_at(page, "/changes/0/environments/shop/after")));
	ck_assert_str_eq(
	    json_text_at(page, "/changes/0/toggles/b/before/owner"), "me");
	ck_assert_int_eq(count_of(page), 5);
	ck_assert_str_eq(json_text_at(as(&g, g.admin, "GET",
					 toggled_text(g.t, SHOP "/history/%d",
						      (int)g.removed),
					 NULL, 200),
				      "/actor"),
			 "ann");
	page = as(&g, g.admin, "GET", "/v1/history?limit=1", NULL, 200);
	ck_assert_int_eq(json_int_at(page, "/changes/0/revision"), g.removed);
	ck_assert_str_eq(json_text_at(page, "/changes/0/environment"), "shop");
	/* Its own people are told what everybody is: it is not there. */
	as(&g, g.viewer, "GET", SHOP "/history", NULL, 404);
	as(&g, g.editor, "POST", SHOP "/rollback", rollback_to(&g, g.before),
	   404);
	/* What never was has no history, and what is reserved none here. */
	as(&g, g.admin, "GET", "/v1/envs/nowhere/history", NULL, 404);
	as(&g, g.admin, "GET", "/v1/envs/nowhere/history/1", NULL, 404);
	as(&g, g.admin, "GET", "/v1/envs/.access/history", NULL, 404);
	as(&g, g.admin, "POST", "/v1/envs/nowhere/rollback", "{\"to\":1}", 404);
	as(&g, g.admin, "POST", "/v1/envs/.access/rollback", "{\"to\":2}", 404);
	scene_close(g.t);
}
END_TEST

/* Everything but revisions and stamps. */
static void
expect_shop(struct gone *g)
{
	json_t *all = as(g, g->viewer, "GET", SHOP "/toggles", NULL, 200);

	ck_assert_uint_eq(json_object_size(json_at(all, "/toggles")), 2);
	ck_assert_str_eq(json_text_at(all, "/toggles/b/owner"), "me");
	ck_assert_ptr_nonnull(json_at(all, "/toggles/a/targeting/if"));
	ck_assert_str_eq(json_text_at(all, "/segments/s/var"), "x");
	ck_assert_str_eq(json_text_at(as(g, g->viewer, "GET", SHOP, NULL, 200),
				      "/description"),
			 "sells");
}

/* Its people see all of its life, from `made` on. */
static void
expect_a_life(struct gone *g, int64_t made, int changes)
{
	json_t *page = as(g, g->viewer, "GET", SHOP "/history", NULL, 200);

	ck_assert_int_eq(count_of(page), changes);
	ck_assert_int_eq(
	    json_int_at(
		page, toggled_text(g->t, "/changes/%d/revision", changes - 1)),
	    made);
	as(g, g->viewer, "GET",
	   toggled_text(g->t, SHOP "/toggles?at=%d", (int)made), NULL, 200);
	as(g, g->viewer, "GET",
	   toggled_text(g->t, SHOP "/toggles?at=%d", (int)made - 1), NULL, 404);
}

START_TEST(
    test_rollback_when_environment_is_removed_then_made_again_in_one_change)
{
	struct gone g = remove_shop();
	const char *moment = rollback_to(&g, g.before);
	json_t *answer, *delta;

	answer =
	    as(&g, g.admin, "POST", SHOP "/rollback?dryRun=true", moment, 200);
	ck_assert_int_eq(revision_of(answer), g.removed + 1);
	as(&g, g.admin, "GET", SHOP, NULL, 404);
	answer = as(&g, g.admin, "POST", SHOP "/rollback", moment, 200);
	ck_assert_int_eq(revision_of(answer), g.removed + 1);
	ck_assert_int_eq(json_int_at(answer, "/to/revision"), g.before);
	ck_assert(json_is_null(json_at(answer, "/environments/shop/before")));
	ck_assert_ptr_nonnull(json_at(answer, "/toggles/a/after"));
	expect_shop(&g);
	expect_a_life(&g, g.made, 6);
	/* Who was away meanwhile gets all of it, and never "nothing". */
	delta = as(&g, g.viewer, "GET",
		   toggled_text(g.t, SHOP "/changes?since=%s", g.cursor), NULL,
		   200);
	ck_assert(json_bool_at(delta, "/full"));
	ck_assert_uint_eq(json_object_size(json_at(delta, "/toggles")), 2);
	restart(&g);
	expect_shop(&g);
	expect_a_life(&g, g.made, 6);
	ck_assert_ptr_null(strstr(toggled_log(g.t), "a later release"));
	/* And once more. */
	as(&g, g.admin, "DELETE", SHOP "?name=shop", NULL, 200);
	as(&g, g.admin, "POST", SHOP "/rollback", moment, 200);
	restart(&g);
	expect_a_life(&g, g.made, 8);
	scene_stop(g.t);
	ck_assert_int_eq(
	    TOGGLED_RUN(g.t, "verify", "--database", g.t->database)->status, 0);
	toggled_free(g.t);
}
END_TEST

/* A PUT begins another life, also after a rollback had kept the first. */
START_TEST(test_environment_when_put_again_then_another_life)
{
	struct gone g = remove_shop();
	int64_t made;

	as(&g, g.admin, "POST", SHOP "/rollback", rollback_to(&g, g.before),
	   200);
	as(&g, g.admin, "DELETE", SHOP "?name=shop", NULL, 200);
	made = revision_of(as(&g, g.admin, "PUT", SHOP, "{}", 201));
	expect_a_life(&g, made, 1);
	restart(&g);
	expect_a_life(&g, made, 1);
	/* An admin goes back to the former one, which then goes on. */
	as(&g, g.admin, "DELETE", SHOP "?name=shop", NULL, 200);
	as(&g, g.admin, "POST", SHOP "/rollback", rollback_to(&g, g.before),
	   200);
	expect_shop(&g);
	expect_a_life(&g, g.made, 10);
	restart(&g);
	expect_a_life(&g, g.made, 10);
	scene_close(g.t);
}
END_TEST

START_TEST(test_rollback_when_removed_and_not_possible_then_said)
{
	struct gone g = remove_shop();
	const char *keys =
	    toggled_text(g.t, "{\"to\":%d,\"keys\":[\"a\"]}", (int)g.before);

	expect_says(
	    json_text_at(as(&g, g.admin, "POST", SHOP "/rollback", keys, 409),
			 "/detail"),
	    "as a whole");
	/* When it was not there. */
	as(&g, g.admin, "POST", SHOP "/rollback", rollback_to(&g, g.made - 1),
	   400);
	as(&g, g.admin, "POST", SHOP "/rollback", rollback_to(&g, g.removed),
	   400);
	as(&g, g.admin, "POST", SHOP "/rollback", rollback_to(&g, 99), 400);
	as(&g, g.admin, "POST", SHOP "/rollback", "{\"to\":\"-1d\"}", 400);
	as(&g, g.admin, "GET", SHOP, NULL, 404);
	scene_close(g.t);
}
END_TEST

/* --- the history of all --------------------------------------------------- */

START_TEST(test_history_of_all_when_asked_then_every_change_once)
{
	struct gone g = remove_shop();
	const char *path = "/v1/history?limit=3";
	int64_t expected = g.removed;

	while (path != NULL) {
		json_t *page = as(&g, g.admin, "GET", path, NULL, 200);
		json_t *change;
		size_t i;

		json_array_foreach(json_at(page, "/changes"), i, change)
		{
			ck_assert_int_eq(revision_of(change), expected--);
		}
		path = json_is_null(json_at(page, "/next"))
			   ? NULL
			   : toggled_text(g.t, "/v1/history?limit=3&before=%d",
					  (int)json_int_at(page, "/next"));
	}
	ck_assert_int_eq(expected, 0);
	as(&g, g.editor, "GET", "/v1/history", NULL, 403);
	as(&g, g.editor, "GET", "/v1/history/1", NULL, 403);
	as(&g, g.admin, "GET", "/v1/history/99", NULL, 404);
	ck_assert_str_eq(
	    json_text_at(as(&g, g.admin, "GET", "/v1/history/1", NULL, 200),
			 "/environment"),
	    "default");
	scene_close(g.t);
}
END_TEST

/* Who made which token can be read; what would log in cannot. */
START_TEST(test_history_of_all_when_tokens_are_made_then_shown_without_secrets)
{
	struct gone g = remove_shop();
	struct answer *answer =
	    ask_with(g.t, HEADERS(g.admin), "GET", "/v1/history", NULL, 200);
	json_t *change;
	size_t i;
	int made = 0;

	json_array_foreach(json_at(answer_json(answer), "/changes"), i, change)
	{
		made += (int)json_object_size(json_at(change, "/tokens"));
		if (json_at(change, "/tokens") != NULL)
			ck_assert_str_eq(json_text_at(change, "/environment"),
					 ".access");
	}
	ck_assert_int_eq(made, 3);
	ck_assert_ptr_null(strstr(answer->body, "tgd_"));
	ck_assert_ptr_null(strstr(answer->body, "sha256"));
	ck_assert_ptr_null(strstr(answer->body, "\"hash\":\"\""));
	scene_close(g.t);
}
END_TEST

static const struct filter {
	const char *query;
	int found;
} filters[] = {
	{ "actor=e", 2 },         { "actor=nobody", 0 },
	{ "key=a", 2 },           { "key=a&actor=e", 1 },
	{ "key=a&actor=ann", 1 }, { "key=nothing", 0 },
	{ "since=-1h&key=b", 2 }, { "until=yesterday", 0 },
	{ "since=0&actor=e", 2 }, { "actor=e&limit=1", 1 },
};

START_TEST(test_history_when_filtered_then_those_only)
{
	const struct filter *f = &filters[_i];
	struct gone g = remove_shop();

	ck_assert_int_eq(
	    count_of(as(&g, g.admin, "GET",
			toggled_text(g.t, "/v1/history?%s", f->query), NULL,
			200)),
	    f->found);
	ck_assert_int_eq(
	    count_of(as(&g, g.admin, "GET",
			toggled_text(g.t, SHOP "/history?%s", f->query), NULL,
			200)),
	    f->found);
	scene_close(g.t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_test(
	    tc,
	    test_history_when_environment_is_removed_then_admins_read_who_did_it);
	tcase_add_test(
	    tc,
	    test_rollback_when_environment_is_removed_then_made_again_in_one_change);
	tcase_add_test(tc, test_environment_when_put_again_then_another_life);
	tcase_add_test(tc,
		       test_rollback_when_removed_and_not_possible_then_said);
	tcase_add_test(tc,
		       test_history_of_all_when_asked_then_every_change_once);
	tcase_add_test(
	    tc,
	    test_history_of_all_when_tokens_are_made_then_shown_without_secrets);
	tcase_add_loop_test(tc, test_history_when_filtered_then_those_only, 0,
			    COUNT(filters));
}

int
main(void)
{
	return scene_main("removed", add);
}

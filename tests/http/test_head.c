/*
 * The hash of the newest change is shown where somebody else can keep it: who
 * knows it can hold the whole history against it, however well it was forged.
 */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "login.h"
#include "scene.h"

static const char *
head_hash(struct toggled *t)
{
	return toggled_text(
	    t, "%s",
	    json_text_at(ask_json(t, "GET", "/v1/head", NULL, 200), "/hash"));
}

START_TEST(test_head_when_asked_then_the_newest_change_of_all)
{
	struct toggled *t = scene_open();
	json_t *head, *change;

	ask(t, "PUT", "/v1/envs/other", "{}", 201);
	put_toggle(t, "a", "{}");
	change =
	    ask_json(t, "POST", ENV "/changes",
		     "{\"toggles\":{\"a\":{\"owner\":\"x\"},\"b\":{}}}", 200);
	head = ask_json(t, "GET", "/v1/head", NULL, 200);
	ck_assert_str_eq(json_text_at(head, "/epoch"), served_epoch(t));
	ck_assert_int_eq(json_int_at(head, "/revision"), 4);
	ck_assert_str_eq(json_text_at(head, "/hash"),
			 json_text_at(change, "/hash"));
	ck_assert_str_eq(json_text_at(head, "/at"),
			 json_text_at(change, "/at"));
	ck_assert_uint_eq(strlen(json_text_at(head, "/hash")), 64);
	ck_assert_str_eq(
	    json_text_at(ask_json(t, "GET", ENV "/history", NULL, 200),
			 "/changes/0/hash"),
	    json_text_at(head, "/hash"));
	ck_assert_str_eq(
	    json_text_at(ask_json(t, "GET", ENV "/history/4", NULL, 200),
			 "/hash"),
	    json_text_at(head, "/hash"));
	/* What is not stored has none. */
	ck_assert_ptr_null(
	    json_at(ask_json(t, "POST", ENV "/changes?dryRun=true",
			     "{\"toggles\":{\"a\":{\"owner\":\"y\"}}}", 200),
		    "/hash"));
	ck_assert_ptr_null(
	    json_at(ask_json(t, "POST", ENV "/changes",
			     "{\"toggles\":{\"a\":{\"owner\":\"x\"}}}", 200),
		    "/hash"));
	expect_problem(toggled_get(t, "/v1/head?x=1"), 400, "invalid");
	scene_close(t);
}
END_TEST

START_TEST(test_head_when_not_an_admin_then_403)
{
	struct toggled *t = scene_open();
	const char *admin = bearer(
	    t,
	    make_token(t, NULL, "{\"name\":\"ann\",\"role\":\"admin\"}", NULL));
	const char *editor =
	    bearer(t, make_token(t, admin,
				 "{\"name\":\"bob\",\"role\":\"editor\","
				 "\"environments\":[\"*\"]}",
				 NULL));

	ck_assert_int_eq(status_of(t, admin, "GET", "/v1/head", NULL), 200);
	ck_assert_int_eq(status_of(t, editor, "GET", "/v1/head", NULL), 403);
	ck_assert_int_eq(status_of(t, NULL, "GET", "/v1/head", NULL), 401);
	scene_close(t);
}
END_TEST

/* A repeated request is told the hash of what it did the first time. */
START_TEST(test_hash_when_a_request_is_repeated_then_the_same)
{
	struct toggled *t = scene_open();
	static const char body[] = "{\"toggles\":{\"a\":{}}}";
	const char *const key[] = { "Idempotency-Key: k", NULL };
	const char *first = toggled_text(
	    t, "%s",
	    json_text_at(answer_json(ask_with(t, key, "POST", ENV "/changes",
					      body, 200)),
			 "/hash"));

	put_toggle(t, "b", "{}");
	ck_assert_str_eq(
	    json_text_at(answer_json(ask_with(t, key, "POST", ENV "/changes",
					      body, 200)),
			 "/hash"),
	    first);
	scene_close(t);
}
END_TEST

START_TEST(test_commit_when_done_then_its_hash_is_logged)
{
	struct toggled *t = scene_open();

	put_toggle(t, "a", "{}");
	expect_logged(t,
		      toggled_text(t, "committed revision=2 changes=1 hash=%s",
				   head_hash(t)));
	scene_close(t);
}
END_TEST

static const struct run *
verify(struct toggled *t, const char *expected)
{
	return TOGGLED_RUN(t, "verify", "--database", t->database, "--expect",
			   expected);
}

/* Somebody makes a history of his own, as long as the true one. */
START_TEST(test_verify_when_history_is_forged_then_the_known_hash_tells)
{
	struct toggled *t = scene_open();
	struct toggled *forger = scene_open();
	const char *known;

	put_toggle(t, "a", "{\"owner\":\"true\"}");
	put_toggle(t, "b", "{}");
	put_toggle(forger, "a", "{\"owner\":\"forged\"}");
	put_toggle(forger, "b", "{}");
	known = toggled_text(t, "3:%s", head_hash(t));
	scene_stop(t);
	scene_stop(forger);
	ck_assert_int_eq(verify(t, known)->status, 0);
	ck_assert_int_eq(
	    TOGGLED_RUN(forger, "verify", "--database", forger->database)
		->status,
	    0);
	ck_assert_int_eq(verify(forger, known)->status, 1);
	expect_says(verify(forger, known)->err, "revision 3: ");
	expect_says(verify(forger, known)->err, "written anew");
	/* Cut off behind a revision that is known. */
	known = toggled_text(t, "4:%s", known + 2);
	ck_assert_int_eq(verify(t, known)->status, 1);
	expect_says(verify(t, known)->err, "the log ends at revision 3");
	toggled_free(forger);
	toggled_free(t);
}
END_TEST

#define ZEROS16 "0000000000000000"
#define ZEROS48 ZEROS16 ZEROS16 ZEROS16

static const char *const no_points[] = {
	"3",
	"3:",
	":" ZEROS48 ZEROS16,
	"x:" ZEROS48 ZEROS16,
	"0:" ZEROS48 ZEROS16,
	"-1:" ZEROS48 ZEROS16,
	"3:" ZEROS48,
	"3:" ZEROS48 ZEROS16 "00",
	"3:" ZEROS48 "000000000000000x",
};

START_TEST(test_verify_when_expected_is_no_hash_then_usage)
{
	struct toggled *t = toggled_new();

	ck_assert_int_eq(verify(t, no_points[_i])->status, 2);
	expect_says(verify(t, no_points[_i])->err, "--expect");
	toggled_free(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_test(tc, test_head_when_asked_then_the_newest_change_of_all);
	tcase_add_test(tc, test_head_when_not_an_admin_then_403);
	tcase_add_test(tc, test_hash_when_a_request_is_repeated_then_the_same);
	tcase_add_test(tc, test_commit_when_done_then_its_hash_is_logged);
	tcase_add_test(
	    tc, test_verify_when_history_is_forged_then_the_known_hash_tells);
	tcase_add_loop_test(tc, test_verify_when_expected_is_no_hash_then_usage,
			    0, COUNT(no_points));
}

int
main(void)
{
	return scene_main("head", add);
}

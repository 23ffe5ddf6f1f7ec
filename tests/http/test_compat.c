/*
 * Versions side by side: stores of older releases (release.h), and the release
 * before, whose binary TOGGLED_PREVIOUS names: the two serve one database in
 * turn. `make compat` builds it. What was answered is test_meanings.c's.
 */
#include <check.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "login.h"
#include "meaning.h"
#include "release.h"
#include "scene.h"

enum { PRUNE_DEADLINE_MS = 10000, TURNS = 3 };

static void
check_whole(struct toggled *t)
{
	const struct run *run =
	    TOGGLED_RUN(t, "verify", "--database", t->database);

	ck_assert_msg(run->status == 0, "%s", run->err);
}

static bool
is_pruned(void *ctx)
{
	return strstr(toggled_log(ctx), "history pruned") != NULL;
}

/* The stores are old enough for all but their last change to be forgotten. */
START_TEST(test_older_store_when_pruned_then_state_stays)
{
	struct toggled *t = toggled_new();
	const char *path = ENV "/toggles";
	const char *before;
	int64_t head;
	json_t *problem;
	const struct run *run;

	release_load_store(t, releases[_i]);
	toggled_start(t, NULL);
	before = ask(t, "GET", path, NULL, 200)->body;
	head = head_revision(t);
	ck_assert_int_eq(metric(t, "toggled_history_oldest_revision"), 1);
	scene_stop(t);
	TOGGLED_START(t, "--history-days", "1");
	ck_assert(wait_until(is_pruned, t, PRUNE_DEADLINE_MS));
	ck_assert_str_eq(ask(t, "GET", path, NULL, 200)->body, before);
	ask(t, "GET", toggled_text(t, "%s?at=%d", path, (int)head), NULL, 200);
	problem = expect_problem(
	    ask(t, "GET", toggled_text(t, "%s?at=%d", path, (int)head - 1),
		NULL, 400),
	    400, "invalid");
	expect_says(json_text_at(problem, "/detail"),
		    toggled_text(t, "revision %d ", (int)head));
	ask(t, "GET", toggled_text(t, "%s?at=2020-01-01T00:00:00Z", path), NULL,
	    400);
	expect_problem(ask(t, "POST", ENV "/rollback", "{\"to\":2}", 400), 400,
		       "invalid");
	expect_problem(ask(t, "GET", ENV "/history/2", NULL, 404), 404,
		       "not-found");
	ck_assert_int_eq(metric(t, "toggled_history_oldest_revision"), head);
	put_toggle(t, "later", "{}");
	scene_stop(t);
	run = TOGGLED_RUN(t, "verify", "--database", t->database);
	ck_assert_msg(run->status == 0, "%s", run->err);
	expect_says(run->out,
		    toggled_text(t, "from revision %d on", (int)head));
	toggled_free(t);
}
END_TEST

/* --- another binary ----------------------------------------------------- */

/* What is asked of both. */
static const char *const asked[] = {
	ENV "/toggles",
	ENV "/toggles?at=3",
	ENV "/toggles/new-checkout",
	ENV "/history?limit=100",
	ENV "/changes?since=2",
	ENV "/changes",
	ENV "/values?targetingKey=u1&email=a@shop.example",
	ENV "/flags",
	"/v1/envs",
	"/v1/envs/staging/toggles",
};

static void
serve_with(struct toggled *t, const char *binary)
{
	ck_assert_msg(realpath(binary, t->binary) != NULL, "no %s", binary);
	toggled_start(t, NULL);
}

static json_t *
ask_all(struct toggled *t)
{
	json_t *answers = json_array();

	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		json_t *answer = ask_json(t, "GET", asked[i], NULL, 200);

		/* The revision in the flagd document, until 0.3. */
		json_object_del(json_object_get(answer, "metadata"), "version");
		json_array_append(answers, answer);
	}
	return answers;
}

static void
compare_all(json_t *is, json_t *was)
{
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
		ck_assert_msg(meaning_contains(json_array_get(is, i),
					       json_array_get(was, i)),
			      "%s is answered otherwise", asked[i]);
}

/* N-1, N, N-1, ... on one database: each reads what the other wrote, and the
 * newer one answers at least what the older did. */
START_TEST(test_previous_when_in_turn_then_nothing_is_lost)
{
	struct toggled *t = toggled_new();
	const char *previous = getenv("TOGGLED_PREVIOUS");
	const char *newer = toggled_text(t, "%s", t->binary);
	const char *epoch = NULL;
	int64_t head = 0;

	release_load_store(t, releases[_i]);
	for (int turn = 0; turn < TURNS; turn++) {
		json_t *was;
		json_t *is;

		serve_with(t, previous);
		if (turn == 0) {
			epoch = toggled_text(t, "%s", served_epoch(t));
			head = head_revision(t);
		}
		ck_assert_int_eq(put_toggle(t, "t",
					    turn % 2 ? "{\"defaultVariant\":"
						       "\"on\"}"
						     : "{}"),
				 ++head);
		was = ask_all(t);
		if (turn % 2)
			toggled_stop(t, SIGKILL);
		else
			scene_stop(t);
		serve_with(t, newer);
		ck_assert_str_eq(served_epoch(t), epoch);
		is = ask_all(t);
		compare_all(is, was);
		json_decref(was);
		json_decref(is);
		ask(t, "PATCH", ENV "/toggles/t", "{\"state\":\"DISABLED\"}",
		    200);
		head++;
		scene_stop(t);
		check_whole(t);
	}
	toggled_free(t);
}
END_TEST

/* What this release stores that the one before does not know: that one starts,
 * serves, and loses none of it. */
START_TEST(test_previous_when_new_things_are_stored_then_kept)
{
	const char *admin;
	struct toggled *t = open_guarded(0, &admin);
	const char *newer = toggled_text(t, "%s", t->binary);
	const char *phone =
	    bearer(t, make_token(t, admin,
				 "{\"name\":\"phone\",\"role\":\"evaluate\","
				 "\"environments\":[\"default\"]}",
				 NULL));
	const char *values = ENV "/values";

	ask_with(t, HEADERS(admin), "PUT", ENV "/toggles/a", "{}", 201);
	ask_with(t, HEADERS(admin), "PUT", "/v1/envs/default",
		 "{\"corsOrigins\":[\"https://shop.example\"]}", 200);
	scene_stop(t);
	serve_with(t, getenv("TOGGLED_PREVIOUS"));
	ask_with(t, HEADERS(phone), "GET", values, NULL, 200);
	ask_with(t, HEADERS(admin), "PATCH", ENV "/toggles/a",
		 "{\"description\":\"meanwhile\"}", 200);
	scene_stop(t);
	serve_with(t, newer);
	ask_with(t, HEADERS(phone), "GET", values, NULL, 200);
	ask_with(t, HEADERS(phone), "GET", ENV "/changes", NULL, 403);
	expect_says(
	    ask_with(t, HEADERS(admin), "GET", "/v1/envs/default", NULL, 200)
		->body,
	    "https://shop.example");
	scene_stop(t);
	check_whole(t);
	toggled_free(t);
}
END_TEST

/* --- a variant that is served by hand ------------------------------------- */

static const char served[] =
    "{\"toggles\":{"
    "\"pay\":{\"defaultVariant\":\"on\",\"targeting\":{\"if\":[{\"==\":["
    "{\"var\":\"plan\"},\"gold\"]},\"on\"]},\"serve\":\"off\"},"
    "\"was-disabled\":{\"serve\":\"off\",\"held\":{\"state\":\"DISABLED\","
    "\"defaultVariant\":\"on\"}},"
    "\"disabled\":{\"serve\":\"on\",\"held\":{\"defaultVariant\":\"off\"},"
    "\"state\":\"DISABLED\"},"
    "\"text\":{\"variants\":{\"a\":\"A\",\"b\":\"B\"},\"defaultVariant\":"
    "\"a\",\"rollout\":{\"a\":50,\"b\":50},\"serve\":\"b\"}}}";

/* What clients get of it, by each way. */
static const char *const of_clients[] = {
	ENV "/values?plan=gold&targetingKey=u1",
	ENV "/values",
	ENV "/flags",
	ENV "/changes",
};

static json_t *
ask_clients(struct toggled *t)
{
	json_t *answers = json_array();

	for (int i = 0; i < COUNT(of_clients); i++)
		json_array_append(answers,
				  ask_json(t, "GET", of_clients[i], NULL, 200));
	return answers;
}

/* The members without the stamp. */
static const char *
definition(struct toggled *t, const char *key)
{
	const char *body =
	    ask(t, "GET", toggled_text(t, ENV "/toggles/%s", key), NULL, 200)
		->body;
	const char *end = strstr(body, ",\"revision\":");

	ck_assert_ptr_nonnull(end);
	return toggled_text(t, "%.*s", (int)(end - body), body);
}

static bool
pay(struct toggled *t)
{
	return json_bool_at(
	    ask_json(t, "GET", ENV "/values?plan=gold", NULL, 200),
	    "/values/pay");
}

/* A kill switch is not lifted by going back a release, nor by what is changed
 * beside it there. */
START_TEST(test_previous_when_a_variant_is_served_by_hand_then_so_it_stays)
{
	struct toggled *t = toggled_new();
	const char *newer = toggled_text(t, "%s", t->binary);
	const char *was;
	json_t *answers;
	int64_t head;

	toggled_start(t, NULL);
	ask(t, "POST", ENV "/changes", served, 200);
	answers = ask_clients(t);
	was = definition(t, "pay");
	head = head_revision(t);
	scene_stop(t);

	serve_with(t, getenv("TOGGLED_PREVIOUS"));
	for (int i = 0; i < COUNT(of_clients); i++)
		ck_assert_msg(meaning_contains(
				  ask_json(t, "GET", of_clients[i], NULL, 200),
				  json_array_get(answers, (size_t)i)),
			      "%s", of_clients[i]);
	json_decref(answers);
	ck_assert(!pay(t));
	ask(t, "PATCH", ENV "/toggles/pay", "{\"owner\":\"ann\"}", 200);
	ask(t, "PATCH", ENV "/toggles/pay", "{\"state\":\"DISABLED\"}", 200);
	ask(t, "PATCH", ENV "/toggles/pay",
	    "{\"state\":\"ENABLED\",\"owner\":null}", 200);
	ask(t, "DELETE", ENV "/toggles/text", NULL, 200);
	ask(t, "POST", ENV "/rollback",
	    toggled_text(t, "{\"to\":%d}", (int)head), 200);
	ck_assert(!pay(t));
	scene_stop(t);

	serve_with(t, newer);
	ck_assert(!pay(t));
	ck_assert_str_eq(definition(t, "pay"), was);
	expect_says(definition(t, "text"), "\"serve\":\"b\"");
	expect_says(definition(t, "was-disabled"),
		    "\"held\":{\"state\":\"DISABLED\"");
	ask(t, "PATCH", ENV "/toggles/pay", "{\"serve\":null}", 200);
	ck_assert(pay(t));
	expect_says(definition(t, "pay"), "\"gold\"");
	scene_stop(t);
	check_whole(t);
	toggled_free(t);
}
END_TEST

/* Who writes the rules there means them: what is written is what is served. */
START_TEST(test_previous_when_it_writes_the_rules_then_they_are_served)
{
	static const char *const rules[] = {
		"{\"defaultVariant\":\"on\"}",
		"{\"targeting\":{\"if\":[{\"==\":[{\"var\":\"plan\"},\"gold\"]}"
		","
		"\"on\"]}}",
	};
	struct toggled *t = toggled_new();
	const char *newer = toggled_text(t, "%s", t->binary);
	int64_t head;

	toggled_start(t, NULL);
	ask(t, "POST", ENV "/changes", served, 200);
	head = head_revision(t);
	scene_stop(t);
	serve_with(t, getenv("TOGGLED_PREVIOUS"));
	ask(t, "PATCH", ENV "/toggles/pay", rules[_i], 200);
	ck_assert(pay(t));
	scene_stop(t);
	serve_with(t, newer);
	ck_assert(pay(t));
	ck_assert_ptr_null(strstr(definition(t, "pay"), "\"serve\""));
	/* What was held is in the history, and comes back out of it. */
	ask(t, "POST", ENV "/rollback",
	    toggled_text(t, "{\"to\":%d}", (int)head), 200);
	ck_assert(!pay(t));
	expect_says(definition(t, "pay"),
		    "\"held\":{\"defaultVariant\":\"on\"");
	scene_stop(t);
	check_whole(t);
	toggled_free(t);
}
END_TEST

/* What the older one cannot read any more it refuses, and says what to do. */
START_TEST(test_previous_when_pruned_then_opens_or_says_why_not)
{
	struct toggled *t = toggled_new();
	const struct run *run;

	release_load_store(t, releases[_i]);
	TOGGLED_START(t, "--history-days", "1");
	ck_assert(wait_until(is_pruned, t, PRUNE_DEADLINE_MS));
	scene_stop(t);
	ck_assert_ptr_nonnull(realpath(getenv("TOGGLED_PREVIOUS"), t->binary));
	run = TOGGLED_RUN(t, "check", "--database", t->database);
	if (run->status != 0)
		expect_says(run->err, "or a newer one");
	toggled_free(t);
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_loop_test(tc, test_older_store_when_pruned_then_state_stays,
			    0, RELEASES);
	if (!getenv("TOGGLED_PREVIOUS")) {
		printf("compat: the release before is not tried: "
		       "TOGGLED_PREVIOUS names no binary\n");
		return;
	}
	tcase_add_loop_test(tc, test_previous_when_in_turn_then_nothing_is_lost,
			    0, RELEASES);
	tcase_add_test(tc, test_previous_when_new_things_are_stored_then_kept);
	tcase_add_test(
	    tc,
	    test_previous_when_a_variant_is_served_by_hand_then_so_it_stays);
	tcase_add_loop_test(
	    tc, test_previous_when_it_writes_the_rules_then_they_are_served, 0,
	    2);
	tcase_add_loop_test(
	    tc, test_previous_when_pruned_then_opens_or_says_why_not, 0,
	    RELEASES);
}

int
main(void)
{
	return scene_main("compat", add_tests);
}

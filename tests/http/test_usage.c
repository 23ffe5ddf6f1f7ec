/* What is in use: counted on every loop, and told honestly. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "scene.h"

#define USAGE ENV "/usage"
#define FLAG ENV "/ofrep/v1/evaluate/flags/"
#define FLAGS ENV "/ofrep/v1/evaluate/flags"
#define GOLD "{\"context\":{\"plan\":\"gold\"}}"
#define GOLD_ONLY                                                              \
	"{\"tags\":[\"q4\"],\"targeting\":{\"if\":[{\"==\":[{\"var\":"         \
	"\"plan\"},\"gold\"]},\"on\"]}}"

enum { CONNECTIONS = 24 };

static struct toggled *
open_loops(void)
{
	struct toggled *t = toggled_new();

	TOGGLED_START(t, "--loops", "2");
	return t;
}

static json_t *
usage(struct toggled *t)
{
	return ask_json(t, "GET", USAGE, NULL, 200);
}

static json_t *
unused(struct toggled *t, const char *query)
{
	return ask_json(t, "GET",
			toggled_text(t, ENV "/toggles?unusedFor=%s", query),
			NULL, 200);
}

static bool
has_line(struct toggled *t, const char *line)
{
	const char *text = ask(t, "GET", "/metrics", NULL, 200)->body;

	return strstr(text, toggled_text(t, "\n%s\n", line)) != NULL;
}

START_TEST(test_usage_when_evaluated_then_counted_by_variant)
{
	struct toggled *t = open_loops();
	json_t *told;

	put_toggle(t, "flag", GOLD_ONLY);
	put_toggle(t, "idle", "{\"state\":\"DISABLED\"}");
	told = usage(t);
	expect_json(json_at(told, "/toggles"),
		    "{\"flag\":{\"evaluations\":0,\"errors\":0,"
		    "\"lastEvaluatedAt\":null,\"variants\":{\"on\":0,\"off\":0}"
		    "},\"idle\":{\"evaluations\":0,\"errors\":0,"
		    "\"lastEvaluatedAt\":null,\"variants\":{\"on\":0,\"off\":0}"
		    "}}");
	expect_json(json_at(told, "/reasons"), "{}");
	expect_json(json_at(told, "/definitionsReadAt"), "null");
	ask(t, "POST", FLAG "flag", GOLD, 200);
	ask(t, "POST", FLAG "flag", "{}", 200);
	ask(t, "POST", FLAG "missing", "{}", 404);
	ask(t, "POST", FLAGS, GOLD, 200);
	ask(t, "GET", ENV "/values?plan=silver", NULL, 200);
	/* For people: not counted. */
	ask(t, "POST", ENV "/evaluate", "{}", 200);
	told = usage(t);
	ck_assert_int_eq(json_int_at(told, "/toggles/flag/evaluations"), 4);
	ck_assert_int_eq(json_int_at(told, "/toggles/flag/variants/on"), 2);
	ck_assert_int_eq(json_int_at(told, "/toggles/flag/variants/off"), 2);
	ck_assert_int_eq(json_int_at(told, "/toggles/idle/evaluations"), 2);
	expect_json(json_at(told, "/reasons"),
		    "{\"DEFAULT\":2,\"TARGETING_MATCH\":2,\"DISABLED\":2,"
		    "\"ERROR\":1}");
	ck_assert_str_ge(json_text_at(told, "/toggles/flag/lastEvaluatedAt"),
			 json_text_at(told, "/since"));
	ck_assert_ptr_null(json_at(told, "/toggles/missing"));
	told = ask_json(t, "GET", USAGE "?prefix=f&tag=q4", NULL, 200);
	ck_assert_uint_eq(json_object_size(json_at(told, "/toggles")), 1);
	expect_problem(toggled_get(t, USAGE "?unusedFor=1d"), 400, "invalid");
	expect_problem(toggled_get(t, "/v1/envs/none/usage"), 404, "not-found");
	scene_close(t);
}
END_TEST

START_TEST(test_usage_when_several_loops_count_then_the_sum)
{
	struct toggled *t = open_loops();
	json_t *told;

	put_toggle(t, "flag", "{}");
	for (int i = 0; i < CONNECTIONS; i++) {
		toggled_hang_up(t);
		ask(t, "POST", FLAG "flag", "{}", 200);
	}
	told = usage(t);
	ck_assert_int_eq(json_int_at(told, "/toggles/flag/variants/off"),
			 CONNECTIONS);
	ck_assert(has_line(
	    t, toggled_text(t,
			    "toggled_evaluations_total{environment=\"default\","
			    "reason=\"STATIC\"} %d",
			    CONNECTIONS)));
	ck_assert(has_line(
	    t, toggled_text(t,
			    "toggled_toggle_evaluations_total{environment="
			    "\"default\",toggle=\"flag\",variant=\"off\"} %d",
			    CONNECTIONS)));
	expect_says(ask(t, "GET", "/metrics", NULL, 200)->body,
		    "\ntoggled_toggle_last_evaluated_timestamp_seconds{"
		    "environment=\"default\",toggle=\"flag\"} ");
	ck_assert_int_eq(metric(t, "toggled_evaluations_overflow_total"), 0);
	scene_close(t);
}
END_TEST

START_TEST(test_usage_when_toggle_changes_then_counts_stay_with_variants)
{
	struct toggled *t = open_loops();
	json_t *told;

	put_toggle(t, "flag", "{}");
	ask(t, "POST", FLAG "flag", "{}", 200);
	put_toggle(t, "flag",
		   "{\"variants\":{\"new\":true,\"off\":false},"
		   "\"defaultVariant\":\"new\"}");
	ask(t, "POST", FLAG "flag", "{}", 200);
	told = usage(t);
	expect_json(json_at(told, "/toggles/flag/variants"),
		    "{\"new\":1,\"off\":1}");
	ask(t, "DELETE", ENV "/toggles/flag", NULL, 200);
	put_toggle(t, "flag", "{}");
	told = usage(t);
	ck_assert_int_eq(json_int_at(told, "/toggles/flag/evaluations"), 0);
	scene_close(t);
}
END_TEST

START_TEST(test_usage_when_told_unchanged_then_only_the_time_moves)
{
	struct toggled *t = scene_open();
	const char *first, *match;
	struct answer *bulk;
	json_t *told;

	put_toggle(t, "flag", "{}");
	bulk = ask(t, "POST", FLAGS, "{}", 200);
	first = json_text_at(usage(t), "/toggles/flag/lastEvaluatedAt");
	match = toggled_text(t, "If-None-Match: %s",
			     answer_header(t, bulk, "ETag"));
	let_time_pass();
	/* The one over the same connection is answered from memory. */
	ask_with(t, HEADERS(match), "POST", FLAGS, "{}", 304);
	told = usage(t);
	ck_assert_int_eq(json_int_at(told, "/toggles/flag/evaluations"), 1);
	ck_assert_str_gt(json_text_at(told, "/toggles/flag/lastEvaluatedAt"),
			 first);
	scene_close(t);
}
END_TEST

START_TEST(test_usage_when_values_are_waited_for_then_in_use)
{
	struct toggled *t = scene_open_parking(_i);
	json_t *told;

	put_toggle(t, "app.flag", "{}");
	put_toggle(t, "web.flag", "{}");
	/* A client that had its values before the program started anew. */
	ask(t, "GET",
	    toggled_text(t, ENV "/values?prefix=app.&wait=10ms&since=%lld",
			 (long long)head_revision(t)),
	    NULL, 200);
	told = unused(t, "30d");
	ck_assert_ptr_null(json_at(told, "/toggles/app.flag"));
	ck_assert_ptr_nonnull(json_at(told, "/toggles/web.flag"));
	scene_close(t);
}
END_TEST

START_TEST(test_unused_when_counting_is_younger_then_incomplete)
{
	struct toggled *t = scene_open();
	json_t *told, *plain;

	put_toggle(t, "app.used", "{}");
	put_toggle(t, "app.idle", "{\"tags\":[\"q4\"]}");
	put_toggle(t, "web.idle", "{}");
	ask(t, "POST", FLAG "app.used", "{}", 200);
	told = unused(t, "30d");
	ck_assert(!json_bool_at(told, "/usage/complete"));
	ck_assert_ptr_null(json_at(told, "/toggles/app.used"));
	ck_assert_uint_eq(json_object_size(json_at(told, "/toggles")), 2);
	expect_json(json_at(told, "/usage/toggles/app.idle/lastEvaluatedAt"),
		    "null");
	ck_assert_uint_eq(json_object_size(json_at(told, "/usage/toggles")), 2);
	ck_assert_str_eq(json_text_at(told, "/usage/since"),
			 json_text_at(usage(t), "/since"));
	told = unused(t, "30d&prefix=app.");
	ck_assert_uint_eq(json_object_size(json_at(told, "/toggles")), 1);
	told = unused(t, "30d&tag=q4&prefix=web.");
	expect_json(json_at(told, "/toggles"), "{}");
	plain = ask_json(t, "GET", ENV "/toggles", NULL, 200);
	ck_assert_ptr_null(json_at(plain, "/usage"));
	ck_assert(json_equal(json_at(plain, "/toggles/app.idle"),
			     json_at(unused(t, "1h"), "/toggles/app.idle")));
	scene_close(t);
}
END_TEST

static bool
is_complete(void *ctx)
{
	return json_bool_at(unused(ctx, "1s"), "/usage/complete");
}

START_TEST(test_unused_when_counted_long_enough_then_complete)
{
	struct toggled *t = scene_open();
	json_t *told;

	put_toggle(t, "was", "{}");
	put_toggle(t, "never", "{}");
	put_toggle(t, "is", "{}");
	ask(t, "POST", FLAG "was", "{}", 200);
	ck_assert(wait_until(is_complete, t, DEADLINE_ANSWER_MS));
	ask(t, "POST", FLAG "is", "{}", 200);
	told = unused(t, "1s");
	ck_assert_ptr_nonnull(json_at(told, "/toggles/never"));
	ck_assert_ptr_null(json_at(told, "/toggles/is"));
	ck_assert(json_bool_at(told, "/usage/complete"));
	/* Nobody knows what a reader of definitions evaluates. */
	ask(t, "GET", ENV "/changes", NULL, 200);
	told = unused(t, "1s");
	ck_assert(!json_bool_at(told, "/usage/complete"));
	ck_assert_ptr_nonnull(json_text_at(told, "/usage/definitionsReadAt"));
	scene_close(t);
}
END_TEST

static const char *const bad_ages[] = { "",     "30",  "d",   "-1d",
					"1.5d", "30w", "1 d", "99999999999d" };

START_TEST(test_unused_when_age_is_bad_then_refused)
{
	struct toggled *t = scene_open();

	for (int i = 0; i < COUNT(bad_ages); i++) {
		struct answer *answer =
		    toggled_get(t, toggled_text(t, ENV "/toggles?unusedFor=%s",
						strcmp(bad_ages[i], "1 d") == 0
						    ? "1%20d"
						    : bad_ages[i]));

		expect_problem(answer, 400, "invalid");
	}
	expect_problem(toggled_get(t, ENV "/toggles?unusedFor=1d&at=1"), 400,
		       "invalid");
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_test(tc, test_usage_when_evaluated_then_counted_by_variant);
	tcase_add_test(tc, test_usage_when_several_loops_count_then_the_sum);
	tcase_add_test(
	    tc, test_usage_when_toggle_changes_then_counts_stay_with_variants);
	tcase_add_test(tc,
		       test_usage_when_told_unchanged_then_only_the_time_moves);
	tcase_add_loop_test(tc,
			    test_usage_when_values_are_waited_for_then_in_use,
			    0, SCENE_PARKINGS);
	tcase_add_test(tc,
		       test_unused_when_counting_is_younger_then_incomplete);
	tcase_add_test(tc, test_unused_when_counted_long_enough_then_complete);
	tcase_add_test(tc, test_unused_when_age_is_bad_then_refused);
}

int
main(void)
{
	return scene_main("usage", add);
}

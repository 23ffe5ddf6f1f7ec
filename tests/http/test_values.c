/* Plain values for a context, at once and as a long poll. */
#include <check.h>
#include <string.h>

#include "scene.h"

#define VALUES ENV "/values"
#define SOON 5000 /* ms: an answer that is due now */

#define GOLD_ONLY                                                              \
	"{\"targeting\":{\"if\":[{\"==\":[{\"var\":\"plan\"},\"gold\"]},"      \
	"\"on\"]}}"

static json_t *
values(struct toggled *t, const char *query)
{
	return ask_json(t, "GET", toggled_text(t, VALUES "%s", query), NULL,
			200);
}

START_TEST(test_values_when_asked_then_plain_and_only_what_has_one)
{
	struct toggled *t = scene_open_parking(_i);
	json_t *all;

	put_toggle(t, "flag", GOLD_ONLY);
	put_toggle(t, "number", "{\"value\":10}");
	put_toggle(t, "real",
		   "{\"variants\":{\"a\":1,\"b\":2.5},\"defaultVariant\":"
		   "\"a\"}");
	put_toggle(t, "text", "{\"value\":\"hi\"}");
	put_toggle(t, "object", "{\"value\":{\"a\":[1]}}");
	put_toggle(t, "off", "{\"value\":1,\"state\":\"DISABLED\"}");
	put_toggle(t, "none", "{\"defaultVariant\":null}");
	all = values(t, "?plan=gold&targetingKey=u1");
	expect_json(json_at(all, "/values"),
		    "{\"flag\":true,\"number\":10,\"real\":1.0,\"text\":\"hi\","
		    "\"object\":{\"a\":[1]}}");
	ck_assert_int_eq(json_int_at(all, "/revision"), 8);
	ck_assert_str_eq(json_text_at(all, "/cursor"),
			 toggled_text(t, "%s.8", served_epoch(t)));
	ck_assert(!json_bool_at(values(t, "?plan=silver"), "/values/flag"));
	ck_assert(!json_bool_at(values(t, ""), "/values/flag"));
	expect_json(json_at(values(t, "?prefix=n"), "/values"),
		    "{\"number\":10}");
	scene_close(t);
}
END_TEST

/* name:=JSON has a type, and everything else is a text. */
START_TEST(test_values_when_typed_in_the_query_then_the_context_has_types)
{
	struct toggled *t = scene_open_parking(_i);

	put_toggle(t, "beta",
		   "{\"targeting\":{\"if\":[{\"in\":[{\"var\":\"id\"},"
		   "[1,2,3]]},\"on\"]}}");
	put_toggle(t, "mail",
		   "{\"targeting\":{\"if\":[{\"==\":[{\"var\":\"user.email\"},"
		   "\"a@b\"]},\"on\"]}}");
	ck_assert(!json_bool_at(values(t, "?id=3"), "/values/beta"));
	ck_assert(json_bool_at(values(t, "?id:=3"), "/values/beta"));
	ck_assert(!json_bool_at(values(t, "?id:=%223%22"), "/values/beta"));
	ck_assert(json_bool_at(values(t, "?user.email=a@b"), "/values/mail"));
	ck_assert(json_bool_at(values(t, "?user:=%7B%22email%22:%22a@b%22%7D"),
			       "/values/mail"));
	ask(t, "GET", VALUES "?id:=gold", NULL, 400);
	ask(t, "GET", VALUES "?id:=", NULL, 400);
	ask(t, "GET", VALUES "?id:=3&id=3", NULL, 400);
	ask(t, "GET", VALUES "?id=3&id:=3", NULL, 400);
	ask(t, "GET", VALUES "?id:=3&id:=3", NULL, 400);
	scene_close(t);
}
END_TEST

START_TEST(test_values_when_posted_then_the_context_has_types)
{
	struct toggled *t = scene_open_parking(_i);

	put_toggle(t, "adult",
		   "{\"targeting\":{\"if\":[{\"===\":[{\"var\":\"age\"},18]},"
		   "\"on\"]}}");
	ck_assert(json_bool_at(ask_json(t, "POST", VALUES, "{\"age\":18}", 200),
			       "/values/adult"));
	ck_assert(json_bool_at(
	    ask_json(t, "POST", VALUES, "{\"context\":{\"age\":18}}", 200),
	    "/values/adult"));
	ck_assert(!json_bool_at(values(t, "?age=18"), "/values/adult"));
	expect_problem(toggled_request(t, "POST", VALUES, NULL, "[]"), 400,
		       "invalid");
	scene_close(t);
}
END_TEST

START_TEST(test_values_when_cursor_is_behind_then_at_once)
{
	struct toggled *t = scene_open_parking(_i);
	static const char *const queries[] = {
		"?wait=30",
		"?since=0&wait=30",
		"?since=1&wait=30",
		"?since=99&wait=30",
		"?since=00000000000000ff.2&wait=30",
		"?since=2",
	};

	put_toggle(t, "flag", "{}");
	for (int i = 0; i < COUNT(queries); i++)
		expect_json(json_at(values(t, queries[i]), "/values"),
			    "{\"flag\":false}");
	scene_close(t);
}
END_TEST

/* Wakes those for whom a value changed, and nobody else. */
START_TEST(test_values_when_changed_for_one_context_then_only_that_wakes)
{
	struct toggled *t = scene_open_parking(_i);
	struct poller *gold, *silver, *typed;
	struct answer *answer;

	put_toggle(t, "flag", "{}");
	put_toggle(t, "other", "{\"value\":1}");
	gold = poll_start(t, VALUES "?plan=gold&since=3&wait=30", NULL);
	silver = poll_start(t, VALUES "?plan=silver&since=3&wait=30", NULL);
	typed =
	    poll_start(t, VALUES "?plan=gold&since=3&wait=30&prefix=o", NULL);
	wait_for_waiters(t, 3);
	put_toggle(t, "flag", GOLD_ONLY);
	answer = poll_finish(gold, SOON);
	ck_assert_int_eq(answer->status, 200);
	ck_assert_str_eq(
	    answer_header(t, answer, "ETag"),
	    answer_header(t, ask(t, "GET", VALUES "?plan=gold", NULL, 200),
			  "ETag"));
	expect_json(json_at(answer_json(answer), "/values"),
		    "{\"flag\":true,\"other\":1}");
	ck_assert_int_eq(json_int_at(answer_json(answer), "/revision"), 4);
	ck_assert(!poll_is_done(silver));
	ck_assert(!poll_is_done(typed));
	put_toggle(t, "other", "{\"value\":2}");
	ck_assert_int_eq(json_int_at(answer_json(poll_finish(silver, SOON)),
				     "/values/other"),
			 2);
	expect_json(json_at(answer_json(poll_finish(typed, SOON)), "/values"),
		    "{\"other\":2}");
	scene_close(t);
}
END_TEST

/* The tag is of what this context gets. */
START_TEST(test_values_when_client_has_them_then_not_modified)
{
	struct toggled *t = scene_open_parking(_i);
	const char *gold;
	const char *posted;
	struct answer *answer;

	put_toggle(t, "flag", GOLD_ONLY);
	answer = ask(t, "GET", VALUES "?plan=gold", NULL, 200);
	gold = toggled_text(t, "If-None-Match: %s",
			    answer_header(t, answer, "ETag"));
	answer =
	    ask_with(t, HEADERS(gold), "GET", VALUES "?plan=gold", NULL, 304);
	ck_assert_uint_eq(answer->length, 0);
	ck_assert_str_eq(answer_header(t, answer, "ETag"),
			 gold + strlen("If-None-Match: "));
	ask_with(t, HEADERS(gold), "POST", VALUES, "{\"plan\":\"gold\"}", 304);
	/* Another context is another document, whatever the revision. */
	ask_with(t, HEADERS(gold), "GET", VALUES "?plan=silver", NULL, 200);
	answer = ask_with(t, HEADERS(gold), "POST", VALUES,
			  "{\"plan\":\"silver\"}", 200);
	posted = toggled_text(t, "If-None-Match: W/%s, %s",
			      answer_header(t, answer, "ETag"),
			      gold + strlen("If-None-Match: "));
	ask_with(t, HEADERS(posted), "POST", VALUES, "{\"plan\":\"silver\"}",
		 304);
	put_toggle(t, "flag", "{}");
	ask_with(t, HEADERS(gold), "GET", VALUES "?plan=gold", NULL, 200);
	scene_close(t);
}
END_TEST

/* What changes a definition and no value of anybody. */
static const struct {
	const char *method;
	const char *path;
	const char *body;
} silent[] = {
	{ "PATCH", ENV "/toggles/flag", "{\"description\":\"d\"}" },
	{ "PATCH", ENV "/toggles/flag", "{\"variants\":{\"extra\":true}}" },
	{ "PATCH", ENV "/toggles/flag", "{\"metadata\":{\"a\":1}}" },
	{ "PUT", ENV "/toggles/disabled", "{\"state\":\"DISABLED\"}" },
	{ "PATCH", ENV "/toggles/flag", "{\"serve\":\"off\"}" },
	{ "PUT", ENV "/toggles/valueless", "{\"defaultVariant\":null}" },
	{ "PUT", ENV "/segments/s", "{\"var\":\"x\"}" },
	{ "PATCH", ENV "/toggles/uses",
	  "{\"targeting\":{\"if\":[{\"$ref\":\"vip\"},\"on\",\"off\"]}}" },
};

START_TEST(test_values_when_no_value_changes_then_it_sleeps_on)
{
	struct toggled *t = scene_open_parking(_i);
	struct poller *p;
	int64_t head;

	put_toggle(t, "flag", "{}");
	ask(t, "PUT", ENV "/segments/vip", "{\"var\":\"vip\"}", 201);
	put_toggle(t, "uses",
		   "{\"targeting\":{\"if\":[{\"$ref\":\"vip\"},\"on\"]}}");
	head = head_revision(t);
	p = poll_start(
	    t, toggled_text(t, VALUES "?since=%d&wait=30", (int)head), NULL);
	wait_for_waiters(t, 1);
	for (int i = 0; i < COUNT(silent); i++) {
		struct answer *answer = toggled_request(
		    t, silent[i].method, silent[i].path, NULL, silent[i].body);

		ck_assert_msg(answer->status / 100 == 2, "%s", answer->body);
		ck_assert_int_eq(head_revision(t), ++head);
		ck_assert_msg(!poll_is_done(p), "%s %s woke a client",
			      silent[i].path, silent[i].body);
	}
	wait_for_waiters(t, 1);
	/* A segment changes the toggle that refers to it. */
	ask(t, "PUT", ENV "/segments/vip", "{\"!\":[{\"var\":\"vip\"}]}", 200);
	ck_assert(
	    json_bool_at(answer_json(poll_finish(p, SOON)), "/values/uses"));
	scene_close(t);
}
END_TEST

START_TEST(test_values_when_toggle_comes_and_goes_then_it_wakes)
{
	struct toggled *t = scene_open_parking(_i);
	static const struct {
		const char *method;
		const char *body;
		const char *values;
	} steps[] = {
		{ "PUT", "{\"value\":7}", "{\"x\":7}" },
		{ "PATCH", "{\"state\":\"DISABLED\"}", "{}" },
		{ "PATCH", "{\"state\":\"ENABLED\"}", "{\"x\":7}" },
		{ "DELETE", NULL, "{}" },
	};

	for (int i = 0; i < COUNT(steps); i++) {
		struct poller *p =
		    poll_start(t,
			       toggled_text(t, VALUES "?since=%d&wait=30",
					    (int)head_revision(t)),
			       NULL);

		wait_for_waiters(t, 1);
		toggled_request(t, steps[i].method, ENV "/toggles/x", NULL,
				steps[i].body);
		expect_json(
		    json_at(answer_json(poll_finish(p, SOON)), "/values"),
		    steps[i].values);
	}
	scene_close(t);
}
END_TEST

START_TEST(test_values_when_wait_has_passed_then_the_values_again)
{
	struct toggled *t = scene_open_parking(_i);
	struct poller *p;
	json_t *now;

	put_toggle(t, "flag", "{}");
	p = poll_start(t, VALUES "?since=2&wait=500ms&plan=gold", NULL);
	now = answer_json(poll_finish(p, SOON));
	ck_assert_double_ge(poll_took_ms(p), 500 - 500 / 16.0);
	ck_assert_double_le(poll_took_ms(p), 1500);
	expect_json(json_at(now, "/values"), "{\"flag\":false}");
	ck_assert_int_eq(json_int_at(now, "/revision"), 2);
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_loop_test(
	    tc, test_values_when_asked_then_plain_and_only_what_has_one, 0,
	    SCENE_PARKINGS);
	tcase_add_loop_test(tc,
			    test_values_when_client_has_them_then_not_modified,
			    0, SCENE_PARKINGS);
	tcase_add_loop_test(tc,
			    test_values_when_posted_then_the_context_has_types,
			    0, SCENE_PARKINGS);
	tcase_add_loop_test(
	    tc, test_values_when_typed_in_the_query_then_the_context_has_types,
	    0, SCENE_PARKINGS);
	tcase_add_loop_test(tc, test_values_when_cursor_is_behind_then_at_once,
			    0, SCENE_PARKINGS);
	tcase_add_loop_test(
	    tc, test_values_when_changed_for_one_context_then_only_that_wakes,
	    0, SCENE_PARKINGS);
	tcase_add_loop_test(tc,
			    test_values_when_no_value_changes_then_it_sleeps_on,
			    0, SCENE_PARKINGS);
	tcase_add_loop_test(
	    tc, test_values_when_toggle_comes_and_goes_then_it_wakes, 0,
	    SCENE_PARKINGS);
	tcase_add_loop_test(
	    tc, test_values_when_wait_has_passed_then_the_values_again, 0,
	    SCENE_PARKINGS);
}

int
main(void)
{
	return scene_main("values", add);
}

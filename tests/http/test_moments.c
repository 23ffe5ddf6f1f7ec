/* Moments: every way to name a point of the history, wherever one is taken. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "scene.h"

#define KEY ENV "/toggles/a"
#define HISTORY ENV "/history"

/* Revision 2 and, a while later, 3; 1 made the environment. */
struct past {
	struct toggled *t;
	const char *epoch;
	const char *first, *second; /* when 1 and 2 were */
};

static struct past
open_past(void)
{
	struct past p = { .t = scene_open() };

	put_toggle(p.t, "a", "{\"owner\":\"first\"}");
	let_time_pass();
	put_toggle(p.t, "a", "{\"owner\":\"second\"}");
	p.epoch = toggled_text(
	    p.t, "%s",
	    json_text_at(ask_json(p.t, "GET", ENV "/changes", NULL, 200),
			 "/epoch"));
	p.first = toggled_text(
	    p.t, "%s",
	    json_text_at(ask_json(p.t, "GET", HISTORY "/1", NULL, 200), "/at"));
	p.second = toggled_text(
	    p.t, "%s",
	    json_text_at(ask_json(p.t, "GET", HISTORY "/2", NULL, 200), "/at"));
	return p;
}

enum { SPELLINGS = 7 };

/* Revision 2, as it stands in a body; `plus` is a plus sign. */
static const char *
spell(struct past *p, int number, const char *plus)
{
	const char *at = p->second;

	switch (number) {
	case 0:
		return "2";
	case 1:
		return toggled_text(p->t, "%s.2", p->epoch);
	case 2:
		return at;
	case 3: /* no zone */
		return toggled_text(p->t, "%.23s", at);
	case 4: /* a blank */
		return toggled_text(p->t, "%.10s%s%s", at,
				    *plus == '+' ? " " : "%20", at + 11);
	case 5:
		return toggled_text(p->t, "%.23s%s00:00", at, plus);
	default: /* what a query makes of a plus */
		return toggled_text(p->t, "%.23s%s0000", at,
				    *plus == '+' ? " " : "+");
	}
}

START_TEST(test_moment_when_spelled_in_any_way_then_that_revision)
{
	struct past p = open_past();
	const char *moment = spell(&p, _i, "%2B");
	struct answer *answer =
	    ask(p.t, "GET", toggled_text(p.t, KEY "?at=%s", moment), NULL, 200);
	json_t *page;

	ck_assert_str_eq(json_text_at(answer_json(answer), "/owner"), "first");
	ck_assert_str_eq(answer_header(p.t, answer, "Toggled-At"),
			 toggled_text(p.t, "2;time=\"%s\"", p.second));
	page =
	    ask_json(p.t, "GET", toggled_text(p.t, HISTORY "?since=%s", moment),
		     NULL, 200);
	ck_assert_int_eq(json_int_at(page, "/since/revision"), 2);
	ck_assert_str_eq(json_text_at(page, "/since/at"), p.second);
	ck_assert_uint_eq(json_array_size(json_at(page, "/changes")), 1);
	ck_assert_int_eq(json_int_at(page, "/changes/0/revision"), 3);
	page =
	    ask_json(p.t, "GET", toggled_text(p.t, HISTORY "?until=%s", moment),
		     NULL, 200);
	ck_assert_int_eq(json_int_at(page, "/until/revision"), 2);
	ck_assert_uint_eq(json_array_size(json_at(page, "/changes")), 2);
	ck_assert_int_eq(json_int_at(page, "/changes/0/revision"), 2);
	page = ask_json(
	    p.t, "POST", ENV "/rollback?dryRun=true",
	    toggled_text(p.t, "{\"to\":\"%s\"}", spell(&p, _i, "+")), 200);
	ck_assert_int_eq(json_int_at(page, "/to/revision"), 2);
	ck_assert_str_eq(json_text_at(page, "/to/at"), p.second);
	ck_assert_str_eq(json_text_at(page, "/toggles/a/after/owner"), "first");
	scene_close(p.t);
}
END_TEST

static const char *const early[] = {
	"yesterday", "-1h", "1%20hour%20ago", "2020-01-01", "2020-01-01T00:00",
};

START_TEST(test_moment_when_before_the_first_change_then_said_or_the_beginning)
{
	struct past p = open_past();
	json_t *answer = expect_problem(
	    toggled_get(p.t, toggled_text(p.t, KEY "?at=%s", early[_i])), 400,
	    "invalid");
	char to[64];

	expect_says(json_text_at(answer, "/detail"), "before the first change");
	expect_says(json_text_at(answer, "/detail"), p.first);
	(void)snprintf(to, sizeof(to), "{\"to\":\"%s\"}",
		       _i == 2 ? "1 hour ago" : early[_i]);
	answer = expect_problem(
	    toggled_request(p.t, "POST", ENV "/rollback", NULL, to), 400,
	    "invalid");
	expect_says(json_text_at(answer, "/detail"), "before the first change");
	expect_says(json_text_at(answer, "/detail"), p.first);
	answer = ask_json(p.t, "GET",
			  toggled_text(p.t, HISTORY "?since=%s", early[_i]),
			  NULL, 200);
	ck_assert(json_is_null(json_at(answer, "/since")));
	ck_assert_uint_eq(json_array_size(json_at(answer, "/changes")), 3);
	answer = ask_json(p.t, "GET",
			  toggled_text(p.t, HISTORY "?until=%s", early[_i]),
			  NULL, 200);
	ck_assert(json_is_null(json_at(answer, "/until")));
	ck_assert_uint_eq(json_array_size(json_at(answer, "/changes")), 0);
	ck_assert(json_is_null(json_at(answer, "/next")));
	scene_close(p.t);
}
END_TEST

/* What is later than now is now, and a revision that is not there is a slip. */
START_TEST(test_moment_when_in_the_future_then_the_newest)
{
	struct past p = open_past();
	struct answer *answer =
	    ask(p.t, "GET", KEY "?at=2099-01-01", NULL, 200);

	ck_assert_int_eq(
	    strncmp(answer_header(p.t, answer, "Toggled-At"), "3;", 2), 0);
	ck_assert_uint_eq(
	    json_array_size(json_at(
		ask_json(p.t, "GET", HISTORY "?since=2099-01-01", NULL, 200),
		"/changes")),
	    0);
	expect_problem(toggled_get(p.t, HISTORY "?since=4"), 400, "invalid");
	expect_problem(toggled_get(p.t, HISTORY "?until=4"), 400, "invalid");
	expect_problem(toggled_get(p.t, HISTORY "?until=soon"), 400, "invalid");
	expect_problem(toggled_get(p.t, HISTORY "?since="), 400, "invalid");
	scene_close(p.t);
}
END_TEST

/* A page ends at both, whichever comes first. */
START_TEST(test_history_when_of_a_range_and_paged_then_each_change_once)
{
	struct toggled *t = scene_open();
	const char *path = HISTORY "?since=3&until=9&limit=2";
	int expected = 9;

	for (int i = 0; i < 12; i++)
		put_toggle(t, i % 2 ? "a" : "b",
			   toggled_text(t, "{\"owner\":\"%d\"}", i));
	while (path != NULL) {
		json_t *page = ask_json(t, "GET", path, NULL, 200);
		json_t *change;
		size_t i;

		json_array_foreach(json_at(page, "/changes"), i, change)
		{
			ck_assert_int_eq(json_int_at(change, "/revision"),
					 expected--);
		}
		path = json_is_null(json_at(page, "/next"))
			   ? NULL
			   : toggled_text(t,
					  HISTORY "?since=3&until=9&limit=2"
						  "&before=%d",
					  (int)json_int_at(page, "/next"));
	}
	ck_assert_int_eq(expected, 3);
	/* Of one key. */
	ck_assert_uint_eq(
	    json_array_size(json_at(
		ask_json(t, "GET", HISTORY "?since=3&until=9&key=a", NULL, 200),
		"/changes")),
	    3);
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_loop_test(
	    tc, test_moment_when_spelled_in_any_way_then_that_revision, 0,
	    SPELLINGS);
	tcase_add_loop_test(
	    tc,
	    test_moment_when_before_the_first_change_then_said_or_the_beginning,
	    0, COUNT(early));
	tcase_add_test(tc, test_moment_when_in_the_future_then_the_newest);
	tcase_add_test(
	    tc, test_history_when_of_a_range_and_paged_then_each_change_once);
}

int
main(void)
{
	return scene_main("moments", add);
}

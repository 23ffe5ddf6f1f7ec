/*
 * A variant that is served by hand, over HTTP: everybody has it at once, as a
 * plain flag, and nothing of the rules is lost. What each request makes of it
 * is test_wire_hold's, and the release before test_compat's.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "scene.h"

enum { TOGGLES = 300 };

#define PAY ENV "/toggles/pay"
#define GOLD "{\"if\":[{\"==\":[{\"var\":\"plan\"},\"gold\"]},\"on\"]}"

static void
put_pay(struct toggled *t)
{
	put_toggle(t, "pay",
		   "{\"defaultVariant\":\"on\",\"targeting\":" GOLD "}");
}

/* Who has followed the feed since long before there was such a thing. */
START_TEST(test_feed_when_served_by_hand_then_told_of_a_plain_flag)
{
	struct toggled *t = scene_open_parking(_i);
	struct answer *answer;
	struct poller *p;
	json_t *pay;

	put_pay(t);
	p = poll_start(t,
		       toggled_text(t, ENV "/changes?since=%d&wait=30",
				    (int)head_revision(t)),
		       NULL);
	wait_for_waiters(t, 1);
	ask(t, "PATCH", PAY, "{\"serve\":\"off\"}", 200);
	answer = poll_finish(p, SOON_MS);
	pay = json_at(answer_json(answer), "/toggles/pay");
	ck_assert_str_eq(json_text_at(pay, "/state"), "ENABLED");
	ck_assert_str_eq(json_text_at(pay, "/defaultVariant"), "off");
	ck_assert_ptr_null(json_at(pay, "/targeting"));
	scene_close(t);
}
END_TEST

START_TEST(test_values_when_served_by_hand_then_woken_each_time)
{
	static const struct {
		const char *patch;
		bool value;
	} steps[] = {
		{ "{\"serve\":\"off\"}", false },
		{ "{\"serve\":\"on\"}", true },
		{ "{\"enabled\":false}", false },
		{ "{\"serve\":null}", true },
	};
	struct toggled *t = scene_open_parking(_i);

	put_pay(t);
	for (int i = 0; i < COUNT(steps); i++) {
		struct poller *p = poll_start(
		    t,
		    toggled_text(t, ENV "/values?plan=gold&since=%d&wait=30",
				 (int)head_revision(t)),
		    NULL);
		struct answer *answer;

		wait_for_waiters(t, 1);
		ask(t, "PATCH", PAY, steps[i].patch, 200);
		answer = poll_finish(p, SOON_MS);
		ck_assert_int_eq(answer->status, 200);
		ck_assert_int_eq(
		    json_bool_at(answer_json(answer), "/values/pay"),
		    steps[i].value);
	}
	scene_close(t);
}
END_TEST

/* What is prepared while it is off wakes nobody who asks for values. */
START_TEST(test_values_when_what_is_held_changes_then_nobody_is_woken)
{
	struct toggled *t = scene_open_parking(_i);
	struct poller *p;

	put_pay(t);
	ask(t, "PATCH", PAY, "{\"serve\":\"off\"}", 200);
	p = poll_start(t,
		       toggled_text(t, ENV "/values?plan=gold&since=%d&wait=30",
				    (int)head_revision(t)),
		       NULL);
	wait_for_waiters(t, 1);
	ask(t, "PATCH", PAY, "{\"rollout\":{\"on\":1,\"off\":99}}", 200);
	ask(t, "PATCH", PAY, "{\"defaultVariant\":\"off\"}", 200);
	ask(t, "PATCH", PAY, "{\"defaultVariant\":\"on\"}", 200);
	ck_assert(!poll_is_done(p));
	wait_for_waiters(t, 1);
	ask(t, "PATCH", PAY, "{\"serve\":\"on\"}", 200);
	ck_assert(
	    json_bool_at(answer_json(poll_finish(p, SOON_MS)), "/values/pay"));
	scene_close(t);
}
END_TEST

/* Any toggle, served by hand or not. */
static const char *
any_toggle(struct toggled *t, int i)
{
	static const char *const rules[] = {
		"",
		"\"targeting\":" GOLD ",",
		"\"rollout\":{\"on\":40,\"off\":60},",
		"\"targeting\":{\"if\":[{\"$ref\":\"staff\"},\"on\"]},",
	};
	static const char *const defaults[] = {
		"\"defaultVariant\":\"on\"",
		"\"defaultVariant\":\"off\"",
		"\"defaultVariant\":null",
	};
	static const char *const serves[] = {
		"",
		",\"serve\":\"off\"",
		",\"serve\":\"on\"",
		",\"enabled\":false",
		",\"state\":\"DISABLED\"",
	};

	return toggled_text(t,
			    "{\"variants\":{\"on\":true,\"off\":false},"
			    "%s%s%s,\"owner\":\"o%d\"}",
			    rules[i % COUNT(rules)],
			    defaults[i / 4 % COUNT(defaults)],
			    serves[i / 12 % COUNT(serves)], i);
}

static const char *
put_many(struct toggled *t)
{
	ask(t, "PUT", ENV "/segments/staff", "{\"var\":\"staff\"}", 201);
	for (int i = 0; i < TOGGLES; i++)
		put_toggle(t, toggled_text(t, "t%03d", i), any_toggle(t, i));
	/* What was disabled may be served as well. */
	for (int i = 0; i < TOGGLES; i += 7)
		ask(t, "PATCH", toggled_text(t, ENV "/toggles/t%03d", i),
		    "{\"serve\":\"on\"}", 200);
	for (int i = 0; i < TOGGLES; i += 11)
		ask(t, "PATCH", toggled_text(t, ENV "/toggles/t%03d", i),
		    "{\"state\":\"DISABLED\"}", 200);
	return ask(t, "GET", ENV "/toggles", NULL, 200)->body;
}

/* Each way that what was read may come back. */
START_TEST(test_toggles_when_sent_back_then_nothing_changes)
{
	struct toggled *t = scene_open();
	const char *all = put_many(t);
	const int64_t head = head_revision(t);
	const char *file = toggled_path(t, "export.json");

	for (int i = 0; i < TOGGLES; i++) {
		const char *path = toggled_text(t, ENV "/toggles/t%03d", i);
		const char *body = ask(t, "GET", path, NULL, 200)->body;

		ask(t, "PUT", path, body, 200);
		ask(t, "PATCH", path, body, 200);
	}
	ask(t, "POST", ENV "/changes", all, 200);
	ask(t, "POST", ENV "/changes",
	    ask(t, "GET", ENV "/changes", NULL, 200)->body, 200);
	/* flagd's document says nothing of it, and leaves it alone. */
	ask(t, "POST", ENV "/changes",
	    ask(t, "GET", ENV "/flags", NULL, 200)->body, 200);
	ck_assert_int_eq(
	    TOGGLED_RUN(t, "export", "--server", t->url, file)->status, 0);
	ck_assert_int_eq(
	    TOGGLED_RUN(t, "import", "--server", t->url, file)->status, 0);
	ck_assert_int_eq(head_revision(t), head);
	/* A start, and the past, are the same. */
	scene_stop(t);
	toggled_start(t, NULL);
	ck_assert_str_eq(ask(t, "GET", ENV "/toggles", NULL, 200)->body, all);
	ask(t, "POST", ENV "/changes", "{\"toggles\":{\"t000\":null}}", 200);
	ck_assert_str_eq(ask(t, "GET",
			     toggled_text(t, ENV "/toggles?at=%d", (int)head),
			     NULL, 200)
			     ->body,
			 all);
	scene_close(t);
}
END_TEST

/* An export makes the same elsewhere. */
START_TEST(test_toggles_when_imported_elsewhere_then_served_as_here)
{
	struct toggled *t = scene_open();
	const char *all = put_many(t);
	const char *flags = ask(t, "GET", ENV "/flags", NULL, 200)->body;
	const char *there;

	ask(t, "PUT", "/v1/envs/prod", "{}", 201);
	ask(t, "POST", "/v1/envs/prod/changes", all, 200);
	there = ask(t, "GET", "/v1/envs/prod/flags", NULL, 200)->body;
	/* But for the name of the set. */
	ck_assert(strncmp(there, flags,
			  (size_t)(strstr(flags, "\"flagSetId\"") - flags)) ==
		  0);
	ck_assert_str_eq(
	    json_text_at(
		ask_json(t, "GET", "/v1/envs/prod/toggles/t012", NULL, 200),
		"/serve"),
	    "off");
	scene_close(t);
}
END_TEST

START_TEST(test_evaluate_when_served_by_hand_then_it_says_who_and_since)
{
	static const char path[] = ENV "/evaluate?explain=true%s";
	static const char asked[] = "{\"keys\":[\"pay\"]}";
	static const char *const pointer = "/results/pay/explanation";
	struct toggled *t = scene_open();
	const char *says;
	int64_t since;

	put_pay(t);
	ck_assert_ptr_null(
	    json_at(ask_json(t, "POST", toggled_text(t, path, ""), asked, 200),
		    pointer));
	ask(t, "PATCH", PAY, "{\"serve\":\"off\"}", 200);
	since = head_revision(t);
	says =
	    toggled_text(t, "served by hand since %d by anonymous", (int)since);
	/* What is held, and a start, change nothing of that. */
	ask(t, "PATCH", PAY, "{\"defaultVariant\":\"off\"}", 200);
	scene_stop(t);
	toggled_start(t, NULL);
	ck_assert_str_eq(
	    json_text_at(
		ask_json(t, "POST", toggled_text(t, path, ""), asked, 200),
		pointer),
	    says);
	/* Who does not ask why is not told. */
	ck_assert_ptr_null(
	    json_at(ask_json(t, "POST", ENV "/evaluate", asked, 200), pointer));
	ask(t, "PATCH", PAY, "{\"serve\":\"on\"}", 200);
	ck_assert_str_eq(
	    json_text_at(
		ask_json(t, "POST", toggled_text(t, path, ""), asked, 200),
		pointer),
	    toggled_text(t, "served by hand since %d by anonymous",
			 (int)head_revision(t)));
	ck_assert_str_eq(
	    json_text_at(
		ask_json(t, "POST",
			 toggled_text(t, path,
				      toggled_text(t, "&at=%d", (int)since)),
			 asked, 200),
		pointer),
	    says);
	/* A disabled one has no value, and nobody's word for it. */
	ask(t, "PATCH", PAY, "{\"state\":\"DISABLED\"}", 200);
	ck_assert_ptr_null(
	    json_at(ask_json(t, "POST", toggled_text(t, path, ""), asked, 200),
		    pointer));
	scene_close(t);
}
END_TEST

/* It counts as what it is. */
START_TEST(test_usage_when_served_by_hand_then_static)
{
	struct toggled *t = scene_open();
	json_t *usage;

	put_pay(t);
	ask(t, "PATCH", PAY, "{\"serve\":\"off\"}", 200);
	ask(t, "POST", "/ofrep/v1/evaluate/flags/pay",
	    "{\"context\":{\"plan\":\"gold\"}}", 200);
	usage = ask_json(t, "GET", ENV "/usage", NULL, 200);
	ck_assert_int_eq(json_int_at(usage, "/reasons/STATIC"), 1);
	ck_assert_int_eq(json_int_at(usage, "/toggles/pay/variants/off"), 1);
	scene_close(t);
}
END_TEST

/* With what goes with every write. */
START_TEST(test_serve_when_conditional_or_repeated_then_as_any_write)
{
	struct toggled *t = scene_open();
	const char *first, *second;
	int64_t head;

	put_pay(t);
	head = head_revision(t);
	ask_with(t, HEADERS("If-Match: \"1\""), "PATCH", PAY,
		 "{\"serve\":\"off\"}", 412);
	ask(t, "PATCH", PAY "?dryRun=true", "{\"serve\":\"off\"}", 200);
	ask(t, "PATCH", ENV "/toggles/pya", "{\"serve\":\"off\"}", 404);
	ck_assert_int_eq(head_revision(t), head);
	first = ask_with(t, HEADERS("Idempotency-Key: k"), "PATCH", PAY,
			 "{\"serve\":\"off\"}", 200)
		    ->body;
	ask(t, "PATCH", PAY, "{\"serve\":\"on\"}", 200);
	second = ask_with(t, HEADERS("Idempotency-Key: k"), "PATCH", PAY,
			  "{\"serve\":\"off\"}", 200)
		     ->body;
	ck_assert_str_eq(first, second);
	ck_assert_int_eq(head_revision(t), head + 2);
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_loop_test(
	    tc, test_feed_when_served_by_hand_then_told_of_a_plain_flag, 0,
	    SCENE_PARKINGS);
	tcase_add_loop_test(
	    tc, test_values_when_served_by_hand_then_woken_each_time, 0,
	    SCENE_PARKINGS);
	tcase_add_loop_test(
	    tc, test_values_when_what_is_held_changes_then_nobody_is_woken, 0,
	    SCENE_PARKINGS);
	tcase_add_test(tc, test_toggles_when_sent_back_then_nothing_changes);
	tcase_add_test(
	    tc, test_toggles_when_imported_elsewhere_then_served_as_here);
	tcase_add_test(
	    tc, test_evaluate_when_served_by_hand_then_it_says_who_and_since);
	tcase_add_test(tc, test_usage_when_served_by_hand_then_static);
	tcase_add_test(
	    tc, test_serve_when_conditional_or_repeated_then_as_any_write);
}

int
main(void)
{
	return scene_main("hold", add);
}

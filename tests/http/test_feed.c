/*
 * What the feed says: to which cursor, for which selection, and when. Each test
 * runs once for each way in which a client can wait.
 */
#include <check.h>
#include <string.h>

#include "scene.h"

#define CHANGES ENV "/changes"
#define SOON 5000 /* ms: an answer that is due now */

static json_t *
feed(struct toggled *t, const char *query)
{
	return ask_json(t, "GET", toggled_text(t, CHANGES "%s", query), NULL,
			200);
}

static struct poller *
follow(struct toggled *t, const char *query)
{
	return poll_start(t, toggled_text(t, CHANGES "%s", query), NULL);
}

static json_t *
told(struct poller *p)
{
	struct answer *answer = poll_finish(p, SOON);

	ck_assert_msg(answer->status == 200, "%ld %s", answer->status,
		      answer->body);
	return answer_json(answer);
}

static void
expect_empty(json_t *delta, int64_t revision)
{
	ck_assert_int_eq(json_int_at(delta, "/revision"), revision);
	ck_assert(!json_bool_at(delta, "/full"));
	expect_json(json_at(delta, "/toggles"), "{}");
	expect_json(json_at(delta, "/segments"), "{}");
}

START_TEST(test_feed_when_cursor_is_new_then_everything_at_once)
{
	struct toggled *t = scene_open_parking(_i);
	static const char *const queries[] = {
		"",
		"?wait=30",
		"?since=0",
		"?since=0&wait=30s",
		"?since=&wait=30",
		"?since=4&wait=30",
		"?since=99999&wait=30",
		"?since=00000000000000ff.3&wait=30",
		"?since=00000000000000ff.1&wait=30",
	};
	const char *epoch = served_epoch(t);

	put_toggle(t, "a", "{}");
	put_toggle(t, "b", "{}");
	for (int i = 0; i < COUNT(queries); i++) {
		struct answer *answer =
		    ask(t, "GET", toggled_text(t, CHANGES "%s", queries[i]),
			NULL, 200);
		json_t *state = answer_json(answer);

		ck_assert(json_bool_at(state, "/full"));
		ck_assert_int_eq(json_int_at(state, "/revision"), 3);
		ck_assert_str_eq(json_text_at(state, "/epoch"), epoch);
		ck_assert_str_eq(json_text_at(state, "/cursor"),
				 toggled_text(t, "%s.3", epoch));
		ck_assert_str_eq(answer_header(t, answer, "ETag"),
				 toggled_text(t, "\"%s.3\"", epoch));
		ck_assert(json_equal(
		    json_at(state, "/toggles"),
		    json_at(ask_json(t, "GET", ENV "/toggles", NULL, 200),
			    "/toggles")));
	}
	scene_close(t);
}
END_TEST

START_TEST(test_feed_when_cursor_is_behind_then_the_delta_at_once)
{
	struct toggled *t = scene_open_parking(_i);
	const char *epoch = served_epoch(t);
	json_t *delta;

	put_toggle(t, "kept", "{}");
	put_toggle(t, "changed", "{\"owner\":\"1\"}");
	put_toggle(t, "gone", "{}");
	put_toggle(t, "changed", "{\"owner\":\"2\"}");
	put_toggle(t, "changed", "{\"owner\":\"3\"}");
	ask(t, "DELETE", ENV "/toggles/gone", NULL, 200);
	put_toggle(t, "short", "{}");
	ask(t, "DELETE", ENV "/toggles/short", NULL, 200);
	ask(t, "PUT", ENV "/segments/s", "{\"var\":\"vip\"}", 201);

	delta = feed(t, toggled_text(t, "?wait=30&since=%s.4", epoch));
	ck_assert(!json_bool_at(delta, "/full"));
	ck_assert_int_eq(json_int_at(delta, "/revision"), 10);
	/* Each once, as it is now. */
	ck_assert_uint_eq(json_object_size(json_at(delta, "/toggles")), 3);
	ck_assert_str_eq(json_text_at(delta, "/toggles/changed/owner"), "3");
	ck_assert(json_is_null(json_at(delta, "/toggles/gone")));
	ck_assert(json_is_null(json_at(delta, "/toggles/short")));
	expect_json(json_at(delta, "/segments"), "{\"s\":{\"var\":\"vip\"}}");
	/* A bare revision is as good. */
	ck_assert(json_equal(delta, feed(t, "?since=4&wait=30")));
	delta = feed(t, "?since=9");
	expect_json(json_at(delta, "/toggles"), "{}");
	expect_json(json_at(delta, "/segments"), "{\"s\":{\"var\":\"vip\"}}");
	scene_close(t);
}
END_TEST

START_TEST(test_feed_when_cursor_is_current_and_no_wait_then_empty)
{
	struct toggled *t = scene_open_parking(_i);

	put_toggle(t, "a", "{}");
	expect_empty(feed(t, "?since=2"), 2);
	expect_empty(feed(t, "?since=2&wait=0"), 2);
	expect_empty(feed(t, "?since=2&wait=0ms"), 2);
	scene_close(t);
}
END_TEST

START_TEST(test_feed_when_changed_while_waiting_then_told_of_that)
{
	struct toggled *t = scene_open_parking(_i);
	struct poller *p;
	json_t *delta;

	put_toggle(t, "a", "{}");
	put_toggle(t, "b", "{}");
	p = follow(t, "?since=3&wait=30");
	wait_for_waiters(t, 1);
	put_toggle(t, "a", "{\"owner\":\"me\"}");
	delta = told(p);
	ck_assert_int_eq(json_int_at(delta, "/revision"), 4);
	ck_assert(!json_bool_at(delta, "/full"));
	ck_assert_uint_eq(json_object_size(json_at(delta, "/toggles")), 1);
	ck_assert(json_equal(json_at(delta, "/toggles/a"),
			     ask_json(t, "GET", ENV "/toggles/a", NULL, 200)));

	p = follow(t, "?since=4&wait=30");
	wait_for_waiters(t, 1);
	ask(t, "DELETE", ENV "/toggles/a", NULL, 200);
	delta = told(p);
	expect_json(json_at(delta, "/toggles"), "{\"a\":null}");

	p = follow(t, "?since=5&wait=30");
	wait_for_waiters(t, 1);
	ask(t, "POST", ENV "/changes",
	    "{\"toggles\":{\"a\":{},\"b\":null},\"segments\":{\"s\":{\"var\":"
	    "\"x\"}}}",
	    200);
	delta = told(p);
	ck_assert_int_eq(json_int_at(delta, "/revision"), 6);
	ck_assert_uint_eq(json_object_size(json_at(delta, "/toggles")), 2);
	expect_json(json_at(delta, "/segments"), "{\"s\":{\"var\":\"x\"}}");
	scene_close(t);
}
END_TEST

/* Waits end by themselves, not together, and in time. */
START_TEST(test_feed_when_wait_has_passed_then_empty_and_spread)
{
	enum { WAITERS = 40, WAIT_MS = 1600 };
	struct toggled *t = scene_open_parking(_i);
	struct poller *p[WAITERS];
	double first = WAIT_MS * 2;
	double last = 0;

	put_toggle(t, "a", "{}");
	for (int i = 0; i < WAITERS; i++)
		p[i] = follow(t, i % 2 ? "?since=2&wait=1600ms"
				       : "?since=2&wait=1600ms&prefix=a");
	for (int i = 0; i < WAITERS; i++) {
		expect_empty(told(p[i]), 2);
		if (poll_took_ms(p[i]) < first)
			first = poll_took_ms(p[i]);
		if (poll_took_ms(p[i]) > last)
			last = poll_took_ms(p[i]);
	}
	ck_assert_double_ge(first, WAIT_MS - WAIT_MS / 16.0);
	ck_assert_double_le(last, WAIT_MS + 1000);
	/* 100 ms are given to chance; that 40 agree within 30 is not one. */
	ck_assert_double_ge(last - first, 30);
	ck_assert_int_eq(metric(t, "toggled_polls_expired_total"), WAITERS);
	wait_for_waiters(t, 0);
	scene_close(t);
}
END_TEST

START_TEST(test_feed_when_prefer_says_wait_then_it_waits)
{
	struct toggled *t = scene_open_parking(_i);
	struct poller *p, *q;

	put_toggle(t, "a", "{}");
	p = poll_start(t, CHANGES "?since=2", HEADERS("Prefer: wait=1"));
	q = poll_start(t, CHANGES "?since=2",
		       HEADERS("Prefer: respond-async, wait=\"30\""));
	expect_empty(told(p), 2);
	ck_assert_double_ge(poll_took_ms(p), 1000 - 1000 / 16.0);
	ck_assert_str_eq(
	    answer_header(t, poll_finish(p, SOON), "Preference-Applied"),
	    "wait");
	ck_assert(!poll_is_done(q));
	put_toggle(t, "a", "{\"owner\":\"me\"}");
	ck_assert_int_eq(json_int_at(told(q), "/revision"), 3);
	scene_close(t);
}
END_TEST

/* What happens elsewhere; a client that follows everything in the environment
 * proves that the feed has seen it where it can. */
static void
disturb(struct toggled *t)
{
	put_toggle(t, "b.one", "{\"owner\":\"me\"}");
	ask(t, "DELETE", ENV "/toggles/b.one", NULL, 200);
	ask(t, "PUT", ENV "/segments/other", "{\"var\":\"y\"}", 201);
	ask(t, "PUT", "/v1/envs/staging", "{}", 201);
	ask(t, "PUT", "/v1/envs/staging/toggles/a.one", "{}", 201);
	put_toggle(t, "A.one", "{}");
	put_toggle(t, "a", "{}");
}

START_TEST(test_feed_when_changed_elsewhere_then_it_sleeps_on)
{
	struct toggled *t = scene_open_parking(_i);
	struct poller *sleeper, *staging, *all, *late;
	json_t *delta;
	int64_t head;

	put_toggle(t, "a.one", "{}");
	ask(t, "PUT", "/v1/envs/quiet", "{}", 201);
	sleeper = follow(t, "?since=2&wait=30&prefix=a.");
	staging = poll_start(t, "/v1/envs/quiet/changes?since=3&wait=30", NULL);
	wait_for_waiters(t, 2);
	disturb(t);
	head = head_revision(t);
	/* Its cursor is old by number, but nothing it selected has changed. */
	late = follow(t, "?since=2&wait=30&prefix=a.");
	all = follow(t, toggled_text(t, "?since=%d&wait=30", (int)head));
	wait_for_waiters(t, 4);
	put_toggle(t, "b.two", "{}");
	ck_assert_int_eq(json_int_at(told(all), "/revision"), head + 1);
	ck_assert(!poll_is_done(sleeper));
	ck_assert(!poll_is_done(late));
	ck_assert(!poll_is_done(staging));
	put_toggle(t, "a.two", "{}");
	delta = told(sleeper);
	ck_assert_int_eq(json_int_at(delta, "/revision"), head + 2);
	ck_assert_uint_eq(json_object_size(json_at(delta, "/toggles")), 1);
	ck_assert_ptr_nonnull(json_at(delta, "/toggles/a.two"));
	ck_assert(json_equal(told(late), delta));
	ck_assert(!poll_is_done(staging));
	ask(t, "PUT", "/v1/envs/quiet/toggles/x", "{}", 201);
	ck_assert_ptr_nonnull(json_at(told(staging), "/toggles/x"));
	scene_close(t);
}
END_TEST

START_TEST(test_feed_when_prefix_needs_segments_then_they_come_along)
{
	struct toggled *t = scene_open_parking(_i);
	struct poller *p;
	json_t *delta;

	ask(t, "PUT", ENV "/segments/mine", "{\"var\":\"a\"}", 201);
	ask(t, "PUT", ENV "/segments/theirs", "{\"var\":\"b\"}", 201);
	put_toggle(t, "a.one",
		   "{\"targeting\":{\"if\":[{\"$ref\":\"mine\"},\"on\"]}}");
	put_toggle(t, "b.one",
		   "{\"targeting\":{\"if\":[{\"$ref\":\"theirs\"},\"on\"]}}");
	expect_json(json_at(feed(t, "?prefix=a."), "/segments"),
		    "{\"mine\":{\"var\":\"a\"}}");
	p = follow(t, "?since=5&wait=30&prefix=a.");
	wait_for_waiters(t, 1);
	ask(t, "PUT", ENV "/segments/theirs", "{\"var\":\"c\"}", 200);
	ask(t, "PUT", ENV "/segments/mine", "{\"var\":\"d\"}", 200);
	delta = told(p);
	ck_assert_int_eq(json_int_at(delta, "/revision"), 7);
	expect_json(json_at(delta, "/segments"), "{\"mine\":{\"var\":\"d\"}}");
	/* A toggle that refers to one for the first time brings it. */
	p = follow(t, "?since=7&wait=30&prefix=a.");
	wait_for_waiters(t, 1);
	put_toggle(t, "a.two",
		   "{\"targeting\":{\"if\":[{\"$ref\":\"theirs\"},\"on\"]}}");
	delta = told(p);
	ck_assert_ptr_nonnull(json_at(delta, "/toggles/a.two"));
	expect_json(json_at(delta, "/segments"),
		    "{\"theirs\":{\"var\":\"c\"}}");
	scene_close(t);
}
END_TEST

START_TEST(test_feed_when_nothing_changes_by_a_write_then_it_sleeps_on)
{
	struct toggled *t = scene_open_parking(_i);
	struct poller *p;

	put_toggle(t, "a", "{}");
	p = follow(t, "?since=2&wait=30");
	wait_for_waiters(t, 1);
	put_toggle(t, "a", "{}");
	ask(t, "PUT", ENV "/toggles/b?dryRun=true", "{}", 200);
	ask(t, "PUT", ENV "/toggles/b", "{\"state\":1}", 400);
	ck_assert(!poll_is_done(p));
	put_toggle(t, "b", "{}");
	ck_assert_int_eq(json_int_at(told(p), "/revision"), 3);
	scene_close(t);
}
END_TEST

START_TEST(test_feed_when_environment_is_removed_then_404)
{
	struct toggled *t = scene_open_parking(_i);
	struct poller *p;

	ask(t, "PUT", "/v1/envs/staging", "{}", 201);
	p = poll_start(t, "/v1/envs/staging/changes?since=2&wait=30", NULL);
	wait_for_waiters(t, 1);
	ask(t, "DELETE", "/v1/envs/staging", NULL, 200);
	expect_problem(poll_finish(p, SOON), 404, "not-found");
	scene_close(t);
}
END_TEST

/* Ordered and complete: whoever applies the deltas has the state. */
START_TEST(test_feed_when_followed_through_a_burst_then_state_is_equal)
{
	enum { CHANGES_MADE = 60 };
	struct toggled *t = scene_open_parking(_i);
	json_t *state = json_object();
	json_t *delta = NULL;
	int64_t revision = 1;
	struct poller *p = follow(t, "?since=1&wait=30");

	for (int i = 0; i < CHANGES_MADE; i++) {
		if (i % 7 == 6)
			ask(t, "DELETE",
			    toggled_text(t, ENV "/toggles/k%d", (i - 1) % 5),
			    NULL, 200);
		else
			put_toggle(t, toggled_text(t, "k%d", i % 5),
				   toggled_text(t, "{\"owner\":\"%d\"}", i));
		if (!poll_is_done(p) && i < CHANGES_MADE - 1)
			continue;
		for (bool more = true; more;
		     more =
			 i == CHANGES_MADE - 1 && revision < head_revision(t)) {
			const char *key;
			json_t *toggle;

			delta = told(p);
			ck_assert_int_gt(json_int_at(delta, "/revision"),
					 revision);
			revision = json_int_at(delta, "/revision");
			json_object_foreach(json_at(delta, "/toggles"), key,
					    toggle)
			{
				if (json_is_null(toggle))
					json_object_del(state, key);
				else
					json_object_set(state, key, toggle);
			}
			p = follow(t, toggled_text(t, "?since=%d&wait=30",
						   (int)revision));
		}
	}
	poll_abandon(p);
	ck_assert(json_equal(
	    state, json_at(ask_json(t, "GET", ENV "/toggles", NULL, 200),
			   "/toggles")));
	json_decref(state);
	scene_close(t);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_loop_test(
	    tc, test_feed_when_cursor_is_new_then_everything_at_once, 0,
	    SCENE_PARKINGS);
	tcase_add_loop_test(
	    tc, test_feed_when_cursor_is_behind_then_the_delta_at_once, 0,
	    SCENE_PARKINGS);
	tcase_add_loop_test(
	    tc, test_feed_when_cursor_is_current_and_no_wait_then_empty, 0,
	    SCENE_PARKINGS);
	tcase_add_loop_test(
	    tc, test_feed_when_changed_while_waiting_then_told_of_that, 0,
	    SCENE_PARKINGS);
	tcase_add_loop_test(
	    tc, test_feed_when_wait_has_passed_then_empty_and_spread, 0,
	    SCENE_PARKINGS);
	tcase_add_loop_test(tc, test_feed_when_prefer_says_wait_then_it_waits,
			    0, SCENE_PARKINGS);
	tcase_add_loop_test(tc,
			    test_feed_when_changed_elsewhere_then_it_sleeps_on,
			    0, SCENE_PARKINGS);
	tcase_add_loop_test(
	    tc, test_feed_when_prefix_needs_segments_then_they_come_along, 0,
	    SCENE_PARKINGS);
	tcase_add_loop_test(
	    tc, test_feed_when_nothing_changes_by_a_write_then_it_sleeps_on, 0,
	    SCENE_PARKINGS);
	tcase_add_loop_test(tc, test_feed_when_environment_is_removed_then_404,
			    0, SCENE_PARKINGS);
	tcase_add_loop_test(
	    tc, test_feed_when_followed_through_a_burst_then_state_is_equal, 0,
	    SCENE_PARKINGS);
}

int
main(void)
{
	return scene_main("feed", add);
}

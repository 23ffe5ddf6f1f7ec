/*
 * Channels whose evaluator has to be asked: when it is asked, and what becomes
 * of those who wait meanwhile.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "feed/feed.h"
#include "fixture_feed.h"
#include "suite.h"

enum { MANY = 20, COSTLY_MS = 2 };

static struct {
	struct stage stage;
	int64_t cost_ms; /* of each question and answer */
	unsigned asked;
	unsigned built;
	int64_t before, after; /* revisions of the last question */
	uint64_t poor;         /* the account that has spent too much */
} scene;

/* Toggles that begin with the context's first letter matter to it. */
static bool
touches(const struct topic *topic, const struct snapshot *before,
	const struct snapshot *after, void *ctx)
{
	const char *key = topic->context.data;

	(void)ctx;
	scene.asked++;
	scene.stage.now_ms += scene.cost_ms;
	scene.before = before->revision;
	scene.after = after->revision;
	return snapshot_find(before, KIND_TOGGLE, key, 1) !=
	       snapshot_find(after, KIND_TOGGLE, key, 1);
}

static struct blob *
build(const struct topic *topic, const struct snapshot *snapshot,
      const char *epoch, void *ctx)
{
	char text[32];
	int length;

	(void)epoch;
	(void)ctx;
	scene.built++;
	scene.stage.now_ms += scene.cost_ms;
	if (topic->account != 0 && topic->account == scene.poor)
		return NULL;
	length =
	    snprintf(text, sizeof(text), "%.*s@%d", (int)topic->context.length,
		     topic->context.data, (int)snapshot->revision);
	return blob_new(text, (size_t)length);
}

static bool
goes_last(const struct topic *topic, void *ctx)
{
	(void)ctx;
	return topic->account == scene.poor;
}

static void
open_scene(void)
{
	const struct feed_evaluator evaluator = { touches, build, goes_last,
						  NULL };

	memset(&scene, 0, sizeof(scene));
	stage_open(&scene.stage, &evaluator);
}

static void
close_scene(void)
{
	stage_close(&scene.stage);
}

static void
wait_on_account(struct client *client, const char *context, int64_t wait_ms,
		uint64_t account)
{
	struct topic topic = stage_topic("e", "");

	topic.form = TOPIC_VALUES;
	topic.account = account;
	topic.context = fixture_string(context);
	feed_wait(scene.stage.feed, &client->waiter, &topic, scene.stage.head,
		  wait_ms);
}

static void
wait_as(struct client *client, const char *context, int64_t wait_ms)
{
	wait_on_account(client, context, wait_ms, 0);
}

static void
change(const char *key)
{
	stage_change(&scene.stage, key);
	stage_publish(&scene.stage);
}

static bool
run(void)
{
	return feed_run(scene.stage.feed, SIZE_MAX);
}

START_TEST(test_publish_when_it_has_to_ask_then_only_a_run_does)
{
	struct client a = { 0 };
	struct client b = { 0 };

	wait_as(&a, "a1", 30000);
	wait_as(&b, "b1", 30000);
	change("a");
	ck_assert_uint_eq(scene.asked, 0);
	ck_assert(!run());
	ck_assert_uint_eq(scene.asked, 2);
	ck_assert_str_eq(a.body->data, "a1@2");
	ck_assert_uint_eq(b.answers, 0);
	change("b");
	ck_assert(!run());
	ck_assert_uint_eq(scene.asked, 3);
	ck_assert_str_eq(b.body->data, "b1@3");
	client_reset(&a);
	client_reset(&b);
}
END_TEST

START_TEST(test_run_when_questions_cost_time_then_a_few_at_a_time)
{
	struct client clients[MANY] = { { .answers = 0 } };
	char context[MANY][16];
	unsigned runs = 0;
	unsigned done = 0;

	scene.cost_ms = COSTLY_MS;
	for (int i = 0; i < MANY; i++) {
		/* Every second one is touched. */
		snprintf(context[i], sizeof(context[i]), "%c%d",
			 i % 2 == 0 ? 'a' : 'b', i);
		wait_as(&clients[i], context[i], 30000);
	}
	change("a");
	while (run()) {
		const unsigned now = scene.asked + scene.built;

		ck_assert_uint_le(now - done, 6);
		ck_assert_uint_gt(now, done);
		done = now;
		runs++;
	}
	ck_assert_uint_ge(runs, 4);
	ck_assert_uint_eq(scene.asked, MANY);
	ck_assert_uint_eq(scene.built, MANY / 2);
	for (int i = 0; i < MANY; i++) {
		ck_assert_uint_eq(clients[i].answers, i % 2 == 0);
		feed_cancel(scene.stage.feed, &clients[i].waiter);
		client_reset(&clients[i]);
	}
}
END_TEST

START_TEST(test_run_when_two_changes_came_then_asked_once_over_both)
{
	struct client a = { 0 };
	struct client b = { 0 };

	wait_as(&a, "a1", 30000);
	wait_as(&b, "b1", 30000);
	change("a");
	change("c");
	ck_assert(!run());
	ck_assert_uint_eq(scene.asked, 2);
	ck_assert_int_eq(scene.before, 1);
	ck_assert_int_eq(scene.after, 3);
	ck_assert_str_eq(a.body->data, "a1@3");
	ck_assert_uint_eq(feed_counts(scene.stage.feed).waiting, 1);
	feed_cancel(scene.stage.feed, &b.waiter);
	ck_assert_uint_eq(feed_counts(scene.stage.feed).channels, 0);
	client_reset(&a);
}
END_TEST

START_TEST(test_wait_when_question_is_open_then_both_go_on_in_one_channel)
{
	struct client early = { 0 };
	struct client late = { 0 };

	wait_as(&early, "b1", 30000);
	change("a");
	wait_as(&late, "b1", 30000);
	ck_assert(!run());
	ck_assert_uint_eq(feed_counts(scene.stage.feed).channels, 1);
	ck_assert_uint_eq(feed_counts(scene.stage.feed).waiting, 2);
	change("b");
	ck_assert(!run());
	ck_assert_uint_eq(scene.built, 1);
	ck_assert_str_eq(early.body->data, "b1@3");
	ck_assert_ptr_eq(early.body, late.body);
	client_reset(&early);
	client_reset(&late);
}
END_TEST

START_TEST(test_tick_when_question_is_open_then_expires_once_it_is_settled)
{
	struct client a = { 0 };
	struct client b = { 0 };

	wait_as(&a, "a1", 100);
	wait_as(&b, "b1", 100);
	change("a");
	scene.stage.now_ms += 1000;
	ck_assert_int_ge(feed_tick(scene.stage.feed), 0);
	ck_assert_uint_eq(a.answers + b.answers, 0);
	ck_assert(!run());
	ck_assert_int_eq(a.reason, ANSWER_CHANGED);
	ck_assert_uint_eq(b.answers, 0);
	scene.stage.now_ms += FEED_TICK_MS;
	ck_assert_int_eq(feed_tick(scene.stage.feed), -1);
	ck_assert_uint_eq(b.answers, 1);
	ck_assert_int_eq(b.reason, ANSWER_EXPIRED);
	client_reset(&a);
	client_reset(&b);
}
END_TEST

START_TEST(test_drain_when_question_is_open_then_all_are_answered)
{
	struct client a = { 0 };
	struct client b = { 0 };

	wait_as(&a, "a1", 30000);
	wait_as(&b, "b1", 30000);
	change("a");
	feed_drain(scene.stage.feed);
	while (feed_run(scene.stage.feed, SIZE_MAX))
		continue;
	ck_assert_uint_eq(a.answers, 1);
	ck_assert_uint_eq(b.answers, 1);
	ck_assert_str_eq(b.body->data, "b1@2");
	ck_assert_uint_eq(feed_counts(scene.stage.feed).waiting, 0);
	client_reset(&a);
	client_reset(&b);
}
END_TEST

/* MANY clients with a context each. */
static void
wait_many(struct client *clients, int64_t wait_ms)
{
	for (int i = 0; i < MANY; i++) {
		char context[16];

		snprintf(context, sizeof(context), "b%d", i);
		wait_as(&clients[i], context, wait_ms);
	}
}

static void
assert_all_told(struct client *clients, enum answer_reason reason)
{
	for (int i = 0; i < MANY; i++) {
		ck_assert_uint_eq(clients[i].answers, 1);
		ck_assert_int_eq(clients[i].reason, reason);
		client_reset(&clients[i]);
	}
	ck_assert_uint_eq(feed_counts(scene.stage.feed).waiting, 0);
}

START_TEST(test_tick_when_many_expire_then_a_few_at_a_time)
{
	struct client clients[MANY] = { { .answers = 0 } };
	int64_t next = 0;

	scene.cost_ms = COSTLY_MS;
	wait_many(clients, 100);
	scene.stage.now_ms += 1000;
	while (next == 0) {
		const unsigned done = scene.built;

		next = feed_tick(scene.stage.feed);
		ck_assert_uint_gt(scene.built, done);
		ck_assert_uint_le(scene.built - done,
				  FEED_RUN_MS / COSTLY_MS + 1);
	}
	ck_assert_int_eq(next, -1);
	ck_assert_uint_eq(scene.built, MANY);
	assert_all_told(clients, ANSWER_EXPIRED);
}
END_TEST

START_TEST(test_drain_when_many_wait_then_a_few_at_a_time)
{
	struct client clients[MANY] = { { .answers = 0 } };
	bool more = true;

	scene.cost_ms = COSTLY_MS;
	wait_many(clients, 30000);
	feed_drain(scene.stage.feed);
	ck_assert_uint_eq(scene.built, 0);
	while (more) {
		const unsigned done = scene.built;

		more = run();
		ck_assert_uint_le(scene.built - done,
				  FEED_RUN_MS / COSTLY_MS + 1);
	}
	ck_assert_uint_eq(scene.built, MANY);
	assert_all_told(clients, ANSWER_DRAINED);
}
END_TEST

START_TEST(test_abandon_when_many_wait_then_told_at_once_and_nothing_is_built)
{
	struct client clients[MANY] = { { .answers = 0 } };

	wait_many(clients, 30000);
	change("a");
	feed_abandon(scene.stage.feed);
	ck_assert_uint_eq(scene.asked + scene.built, 0);
	ck_assert_ptr_null(clients[0].body);
	assert_all_told(clients, ANSWER_STOPPED);
}
END_TEST

START_TEST(test_run_when_an_account_has_spent_too_much_then_others_are_first)
{
	struct client poor[2] = { { .answers = 0 } };
	struct client rich = { 0 };

	scene.poor = 7;
	wait_on_account(&rich, "a0", 30000, 8);
	wait_on_account(&poor[0], "a1", 30000, 7);
	wait_on_account(&poor[1], "a2", 30000, 7);
	ck_assert_uint_eq(feed_counts(scene.stage.feed).channels, 3);
	change("a");
	/* Channels are queued newest first: two steps put them behind. */
	ck_assert(feed_run(scene.stage.feed, 3));
	ck_assert_uint_eq(rich.answers, 1);
	ck_assert_uint_eq(poor[0].answers + poor[1].answers, 0);
	ck_assert(!run());
	ck_assert_int_eq(rich.reason, ANSWER_CHANGED);
	for (int i = 0; i < 2; i++) {
		ck_assert_uint_eq(poor[i].answers, 1);
		ck_assert_int_eq(poor[i].reason, ANSWER_COSTLY);
		ck_assert_ptr_null(poor[i].body);
	}
	client_reset(&rich);
}
END_TEST

START_TEST(test_wait_when_accounts_differ_then_equal_contexts_share)
{
	struct client a = { 0 };
	struct client b = { 0 };

	wait_on_account(&a, "a1", 30000, 7);
	wait_on_account(&b, "a1", 30000, 8);
	ck_assert_uint_eq(feed_counts(scene.stage.feed).channels, 1);
	change("a");
	ck_assert(!run());
	ck_assert_uint_eq(scene.built, 1);
	ck_assert_ptr_eq(a.body, b.body);
	client_reset(&a);
	client_reset(&b);
}
END_TEST

START_TEST(test_tick_when_its_account_has_spent_too_much_then_told_so)
{
	struct client a = { 0 };

	scene.poor = 7;
	wait_on_account(&a, "a1", 100, 7);
	scene.stage.now_ms += 1000;
	ck_assert_int_eq(feed_tick(scene.stage.feed), -1);
	ck_assert_int_eq(a.reason, ANSWER_COSTLY);
	ck_assert_ptr_null(a.body);
}
END_TEST

START_TEST(test_run_when_environment_went_meanwhile_then_told_so)
{
	struct catalog *empty = catalog_new("0123456789abcdef", 3);
	struct client b = { 0 };

	wait_as(&b, "b1", 30000);
	change("a");
	feed_publish(scene.stage.feed, empty);
	ck_assert(!run());
	ck_assert_uint_eq(scene.asked, 0);
	ck_assert_int_eq(b.reason, ANSWER_GONE);
	catalog_unref(empty);
}
END_TEST

START_TEST(test_run_when_the_epoch_is_new_then_nobody_is_asked)
{
	struct catalog *restored = catalog_new("ffffffffffffffff", 1);
	struct client b = { 0 };

	wait_as(&b, "b1", 30000);
	change("a");
	fixture_publish(&restored, scene.stage.snapshot);
	feed_publish(scene.stage.feed, restored);
	ck_assert(!run());
	ck_assert_uint_eq(scene.asked, 0);
	ck_assert_int_eq(b.reason, ANSWER_CHANGED);
	client_reset(&b);
	catalog_unref(restored);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, open_scene, close_scene);
	tcase_add_test(tc,
		       test_publish_when_it_has_to_ask_then_only_a_run_does);
	tcase_add_test(tc,
		       test_run_when_questions_cost_time_then_a_few_at_a_time);
	tcase_add_test(
	    tc, test_run_when_two_changes_came_then_asked_once_over_both);
	tcase_add_test(
	    tc, test_wait_when_question_is_open_then_both_go_on_in_one_channel);
	tcase_add_test(
	    tc,
	    test_tick_when_question_is_open_then_expires_once_it_is_settled);
	tcase_add_test(tc,
		       test_drain_when_question_is_open_then_all_are_answered);
	tcase_add_test(
	    tc,
	    test_run_when_an_account_has_spent_too_much_then_others_are_first);
	tcase_add_test(
	    tc, test_wait_when_accounts_differ_then_equal_contexts_share);
	tcase_add_test(
	    tc, test_tick_when_its_account_has_spent_too_much_then_told_so);
	tcase_add_test(tc, test_tick_when_many_expire_then_a_few_at_a_time);
	tcase_add_test(tc, test_drain_when_many_wait_then_a_few_at_a_time);
	tcase_add_test(
	    tc,
	    test_abandon_when_many_wait_then_told_at_once_and_nothing_is_built);
	tcase_add_test(tc,
		       test_run_when_environment_went_meanwhile_then_told_so);
	tcase_add_test(tc, test_run_when_the_epoch_is_new_then_nobody_is_asked);
}

int
main(void)
{
	return suite_main("feed_ask", add);
}

#include "feed/feed.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "fixture_feed.h"
#include "suite.h"

_Static_assert(sizeof(struct waiter) <= 72, "a waiting client costs bytes");

static struct stage stage;

static void
open_stage(void)
{
	stage_open(&stage, NULL);
}

static void
close_stage(void)
{
	stage_close(&stage);
}

static void
assert_told(struct client *client, enum answer_reason reason, int64_t revision)
{
	ck_assert_uint_eq(client->answers, 1);
	ck_assert_int_eq(client->reason, reason);
	ck_assert_int_eq(client->revision, revision);
	ck_assert_ptr_null(client->waiter.channel);
}

START_TEST(test_feed_when_a_change_comes_then_waiters_share_one_body)
{
	struct client a = { 0 };
	struct client b = { 0 };

	stage_wait(&stage, &a, "");
	stage_wait(&stage, &b, "");
	ck_assert_uint_eq(feed_counts(stage.feed).channels, 1);
	stage_change(&stage, "new-checkout");
	stage_publish(&stage);
	ck_assert_uint_eq(a.answers, 0);
	ck_assert(!feed_run(stage.feed, 10));
	assert_told(&a, ANSWER_CHANGED, 2);
	assert_told(&b, ANSWER_CHANGED, 2);
	ck_assert_ptr_eq(a.body, b.body);
	ck_assert_ptr_nonnull(strstr(a.body->data, "\"new-checkout\":{"));
	ck_assert_uint_eq(feed_counts(stage.feed).waiting, 0);
	ck_assert_uint_eq(feed_counts(stage.feed).channels, 0);
	ck_assert_uint_eq(feed_counts(stage.feed).woken, 2);
	client_reset(&a);
	client_reset(&b);
}
END_TEST

START_TEST(test_feed_when_two_feeds_answer_then_they_share_one_body)
{
	struct stage other;
	struct client a = { 0 };
	struct client b = { 0 };

	stage_open(&other, NULL);
	feed_publish(other.feed, stage.catalog);
	(void)feed_run(other.feed, 10);
	stage_wait(&stage, &a, "");
	stage_wait(&other, &b, "");
	stage_change(&stage, "t");
	stage_publish(&stage);
	feed_publish(other.feed, stage.catalog);
	(void)feed_run(stage.feed, 10);
	(void)feed_run(other.feed, 10);
	ck_assert_ptr_nonnull(a.body);
	ck_assert_ptr_eq(a.body, b.body);
	client_reset(&a);
	client_reset(&b);
	stage_close(&other);
}
END_TEST

START_TEST(test_feed_when_the_budget_is_spent_then_more_is_to_do)
{
	struct client c[5] = { { .answers = 0 } };
	unsigned answers = 0;

	for (size_t i = 0; i < 5; i++)
		stage_wait(&stage, &c[i], i < 3 ? "" : "t");
	stage_change(&stage, "t");
	stage_publish(&stage);
	ck_assert(feed_run(stage.feed, 2));
	for (size_t i = 0; i < 5; i++)
		answers += c[i].answers;
	ck_assert_uint_eq(answers, 2);
	ck_assert(feed_run(stage.feed, 2));
	ck_assert(!feed_run(stage.feed, 2));
	for (size_t i = 0; i < 5; i++) {
		assert_told(&c[i], ANSWER_CHANGED, 2);
		client_reset(&c[i]);
	}
}
END_TEST

START_TEST(test_feed_when_another_change_comes_meanwhile_then_both_are_told)
{
	struct client a = { 0 };
	struct client b = { 0 };

	stage_wait(&stage, &a, "");
	stage_wait(&stage, &b, "");
	stage_change(&stage, "first");
	stage_publish(&stage);
	ck_assert(feed_run(stage.feed, 1));
	stage_change(&stage, "second");
	stage_publish(&stage);
	ck_assert(!feed_run(stage.feed, 1));
	/* Waiters of a channel are answered newest first. */
	assert_told(&b, ANSWER_CHANGED, 2);
	assert_told(&a, ANSWER_CHANGED, 3);
	ck_assert_ptr_nonnull(strstr(a.body->data, "\"first\""));
	ck_assert_ptr_nonnull(strstr(a.body->data, "\"second\""));
	ck_assert_ptr_nonnull(strstr(a.body->data, "\"full\":false"));
	client_reset(&a);
	client_reset(&b);
}
END_TEST

START_TEST(test_feed_when_cancelled_then_never_answered)
{
	struct client waiting = { 0 };
	struct client woken = { 0 };

	feed_cancel(stage.feed, &waiting.waiter);
	stage_wait(&stage, &waiting, "x");
	stage_wait(&stage, &woken, "t");
	stage_change(&stage, "t");
	stage_publish(&stage);
	feed_cancel(stage.feed, &waiting.waiter);
	feed_cancel(stage.feed, &woken.waiter);
	feed_cancel(stage.feed, &woken.waiter);
	ck_assert(!feed_run(stage.feed, 10));
	stage.now_ms += 60000;
	ck_assert_int_eq(feed_tick(stage.feed), -1);
	ck_assert_uint_eq(waiting.answers + woken.answers, 0);
	ck_assert_uint_eq(feed_counts(stage.feed).waiting, 0);
}
END_TEST

START_TEST(test_feed_when_the_queue_loses_its_last_then_it_takes_new_ones)
{
	struct client a = { 0 };
	struct client b = { 0 };
	struct client c = { 0 };

	stage_wait(&stage, &a, "a");
	stage_wait(&stage, &b, "");
	stage_change(&stage, "a");
	stage_publish(&stage);
	feed_cancel(stage.feed, &b.waiter);
	feed_cancel(stage.feed, &a.waiter);
	stage_wait(&stage, &c, "");
	stage_change(&stage, "a");
	stage_publish(&stage);
	ck_assert(!feed_run(stage.feed, 10));
	assert_told(&c, ANSWER_CHANGED, 3);
	client_reset(&c);
}
END_TEST

static void
wait_again(struct client *client, void *ctx)
{
	stage_wait(ctx, client, "");
}

START_TEST(test_feed_when_it_waits_again_inside_then_answered_once_a_change)
{
	struct client a = { .then = wait_again, .ctx = &stage };

	stage_wait(&stage, &a, "");
	stage_change(&stage, "t");
	stage_publish(&stage);
	ck_assert(!feed_run(stage.feed, 10));
	ck_assert_uint_eq(a.answers, 1);
	ck_assert_ptr_nonnull(a.waiter.channel);
	stage_change(&stage, "t");
	stage_publish(&stage);
	ck_assert(!feed_run(stage.feed, 10));
	ck_assert_uint_eq(a.answers, 2);
	stage.now_ms += 30100;
	ck_assert_int_gt(feed_tick(stage.feed), 0);
	ck_assert_uint_eq(a.answers, 3);
	feed_drain(stage.feed);
	while (feed_run(stage.feed, SIZE_MAX))
		continue;
	ck_assert_uint_eq(a.answers, 4);
	feed_cancel(stage.feed, &a.waiter);
	client_reset(&a);
}
END_TEST

static void
cancel_other(struct client *client, void *ctx)
{
	struct client *other = ctx;

	(void)client;
	feed_cancel(stage.feed, &other->waiter);
}

START_TEST(test_feed_when_one_cancels_others_inside_then_they_are_not_told)
{
	struct client a = { 0 };
	struct client b = { 0 };

	a.then = b.then = cancel_other;
	a.ctx = &b;
	b.ctx = &a;
	stage_wait(&stage, &a, "");
	stage_wait(&stage, &b, "");
	stage_change(&stage, "t");
	stage_publish(&stage);
	ck_assert(!feed_run(stage.feed, 10));
	ck_assert_uint_eq(a.answers + b.answers, 1);
	stage_wait(&stage, &a, "");
	stage_wait(&stage, &b, "");
	stage.now_ms += 60000;
	ck_assert_int_eq(feed_tick(stage.feed), -1);
	ck_assert_uint_eq(a.answers + b.answers, 2);
	client_reset(&a);
	client_reset(&b);
}
END_TEST

START_TEST(test_feed_when_the_wait_passes_then_an_empty_delta_at_the_head)
{
	struct client a = { 0 };
	struct client b = { 0 };
	int64_t begin = stage.now_ms;

	stage_wait(&stage, &a, "quiet");
	stage_wait(&stage, &b, "silent");
	stage_change(&stage, "loud");
	stage_publish(&stage);
	ck_assert(!feed_run(stage.feed, 10));
	for (;;) {
		int64_t next = feed_tick(stage.feed);

		if (next < 0)
			break;
		stage.now_ms += next;
	}
	/* A sixteenth at most is taken off, a tick at most comes on top. */
	ck_assert_int_ge(stage.now_ms - begin, 30000 - 30000 / 16);
	ck_assert_int_le(stage.now_ms - begin, 30000 + FEED_TICK_MS);
	assert_told(&a, ANSWER_EXPIRED, 2);
	assert_told(&b, ANSWER_EXPIRED, 2);
	ck_assert_ptr_eq(a.body, b.body);
	ck_assert_ptr_nonnull(strstr(a.body->data, "\"toggles\":{}"));
	ck_assert_uint_eq(feed_counts(stage.feed).expired, 2);
	client_reset(&a);
	client_reset(&b);
}
END_TEST

START_TEST(test_feed_when_woken_and_expired_then_told_of_the_change_once)
{
	struct client a = { 0 };

	stage_wait(&stage, &a, "");
	stage_change(&stage, "t");
	stage_publish(&stage);
	stage.now_ms += 60000;
	ck_assert_int_eq(feed_tick(stage.feed), -1);
	ck_assert_uint_eq(a.answers, 0);
	ck_assert(!feed_run(stage.feed, 10));
	assert_told(&a, ANSWER_CHANGED, 2);
	client_reset(&a);
}
END_TEST

START_TEST(test_feed_when_it_has_seen_more_than_published_then_never_set_back)
{
	struct topic topic = stage_topic("e", "");
	struct client a = { 0 };

	feed_wait(stage.feed, &a.waiter, &topic, 9, 100);
	stage.now_ms += 200;
	ck_assert_int_eq(feed_tick(stage.feed), -1);
	assert_told(&a, ANSWER_EXPIRED, 9);
	client_reset(&a);
}
END_TEST

START_TEST(test_feed_when_drained_then_changes_first_and_all_are_told)
{
	struct client woken = { 0 };
	struct client waiting = { 0 };

	stage_wait(&stage, &woken, "t");
	stage_wait(&stage, &waiting, "x");
	stage_change(&stage, "t");
	stage_publish(&stage);
	feed_drain(stage.feed);
	while (feed_run(stage.feed, SIZE_MAX))
		continue;
	assert_told(&woken, ANSWER_CHANGED, 2);
	assert_told(&waiting, ANSWER_DRAINED, 2);
	ck_assert_ptr_nonnull(strstr(waiting.body->data, "\"toggles\":{}"));
	ck_assert_uint_eq(feed_counts(stage.feed).waiting, 0);
	ck_assert_int_eq(feed_tick(stage.feed), -1);
	client_reset(&woken);
	client_reset(&waiting);
}
END_TEST

struct tally {
	size_t waiters;
	size_t of_prefix;
};

static void
tally(const struct waiter *waiter, const struct topic *topic, void *ctx)
{
	struct tally *t = ctx;

	ck_assert_ptr_nonnull(waiter->channel);
	t->waiters++;
	t->of_prefix += topic->prefix.length > 0;
}

START_TEST(test_feed_each_when_some_are_woken_then_all_are_visited)
{
	struct client c[4] = { { .answers = 0 } };
	struct topic elsewhere = stage_topic("f", "");
	struct tally t = { 0 };

	stage_wait(&stage, &c[0], "t");
	stage_wait(&stage, &c[1], "x");
	stage_wait(&stage, &c[2], "");
	feed_wait(stage.feed, &c[3].waiter, &elsewhere, 1, 1000);
	stage_change(&stage, "t");
	stage_publish(&stage);
	feed_each(stage.feed, fixture_string("e"), tally, &t);
	ck_assert_uint_eq(t.waiters, 3);
	ck_assert_uint_eq(t.of_prefix, 2);
	for (size_t i = 0; i < 4; i++)
		feed_cancel(stage.feed, &c[i].waiter);
	feed_each(stage.feed, fixture_string("e"), tally, &t);
	ck_assert_uint_eq(t.waiters, 3);
}
END_TEST

static const struct {
	struct cursor cursor;
	const char *prefix;
	enum feed_need need;
} needs[] = {
	{ { "", 0 }, "", FEED_FULL },
	{ { "0123456789abcdef", 0 }, "", FEED_FULL },
	{ { "", -1 }, "", FEED_FULL },
	{ { "fedcba9876543210", 12 }, "", FEED_FULL },
	{ { "", 21 }, "", FEED_FULL },
	{ { "", 9 }, "", FEED_FULL },
	{ { "", 10 }, "", FEED_DELTA },
	{ { "0123456789abcdef", 10 }, "", FEED_DELTA },
	{ { "", 10 }, "a", FEED_DELTA },
	{ { "", 11 }, "a", FEED_NOTHING },
	{ { "", 11 }, "b", FEED_DELTA },
	{ { "", 12 }, "", FEED_NOTHING },
	{ { "0123456789abcdef", 12 }, "", FEED_NOTHING },
	{ { "", 20 }, "", FEED_NOTHING },
	{ { "0123456789abcdef", 20 }, "b", FEED_NOTHING },
};

START_TEST(test_feed_need_when_given_a_cursor_then_says_what_is_due)
{
	struct snapshot *snapshot = fixture_environment("e", 10);
	struct catalog *catalog = catalog_new("0123456789abcdef", 20);

	ck_assert_int_eq(snapshot->horizon, 10);
	fixture_change(&snapshot, "a", 11, false);
	fixture_change(&snapshot, "b", 12, false);
	fixture_publish(&catalog, snapshot);
	ck_assert_int_eq(feed_need(catalog, snapshot,
				   fixture_string(needs[_i].prefix),
				   &needs[_i].cursor),
			 needs[_i].need);
	catalog_unref(catalog);
	snapshot_unref(snapshot);
}
END_TEST

START_TEST(test_feed_when_100000_wait_then_one_channel_and_all_are_told)
{
	enum { MANY = 100000 };
	struct client *c = calloc(MANY, sizeof(*c));
	size_t runs = 0;

	ck_assert_ptr_nonnull(c);
	for (size_t i = 0; i < MANY; i++)
		stage_wait(&stage, &c[i], "");
	ck_assert_uint_eq(feed_counts(stage.feed).channels, 1);
	ck_assert_uint_eq(feed_counts(stage.feed).waiting, MANY);
	stage_change(&stage, "t");
	stage_publish(&stage);
	while (feed_run(stage.feed, 1000))
		runs++;
	ck_assert_uint_eq(runs, MANY / 1000 - 1);
	for (size_t i = 0; i < MANY; i++) {
		assert_told(&c[i], ANSWER_CHANGED, 2);
		ck_assert_ptr_eq(c[i].body, c[0].body);
	}
	for (size_t i = 0; i < MANY; i++)
		client_reset(&c[i]);
	free(c);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, open_stage, close_stage);
	tcase_add_test(
	    tc, test_feed_when_a_change_comes_then_waiters_share_one_body);
	tcase_add_test(
	    tc, test_feed_when_two_feeds_answer_then_they_share_one_body);
	tcase_add_test(tc,
		       test_feed_when_the_budget_is_spent_then_more_is_to_do);
	tcase_add_test(
	    tc,
	    test_feed_when_another_change_comes_meanwhile_then_both_are_told);
	tcase_add_test(tc, test_feed_when_cancelled_then_never_answered);
	tcase_add_test(
	    tc, test_feed_when_the_queue_loses_its_last_then_it_takes_new_ones);
	tcase_add_test(
	    tc,
	    test_feed_when_it_waits_again_inside_then_answered_once_a_change);
	tcase_add_test(
	    tc,
	    test_feed_when_one_cancels_others_inside_then_they_are_not_told);
	tcase_add_test(
	    tc, test_feed_when_the_wait_passes_then_an_empty_delta_at_the_head);
	tcase_add_test(
	    tc, test_feed_when_woken_and_expired_then_told_of_the_change_once);
	tcase_add_test(
	    tc,
	    test_feed_when_it_has_seen_more_than_published_then_never_set_back);
	tcase_add_test(
	    tc, test_feed_when_drained_then_changes_first_and_all_are_told);
	tcase_add_test(tc,
		       test_feed_each_when_some_are_woken_then_all_are_visited);
	tcase_add_loop_test(
	    tc, test_feed_need_when_given_a_cursor_then_says_what_is_due, 0,
	    (int)(sizeof(needs) / sizeof(needs[0])));
	tcase_add_test(
	    tc, test_feed_when_100000_wait_then_one_channel_and_all_are_told);
}

int
main(void)
{
	return suite_main("feed", add);
}

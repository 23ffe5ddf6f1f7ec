/*
 * Whom a publication wakes: single cases, then a long random play against a
 * model that keeps nothing but the list of all changes.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "feed/feed.h"
#include "fixture_feed.h"
#include "suite.h"
#include "wire/document.h"

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

START_TEST(test_publish_when_change_is_elsewhere_then_nobody_is_woken)
{
	struct client a = { 0 };
	struct snapshot *other = fixture_environment("other", 2);

	stage_wait(&stage, &a, "pay.");
	fixture_publish(&stage.catalog, other);
	feed_publish(stage.feed, stage.catalog);
	ck_assert(!feed_run(stage.feed, 10));
	stage.head = 2;
	stage_change(&stage, "payment");
	stage_publish(&stage);
	ck_assert(!feed_run(stage.feed, 10));
	ck_assert_uint_eq(a.answers, 0);
	feed_cancel(stage.feed, &a.waiter);
	snapshot_unref(other);
}
END_TEST

START_TEST(test_publish_when_it_has_seen_the_change_then_it_keeps_waiting)
{
	struct client old = { 0 };
	struct client new = { 0 };

	stage_wait(&stage, &old, "t");
	stage_change(&stage, "t");
	/* Let in by a loop that reads a newer catalog than the feed has. */
	stage_wait(&stage, &new, "t");
	stage_publish(&stage);
	ck_assert(!feed_run(stage.feed, 10));
	ck_assert_uint_eq(old.answers, 1);
	ck_assert_uint_eq(new.answers, 0);
	ck_assert_uint_eq(feed_counts(stage.feed).waiting, 1);
	stage_change(&stage, "t");
	stage_publish(&stage);
	ck_assert(!feed_run(stage.feed, 10));
	ck_assert_uint_eq(new.answers, 1);
	client_reset(&old);
	client_reset(&new);
}
END_TEST

START_TEST(test_publish_when_all_have_seen_it_then_all_keep_waiting)
{
	struct client c[3] = { { .answers = 0 } };

	stage_change(&stage, "t");
	for (size_t i = 0; i < 3; i++)
		stage_wait(&stage, &c[i], "t");
	stage_publish(&stage);
	ck_assert(!feed_run(stage.feed, 10));
	ck_assert_uint_eq(feed_counts(stage.feed).waiting, 3);
	ck_assert_uint_eq(feed_counts(stage.feed).channels, 1);
	stage_change(&stage, "t");
	stage_publish(&stage);
	ck_assert(!feed_run(stage.feed, 10));
	for (size_t i = 0; i < 3; i++) {
		ck_assert_uint_eq(c[i].answers, 1);
		client_reset(&c[i]);
	}
}
END_TEST

START_TEST(test_publish_when_the_environment_goes_then_waiters_are_told)
{
	struct snapshot *bare = snapshot_new(fixture_string("e"));
	struct client waiting = { 0 };
	struct client woken = { 0 };

	stage_wait(&stage, &waiting, "x");
	stage_wait(&stage, &woken, "t");
	stage_change(&stage, "t");
	stage_publish(&stage);
	bare->revision = ++stage.head;
	fixture_publish(&stage.catalog, bare);
	feed_publish(stage.feed, stage.catalog);
	ck_assert(!feed_run(stage.feed, 10));
	ck_assert_int_eq(waiting.reason, ANSWER_GONE);
	ck_assert_ptr_null(waiting.body);
	ck_assert_uint_eq(waiting.answers, 1);
	ck_assert_int_eq(woken.reason, ANSWER_GONE);
	ck_assert_uint_eq(woken.answers, 1);
	snapshot_unref(bare);
}
END_TEST

START_TEST(test_publish_when_the_epoch_is_new_then_everybody_starts_anew)
{
	struct catalog *restored = catalog_new("ffffffffffffffff", 1);
	struct client waiting = { 0 };
	struct client woken = { 0 };

	stage_wait(&stage, &waiting, "x");
	stage_wait(&stage, &woken, "t");
	stage_change(&stage, "t");
	stage_publish(&stage);
	fixture_publish(&restored, stage.snapshot);
	feed_publish(stage.feed, restored);
	ck_assert(!feed_run(stage.feed, 10));
	ck_assert_uint_eq(waiting.answers, 1);
	ck_assert_uint_eq(woken.answers, 1);
	ck_assert_ptr_nonnull(strstr(waiting.body->data, "\"full\":true"));
	ck_assert_ptr_nonnull(strstr(woken.body->data, "\"full\":true"));
	ck_assert_ptr_nonnull(strstr(woken.body->data, "ffffffffffffffff"));
	client_reset(&waiting);
	client_reset(&woken);
	catalog_unref(restored);
}
END_TEST

START_TEST(test_publish_when_recreated_between_then_everything_is_told)
{
	struct client a = { 0 };

	stage_change(&stage, "t");
	stage_publish(&stage);
	stage_wait(&stage, &a, "");
	snapshot_unref(stage.snapshot);
	stage.head = 4;
	stage.snapshot = fixture_environment("e", 4);
	stage_publish(&stage);
	ck_assert(!feed_run(stage.feed, 10));
	ck_assert_uint_eq(a.answers, 1);
	ck_assert_int_eq(a.reason, ANSWER_CHANGED);
	ck_assert_ptr_nonnull(strstr(a.body->data, "\"full\":true"));
	client_reset(&a);
}
END_TEST

static bool
touches_gold(const struct topic *topic, const struct snapshot *before,
	     const struct snapshot *after, void *ctx)
{
	(void)ctx;
	ck_assert_int_lt(before->revision, after->revision);
	return strncmp(topic->context.data, "gold", 4) == 0;
}

static struct blob *
build_value(const struct topic *topic, const struct snapshot *snapshot,
	    const char *epoch, void *ctx)
{
	char text[64];
	int length;

	(void)ctx;
	(void)epoch;
	length =
	    snprintf(text, sizeof(text), "%.*s@%d", (int)topic->context.length,
		     topic->context.data, (int)snapshot->revision);
	return blob_new(text, (size_t)length);
}

START_TEST(test_publish_when_form_is_values_then_the_evaluator_decides)
{
	struct feed_evaluator evaluator = { touches_gold, build_value, NULL,
					    NULL };
	struct topic topic = stage_topic("e", "");
	struct client gold = { 0 };
	struct client free_plan = { 0 };
	struct stage s;

	stage_open(&s, &evaluator);
	topic.form = TOPIC_VALUES;
	topic.context = fixture_string("gold");
	feed_wait(s.feed, &gold.waiter, &topic, 1, 1000);
	topic.context = fixture_string("free");
	feed_wait(s.feed, &free_plan.waiter, &topic, 1, 1000);
	stage_change(&s, "t");
	stage_publish(&s);
	ck_assert(!feed_run(s.feed, 10));
	ck_assert_uint_eq(gold.answers, 1);
	ck_assert_str_eq(gold.body->data, "gold@2");
	ck_assert_uint_eq(free_plan.answers, 0);
	s.now_ms += 2000;
	ck_assert_int_eq(feed_tick(s.feed), -1);
	ck_assert_int_eq(free_plan.reason, ANSWER_EXPIRED);
	ck_assert_str_eq(free_plan.body->data, "free@2");
	client_reset(&gold);
	client_reset(&free_plan);
	stage_close(&s);
}
END_TEST

/*
 * The random play. Every answer moves a player from `since` to a revision; the
 * model knows whether a change that the player selected lies in between. The
 * answers of a player are adjoining intervals, so if each says rightly whether
 * something lies in it, every change reached the player once and nothing else
 * woke it.
 *
 * Every third player waits for values, where the feed has to ask. Questions
 * left open are asked over all changes since, so some of what a player had seen
 * when it was let in may wake it again; but nothing is kept from it.
 */
enum { PLAYERS = 150, STEPS = 20000, ENVIRONMENTS = 2 };

static const char *const names[ENVIRONMENTS] = { "blue", "green" };
static const char *const prefixes[] = { "", "a", "ab", "b" };
static const char *const keys[] = { "a", "ab", "abc", "b", "ba", "c" };

struct played {
	size_t environment;
	const char *key;
};

struct play {
	struct stage stage; /* its clock and feed */
	struct random random;
	struct snapshot *snapshots[ENVIRONMENTS];
	struct catalog *catalog; /* what a loop would read */
	int64_t head;
	int64_t published;
	struct played changes[STEPS + 16]; /* by revision */
	struct player *players;
	size_t woken;
	size_t again; /* by what it had seen */
	size_t expired;
};

struct player {
	struct client client; /* first: the callback casts back */
	enum topic_form form;
	size_t environment;
	const char *prefix;
	int64_t since;
};

static bool
something_in(const struct play *play, const struct player *player,
	     int64_t after, int64_t to)
{
	for (int64_t r = after + 1; r <= to; r++) {
		const struct played *p = &play->changes[r];

		if (p->key != NULL && p->environment == player->environment &&
		    strncmp(p->key, player->prefix, strlen(player->prefix)) ==
			0)
			return true;
	}
	return false;
}

static void
check_answer(struct client *client, void *ctx)
{
	struct play *play = ctx;
	struct player *player = (struct player *)client;
	bool something =
	    something_in(play, player, player->since, client->revision);

	ck_assert_int_ge(client->revision, player->since);
	ck_assert_int_le(client->revision, play->head);
	/* Never older than what was published when it was told. */
	ck_assert(
	    !something_in(play, player, client->revision, play->published));
	if (client->reason == ANSWER_CHANGED) {
		ck_assert(something || player->form != TOPIC_CHANGES);
		play->again += !something;
		play->woken++;
	} else {
		ck_assert_int_eq(client->reason, ANSWER_EXPIRED);
		ck_assert(!something);
		play->expired++;
	}
	player->since = client->revision;
}

/* As a loop lets a client in: against the newest catalog that there is. */
static void
poll_again(struct play *play, struct player *player)
{
	struct topic topic =
	    stage_topic(names[player->environment], player->prefix);
	const struct snapshot *snapshot = play->snapshots[player->environment];
	struct cursor cursor = { "", player->since };

	topic.form = player->form;
	/* A whole map cannot be told as of a time before it was let in. */
	if (player->form == TOPIC_VALUES && play->published < play->head)
		return;
	if (feed_need(play->catalog, snapshot, topic.prefix, &cursor) ==
	    FEED_NOTHING)
		feed_wait(play->stage.feed, &player->client.waiter, &topic,
			  player->since,
			  (int64_t)random_below(&play->random, 3000));
	else
		player->since = snapshot->revision;
}

static void
play_change(struct play *play)
{
	size_t e = random_below(&play->random, ENVIRONMENTS);
	const char *key =
	    keys[random_below(&play->random, sizeof(keys) / sizeof(keys[0]))];

	play->head++;
	play->changes[play->head].environment = e;
	play->changes[play->head].key = key;
	fixture_change(&play->snapshots[e], key, play->head,
		       random_below(&play->random, 4) == 0);
	fixture_publish(&play->catalog, play->snapshots[e]);
}

static void
play_step(struct play *play)
{
	struct player *player =
	    &play->players[random_below(&play->random, PLAYERS)];
	uint64_t dice = random_below(&play->random, 100);

	if (dice < 10) {
		play_change(play);
	} else if (dice < 25) {
		play->published = play->head;
		feed_publish(play->stage.feed, play->catalog);
	} else if (dice < 45) {
		(void)feed_run(play->stage.feed,
			       random_below(&play->random, 40));
	} else if (dice < 55) {
		play->stage.now_ms += (int64_t)random_below(&play->random, 800);
		(void)feed_tick(play->stage.feed);
	} else if (dice < 57) {
		feed_cancel(play->stage.feed, &player->client.waiter);
	} else if (player->client.waiter.channel == NULL) {
		poll_again(play, player);
	}
}

static bool
touches_prefix(const struct topic *topic, const struct snapshot *before,
	       const struct snapshot *after, void *ctx)
{
	(void)ctx;
	return document_has_changes(after, topic->prefix, before->revision);
}

static void
play_open(struct play *play, uint64_t seed)
{
	const struct feed_evaluator evaluator = { touches_prefix, build_value,
						  NULL, NULL };

	stage_open(&play->stage, &evaluator);
	random_seed(&play->random, seed);
	play->catalog = catalog_new("0123456789abcdef", 0);
	play->players = calloc(PLAYERS, sizeof(*play->players));
	ck_assert_ptr_nonnull(play->players);
	for (size_t e = 0; e < ENVIRONMENTS; e++) {
		play->snapshots[e] =
		    fixture_environment(names[e], ++play->head);
		fixture_publish(&play->catalog, play->snapshots[e]);
	}
	play->published = play->head;
	feed_publish(play->stage.feed, play->catalog);
	for (size_t i = 0; i < PLAYERS; i++) {
		struct player *player = &play->players[i];

		player->environment = i % ENVIRONMENTS;
		player->prefix = prefixes[i / ENVIRONMENTS % 4];
		player->form = i % 3 == 0 ? TOPIC_VALUES : TOPIC_CHANGES;
		player->client.then = check_answer;
		player->client.ctx = play;
	}
}

static void
play_close(struct play *play)
{
	for (size_t i = 0; i < PLAYERS; i++) {
		feed_cancel(play->stage.feed, &play->players[i].client.waiter);
		client_reset(&play->players[i].client);
	}
	for (size_t e = 0; e < ENVIRONMENTS; e++)
		snapshot_unref(play->snapshots[e]);
	catalog_unref(play->catalog);
	free(play->players);
	stage_close(&play->stage);
	free(play);
}

START_TEST(test_publish_when_played_at_random_then_each_change_arrives_once)
{
	struct play *play = calloc(1, sizeof(*play));

	ck_assert_ptr_nonnull(play);
	play_open(play, (uint64_t)_i + 1);
	for (int i = 0; i < STEPS; i++)
		play_step(play);
	play->published = play->head;
	feed_publish(play->stage.feed, play->catalog);
	ck_assert(!feed_run(play->stage.feed, SIZE_MAX));
	for (size_t i = 0; i < PLAYERS; i++) {
		const struct player *p = &play->players[i];

		if (p->client.waiter.channel != NULL)
			ck_assert(!something_in(play, p, p->since, play->head));
	}
	ck_assert_uint_gt(play->woken, 200);
	ck_assert_uint_gt(play->expired, 200);
	ck_assert_uint_lt(play->again, play->woken / 10);
	play_close(play);
}
END_TEST

START_TEST(test_publish_when_100000_topics_then_only_the_touched_are_woken)
{
	enum { MANY = 100000, EACH = 10 };
	struct client *c = calloc(MANY, sizeof(*c));
	char prefix[16];

	ck_assert_ptr_nonnull(c);
	for (size_t i = 0; i < MANY; i++) {
		(void)snprintf(prefix, sizeof(prefix), "p%05zu.", i / EACH);
		stage_wait(&stage, &c[i], prefix);
	}
	ck_assert_uint_eq(feed_counts(stage.feed).channels, MANY / EACH);
	stage_change(&stage, "p00042.x");
	stage_publish(&stage);
	ck_assert(!feed_run(stage.feed, 100));
	ck_assert_uint_eq(feed_counts(stage.feed).woken, EACH);
	for (size_t i = 0; i < MANY; i++)
		ck_assert_uint_eq(c[i].answers, i / EACH == 42);
	feed_drain(stage.feed);
	while (feed_run(stage.feed, SIZE_MAX))
		continue;
	for (size_t i = 0; i < MANY; i++) {
		ck_assert_uint_eq(c[i].answers, 1);
		client_reset(&c[i]);
	}
	free(c);
}
END_TEST

START_TEST(test_publish_when_selections_are_many_then_some_are_asked_later)
{
	enum { MANY = 100 };
	struct client c[MANY] = { { .answers = 0 } };
	char prefix[16];

	for (size_t i = 0; i < MANY; i++) {
		(void)snprintf(prefix, sizeof(prefix), "p%02zu.", i);
		stage_wait(&stage, &c[i], prefix);
	}
	stage.look_ms = 1;
	stage_change(&stage, "p03.x");
	stage_change(&stage, "p96.x");
	stage_publish(&stage);
	/* Nobody was told yet, but most may have to be. */
	ck_assert(feed_run(stage.feed, 1));
	while (feed_run(stage.feed, 100))
		continue;
	stage.look_ms = 0;
	for (size_t i = 0; i < MANY; i++) {
		const bool is_touched = i == 3 || i == 96;

		ck_assert_uint_eq(c[i].answers, is_touched);
		if (is_touched)
			ck_assert_int_eq(c[i].reason, ANSWER_CHANGED);
	}
	/* The others still wait for what is theirs. */
	stage_change(&stage, "p50.x");
	stage_publish(&stage);
	ck_assert(!feed_run(stage.feed, 100));
	ck_assert_uint_eq(c[50].answers, 1);
	ck_assert_uint_eq(feed_counts(stage.feed).waiting, MANY - 3);
	for (size_t i = 0; i < MANY; i++) {
		feed_cancel(stage.feed, &c[i].waiter);
		client_reset(&c[i]);
	}
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, open_stage, close_stage);
	tcase_add_test(
	    tc,
	    test_publish_when_selections_are_many_then_some_are_asked_later);
	tcase_add_test(
	    tc, test_publish_when_change_is_elsewhere_then_nobody_is_woken);
	tcase_add_test(
	    tc, test_publish_when_it_has_seen_the_change_then_it_keeps_waiting);
	tcase_add_test(
	    tc, test_publish_when_all_have_seen_it_then_all_keep_waiting);
	tcase_add_test(
	    tc, test_publish_when_the_environment_goes_then_waiters_are_told);
	tcase_add_test(
	    tc, test_publish_when_the_epoch_is_new_then_everybody_starts_anew);
	tcase_add_test(
	    tc, test_publish_when_recreated_between_then_everything_is_told);
	tcase_add_test(
	    tc, test_publish_when_form_is_values_then_the_evaluator_decides);
	tcase_add_loop_test(
	    tc,
	    test_publish_when_played_at_random_then_each_change_arrives_once, 0,
	    5);
	tcase_add_test(
	    tc,
	    test_publish_when_100000_topics_then_only_the_touched_are_woken);
}

int
main(void)
{
	return suite_main("publish", add);
}

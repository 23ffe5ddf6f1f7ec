/*
 * A publication (publish.c) wakes channels; the queue of woken channels is
 * answered by feed_run, a budget at a time, and whose time has passed by
 * feed_tick. Open questions are asked and bodies
 * built only then, against the newest catalog: whoever stands in the queue
 * during another publication is answered with both changes at once.
 *
 * Nothing is held over a call of `answer` but a reference to the body, because
 * the call may end other waits and begin new ones.
 */
#include "feed/feed.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "feed/answer.h"
#include "feed/feed_private.h"
#include "wire/document.h"

static int64_t
now_ms(const struct feed *feed)
{
	return clock_mono_ms(&feed->config.clock);
}

struct feed *
feed_new(const struct feed_config *config)
{
	struct feed *feed = mem_zalloc(1, sizeof(*feed));

	feed->config = *config;
	random_seed(&feed->jitter, config->seed);
	channels_init(&feed->channels);
	wheel_init(&feed->wheel, (uint32_t)(now_ms(feed) / FEED_TICK_MS));
	return feed;
}

void
feed_free(struct feed *feed)
{
	if (feed == NULL)
		return;
	assert(feed->waiting == 0);
	channels_fini(&feed->channels);
	catalog_unref(feed->catalog);
	free(feed);
}

enum feed_need
feed_need(const struct catalog *catalog, const struct snapshot *snapshot,
	  struct string prefix, const struct cursor *cursor)
{
	int64_t since = cursor->revision;

	if (since <= 0 || since > catalog->head || since < snapshot->horizon)
		return FEED_FULL;
	if (cursor->epoch[0] != '\0' &&
	    strcmp(cursor->epoch, catalog->epoch) != 0)
		return FEED_FULL;
	if (since >= snapshot->revision)
		return FEED_NOTHING;
	return document_has_changes(snapshot, prefix, since) ? FEED_DELTA
							     : FEED_NOTHING;
}

void
feed_wait(struct feed *feed, struct waiter *waiter, const struct topic *topic,
	  int64_t since, int64_t wait_ms)
{
	const int64_t began_ms = now_ms(feed);
	int64_t due_ms;

	assert(waiter->channel == NULL);
	if (wait_ms < 0)
		wait_ms = 0;
	wait_ms -=
	    (int64_t)random_below(&feed->jitter, (uint64_t)wait_ms / 16 + 1);
	due_ms = began_ms + wait_ms + FEED_TICK_MS - 1;
	waiter->since = since;
	channel_join(channel_open(&feed->channels, topic), waiter);
	wheel_add(&feed->wheel, waiter, (uint32_t)(began_ms / FEED_TICK_MS),
		  (uint32_t)(due_ms / FEED_TICK_MS));
	feed->waiting++;
}

void
feed_cancel(struct feed *feed, struct waiter *waiter)
{
	if (waiter->channel == NULL)
		return;
	wheel_remove(&feed->wheel, waiter);
	channel_leave(&feed->channels, waiter);
	feed->waiting--;
}

/* What a waiter is told. */
struct reply {
	struct blob *body; /* owned */
	int64_t revision;
	enum answer_reason reason;
};

static struct snapshot *
find_snapshot(const struct feed *feed, const struct topic *topic)
{
	if (feed->catalog == NULL)
		return NULL;
	return catalog_find(feed->catalog, topic->environment.data,
			    topic->environment.length);
}

static struct answer
answer_for(const struct feed *feed, const struct topic *topic, int64_t since)
{
	struct answer answer = {
		.evaluator = &feed->config.evaluator,
		.epoch = feed->catalog == NULL ? "" : feed->catalog->epoch,
		.topic = topic,
		.since = since,
	};

	return answer;
}

static struct reply
unchanged(const struct feed *feed, const struct waiter *waiter,
	  enum answer_reason reason)
{
	const struct topic *topic = &waiter->channel->topic;
	struct answer answer = answer_for(feed, topic, 0);
	struct reply reply = { NULL, waiter->since, reason };

	reply.body = answer_unchanged(&answer, find_snapshot(feed, topic),
				      &reply.revision);
	if (reply.body == NULL)
		reply.reason = find_snapshot(feed, topic) == NULL
				   ? ANSWER_GONE
				   : ANSWER_COSTLY;
	return reply;
}

/* Bring the body of a woken channel up to the last publication. */
static void
refresh(const struct feed *feed, struct channel *channel)
{
	struct snapshot *snapshot = find_snapshot(feed, &channel->topic);
	struct answer answer =
	    answer_for(feed, &channel->topic, channel->since);

	if (channel->publication == feed->publication)
		return;
	channel->publication = feed->publication;
	if (snapshot != NULL && snapshot == channel->snapshot)
		return;
	blob_unref(channel->body);
	snapshot_unref(channel->snapshot);
	channel->snapshot = snapshot_ref(snapshot);
	channel->body =
	    snapshot == NULL ? NULL : answer_state(&answer, snapshot);
}

static struct reply
changed(const struct feed *feed, struct channel *channel)
{
	struct reply reply = { NULL, feed->catalog->head, ANSWER_GONE };

	refresh(feed, channel);
	if (channel->snapshot != NULL) {
		if (channel->body != NULL)
			reply.body = blob_ref(channel->body);
		reply.revision = channel->snapshot->revision;
		reply.reason =
		    channel->body == NULL ? ANSWER_COSTLY : ANSWER_CHANGED;
	}
	return reply;
}

static void
give(struct feed *feed, struct waiter *waiter, struct reply reply)
{
	feed_cancel(feed, waiter);
	feed->config.answer(waiter, reply.body, reply.revision, reply.reason,
			    feed->config.ctx);
	blob_unref(reply.body);
}

static bool
is_touched(const struct feed *feed, const struct channel *channel)
{
	const struct feed_evaluator *evaluator = &feed->config.evaluator;
	const struct topic *topic = &channel->topic;
	const struct snapshot *now = find_snapshot(feed, topic);

	if (channel->before == NULL || now == NULL)
		return true;
	if (answer_is_seen(topic))
		return answer_has_news(topic, now, channel->before->revision);
	return evaluator->touches(topic, channel->before, now, evaluator->ctx);
}

/* Once: when all who are left have spent too much, they are answered. */
static bool
goes_last(const struct feed *feed, const struct channel *channel)
{
	const struct feed_evaluator *evaluator = &feed->config.evaluator;

	return !channel->deferred && evaluator->goes_last != NULL &&
	       channel->topic.account != 0 &&
	       evaluator->goes_last(&channel->topic, evaluator->ctx);
}

/* Ask for the first channel in the queue, or answer one of its waiters. */
static void
step(struct feed *feed)
{
	struct channel *channel = feed->channels.queue;
	struct waiter *waiter = channel->waiters;

	if (channel->reason == ANSWER_ENDED) {
		give(feed, waiter,
		     (struct reply){ NULL, waiter->since, ANSWER_ENDED });
	} else if (goes_last(feed, channel)) {
		channel_defer(&feed->channels, channel);
	} else if (channel->reason == ANSWER_DRAINED) {
		give(feed, waiter, unchanged(feed, waiter, ANSWER_DRAINED));
	} else if (is_touched(feed, channel)) {
		channel_settle(channel);
		feed->woken++;
		give(feed, waiter, changed(feed, channel));
	} else {
		channel_return(&feed->channels, channel);
	}
}

bool
feed_run(struct feed *feed, size_t budget)
{
	const int64_t until_ms = now_ms(feed) + FEED_RUN_MS;

	while (budget-- > 0 && feed->channels.queue != NULL) {
		step(feed);
		if (now_ms(feed) >= until_ms)
			break;
	}
	return feed->channels.queue != NULL;
}

/* Its time has passed. False: it is a woken one, whose answer feed_run gives,
 * with its change, unless it turns out that there is none. */
static bool
expire(struct feed *feed, struct waiter *waiter, uint32_t tick)
{
	if (waiter->channel->before != NULL)
		wheel_add(&feed->wheel, waiter, tick, tick + 1);
	if (waiter->channel->room == NULL)
		return false;
	feed->expired++;
	give(feed, waiter, unchanged(feed, waiter, ANSWER_EXPIRED));
	return true;
}

int64_t
feed_tick(struct feed *feed)
{
	const int64_t began_ms = now_ms(feed);
	const uint32_t tick = (uint32_t)(began_ms / FEED_TICK_MS);
	struct waiter *waiter = wheel_pop(&feed->wheel, tick);
	int64_t ticks;

	while (waiter != NULL) {
		if (expire(feed, waiter, tick) &&
		    now_ms(feed) >= began_ms + FEED_RUN_MS)
			return feed->waiting == 0 ? -1 : 0;
		waiter = wheel_pop(&feed->wheel, tick);
	}
	ticks = wheel_next(&feed->wheel);
	return ticks < 0 ? -1 : ticks * FEED_TICK_MS - began_ms % FEED_TICK_MS;
}

static void
wake_all(struct feed *feed, enum answer_reason reason)
{
	struct channels *channels = &feed->channels;
	size_t at = 0;
	struct room *room;

	/* There is no time for questions, and no room to go back to. */
	for (struct channel *c = channels->queue; c != NULL; c = c->next)
		channel_settle(c);
	for (;;) {
		room = map_next(&channels->rooms, &at);
		if (room == NULL)
			break;
		while (room->channels != NULL)
			channel_wake(channels, room->channels, reason, 0);
		channels_tidy(channels, room);
	}
}

void
feed_end(struct feed *feed)
{
	wake_all(feed, ANSWER_ENDED);
	/* Nor may those be told who were woken before. */
	for (struct channel *c = feed->channels.queue; c != NULL; c = c->next)
		c->reason = ANSWER_ENDED;
}

void
feed_drain(struct feed *feed)
{
	wake_all(feed, ANSWER_DRAINED);
}

void
feed_abandon(struct feed *feed)
{
	struct channel *channel;

	feed_drain(feed);
	while ((channel = feed->channels.queue) != NULL) {
		struct waiter *waiter = channel->waiters;

		give(feed, waiter,
		     (struct reply){ NULL, waiter->since, ANSWER_STOPPED });
	}
}

struct feed_counts
feed_counts(const struct feed *feed)
{
	struct feed_counts counts = {
		.waiting = feed->waiting,
		.channels = feed->channels.by_topic.count,
		.woken = feed->woken,
		.expired = feed->expired,
	};

	return counts;
}

static void
each_of(const struct channel *channel,
	void (*fn)(const struct waiter *waiter, const struct topic *topic,
		   void *ctx),
	void *ctx)
{
	for (const struct waiter *w = channel->waiters; w != NULL; w = w->next)
		fn(w, &channel->topic, ctx);
}

void
feed_each(const struct feed *feed, struct string environment,
	  void (*fn)(const struct waiter *waiter, const struct topic *topic,
		     void *ctx),
	  void *ctx)
{
	const struct room *room = map_find(
	    &feed->channels.rooms, environment.data, environment.length);
	const struct channel *c;

	for (c = room == NULL ? NULL : room->channels; c != NULL; c = c->next)
		each_of(c, fn, ctx);
	for (c = feed->channels.queue; c != NULL; c = c->next) {
		if (string_equal(c->topic.environment, environment))
			each_of(c, fn, ctx);
	}
}

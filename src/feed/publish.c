/*
 * A publication decides for each open channel of each environment that changed
 * whether its selection was touched, and wakes those. Where it takes an
 * evaluation to say, a channel is woken with the question open, and feed_run
 * asks: thousands of contexts are not to hold up the loop. The same where there
 * are so many selections that asking takes more than FEED_RUN_MS: what is left
 * is woken with the question open. Nearly always all waiters of a channel have
 * seen the same, so one question is asked a channel. Only those who were let in
 * with a newer catalog than the feed had are asked one by one; who has seen the
 * change already goes back into an open channel.
 */
#include <string.h>

#include "feed/answer.h"
#include "feed/feed_private.h"

/* What a publication means for one environment. */
struct passage {
	const struct snapshot *before; /* NULL: was not published */
	const struct snapshot *after;  /* NULL: the environment was removed */
	bool everybody; /* gone, or another life of the store: all start anew */
	int64_t since;  /* revision of `before` */
	int64_t until_ms; /* then questions are left open */
};

static bool
is_late(const struct feed *feed, const struct passage *passage)
{
	return clock_mono_ms(&feed->config.clock) >= passage->until_ms;
}

/* Is it left to feed_run to say? */
static bool
is_to_be_asked(const struct feed *feed, const struct passage *passage,
	       const struct topic *topic)
{
	if (passage->everybody)
		return false;
	if (answer_is_seen(topic))
		return is_late(feed, passage);
	return feed->config.evaluator.touches != NULL;
}

/* For a waiter who was let in with a newer catalog than the feed then had. */
static bool
has_seen_it(const struct passage *passage, const struct topic *topic,
	    const struct waiter *waiter)
{
	if (passage->everybody || waiter->since <= passage->since)
		return false;
	if (answer_is_seen(topic))
		return !answer_has_news(topic, passage->after, waiter->since);
	return waiter->since >= passage->after->revision;
}

static bool
is_untouched(const struct passage *passage, const struct topic *topic)
{
	return !passage->everybody && answer_is_seen(topic) &&
	       !answer_has_news(topic, passage->after, passage->since);
}

static void
wake(struct feed *feed, const struct passage *passage, struct channel *channel)
{
	struct channels *channels = &feed->channels;
	struct waiter *waiter = channel->waiters;
	struct waiter *next;

	if (is_to_be_asked(feed, passage, &channel->topic))
		channel->before = snapshot_ref(passage->before);
	else if (is_untouched(passage, &channel->topic))
		return;
	channel_wake(channels, channel, ANSWER_CHANGED,
		     passage->everybody ? 0 : passage->since);
	if (channel->newest <= passage->since)
		return;
	/* The channel is freed when the last one goes back. */
	for (; waiter != NULL; waiter = next) {
		next = waiter->next;
		if (has_seen_it(passage, &waiter->channel->topic, waiter))
			channel_reopen(channels, waiter);
	}
}

static void
publish_room(struct feed *feed, struct room *room, const struct catalog *old,
	     struct passage passage)
{
	const struct string name = room->environment;
	const bool new_life = passage.everybody;
	struct channel *next;

	passage.after = catalog_find(feed->catalog, name.data, name.length);
	if (old != NULL && !new_life)
		passage.before = catalog_find(old, name.data, name.length);
	if (passage.before == passage.after && !new_life)
		return;
	passage.everybody = passage.after == NULL || new_life;
	if (passage.before != NULL)
		passage.since = passage.before->revision;
	for (struct channel *c = room->channels; c != NULL; c = next) {
		/* What is opened meanwhile stands in front of the first. */
		next = c->next;
		wake(feed, &passage, c);
	}
	channels_tidy(&feed->channels, room);
}

void
feed_publish(struct feed *feed, const struct catalog *catalog)
{
	struct catalog *old = feed->catalog;
	bool new_life = old != NULL && strcmp(old->epoch, catalog->epoch) != 0;
	const struct passage passage = {
		.everybody = new_life,
		.until_ms = clock_mono_ms(&feed->config.clock) + FEED_RUN_MS,
	};
	struct room *room;
	size_t at = 0;

	feed->catalog = catalog_ref(catalog);
	feed->publication++;
	for (;;) {
		room = map_next(&feed->channels.rooms, &at);
		if (room == NULL)
			break;
		publish_room(feed, room, old, passage);
	}
	/* No delta leads from one life into another. */
	for (struct channel *c = feed->channels.queue; c != NULL && new_life;
	     c = c->next) {
		channel_settle(c);
		c->since = 0;
	}
	catalog_unref(old);
}

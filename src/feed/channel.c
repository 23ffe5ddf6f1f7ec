#include "feed/channel.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/snapshot.h"

void
channels_init(struct channels *channels)
{
	memset(channels, 0, sizeof(*channels));
	map_init(&channels->by_topic);
	map_init(&channels->rooms);
	bytes_init(&channels->key);
	channels->queue_end = &channels->queue;
}

void
channels_fini(struct channels *channels)
{
	assert(channels->by_topic.count == 0 && channels->queue == NULL);
	map_fini(&channels->by_topic);
	map_fini(&channels->rooms);
	bytes_fini(&channels->key);
}

static void
append(struct bytes *key, struct string s)
{
	bytes_append(key, &s.length, sizeof(s.length));
	bytes_append(key, s.data, s.length);
}

/* Equal topics have equal keys and no others do: each string has its length in
 * front. The key is scratch, valid until the next call. */
static const struct bytes *
encode(struct channels *channels, const struct topic *topic)
{
	struct bytes *key = &channels->key;

	bytes_clear(key);
	bytes_append_char(key, (char)topic->form);
	bytes_append_char(key, (char)topic->terse);
	append(key, topic->environment);
	append(key, topic->prefix);
	append(key, topic->context);
	append(key, topic->stream);
	return key;
}

static struct room *
room_open(struct channels *channels, struct string environment)
{
	struct room *room =
	    map_find(&channels->rooms, environment.data, environment.length);

	if (room != NULL)
		return room;
	room = mem_alloc(sizeof(*room) + environment.length);
	memcpy(room->text, environment.data, environment.length);
	room->environment.data = room->text;
	room->environment.length = environment.length;
	room->channels = NULL;
	(void)map_put(&channels->rooms, environment.data, environment.length,
		      room);
	return room;
}

void
channels_tidy(struct channels *channels, struct room *room)
{
	if (room->channels != NULL)
		return;
	(void)map_take(&channels->rooms, room->environment.data,
		       room->environment.length);
	free(room);
}

static struct string
copy(char **at, struct string s)
{
	struct string copied = { *at, s.length };

	if (s.length > 0)
		memcpy(*at, s.data, s.length);
	*at += s.length;
	return copied;
}

static void
enter(struct channel *channel, struct room *room)
{
	channel->room = room;
	channel->next = room->channels;
	channel->link = &room->channels;
	if (room->channels != NULL)
		room->channels->link = &channel->next;
	room->channels = channel;
}

struct channel *
channel_open(struct channels *channels, const struct topic *topic)
{
	const struct bytes *key = encode(channels, topic);
	struct channel *channel =
	    map_find(&channels->by_topic, key->data, key->length);
	char *at;

	if (channel != NULL)
		return channel;
	channel =
	    mem_zalloc(1, sizeof(*channel) + topic->environment.length +
			      topic->prefix.length + topic->context.length +
			      topic->stream.length);
	at = channel->text;
	channel->topic.form = topic->form;
	channel->topic.account = topic->account;
	channel->topic.terse = topic->terse;
	channel->topic.environment = copy(&at, topic->environment);
	channel->topic.prefix = copy(&at, topic->prefix);
	channel->topic.context = copy(&at, topic->context);
	channel->topic.stream = copy(&at, topic->stream);
	enter(channel, room_open(channels, topic->environment));
	(void)map_put(&channels->by_topic, key->data, key->length, channel);
	return channel;
}

void
channel_join(struct channel *channel, struct waiter *waiter)
{
	assert(channel->room != NULL);
	waiter->channel = channel;
	waiter->next = channel->waiters;
	waiter->link = &channel->waiters;
	if (channel->waiters != NULL)
		channel->waiters->link = &waiter->next;
	channel->waiters = waiter;
	if (waiter->since > channel->newest)
		channel->newest = waiter->since;
}

/* Out of its room, or out of the queue. */
static void
withdraw(struct channels *channels, struct channel *channel)
{
	const struct bytes *key;

	*channel->link = channel->next;
	if (channel->next != NULL)
		channel->next->link = channel->link;
	else if (channel->room == NULL)
		channels->queue_end = channel->link;
	if (channel->room == NULL)
		return;
	key = encode(channels, &channel->topic);
	(void)map_take(&channels->by_topic, key->data, key->length);
}

void
channel_leave(struct channels *channels, struct waiter *waiter)
{
	struct channel *channel = waiter->channel;

	*waiter->link = waiter->next;
	if (waiter->next != NULL)
		waiter->next->link = waiter->link;
	waiter->next = NULL;
	waiter->link = NULL;
	waiter->channel = NULL;
	if (channel->waiters != NULL)
		return;
	withdraw(channels, channel);
	if (channel->room != NULL)
		channels_tidy(channels, channel->room);
	channel_settle(channel);
	snapshot_unref(channel->snapshot);
	blob_unref(channel->body);
	free(channel);
}

static void
enqueue(struct channels *channels, struct channel *channel)
{
	channel->next = NULL;
	channel->link = channels->queue_end;
	*channels->queue_end = channel;
	channels->queue_end = &channel->next;
}

void
channel_wake(struct channels *channels, struct channel *channel,
	     enum answer_reason reason, int64_t since)
{
	withdraw(channels, channel);
	channel->room = NULL;
	channel->reason = reason;
	channel->since = since;
	enqueue(channels, channel);
}

void
channel_defer(struct channels *channels, struct channel *channel)
{
	assert(channel->room == NULL);
	withdraw(channels, channel);
	channel->deferred = true;
	enqueue(channels, channel);
}

void
channel_settle(struct channel *channel)
{
	snapshot_unref(channel->before);
	channel->before = NULL;
}

void
channel_return(struct channels *channels, struct channel *channel)
{
	const struct bytes *key = encode(channels, &channel->topic);
	struct waiter *waiter = channel->waiters;
	struct waiter *next;

	channel_settle(channel);
	channel->deferred = false;
	if (map_find(&channels->by_topic, key->data, key->length) == NULL) {
		withdraw(channels, channel);
		(void)map_put(&channels->by_topic, key->data, key->length,
			      channel);
		enter(channel, room_open(channels, channel->topic.environment));
		return;
	}
	/* The channel is freed when the last one goes. */
	for (; waiter != NULL; waiter = next) {
		next = waiter->next;
		channel_reopen(channels, waiter);
	}
}

void
channel_reopen(struct channels *channels, struct waiter *waiter)
{
	struct channel *open = channel_open(channels, &waiter->channel->topic);

	channel_leave(channels, waiter);
	channel_join(open, waiter);
}

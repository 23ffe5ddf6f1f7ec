#include "stream.h"

#include <inttypes.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "base/mem.h"
#include "connection.h"
#include "evaluator.h"
#include "loop.h"
#include "park.h"
#include "reaper.h"
#include "reply.h"

enum {
	UNREAD_MAX = 4096,      /* a client that reads nothing is let go */
	RETRY_LEAST_MS = 1000,  /* before a client connects again … */
	RETRY_SPREAD_MS = 4000, /* … so that not all of them come at once */
	MS_PER_SECOND = 1000,
};

struct stream {
	struct seat seat; /* first */
	struct loop *loop;
	struct connection *connection;
	char *environment;
	struct definition *token; /* whose; NULL: nobody's */
	struct bytes out;         /* what is to be sent, from `sent` on */
	size_t sent;
	uint8_t secret; /* which of the token's */
	bool suspended;
	bool ended;
};

static void
put_id(struct stream *stream, int64_t revision)
{
	bytes_printf(&stream->out, "id: %s.%" PRId64 "\n",
		     loop_catalog(stream->loop)->epoch, revision);
}

/* Ask again: the state is another one. */
static void
put_event(struct stream *stream, int64_t revision)
{
	const struct clock *clock = &stream->loop->service->clock;

	put_id(stream, revision);
	bytes_printf(&stream->out,
		     "event: message\ndata: {\"type\":\"refetchEvaluation\","
		     "\"etag\":\"%s.%" PRId64 "\",\"lastModified\":%" PRId64
		     "}\n\n",
		     loop_catalog(stream->loop)->epoch, revision,
		     clock_wall_ms(clock) / MS_PER_SECOND);
}

static void
wait_on(struct stream *stream, int64_t since)
{
	const struct topic topic = {
		.form = TOPIC_STATE,
		.environment = { stream->environment,
				 strlen(stream->environment) },
		.prefix = { "", 0 },
		.context = { "", 0 },
	};

	feed_wait(stream->loop->feed, &stream->seat.waiter, &topic, since,
		  STREAM_BEAT_MS);
	loop_expect(stream->loop, STREAM_BEAT_MS);
}

/* There is something to be sent, or nothing will be any more. */
static void
wake(struct stream *stream)
{
	if (!stream->suspended)
		return;
	stream->suspended = false;
	MHD_resume_connection(stream->connection->mhd);
}

/* Nothing new: the client lives, and goes on with what it was told. */
static void
beat(struct stream *stream)
{
	const struct snapshot *snapshot =
	    catalog_find(loop_catalog(stream->loop), stream->environment,
			 strlen(stream->environment));

	bytes_append_str(&stream->out, ":\n\n");
	if (snapshot != NULL)
		evaluator_confirm(stream->loop->evaluator, snapshot,
				  (struct string){ "", 0 });
}

/* It would never get to the end of what is there for it. */
static void
give_up(struct stream *stream)
{
	stream->ended = true;
	counters_add(&stream->loop->counters.connections_reaped, 1);
	reaper_kill(stream->connection);
}

void
stream_answer(struct waiter *waiter, int64_t revision,
	      enum answer_reason reason)
{
	struct stream *stream = (struct stream *)(void *)waiter;

	if (stream->out.length - stream->sent > UNREAD_MAX)
		give_up(stream);
	else if (reason == ANSWER_DRAINED || reason == ANSWER_GONE ||
		 reason == ANSWER_STOPPED || reason == ANSWER_ENDED ||
		 !access_lasts(stream->loop, stream->token, stream->secret))
		stream->ended = true;
	else if (reason == ANSWER_CHANGED)
		put_event(stream, revision);
	else
		beat(stream);
	/* Woken before the feed was drained, it would wait again in one that
	 * wakes nobody. */
	if (stream->loop->phase != LOOP_SERVING)
		stream->ended = true;
	if (!stream->ended)
		wait_on(stream, revision);
	wake(stream);
}

void
stream_hang_up(struct stream *stream)
{
	stream->ended = true;
	feed_cancel(stream->loop->feed, &stream->seat.waiter);
	wake(stream);
}

void
stream_detach(struct stream *stream)
{
	feed_cancel(stream->loop->feed, &stream->seat.waiter);
	stream->connection = NULL;
}

ssize_t
stream_read(void *cls, uint64_t at, char *buffer, size_t max)
{
	struct stream *stream = cls;
	size_t left = stream->out.length - stream->sent;

	(void)at;
	if (left == 0 && stream->ended)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (left == 0) {
		bytes_clear(&stream->out);
		stream->sent = 0;
		stream->suspended = true;
		reaper_expect(stream->connection, 0);
		(void)park_watch(stream->loop->park, stream->connection);
		MHD_suspend_connection(stream->connection->mhd);
		return 0;
	}
	if (left > max)
		left = max;
	/* The library asks again when its client has taken this. */
	reaper_expect(stream->connection, reaper_read_ms(stream->loop, left));
	memcpy(buffer, stream->out.data + stream->sent, left);
	stream->sent += left;
	return (ssize_t)left;
}

void
stream_free(void *cls)
{
	struct stream *stream = cls;

	if (stream == NULL)
		return;
	feed_cancel(stream->loop->feed, &stream->seat.waiter);
	counters_sub(&stream->loop->counters.streams, 1);
	if (stream->connection != NULL)
		stream->connection->stream = NULL;
	bytes_fini(&stream->out);
	free(stream->environment);
	definition_unref(stream->token);
	free(stream);
}

/* What it has read may be of before this state, as far as it says. Without an
 * id nobody knows: it was read, and there may have been a change since. */
static bool
has_missed(struct request *r)
{
	const char *last = request_header(r, "Last-Event-ID");
	struct cursor cursor;

	return last == NULL ||
	       cursor_decode(last, &cursor, NULL) != STATUS_OK ||
	       strcmp(cursor.epoch, r->catalog->epoch) != 0 ||
	       cursor.revision != r->snapshot->revision;
}

void
stream_open(struct request *r)
{
	struct stream *stream = mem_zalloc(1, sizeof(*stream));
	const int64_t revision = r->snapshot->revision;

	stream->seat.kind = SEAT_STREAM;
	stream->loop = r->loop;
	stream->connection = exchange_of(r)->connection;
	stream->environment = mem_copy(r->snapshot->environment.data,
				       r->snapshot->environment.length);
	stream->token = definition_ref(r->token);
	stream->secret = r->secret;
	bytes_init(&stream->out);
	bytes_printf(&stream->out, "retry: %" PRIu64 "\n",
		     RETRY_LEAST_MS +
			 random_below(&r->loop->random, RETRY_SPREAD_MS));
	if (has_missed(r)) {
		put_event(stream, revision);
	} else {
		/* An id alone is remembered by the client, not shown to it. */
		put_id(stream, revision);
		bytes_append_char(&stream->out, '\n');
	}
	stream->connection->stream = stream;
	counters_add(&r->loop->counters.streams, 1);
	reply_header(r, "Cache-Control", "no-cache");
	reply_header(r, "X-Accel-Buffering", "no");
	r->reply.status = 200;
	/* A stream only ends when there is no more to come. */
	r->reply.close = true;
	r->reply.content_type = "text/event-stream";
	r->reply.stream = stream;
	if (r->loop->phase == LOOP_SERVING)
		wait_on(stream, revision);
	else
		stream->ended = true;
}

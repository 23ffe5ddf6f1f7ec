/*
 * Event streams (text/event-stream): OFREP's change notifications. A stream
 * says that something changed, never what; the client then asks for its values.
 *
 * A stream is the endless body of a reply: while there is nothing to say its
 * connection is suspended in libmicrohttpd and waits in the feed like any other
 * client. Every STREAM_BEAT_MS a comment shows that it lives.
 *
 * Events: "id" and "etag" are epoch.revision, so a client that was away says in
 * Last-Event-ID what it knows, and is told at once when that is not current.
 * One that comes without has read its values before, nobody knows when: it is
 * told to read them again, or a change between the two would be lost.
 */
#ifndef SRC_HTTP_STREAM_H
#define SRC_HTTP_STREAM_H

#include <stddef.h>
#include <sys/types.h>

#include "base/attr.h"
#include "feed/feed.h"
#include "request.h"

enum { STREAM_BEAT_MS = 25 * 1000 };

struct stream;

/* Fill the reply of `r` with a stream about r->snapshot's environment. The
 * reply owns it until libmicrohttpd takes it over. */
void stream_open(struct request *r);

/* For reply.c: the body's callbacks. `cls` is the stream. */
ssize_t stream_read(void *cls, uint64_t at, char *buffer, size_t max);
void stream_free(void *cls);

/* For park.c: the feed's callback for a waiter that is a stream's. */
void stream_answer(struct waiter *waiter, int64_t revision,
		   enum answer_reason reason);

/* Its client has left. */
void stream_hang_up(struct stream *stream);

/* Its connection is gone; stream_free is still to come. */
void stream_detach(struct stream *stream);

#endif

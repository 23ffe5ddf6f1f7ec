/*
 * The lingering close (RFC 9112, 9.6). Where a socket is closed with bytes in
 * it that nobody has read, or some come afterwards, the kernel resets the
 * connection, and the client may never read the answer that stands in its own
 * buffer. So our side is shut first, and what comes is thrown away until the
 * client closes its own: for so long, and for so many bytes.
 *
 * Who lingers still counts as a connection where it did before, and is among
 * the first to make room (room.h).
 *
 * The loop's thread.
 */
#ifndef SRC_HTTP_LINGER_H
#define SRC_HTTP_LINGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "peer.h"
#include "room.h"

enum {
	LINGER_SILENT_MS = 2 * 1000, /* without a byte */
	LINGER_HURRY_MS = 150,       /* the same, while draining */
	LINGER_MS = 10 * 1000,       /* in all */
	LINGER_BYTES = 64 << 20,     /* in all */
};

struct event;
struct loop;

struct lingerer {
	struct room_place place;
	struct loop *loop;
	struct event *event;
	struct peer peer;
	int64_t end_ms;
	uint64_t left; /* bytes that it may still send */
	int fd;
};

/* Is it worth it: has the client sent what nobody has read? */
bool linger_is_due(int fd) MUST_CHECK;

/* Close a connected socket (taken over) whose answer has been sent. It counts
 * as open, and among the limits as the peer says; both end with it. */
void linger_take(struct loop *loop, int fd, const struct peer *peer);

/* Close it now. */
void linger_end(struct lingerer *lingerer);

/* Draining: all of them have `within_ms` left. */
void linger_hurry(struct loop *loop, int64_t within_ms);

void linger_end_all(struct loop *loop);

#endif

/*
 * How many bytes of a connection the library has taken is asked of the kernel
 * (received.h) or of the bridge. A sane frame takes a line of a few digits for
 * each chunk, and a piece of the body is part of one chunk.
 *
 * On a unix socket nobody knows how much was taken. There it counts that bytes
 * are waiting which the library does not take while it is run.
 */
#include "chunked.h"

#include <stdint.h>
#include <sys/ioctl.h>

#include "bridge.h"
#include "connection.h"
#include "early.h"
#include "loop.h"
#include "reaper.h"
#include "received.h"

enum {
	LOOKS_MAX = 8,        /* without a byte taken of those that wait */
	LOOK_AGAIN_US = 1000, /* after a look that was in vain, … */
	LOOK_SHARE = 20,      /* … and so many times what it took */
};

void
chunked_begin(struct exchange *x, const char *body)
{
	struct loop *loop = x->request.loop;

	x->frame.body = body;
	x->frame.next = loop->chunked;
	x->frame.link = &loop->chunked;
	if (x->frame.next != NULL)
		x->frame.next->frame.link = &x->frame.next;
	loop->chunked = x;
}

void
chunked_end(struct exchange *x)
{
	if (x->frame.link == NULL)
		return;
	*x->frame.link = x->frame.next;
	if (x->frame.next != NULL)
		x->frame.next->frame.link = x->frame.link;
	x->frame.link = NULL;
}

/* Its size in hexadecimal digits, and two line ends. */
void
chunked_piece(struct exchange *x, size_t size)
{
	if (x->frame.link == NULL)
		return;
	for (x->frame.sane += 4; size > 0; size >>= 4)
		x->frame.sane++;
	x->frame.looks = 0;
}

static bool
is_stuck(struct exchange *x)
{
	const struct connection *c = x->connection;
	const uint64_t seen = c->consumed + x->header_size + x->body_seen +
			      x->frame.sane + CHUNKED_FRAME_BYTES;
	uint64_t taken;
	int unread = 0;

	if (ioctl(c->fd, FIONREAD, &unread) != 0)
		return false;
	if (c->bridge != NULL)
		return bridge_passed(c->bridge) > seen + (unsigned)unread;
	if (c->peer.family != PEER_UNIX)
		return received_bytes(c->fd, &taken) && taken > seen;
	if (unread == 0)
		x->frame.looks = 0;
	return unread > 0 && ++x->frame.looks > LOOKS_MAX;
}

/* The library has what it cannot read at the head of its buffer. That is no
 * chunk at all any more: it gives up at its next run instead of a second later,
 * when its timeout (reaper_kill) would end it. */
static void
spoil(struct exchange *x)
{
	if (x->request.loop->guards_gaps)
		*(char *)(uintptr_t)x->frame.body = 'x';
}

static void
give_up(struct exchange *x)
{
	counters_add(&x->request.loop->counters.connections_reaped, 1);
	early_end(x->connection, STATUS_INVALID,
		  "a line of the body's chunks, or what trails them, is too "
		  "long");
	spoil(x);
	chunked_end(x);
}

void
chunked_look(struct loop *loop)
{
	int64_t began_us;
	struct exchange *next;
	bool found = false;

	if (loop->chunked == NULL)
		return;
	began_us = clock_stopwatch_us();
	if (began_us < loop->chunked_due_us)
		return;
	for (struct exchange *x = loop->chunked; x != NULL; x = next) {
		next = x->frame.next;
		if (is_stuck(x)) {
			give_up(x);
			found = true;
		}
	}
	/* Where there was one there may be more behind it. */
	if (!found)
		loop->chunked_due_us =
		    clock_stopwatch_us() + LOOK_AGAIN_US +
		    LOOK_SHARE * (clock_stopwatch_us() - began_us);
}

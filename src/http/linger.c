#include "linger.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "connection.h"
#include "loop.h"

enum {
	PIECE_BYTES = 64 * 1024,
	PIECES_AT_ONCE = 4, /* then others get their turn */
};

bool
linger_is_due(int fd)
{
	int unread = 0;

	return ioctl(fd, FIONREAD, &unread) == 0 && unread > 0;
}

void
linger_end(struct lingerer *l)
{
	struct loop *loop = l->loop;

	if (l->place.class == ROOM_UNCOUNTED)
		loop->room.uncounted--;
	room_leave(loop, &l->place);
	if (l->event != NULL)
		event_free(l->event);
	close(l->fd);
	connection_forget(loop, &l->peer);
	free(l);
}

/* False when there is no more to come, or no more is waited for. */
static bool
discard(struct lingerer *l)
{
	char piece[PIECE_BYTES];

	for (int i = 0; i < PIECES_AT_ONCE; i++) {
		ssize_t n = recv(l->fd, piece, sizeof(piece), MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		if (n == 0 || (uint64_t)n >= l->left)
			return false;
		l->left -= (uint64_t)n;
	}
	return true;
}

static void
linger_cb(evutil_socket_t fd, short what, void *ctx)
{
	struct lingerer *l = ctx;
	struct loop *loop = l->loop;

	(void)fd;
	loop_tick(loop);
	if ((what & EV_TIMEOUT) == 0 && loop_now_ms(loop) < l->end_ms &&
	    discard(l))
		return;
	linger_end(l);
	/* It may have been the last of a loop that drains. */
	loop_drive(loop);
}

static void
expect(struct lingerer *l, int64_t silent_ms)
{
	const struct timeval silence = {
		.tv_sec = silent_ms / 1000,
		.tv_usec = silent_ms % 1000 * 1000,
	};

	event_add(l->event, &silence);
}

/* Newcomers that are refused do not pile up. */
static void
limit_uncounted(struct loop *loop)
{
	struct room_place *oldest = loop->room.first[ROOM_UNCOUNTED];

	if (++loop->room.uncounted > loop->service->guests_max)
		linger_end((struct lingerer *)(void *)oldest);
}

void
linger_take(struct loop *loop, int fd, const struct peer *peer)
{
	struct lingerer *l = mem_zalloc(1, sizeof(*l));
	const bool counted = peer->counted != LIMITS_UNCOUNTED;
	const bool hurry = loop->phase != LOOP_SERVING;

	l->loop = loop;
	l->fd = fd;
	l->peer = *peer;
	l->end_ms = loop_now_ms(loop) + (hurry ? LINGER_HURRY_MS : LINGER_MS);
	l->left = LINGER_BYTES;
	l->event =
	    event_new(loop->base, fd, EV_READ | EV_PERSIST, linger_cb, l);
	room_enter(loop, &l->place, counted ? ROOM_REFUSED : ROOM_UNCOUNTED,
		   ROOM_LINGERER);
	if (!counted)
		limit_uncounted(loop);
	if (l->event == NULL || shutdown(fd, SHUT_WR) != 0 || !discard(l))
		linger_end(l);
	else
		expect(l, hurry ? LINGER_HURRY_MS : LINGER_SILENT_MS);
}

/* Those of a class; others stand among them. */
static void
each(struct loop *loop, enum room_class class,
     void (*visit)(struct lingerer *l, int64_t ms), int64_t ms)
{
	struct room_place *next;

	for (struct room_place *place = loop->room.first[class]; place != NULL;
	     place = next) {
		next = place->next;
		if (place->kind == ROOM_LINGERER)
			visit((struct lingerer *)(void *)place, ms);
	}
}

static void
hasten(struct lingerer *l, int64_t within_ms)
{
	l->end_ms = loop_now_ms(l->loop) + within_ms;
	expect(l, within_ms);
}

void
linger_hurry(struct loop *loop, int64_t within_ms)
{
	each(loop, ROOM_REFUSED, hasten, within_ms);
	each(loop, ROOM_UNCOUNTED, hasten, within_ms);
}

static void
end(struct lingerer *l, int64_t ms)
{
	(void)ms;
	linger_end(l);
}

void
linger_end_all(struct loop *loop)
{
	each(loop, ROOM_REFUSED, end, 0);
	each(loop, ROOM_UNCOUNTED, end, 0);
}

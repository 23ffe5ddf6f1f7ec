#include "listener.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answer.h"
#include "base/mem.h"
#include "bridge.h"
#include "linger.h"
#include "lobby.h"
#include "loop.h"
#include "park.h"

enum {
	ACCEPTS_AT_ONCE = 64, /* then others get their turn */
	REST_MS = 100,        /* at the descriptor limit */
};

struct listener {
	struct loop *loop;
	struct listener *next;
	struct event *event;
	struct event *rest; /* timer: accept again */
	int fd;
	int spare; /* a descriptor to be given up for an accept, or -1 */
	bool owned;
	bool tls;
};

/* One too many. There is no answer in clear text to somebody who speaks TLS. */
static void
refuse(struct listener *listener, int fd, const struct peer *peer)
{
	struct loop *loop = listener->loop;
	struct blob *told = answer_too_many(&loop->service->clock, false);

	if (!listener->tls)
		(void)!send(fd, told->data, told->length,
			    MSG_DONTWAIT | MSG_NOSIGNAL);
	blob_unref(told);
	counters_add(&loop->counters.connections_refused, 1);
	linger_take(loop, fd, peer);
}

static void
let_in(struct listener *listener, int fd, const struct peer *peer)
{
	struct loop *loop = listener->loop;

	if (listener->tls)
		(void)bridge_open(loop->bridges, fd, peer, NULL);
	else
		park_meet(loop->park, fd, peer);
}

/* At a limit: a place that somebody made free; for who comes by a unix socket
 * one of the reserve. */
static bool
find_place(struct loop *loop, struct peer *peer, enum limits_verdict verdict)
{
	struct limits *limits = loop->service->limits;

	if (room_make(loop, verdict == LIMITS_ADDRESS ? peer : NULL) &&
	    limits_enter(limits, peer) == LIMITS_OK)
		return true;
	if (peer->family != PEER_UNIX)
		return false;
	if (!limits_enter_reserve(limits, peer) &&
	    (!room_make_reserve(loop) || !limits_enter_reserve(limits, peer)))
		return false;
	counters_add(&loop->counters.connections_reserved, 1);
	return true;
}

static void
admit(struct listener *listener, int fd, const struct sockaddr_storage *from)
{
	struct loop *loop = listener->loop;
	enum limits_verdict verdict;
	struct peer peer;

	peer_from_sockaddr(&peer, from);
	counters_add(&loop->counters.connections_accepted, 1);
	counters_add(&loop->counters.connections_open, 1);
	verdict = limits_enter(loop->service->limits, &peer);
	if (verdict == LIMITS_OK || find_place(loop, &peer, verdict)) {
		let_in(listener, fd, &peer);
		return;
	}
	room_log(loop, verdict == LIMITS_ADDRESS);
	if (loop->lobby == NULL || peer.family == PEER_UNIX)
		refuse(listener, fd, &peer);
	else
		lobby_enter(loop->lobby, fd, &peer, listener->tls);
}

static void
rest(struct listener *listener)
{
	const struct timeval pause = { .tv_sec = 0, .tv_usec = REST_MS * 1000 };

	event_del(listener->event);
	evtimer_add(listener->rest, &pause);
}

static int
accept_from(struct listener *listener, struct sockaddr_storage *from)
{
	socklen_t length = sizeof(*from);

	return accept4(listener->fd, (struct sockaddr *)from, &length,
		       SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/* Its descriptor is needed back at once: no patience. */
static void
refuse_dry(struct listener *listener, int fd)
{
	struct loop *loop = listener->loop;
	struct blob *told = answer_too_many(&loop->service->clock, false);
	char sent[4096];

	(void)!recv(fd, sent, sizeof(sent), MSG_DONTWAIT);
	if (!listener->tls)
		(void)!send(fd, told->data, told->length,
			    MSG_DONTWAIT | MSG_NOSIGNAL);
	blob_unref(told);
	(void)shutdown(fd, SHUT_WR);
	close(fd);
	counters_add(&loop->counters.connections_accepted, 1);
	counters_add(&loop->counters.connections_refused, 1);
}

/* Out of descriptors. Those of connections that have left or ended are free
 * when the library has run; else idle ones give up theirs. Where there are
 * none, those that have come are told so with the spare one, one by one. False
 * when nobody is left to be told. */
static bool
run_dry(struct listener *listener)
{
	struct loop *loop = listener->loop;
	struct sockaddr_storage from = { 0 };
	int fd;

	loop_drive(loop);
	fd = accept_from(listener, &from);
	if (fd >= 0) {
		admit(listener, fd, &from);
		return true;
	}
	room_log(loop, false);
	if (room_make(loop, NULL)) {
		loop_drive(loop);
		return true;
	}
	if (listener->spare >= 0)
		close(listener->spare);
	fd = accept_from(listener, &from);
	if (fd >= 0)
		refuse_dry(listener, fd);
	listener->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return fd >= 0 && listener->spare >= 0;
}

/* False when nothing more is to be accepted now. */
static bool
accept_one(struct listener *listener)
{
	struct sockaddr_storage from = { 0 };
	int fd = accept_from(listener, &from);

	if (fd >= 0) {
		admit(listener, fd, &from);
		return true;
	}
	switch (errno) {
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		if (run_dry(listener))
			return true;
		rest(listener);
		return false;
	case EAGAIN:
		return false;
	case ECONNABORTED:
	case EINTR:
	case EPROTO:
	case EPERM:
		/* This client has gone; the next may be there. */
		return true;
	default:
		rest(listener);
		return false;
	}
}

static void
accept_cb(evutil_socket_t fd, short what, void *ctx)
{
	struct listener *listener = ctx;

	(void)fd;
	(void)what;
	loop_tick(listener->loop);
	for (int i = 0; i < ACCEPTS_AT_ONCE && accept_one(listener); i++)
		continue;
	loop_drive(listener->loop);
}

static void
rest_cb(evutil_socket_t fd, short what, void *ctx)
{
	struct listener *listener = ctx;

	(void)fd;
	(void)what;
	event_add(listener->event, NULL);
}

static void
listener_free(struct listener *listener)
{
	if (listener->event != NULL)
		event_free(listener->event);
	if (listener->rest != NULL)
		event_free(listener->rest);
	if (listener->spare >= 0)
		close(listener->spare);
	free(listener);
}

enum status
listener_new(struct loop *loop, const struct loop_socket *socket,
	     struct listener *next, struct listener **out, struct error *err)
{
	struct listener *listener = mem_zalloc(1, sizeof(*listener));

	listener->loop = loop;
	listener->fd = socket->fd;
	listener->owned = socket->owned;
	listener->tls = socket->tls;
	listener->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	listener->event = event_new(loop->base, socket->fd,
				    EV_READ | EV_PERSIST, accept_cb, listener);
	listener->rest = evtimer_new(loop->base, rest_cb, listener);
	if (listener->event == NULL || listener->rest == NULL ||
	    event_add(listener->event, NULL) != 0) {
		listener_free(listener);
		return error_set(err, STATUS_INTERNAL,
				 "no event for a listening socket");
	}
	listener->next = next;
	*out = listener;
	return STATUS_OK;
}

void
listener_free_all(struct listener *listener)
{
	while (listener != NULL) {
		struct listener *next = listener->next;

		/* What stands in the queue of a socket of our own would be
		 * reset when it is closed; others may serve a shared one. */
		while (listener->owned && accept_one(listener))
			continue;
		listener_free(listener);
		listener = next;
	}
}

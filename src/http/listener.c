#include "listener.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "bridge.h"
#include "connection.h"
#include "loop.h"

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
	int reserve; /* a descriptor to be given up for an accept, or -1 */
	bool owned;
	bool tls;
};

/* There is no answer in clear text to somebody who speaks TLS. */
static void
refuse(struct listener *listener, int fd)
{
	static const char text[] = "HTTP/1.1 503 Service Unavailable\r\n"
				   "Connection: close\r\n"
				   "Retry-After: 1\r\n"
				   "Content-Length: 0\r\n\r\n";

	if (!listener->tls)
		(void)!send(fd, text, sizeof(text) - 1,
			    MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)shutdown(fd, SHUT_WR);
	close(fd);
	counters_add(&listener->loop->counters.connections_refused, 1);
}

static void
admit(struct listener *listener, int fd, const struct sockaddr_storage *from)
{
	struct loop *loop = listener->loop;
	struct connection_origin origin = { .bridge = NULL };

	peer_from_sockaddr(&origin.peer, from);
	counters_add(&loop->counters.connections_accepted, 1);
	if (limits_enter(loop->service->limits, &origin.peer) != LIMITS_OK) {
		refuse(listener, fd);
		return;
	}
	counters_add(&loop->counters.connections_open, 1);
	if (listener->tls)
		bridge_open(loop->bridges, fd, &origin.peer);
	else
		loop_admit(loop, fd, &origin);
}

static void
rest(struct listener *listener)
{
	const struct timeval pause = { .tv_sec = 0, .tv_usec = REST_MS * 1000 };

	event_del(listener->event);
	evtimer_add(listener->rest, &pause);
}

/* Out of descriptors: tell one client so with the reserved one, then rest. */
static void
run_dry(struct listener *listener)
{
	int fd;

	if (listener->reserve >= 0) {
		close(listener->reserve);
		fd = accept4(listener->fd, NULL, NULL,
			     SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0)
			refuse(listener, fd);
	}
	listener->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	rest(listener);
}

/* False when nothing more is to be accepted now. */
static bool
accept_one(struct listener *listener)
{
	struct sockaddr_storage from = { 0 };
	socklen_t length = sizeof(from);
	int fd = accept4(listener->fd, (struct sockaddr *)&from, &length,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0) {
		admit(listener, fd, &from);
		return true;
	}
	switch (errno) {
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		run_dry(listener);
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
	if (listener->reserve >= 0)
		close(listener->reserve);
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
	listener->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
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

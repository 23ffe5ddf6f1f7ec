/*
 * Clients that wait outside libmicrohttpd. The library runs with MHD_USE_TURBO,
 * so closing its descriptor does not shut the connection down, and a duplicate
 * of it lives on here:
 *
 *   WAITING   in the feed
 *   WRITING   its answer did not fit into the socket: the rest goes out when
 *             there is room, within a deadline
 *   IDLE      new, or answered; when the next request is just another poll it
 *             waits again (repoll.h), any other is judged (reception.h) and
 *             gives the socket to libmicrohttpd; silence for too long closes it
 *   HEARING   the same, and a part of that request's head is there
 *
 * Bytes that libmicrohttpd has read beyond the request would be lost with its
 * buffer, so a socket only leaves when the kernel's count of what was taken out
 * of it is exactly what the requests so far were long. When in doubt, it stays.
 *
 * Under TLS the socket is a bridge's (bridge.h), which has no idle ones here:
 * an answered one goes back to it.
 *
 * One edge-triggered epoll set watches all of them, in every state.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "access.h"
#include "answer.h"
#include "base/mem.h"
#include "bridge.h"
#include "connection.h"
#include "delivery.h"
#include "depart.h"
#include "linger.h"
#include "loop.h"
#include "park_private.h"
#include "parked.h"
#include "proxies.h"
#include "reaper.h"
#include "received.h"
#include "repoll.h"
#include "request_id.h"
#include "request_log.h"

enum { EVENTS_AT_ONCE = 128 };

#define WATCHED ((uint32_t)EPOLLIN | (uint32_t)EPOLLRDHUP | (uint32_t)EPOLLET)

static void
watch_for(struct outside *o, struct parked *p, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = p };

	(void)epoll_ctl(o->epoll, EPOLL_CTL_MOD, p->fd, &event);
}

/* Of `wire` to this client, under the id of its poll. */
static struct delivery
delivery_to(const struct parked *p, struct blob *wire, const char *id)
{
	return (struct delivery){
		.wire = wire,
		.id = id,
		.bridge = p->bridge,
		.fd = p->fd,
	};
}

static void
deliver(struct outside *o, struct parked *p, struct blob *wire)
{
	char made[REQUEST_ID_BYTES];
	struct delivery delivery = delivery_to(p, wire, p->id);
	size_t sent = 0;

	if (p->id == NULL) {
		request_id_make(&o->loop->random, made);
		delivery.id = made;
	}
	if (!delivery_push(&delivery, &sent)) {
		parked_end(o, p);
	} else if (sent == delivery_length(&delivery)) {
		parked_settle(o, p);
	} else {
		if (p->id == NULL)
			p->id = mem_strdup(made);
		p->state = PARKED_WRITING;
		p->wire = blob_ref(wire);
		p->sent = sent;
		parked_enlist(o, p, reaper_read_ms(o->loop, wire->length));
		watch_for(o, p, WATCHED | (uint32_t)EPOLLOUT);
	}
}

void
outside_answer(struct outside *o, struct seat *seat, struct blob *body,
	       int64_t revision, enum answer_reason reason)
{
	struct parked *p = (struct parked *)(void *)seat;
	struct loop *loop = o->loop;
	struct blob *wire;
	unsigned status;

	counters_sub(&loop->counters.polls_outside, 1);
	parked_uncount(o, p);
	p->closing = reason == ANSWER_DRAINED || loop->phase != LOOP_SERVING;
	if (reason == ANSWER_GONE)
		body = NULL;
	if (!access_lasts(loop, p->token, p->secret)) {
		access_log_ended(loop, &p->peer, p->token);
		wire = answer_refusal(&o->answer, &loop->service->clock,
				      REFUSAL_TOKEN, p->closing);
		status = 401;
	} else if (reason == ANSWER_STOPPED) {
		wire = answer_refusal(&o->answer, &loop->service->clock,
				      REFUSAL_STOPPED, p->closing);
		status = 503;
	} else if (reason == ANSWER_COSTLY) {
		wire = answer_refusal(&o->answer, &loop->service->clock,
				      REFUSAL_COSTLY, p->closing);
		status = 429;
	} else {
		const struct answer_tag tag = {
			.epoch = loop->catalog->epoch,
			.revision = revision,
			.of_values = p->of_values,
		};

		wire = answer_wire(&o->answer, &loop->service->clock, &tag,
				   body, p->closing);
		status = body == NULL ? 404 : 200;
	}
	counters_request(&loop->counters, p->route, status, -1);
	counters_add(&loop->counters.bytes_sent, wire->length);
	parked_log(o, p, status, wire->length, revision);
	deliver(o, p, wire);
}

static void
write_more(struct outside *o, struct parked *p)
{
	const struct delivery delivery = delivery_to(p, p->wire, p->id);

	if (!delivery_push(&delivery, &p->sent)) {
		parked_unlist(o, p);
		parked_end(o, p);
	} else if (p->sent == delivery_length(&delivery)) {
		parked_unlist(o, p);
		watch_for(o, p, WATCHED);
		parked_settle(o, p);
	}
}

static bool
has_input(const struct parked *p)
{
	int unread = 0;

	return ioctl(p->fd, FIONREAD, &unread) == 0 && unread > 0;
}

/* The next poll of an idle client, taken without libmicrohttpd; false when it
 * is something else. */
static bool
poll_again(struct outside *o, struct parked *p)
{
	size_t size = 0;
	struct exchange *x = repoll_read(o->loop, p->fd, p->route, &size);
	bool taken = false;

	if (x == NULL)
		return false;
	/* Where there is no room, or it is not to be had in one piece, it is
	 * libmicrohttpd's. */
	if (park_count(o->loop, &x->request, parked_client(p)) != CONTEXTS_OK) {
		exchange_free(x);
		return false;
	}
	if (!repoll_take(p->fd, size)) {
		contexts_leave(o->loop->service->contexts, x->request.token,
			       parked_client(p),
			       x->request.topic.context.length);
	} else {
		parked_unlist(o, p);
		p->consumed += size;
		p->pending = false;
		parked_wait(o, p, &x->request);
		taken = true;
	}
	exchange_free(x);
	return taken;
}

static void
handle(struct outside *o, struct parked *p, uint32_t events)
{
	const bool ended = (events & (EPOLLRDHUP | EPOLLHUP)) != 0;
	bool broken = (events & EPOLLERR) != 0;

	/* An idle client may send a last request and shut its side down. */
	if (ended && (p->state < PARKED_IDLE || !has_input(p)))
		broken = true;
	if (broken) {
		if (p->state == PARKED_WAITING)
			counters_add(&o->loop->counters.polls_hung_up, 1);
		parked_unlist(o, p);
		parked_end(o, p);
		return;
	}
	if ((events & EPOLLIN) != 0) {
		p->pending = true;
		if (p->state >= PARKED_IDLE) {
			if (ended || p->route == COUNTERS_ROUTES - 1 ||
			    proxies_trust(o->loop->service->proxies,
					  &p->peer) ||
			    !poll_again(o, p))
				(void)parked_look(o, p,
						  ended ? RECEPTION_ENDED
							: RECEPTION_MORE);
			return;
		}
	}
	if ((events & EPOLLOUT) != 0 && p->state == PARKED_WRITING)
		write_more(o, p);
}

static void
events_cb(evutil_socket_t fd, short what, void *ctx)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	struct outside *o = ctx;
	int n = epoll_wait(fd, events, EVENTS_AT_ONCE, 0);

	(void)what;
	loop_tick(o->loop);
	for (int i = 0; i < n; i++)
		handle(o, events[i].data.ptr, events[i].events);
	loop_drive(o->loop);
}

static void
sweep_cb(evutil_socket_t fd, short what, void *ctx)
{
	struct outside *o = ctx;

	(void)fd;
	(void)what;
	loop_tick(o->loop);
	o->sweeping = false;
	parked_sweep(o);
	loop_drive(o->loop);
}

enum status
outside_new(struct loop *loop, struct outside **out, struct error *err)
{
	struct outside *o = mem_zalloc(1, sizeof(*o));
	enum status rc = STATUS_IO;

	o->loop = loop;
	o->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (o->epoll < 0) {
		error_set(err, rc, "epoll_create1: %s", strerror(errno));
		goto out;
	}
	o->event =
	    event_new(loop->base, o->epoll, EV_READ | EV_PERSIST, events_cb, o);
	o->sweep = evtimer_new(loop->base, sweep_cb, o);
	if (o->event == NULL || o->sweep == NULL ||
	    event_add(o->event, NULL) != 0) {
		error_set(err, rc, "no event for parked clients");
		goto out;
	}
	*out = o;
	o = NULL;
	rc = STATUS_OK;
out:
	outside_free(o);
	return rc;
}

void
outside_free(struct outside *o)
{
	if (o == NULL)
		return;
	while (o->waiting_for_client != NULL)
		outside_evict(o, o->waiting_for_client);
	answer_forget(&o->answer);
	if (o->event != NULL)
		event_free(o->event);
	if (o->sweep != NULL)
		event_free(o->sweep);
	if (o->epoll >= 0)
		close(o->epoll);
	free(o);
}

/* May this socket leave? */
static bool
can_leave(const struct outside *o, const struct exchange *x)
{
	const struct connection *c = x->connection;
	uint64_t expected = c->consumed + x->header_size + x->body_seen;
	uint64_t received;

	if (o->loop->service->parking != PARKING_AUTO ||
	    c->peer.family == PEER_UNIX || x->closing || x->chunked ||
	    strcmp(x->version, "HTTP/1.1") != 0)
		return false;
	/* Not the standard answer. */
	if (x->request.answered != NULL || x->request.reply.header_count > 0)
		return false;
	if (c->bridge != NULL)
		return bridge_may_leave(c->bridge, expected);
	return received_bytes(c->fd, &received) && received == expected;
}

static struct parked *
leave(struct outside *o, struct exchange *x)
{
	struct connection *c = x->connection;
	struct epoll_event event = { .events = WATCHED };
	struct parked *p;
	int fd = c->bridge != NULL ? bridge_fd(c->bridge)
				   : fcntl(c->fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return NULL;
	p = mem_zalloc(1, sizeof(*p) +
			      (x->is_forwarded ? sizeof(p->client[0]) : 0));
	event.data.ptr = p;
	if (epoll_ctl(o->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
		if (c->bridge == NULL)
			close(fd);
		free(p);
		return NULL;
	}
	if (c->bridge != NULL)
		bridge_leave(c->bridge);
	p->bridge = c->bridge;
	p->fd = fd;
	p->watched = true;
	p->peer = c->peer;
	p->consumed = c->consumed + x->header_size + x->body_seen;
	p->state = PARKED_WAITING;
	p->seat.kind = SEAT_PARKED;
	p->route = (uint8_t)x->route_number;
	p->is_forwarded = x->is_forwarded;
	if (p->is_forwarded)
		p->client[0] = x->client;
	if (request_log_has_polls(o->loop)) {
		p->note = x->note;
		x->note = NULL;
	}
	return p;
}

bool
outside_add(struct outside *o, struct exchange *x)
{
	struct connection *c = x->connection;
	struct parked *p = can_leave(o, x) ? leave(o, x) : NULL;

	if (p == NULL)
		return false;
	/* Closing does not take a descriptor out of an epoll set while its
	 * duplicate lives. */
	park_unwatch(o->loop->park, c);
	c->left = true;
	x->phase = EXCHANGE_LEFT;
	parked_wait(o, p, &x->request);
	return true;
}

bool
outside_take(struct outside *o, struct connection *c, int64_t within_ms)
{
	struct epoll_event event = { .events = WATCHED };
	uint64_t received;
	struct parked *p;
	int fd;

	if (c->peer.family == PEER_UNIX || !received_bytes(c->fd, &received) ||
	    received != c->consumed || linger_is_due(c->fd))
		return false;
	p = mem_zalloc(1, sizeof(*p));
	p->state = PARKED_IDLE;
	p->peer = c->peer;
	p->consumed = c->consumed;
	p->route = COUNTERS_ROUTES - 1;
	event.data.ptr = p;
	fd = depart(c);
	if (fd < 0 || epoll_ctl(o->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
		/* Where it has left already, it ends. */
		if (fd >= 0) {
			close(fd);
			connection_forget(o->loop, &p->peer);
		}
		free(p);
		return fd >= 0;
	}
	p->fd = fd;
	p->watched = true;
	parked_enlist(o, p, within_ms);
	room_move(o->loop, &c->place, &p->place, ROOM_PARKED);
	return true;
}

void
outside_meet(struct outside *o, int fd, const struct peer *peer)
{
	struct loop *loop = o->loop;
	const bool reserved = peer->counted == LIMITS_RESERVE;
	struct parked *p = mem_zalloc(1, sizeof(*p));
	struct epoll_event event = { .events = WATCHED, .data.ptr = p };

	p->state = PARKED_IDLE;
	p->fd = fd;
	p->peer = *peer;
	p->route = COUNTERS_ROUTES - 1;
	parked_enlist(o, p,
		      reserved ? REAPER_RESERVED_MS : reaper_head_ms(loop));
	room_enter(loop, &p->place, reserved ? ROOM_RESERVED : ROOM_ANONYMOUS,
		   ROOM_PARKED);
	/* Most have sent it by now. Else an edge comes for what is there. */
	if (!parked_look(o, p, RECEPTION_MORE))
		return;
	p->watched = epoll_ctl(o->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
	if (!p->watched)
		outside_evict(o, p);
}

void
outside_evict(struct outside *o, struct parked *p)
{
	parked_unlist(o, p);
	parked_end(o, p);
}

void
outside_rest(struct outside *o)
{
	answer_forget(&o->answer);
}

void
outside_hurry(struct outside *o, int64_t within_ms)
{
	const int64_t now_ms = loop_now_ms(o->loop);

	for (struct parked *p = o->waiting_for_client; p != NULL; p = p->next) {
		const int64_t due =
		    now_ms +
		    (p->state == PARKED_IDLE ? within_ms : REAPER_FINISH_MS);

		if (p->state >= PARKED_IDLE && p->due_ms > due)
			p->due_ms = due;
	}
	o->sweeping = false;
	parked_sweep_later(o);
}

#include "parked.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/mem.h"
#include "bridge.h"
#include "connection.h"
#include "loop.h"
#include "reaper.h"
#include "request_log.h"

enum { LOOKS_AT_ONCE = 4096 };

void
parked_sweep_later(struct outside *o)
{
	int64_t ms = o->loop->phase == LOOP_SERVING ? REAPER_TICK_MS
						    : REAPER_HURRY_TICK_MS;
	struct timeval delay = { .tv_sec = ms / 1000,
				 .tv_usec = ms % 1000 * 1000 };

	if (o->sweep_at != NULL)
		delay = (struct timeval){ .tv_sec = 0 };
	if (o->sweeping || o->waiting_for_client == NULL)
		return;
	o->sweeping = true;
	evtimer_add(o->sweep, &delay);
}

void
parked_enlist(struct outside *o, struct parked *p, int64_t within_ms)
{
	p->due_ms = loop_now_ms(o->loop) + within_ms;
	p->place = (struct room_place){ .class = ROOM_NONE };
	if (p->state == PARKED_IDLE)
		counters_add(&o->loop->counters.connections_resting, 1);
	p->next = o->waiting_for_client;
	p->link = &o->waiting_for_client;
	if (p->next != NULL)
		p->next->link = &p->next;
	o->waiting_for_client = p;
	parked_sweep_later(o);
}

/* A client that does not wait in the feed. */
static void
delist(struct outside *o, struct parked *p)
{
	if (o->sweep_at == p)
		o->sweep_at = p->next;
	*p->link = p->next;
	if (p->next != NULL)
		p->next->link = p->link;
	room_leave(o->loop, &p->place);
	if (p->state == PARKED_IDLE)
		counters_sub(&o->loop->counters.connections_resting, 1);
	if (p->state == PARKED_WRITING)
		blob_unref(p->wire);
}

const struct peer *
parked_client(const struct parked *p)
{
	return p->is_forwarded ? p->client : &p->peer;
}

void
parked_log(struct outside *o, struct parked *p, unsigned status, uint64_t bytes,
	   int64_t revision)
{
	request_log_end(o->loop, p->note,
			&(struct request_end){ .status = status,
					       .bytes = bytes,
					       .revision = revision,
					       .token = p->token });
	request_note_free(p->note);
	p->note = NULL;
}

void
parked_uncount(struct outside *o, struct parked *p)
{
	contexts_leave(o->loop->service->contexts, p->token, parked_client(p),
		       p->seat.context_bytes);
	p->seat.context_bytes = 0;
}

void
parked_unlist(struct outside *o, struct parked *p)
{
	if (p->state == PARKED_WAITING) {
		parked_uncount(o, p);
		feed_cancel(o->loop->feed, &p->seat.waiter);
		counters_sub(&o->loop->counters.polls_outside, 1);
		return;
	}
	delist(o, p);
}

static void
forget(struct parked *p)
{
	definition_unref(p->token);
	request_note_free(p->note);
	free(p->id);
	free(p);
}

void
parked_end(struct outside *o, struct parked *p)
{
	/* It has not been answered. */
	parked_log(o, p, 0, 0, 0);
	if (p->bridge != NULL) {
		bridge_end(p->bridge);
	} else {
		close(p->fd);
		connection_forget(o->loop, &p->peer);
	}
	forget(p);
}

static void
unwatch(struct outside *o, struct parked *p)
{
	if (p->watched)
		(void)epoll_ctl(o->epoll, EPOLL_CTL_DEL, p->fd, NULL);
	p->watched = false;
}

/* Its socket goes back to its bridge. */
static void
return_bridge(struct outside *o, struct parked *p)
{
	struct bridge *bridge = p->bridge;
	const bool known = p->token != NULL;

	unwatch(o, p);
	forget(p);
	bridge_return(bridge, known);
}

/* Its next head is whole: libmicrohttpd gets its socket. */
static void
hand_over(struct outside *o, struct parked *p, size_t head_bytes)
{
	const struct connection_origin origin = {
		.peer = p->peer,
		.consumed = p->consumed,
		.head_bytes = head_bytes,
	};
	const int fd = p->fd;

	delist(o, p);
	unwatch(o, p);
	forget(p);
	loop_admit(o->loop, fd, &origin);
}

static void
send_away(struct outside *o, struct parked *p, struct blob *told)
{
	const struct peer peer = p->peer;
	const int fd = p->fd;

	delist(o, p);
	unwatch(o, p);
	forget(p);
	reception_send_away(o->loop, fd, &peer, told);
}

/* A part of a head has come. */
static void
hear(struct outside *o, struct parked *p)
{
	if (p->state == PARKED_HEARING)
		return;
	counters_sub(&o->loop->counters.connections_resting, 1);
	p->state = PARKED_HEARING;
	if (p->peer.family == PEER_UNIX)
		p->due_ms = loop_now_ms(o->loop) + PARKED_UNIX_MS;
	else if (p->peer.counted != LIMITS_RESERVE)
		p->due_ms = loop_now_ms(o->loop) + reaper_head_ms(o->loop);
}

bool
parked_look(struct outside *o, struct parked *p, enum reception_more more)
{
	struct reception seen = { .more = more };

	reception_peek(o->loop, &p->peer, p->fd, &seen);
	switch (seen.verdict) {
	case RECEPTION_SILENT:
		return true;
	case RECEPTION_PARTIAL:
		hear(o, p);
		return true;
	case RECEPTION_WHOLE:
		hand_over(o, p, seen.size);
		break;
	case RECEPTION_WRONG:
		send_away(o, p, seen.told);
		break;
	case RECEPTION_GONE:
		delist(o, p);
		parked_end(o, p);
		break;
	}
	return false;
}

void
parked_settle(struct outside *o, struct parked *p)
{
	if (p->closing) {
		parked_end(o, p);
	} else if (p->bridge != NULL) {
		return_bridge(o, p);
	} else {
		p->state = PARKED_IDLE;
		parked_enlist(o, p, o->loop->service->idle_timeout_ms);
		room_enter(o->loop, &p->place,
			   p->token != NULL ? ROOM_KNOWN : ROOM_ANONYMOUS,
			   ROOM_PARKED);
		if (p->pending)
			(void)parked_look(o, p, RECEPTION_MORE);
	}
}

void
parked_wait(struct outside *o, struct parked *p, const struct request *r)
{
	struct loop *loop = o->loop;

	memset(&p->seat, 0, sizeof(p->seat));
	p->state = PARKED_WAITING;
	p->seat.kind = SEAT_PARKED;
	p->seat.context_bytes = (uint32_t)r->topic.context.length;
	free(p->id);
	/* The log has it too. */
	p->id = r->id_given || p->note != NULL ? mem_strdup(r->id) : NULL;
	request_note_wait(p->note);
	definition_unref(p->token);
	p->token = definition_ref(r->token);
	p->secret = r->secret;
	p->of_values = r->topic.form == TOPIC_VALUES;
	counters_add(&loop->counters.polls_outside, 1);
	feed_wait(loop->feed, &p->seat.waiter, &r->topic, r->wait_since,
		  r->wait_ms);
	loop_expect(loop, r->wait_ms);
}

/* Its time is over. Who was silent is told nothing. */
static void
be_late(struct outside *o, struct parked *p)
{
	if (p->state == PARKED_HEARING && p->peer.family == PEER_UNIX) {
		hand_over(o, p, 0);
		return;
	}
	if (p->state != PARKED_IDLE)
		counters_add(&o->loop->counters.connections_reaped, 1);
	if (p->state == PARKED_HEARING) {
		(void)parked_look(o, p, RECEPTION_LATE);
	} else {
		delist(o, p);
		parked_end(o, p);
	}
}

void
parked_sweep(struct outside *o)
{
	struct parked *p = o->sweep_at;
	int looks = 0;
	int ends = 0;

	if (p == NULL)
		p = o->waiting_for_client;
	while (p != NULL && looks++ < LOOKS_AT_ONCE && ends < REAPER_AT_ONCE) {
		struct parked *next = p->next;

		if (p->due_ms <= loop_now_ms(o->loop)) {
			be_late(o, p);
			ends++;
		}
		p = next;
	}
	o->sweep_at = p;
	parked_sweep_later(o);
}

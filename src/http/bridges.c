/*
 * One edge-triggered epoll set watches both sockets of all bridges that are not
 * away. A timer looks for those whose time is over; it rests when there are
 * none.
 */
#include "bridge_private.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/mem.h"
#include "loop.h"
#include "reaper.h"

enum { EVENTS_AT_ONCE = 64 };

static void
sweep_later(struct bridges *bridges, bool at_once)
{
	int64_t ms = bridges->loop->phase == LOOP_SERVING
			 ? REAPER_TICK_MS
			 : REAPER_HURRY_TICK_MS;
	const struct timeval delay = { .tv_sec = at_once ? 0 : ms / 1000,
				       .tv_usec =
					   at_once ? 0 : ms % 1000 * 1000 };

	if (bridges->sweeping || bridges->all == NULL)
		return;
	bridges->sweeping = true;
	evtimer_add(bridges->sweep, &delay);
}

void
bridges_expect(struct bridge *b, int64_t within_ms)
{
	b->due_ms = loop_now_ms(b->bridges->loop) + within_ms;
	sweep_later(b->bridges, false);
}

static void
insert(struct bridge *b, struct bridge **list)
{
	b->next = *list;
	b->link = list;
	if (b->next != NULL)
		b->next->link = &b->next;
	*list = b;
}

void
bridges_enlist(struct bridge *b)
{
	insert(b, &b->bridges->all);
}

void
bridges_delist(struct bridge *b)
{
	*b->link = b->next;
	if (b->next != NULL)
		b->next->link = b->link;
}

static void
free_ended(struct bridges *bridges)
{
	struct bridge *b = bridges->ended;

	bridges->ended = NULL;
	while (b != NULL) {
		struct bridge *next = b->next;

		free(b);
		b = next;
	}
}

void
bridges_bury(struct bridge *b)
{
	struct bridges *bridges = b->bridges;

	insert(b, &bridges->ended);
	if (!bridges->busy)
		free_ended(bridges);
}

static void
handle(struct bridge_side *side, uint32_t events)
{
	if (!bridge_heed(side, events))
		bridge_end(side->bridge);
}

static void
events_cb(evutil_socket_t fd, short what, void *ctx)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	struct bridges *bridges = ctx;
	int n = epoll_wait(fd, events, EVENTS_AT_ONCE, 0);

	(void)what;
	loop_tick(bridges->loop);
	bridges->busy = true;
	for (int i = 0; i < n; i++)
		handle(events[i].data.ptr, events[i].events);
	bridges->busy = false;
	free_ended(bridges);
	loop_drive(bridges->loop);
}

static void
sweep_cb(evutil_socket_t fd, short what, void *ctx)
{
	struct bridges *bridges = ctx;
	struct bridge *next;
	int ended = 0;
	int64_t now;

	(void)fd;
	(void)what;
	loop_tick(bridges->loop);
	now = loop_now_ms(bridges->loop);
	bridges->sweeping = false;
	for (struct bridge *b = bridges->all;
	     b != NULL && ended < REAPER_AT_ONCE; b = next) {
		next = b->next;
		if (b->due_ms == 0 || b->due_ms > now)
			continue;
		ended++;
		counters_add(&bridges->loop->counters.connections_reaped, 1);
		bridge_be_late(b);
	}
	sweep_later(bridges, ended == REAPER_AT_ONCE);
	loop_drive(bridges->loop);
}

enum status
bridges_new(struct loop *loop, struct bridges **out, struct error *err)
{
	struct bridges *bridges = mem_zalloc(1, sizeof(*bridges));
	enum status rc = STATUS_IO;

	bridges->loop = loop;
	bridges->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (bridges->epoll < 0) {
		error_set(err, rc, "epoll_create1: %s", strerror(errno));
		goto out;
	}
	bridges->event = event_new(loop->base, bridges->epoll,
				   EV_READ | EV_PERSIST, events_cb, bridges);
	bridges->sweep = evtimer_new(loop->base, sweep_cb, bridges);
	if (bridges->event == NULL || bridges->sweep == NULL ||
	    event_add(bridges->event, NULL) != 0) {
		error_set(err, rc, "no event for connections under TLS");
		goto out;
	}
	*out = bridges;
	bridges = NULL;
	rc = STATUS_OK;
out:
	bridges_free(bridges);
	return rc;
}

void
bridges_free(struct bridges *bridges)
{
	if (bridges == NULL)
		return;
	while (bridges->all != NULL) {
		/* The library has gone: its last words. */
		(void)!bridge_pump_out(bridges->all);
		bridge_end(bridges->all);
	}
	if (bridges->event != NULL)
		event_free(bridges->event);
	if (bridges->sweep != NULL)
		event_free(bridges->sweep);
	if (bridges->epoll >= 0)
		close(bridges->epoll);
	free(bridges);
}

void
bridges_hurry(struct bridges *bridges, int64_t within_ms)
{
	int64_t now_ms;

	if (bridges == NULL)
		return;
	now_ms = loop_now_ms(bridges->loop);
	for (struct bridge *b = bridges->all; b != NULL; b = b->next) {
		if (b->state == BRIDGE_HEARING)
			b->due_ms = now_ms + REAPER_FINISH_MS;
		else if (b->state != BRIDGE_OPEN)
			b->due_ms = now_ms + within_ms;
	}
	bridges->sweeping = false;
	sweep_later(bridges, false);
}

/*
 * In clear text the head is peeked at with each event of the socket (edge
 * triggered, so a half head costs nothing until more of it comes); under TLS
 * the bridge keeps what it has decrypted. One timer stands for all guests.
 */
#include "lobby.h"

#include <event2/event.h>
#include <stdlib.h>

#include "answer.h"
#include "base/mem.h"
#include "bridge.h"
#include "connection.h"
#include "loop.h"
#include "reception.h"

struct guest {
	struct guest *next;
	struct lobby *lobby;
	struct event *event;   /* NULL: its bridge looks */
	struct bridge *bridge; /* NULL: in clear text */
	struct peer peer;
	int64_t due_ms;
	int fd;
	size_t head_bytes; /* in its socket, when its head was judged */
	struct blob *told; /* what it is told; NULL: that there is no room */
	bool waits;        /* its head was judged: only for room */
	bool ofrep;        /* it speaks to OFREP */
};

struct lobby {
	struct loop *loop;
	struct guest *guests; /* the newest first */
	size_t count;
	struct event *timer;
};

static void
forget(struct guest *g)
{
	struct guest **at = &g->lobby->guests;

	while (*at != g)
		at = &(*at)->next;
	*at = g->next;
	g->lobby->count--;
	if (g->event != NULL)
		event_free(g->event);
	free(g);
}

void
lobby_forget(struct guest *g)
{
	forget(g);
}

static void
send_away(struct guest *g)
{
	struct loop *loop = g->lobby->loop;
	struct blob *told = g->told;

	if (told == NULL) {
		told = answer_too_many(&loop->service->clock, g->ofrep);
		counters_add(&loop->counters.connections_refused, 1);
	}
	if (g->bridge != NULL) {
		/* It forgets the guest as it ends. */
		bridge_send_away(g->bridge, told);
	} else {
		const struct peer peer = g->peer;
		const int fd = g->fd;

		forget(g);
		reception_send_away(loop, fd, &peer, told);
	}
}

static void
admit(struct guest *g)
{
	struct loop *loop = g->lobby->loop;
	struct bridge *bridge = g->bridge;
	const struct connection_origin origin = {
		.peer = g->peer,
		.head_bytes = g->head_bytes,
	};
	const int fd = g->fd;

	forget(g);
	if (bridge != NULL)
		bridge_admit(bridge, &origin.peer);
	else
		loop_admit(loop, fd, &origin);
}

static bool
find_place(struct guest *g, bool entitled)
{
	struct loop *loop = g->lobby->loop;
	struct limits *limits = loop->service->limits;

	if (limits_enter(limits, &g->peer) == LIMITS_OK)
		return true;
	if (!entitled)
		return false;
	if (!limits_enter_reserve(limits, &g->peer) &&
	    (!room_make_reserve(loop) ||
	     !limits_enter_reserve(limits, &g->peer)))
		return false;
	counters_add(&loop->counters.connections_reserved, 1);
	return true;
}

static void
expect(struct guest *g, int64_t within_ms)
{
	const struct timeval delay = { .tv_sec = within_ms / 1000,
				       .tv_usec = within_ms % 1000 * 1000 };
	struct lobby *lobby = g->lobby;
	struct timeval until;

	g->due_ms = loop_now_ms(lobby->loop) + within_ms;
	for (const struct guest *other = lobby->guests; other != NULL;
	     other = other->next)
		if (other != g && other->due_ms < g->due_ms &&
		    evtimer_pending(lobby->timer, &until))
			return;
	evtimer_add(lobby->timer, &delay);
}

/* What has come of its head. It may be gone when this returns. */
static void
obey(struct guest *g, const struct reception *seen)
{
	struct loop *loop = g->lobby->loop;

	g->ofrep = seen->ofrep;
	g->head_bytes = seen->size;
	g->told = seen->told;
	switch (seen->verdict) {
	case RECEPTION_SILENT:
	case RECEPTION_PARTIAL:
		return;
	case RECEPTION_WHOLE:
		break;
	case RECEPTION_WRONG:
	case RECEPTION_GONE:
		send_away(g);
		return;
	}
	if (find_place(g, seen->entitled)) {
		admit(g);
	} else if (!room_ask(loop)) {
		send_away(g);
	} else {
		g->waits = true;
		expect(g, LOBBY_ROOM_MS);
	}
}

void
lobby_hear(struct guest *g, const char *text, size_t length)
{
	struct reception seen = { .guest = true };

	if (g->waits)
		return;
	reception_judge(g->lobby->loop, &g->peer, text, length, &seen);
	obey(g, &seen);
}

/* In clear text. */
static void
look(struct guest *g)
{
	struct reception seen = { .guest = true };

	if (g->waits)
		return;
	reception_peek(g->lobby->loop, &g->peer, g->fd, &seen);
	obey(g, &seen);
}

static void
look_cb(evutil_socket_t fd, short what, void *ctx)
{
	struct guest *g = ctx;
	struct loop *loop = g->lobby->loop;

	(void)fd;
	(void)what;
	loop_tick(loop);
	look(g);
	loop_drive(loop);
}

static void
timer_cb(evutil_socket_t fd, short what, void *ctx)
{
	struct lobby *lobby = ctx;
	struct guest *next;
	int64_t now_ms;

	(void)fd;
	(void)what;
	loop_tick(lobby->loop);
	now_ms = loop_now_ms(lobby->loop);
	for (struct guest *g = lobby->guests; g != NULL; g = next) {
		next = g->next;
		if (g->due_ms <= now_ms)
			send_away(g);
	}
	for (struct guest *g = lobby->guests; g != NULL; g = g->next)
		expect(g, g->due_ms - now_ms);
	loop_drive(lobby->loop);
}

struct lobby *
lobby_new(struct loop *loop)
{
	struct lobby *lobby = mem_zalloc(1, sizeof(*lobby));

	lobby->loop = loop;
	lobby->timer = evtimer_new(loop->base, timer_cb, lobby);
	if (lobby->timer == NULL) {
		free(lobby);
		return NULL;
	}
	return lobby;
}

void
lobby_free(struct lobby *lobby)
{
	if (lobby == NULL)
		return;
	while (lobby->guests != NULL)
		send_away(lobby->guests);
	event_free(lobby->timer);
	free(lobby);
}

static size_t
count_from(const struct lobby *lobby, const struct peer *peer)
{
	size_t count = 0;

	for (const struct guest *g = lobby->guests; g != NULL; g = g->next)
		count += limits_same_address(&g->peer, peer) ? 1 : 0;
	return count;
}

/* The oldest of the address that has the most. */
static struct guest *
find_least_wanted(struct lobby *lobby)
{
	struct guest *found = NULL;
	size_t most = 0;

	for (struct guest *g = lobby->guests; g != NULL; g = g->next) {
		const size_t count = count_from(lobby, &g->peer);

		if (count < most)
			continue;
		most = count;
		found = g;
	}
	return found;
}

void
lobby_enter(struct lobby *lobby, int fd, const struct peer *peer, bool tls)
{
	struct loop *loop = lobby->loop;
	struct guest *unwanted = NULL;
	struct bridge *bridge;
	struct guest *g;

	if (lobby->count == loop->service->guests_max)
		unwanted = find_least_wanted(lobby);
	if (unwanted != NULL)
		send_away(unwanted);
	g = mem_zalloc(1, sizeof(*g));
	g->lobby = lobby;
	g->fd = fd;
	g->peer = *peer;
	g->next = lobby->guests;
	lobby->guests = g;
	lobby->count++;
	expect(g, LOBBY_MS);
	if (tls) {
		bridge = bridge_open(loop->bridges, fd, peer, g);
		/* Else it has ended already, and the guest with it. */
		if (bridge != NULL)
			g->bridge = bridge;
		return;
	}
	g->event =
	    event_new(loop->base, fd, EV_READ | EV_ET | EV_PERSIST, look_cb, g);
	if (g->event == NULL || event_add(g->event, NULL) != 0)
		send_away(g);
	else
		look(g);
}

void
lobby_look_again(struct lobby *lobby)
{
	struct guest *next;

	for (struct guest *g = lobby->guests; g != NULL; g = next) {
		next = g->next;
		if (g->waits && find_place(g, false))
			admit(g);
	}
}

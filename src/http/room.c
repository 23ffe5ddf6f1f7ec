#include "room.h"

#include <stddef.h>

#include "bridge_private.h"
#include "connection.h"
#include "linger.h"
#include "loop.h"
#include "park.h"
#include "parked.h"

enum {
	LOOK_AT_MOST = 1024, /* places, for one of an address */
	LOG_MS = 60 * 1000,
};

#define HOLDER(type, place)                                                    \
	((struct type *)(void *)((char *)(place)-offsetof(struct type, place)))

void
room_enter(struct loop *loop, struct room_place *place, enum room_class class,
	   enum room_kind kind)
{
	struct room *room = &loop->room;

	room_leave(loop, place);
	place->class = (uint8_t) class;
	place->kind = (uint8_t)kind;
	place->since_ms = loop_now_ms(loop);
	place->previous = room->last[class];
	if (place->previous != NULL)
		place->previous->next = place;
	else
		room->first[class] = place;
	room->last[class] = place;
}

void
room_leave(struct loop *loop, struct room_place *place)
{
	struct room *room = &loop->room;

	if (place->class == ROOM_NONE)
		return;
	if (place->previous != NULL)
		place->previous->next = place->next;
	else
		room->first[place->class] = place->next;
	if (place->next != NULL)
		place->next->previous = place->previous;
	else
		room->last[place->class] = place->previous;
	*place = (struct room_place){ .class = ROOM_NONE };
}

void
room_move(struct loop *loop, struct room_place *from, struct room_place *to,
	  enum room_kind kind)
{
	struct room *room = &loop->room;

	*to = *from;
	*from = (struct room_place){ .class = ROOM_NONE };
	if (to->class == ROOM_NONE)
		return;
	to->kind = (uint8_t)kind;
	if (to->previous != NULL)
		to->previous->next = to;
	else
		room->first[to->class] = to;
	if (to->next != NULL)
		to->next->previous = to;
	else
		room->last[to->class] = to;
}

static struct peer *
peer_of(struct room_place *place)
{
	switch ((enum room_kind)place->kind) {
	case ROOM_CONNECTION:
		return connection_peer(HOLDER(connection, place));
	case ROOM_PARKED:
		return &HOLDER(parked, place)->peer;
	case ROOM_BRIDGE:
		return &HOLDER(bridge, place)->peer;
	case ROOM_LINGERER:
		return &HOLDER(lingerer, place)->peer;
	}
	return NULL;
}

/* It counts no more from now on, though the library may still have to see that
 * its socket was closed. */
static void
evict(struct loop *loop, struct room_place *place)
{
	limits_leave(loop->service->limits, peer_of(place));
	counters_add(&loop->counters.connections_evicted, 1);
	switch ((enum room_kind)place->kind) {
	case ROOM_CONNECTION:
		connection_evict(HOLDER(connection, place));
		break;
	case ROOM_PARKED:
		park_evict(loop->park, HOLDER(parked, place));
		break;
	case ROOM_BRIDGE:
		bridge_end(HOLDER(bridge, place));
		break;
	case ROOM_LINGERER:
		linger_end(HOLDER(lingerer, place));
		break;
	}
}

/* The oldest that has been there for so long; NULL: none. */
static struct room_place *
find(struct loop *loop, enum room_class class, int64_t rest_ms,
     const struct peer *from)
{
	const int64_t latest_ms = loop_now_ms(loop) - rest_ms;
	struct room_place *place = loop->room.first[class];

	for (int i = 0; place != NULL && i < LOOK_AT_MOST; i++) {
		if (place->since_ms > latest_ms)
			return NULL;
		if (from == NULL || limits_same_address(peer_of(place), from))
			return place;
		place = place->next;
	}
	return NULL;
}

bool
room_make(struct loop *loop, const struct peer *from)
{
	struct room_place *place = find(loop, ROOM_REFUSED, 0, from);

	if (place == NULL)
		place = find(loop, ROOM_ANONYMOUS, ROOM_REST_MS, from);
	if (place == NULL)
		place = find(loop, ROOM_KNOWN, ROOM_REST_MS, from);
	if (place == NULL)
		return false;
	evict(loop, place);
	return true;
}

bool
room_make_reserve(struct loop *loop)
{
	struct room_place *place = find(loop, ROOM_RESERVED, 0, NULL);

	if (place == NULL)
		return false;
	evict(loop, place);
	return true;
}

static void
nudge_others(struct loop *loop)
{
	const struct service *service = loop->service;

	for (unsigned i = 0; i < service->loop_count; i++)
		if (service->loops[i] != loop)
			inbox_nudge(&service->loops[i]->inbox);
}

bool
room_ask(struct loop *loop)
{
	const struct service *service = loop->service;

	for (unsigned i = 0; i < service->loop_count; i++)
		if (service->loops[i] != loop)
			atomic_store(&service->loops[i]->room.asked, true);
	nudge_others(loop);
	return service->loop_count > 1;
}

void
room_heed(struct loop *loop)
{
	if (!atomic_exchange(&loop->room.asked, false))
		return;
	if (room_make(loop, NULL))
		nudge_others(loop);
}

void
room_log(struct loop *loop, bool address)
{
	const int64_t now_ms = loop_now_ms(loop);

	if (loop->room.logged_ms != 0 && now_ms - loop->room.logged_ms < LOG_MS)
		return;
	loop->room.logged_ms = now_ms;
	log_to(loop->service->log, LOG_WARN,
	       address ? "connections refused: too many from one address"
		       : "connections refused: there are too many",
	       LOG_N("loop", loop->index),
	       LOG_N("connections", limits_connections(loop->service->limits)));
}

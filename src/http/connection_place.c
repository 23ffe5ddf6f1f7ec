/*
 * A connection's place among those that make room, and in the reserve.
 */
#include "connection.h"

#include "bridge.h"
#include "limits.h"
#include "loop.h"
#include "reaper.h"

struct peer *
connection_peer(struct connection *c)
{
	return c->bridge != NULL && !c->orphaned ? bridge_peer(c->bridge)
						 : &c->peer;
}

void
connection_orphan(struct connection *c)
{
	room_leave(c->loop, &c->place);
	c->orphaned = true;
	c->hung_up = true;
}

void
connection_leave(struct connection *c)
{
	c->left = true;
	c->hung_up = true;
}

void
connection_evict(struct connection *c)
{
	room_leave(c->loop, &c->place);
	c->evicted = true;
	reaper_kill(c);
}

bool
connection_is_reserved(struct connection *c)
{
	return connection_peer(c)->counted == LIMITS_RESERVE;
}

void
connection_take_place(struct connection *c, enum room_class class)
{
	if (!c->orphaned && !c->evicted && !c->left)
		room_enter(c->loop, &c->place,
			   connection_is_reserved(c) ? ROOM_RESERVED : class,
			   ROOM_CONNECTION);
}

bool
connection_must_go(struct connection *c)
{
	return connection_is_reserved(c) &&
	       !limits_promote(c->loop->service->limits, connection_peer(c));
}

/*
 * What bridge.c (one bridge, its two sides) and bridges.c (all of a loop's)
 * know of each other.
 */
#ifndef SRC_HTTP_BRIDGE_PRIVATE_H
#define SRC_HTTP_BRIDGE_PRIVATE_H

#include "bridge.h"

#include "base/bytes.h"
#include "peer.h"
#include "room.h"
#include "tls_session.h"

struct event;

enum {
	BRIDGE_PIECE_BYTES = 16 * 1024, /* a record holds no more */
};

enum bridge_state {
	BRIDGE_SHAKING,
	BRIDGE_RESTING,
	BRIDGE_HEARING,
	BRIDGE_OPEN,
	BRIDGE_AWAY,
	BRIDGE_ENDED,
};

struct bridge_side {
	struct bridge *bridge;
	int fd;             /* -1: none */
	struct bytes piece; /* for it, which it did not take yet */
	bool finished;      /* nothing more comes from it */
};

struct bridge {
	struct bridges *bridges;
	struct bridge *next, **link;
	struct tls_session session;
	struct bridge_side client;
	struct bridge_side library; /* our end of the pair */
	uint64_t passed; /* bytes to the library since it has the pair */
	uint64_t taken;  /* bytes by the client */
	int64_t due_ms;  /* 0: nothing is due */
	struct room_place place; /* while libmicrohttpd has nothing of it */
	struct connection *connection; /* what it has, or NULL */
	struct guest *guest;           /* in the lobby, or NULL */
	struct peer peer;
	enum bridge_state state;
	bool lingers; /* more comes that nobody reads */
};

struct bridges {
	struct loop *loop;
	int epoll;
	struct event *event;
	struct event *sweep; /* timer over all of them */
	bool sweeping;
	bool busy;            /* events are being handled: no frees */
	struct bridge *all;   /* but those that are away or ended */
	struct bridge *ended; /* to be freed */
	char buffer[BRIDGE_PIECE_BYTES];
};

/* Something is due in `within_ms`. */
void bridges_expect(struct bridge *bridge, int64_t within_ms);

/* Among those that are looked after, and no more. */
void bridges_enlist(struct bridge *bridge);
void bridges_delist(struct bridge *bridge);

/* It has ended: free it as soon as nothing can speak of it. */
void bridges_bury(struct bridge *bridge);

/* An event of one of its sockets has come; false: it is to be ended. */
bool bridge_heed(struct bridge_side *side, uint32_t events) MUST_CHECK;

/* Its time is over. It may be gone when this returns. */
void bridge_be_late(struct bridge *bridge);

/* What the library has for the client; false as above. */
bool bridge_pump_out(struct bridge *bridge) MUST_CHECK;

#endif

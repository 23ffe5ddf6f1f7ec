/*
 * Who makes room when a limit of connections is reached. Each connection that
 * nobody works for has a place here, oldest first in its class; the classes are
 * looked at in their order:
 *
 *   REFUSED    it was told no, and still sends what nobody reads
 *   ANONYMOUS  it has no whole request, and showed no token with its last
 *   KNOWN      the same, but its last request came with a token
 *
 * A connection that has a request which is worked on, waits, or streams has no
 * place: it is never ended for others. Who has just come is left alone for
 * ROOM_REST_MS, so that newcomers do not end each other.
 *
 * Those that were let in beyond the limit (limits_enter_reserve) make room for
 * others of their kind alone, as long as their request is not whole.
 *
 * UNCOUNTED ones were refused at the door and are about to close: to end them
 * makes no room, there are only so many of them.
 *
 * The loop's thread, but for the atomic. Whoever owns the place takes it
 * out before it is freed.
 */
#ifndef SRC_HTTP_ROOM_H
#define SRC_HTTP_ROOM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct loop;
struct peer;

enum { ROOM_REST_MS = 1000 };

enum room_class {
	ROOM_NONE, /* it has no place */
	ROOM_REFUSED,
	ROOM_ANONYMOUS,
	ROOM_KNOWN,
	ROOM_RESERVED,
	ROOM_UNCOUNTED,
};
enum { ROOM_CLASSES = ROOM_UNCOUNTED + 1 };

/* What the place is part of. */
enum room_kind {
	ROOM_CONNECTION, /* a struct connection */
	ROOM_PARKED,     /* a struct parked, idle */
	ROOM_BRIDGE,     /* a struct bridge without a connection */
	ROOM_LINGERER,   /* a socket that is closed with patience (linger.h) */
};

/* Zeroed: none. */
struct room_place {
	struct room_place *next, *previous;
	int64_t since_ms;
	uint8_t class; /* enum room_class */
	uint8_t kind;  /* enum room_kind */
};

/* Embedded in the loop. */
struct room {
	struct room_place *first[ROOM_CLASSES];
	struct room_place *last[ROOM_CLASSES];
	size_t uncounted;  /* those of ROOM_UNCOUNTED */
	atomic_bool asked; /* another loop wants one of ours to go */
	int64_t logged_ms; /* when it last said that the limit is reached */
};

/* Give a place from now on; who has one moves to the end of that class. */
void room_enter(struct loop *loop, struct room_place *place,
		enum room_class class, enum room_kind kind);
void room_leave(struct loop *loop, struct room_place *place);

/* The place of `from` becomes that of `to`, which had none: the connection goes
 * on as another thing, and is idle for as long as it was. */
void room_move(struct loop *loop, struct room_place *from,
	       struct room_place *to, enum room_kind kind);

/* End the connection that is to go first, among those of the address of `from`
 * (NULL: of all addresses); it is not counted any more. False: there is none.
 */
bool room_make(struct loop *loop, const struct peer *from) MUST_CHECK;

/* The same in the reserve. */
bool room_make_reserve(struct loop *loop) MUST_CHECK;

/* Ask the other loops to make room; they answer with a nudge. False: there are
 * none. */
bool room_ask(struct loop *loop);

/* Do what another loop has asked for. */
void room_heed(struct loop *loop);

/* Say in the log that a limit is reached, once in a while. */
void room_log(struct loop *loop, bool address);

#endif

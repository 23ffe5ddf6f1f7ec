/*
 * What the whole daemon may hold at once: connections in all and per address,
 * and the cost of the bodies in flight. Shared by all loops; every call is safe
 * on any thread.
 *
 * A JSON text costs up to eighty times its length while it is parsed and worked
 * on, so bodies are counted by that. Small ones are always let in, so that an
 * operator's change is never refused because of somebody's import.
 */
#ifndef SRC_HTTP_LIMITS_H
#define SRC_HTTP_LIMITS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "peer.h"

enum {
	LIMITS_BODY_SMALL = 16 * 1024,  /* never counted */
	LIMITS_BODY_COST = 80,          /* bytes of memory for one of JSON */
	LIMITS_BODY_BUDGET = 512 << 20, /* of memory */
};

struct limits;

/* `connections_max` is not 0. `per_address` 0: no limit. `reserve`: how many
 * more there may be, of those that limits_enter_reserve is for. */
struct limits *limits_new(size_t connections_max, size_t per_address,
			  size_t reserve) MUST_CHECK;

/* Connections from these do not count by address; borrowed. NULL: from nobody.
 */
struct proxies;
void limits_exempt(struct limits *limits, const struct proxies *proxies);

/* NULL is allowed. */
void limits_free(struct limits *limits);

enum limits_verdict { LIMITS_OK, LIMITS_ALL, LIMITS_ADDRESS };

/* How the connection of a peer is counted: peer.counted. */
enum limits_place { LIMITS_UNCOUNTED, LIMITS_REGULAR, LIMITS_RESERVE };

/* Count a connection, unless it is one too many. An IPv6 network (/64) counts
 * as one address, unix sockets as none. */
enum limits_verdict limits_enter(struct limits *limits,
				 struct peer *peer) MUST_CHECK;

/* Beyond the limits; false: the reserve is full. Half of it is kept for unix
 * sockets. */
bool limits_enter_reserve(struct limits *limits, struct peer *peer) MUST_CHECK;

/* Out of the reserve when there is room by now. False: it is still in it. */
bool limits_promote(struct limits *limits, struct peer *peer) MUST_CHECK;

/* It is not counted any more, wherever it was. */
void limits_leave(struct limits *limits, struct peer *peer);

/* Do both count as one address? */
bool limits_same_address(const struct peer *a, const struct peer *b);

size_t limits_connections(const struct limits *limits);
size_t limits_connections_max(const struct limits *limits);
size_t limits_reserve(const struct limits *limits);

/* Let a body grow from `before` to `after` bytes; false when that costs more
 * than there is. Release what was let in last with limits_release_body. */
bool limits_grow_body(struct limits *limits, size_t before,
		      size_t after) MUST_CHECK;
void limits_release_body(struct limits *limits, size_t bytes);

/* The bytes of all bodies that count, and how many there may be. */
size_t limits_body_bytes(const struct limits *limits);
size_t limits_body_bytes_max(void);

#endif

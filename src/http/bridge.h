/*
 * TLS in front of libmicrohttpd. A bridge is a connection under TLS as the
 * loop sees it. What its records hold goes to libmicrohttpd and back in clear
 * text, over a pair of unix sockets that lasts as long as the library has to
 * do with it:
 *
 *   SHAKING  the handshake is not over
 *   RESTING  it has no request; there is no pair
 *   HEARING  a part of its next head is there, and kept (reception.h)
 *   OPEN     libmicrohttpd has the other end of the pair
 *   AWAY     it waits outside libmicrohttpd (outside.c); there is no pair
 *
 * The library's own TLS would keep its memory pool and our request beside the
 * session for as long as a client waits, and a session cannot leave it.
 *
 * A bridge owns its socket and counts as one connection from bridge_open to its
 * end; a newcomer at the limit (lobby.h) counts from bridge_admit on, and its
 * request stays here until then. The loop's thread.
 */
#ifndef SRC_HTTP_BRIDGE_H
#define SRC_HTTP_BRIDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/error.h"

struct blob;
struct bridge;
struct bridges;
struct connection;
struct guest;
struct loop;
struct peer;

enum status bridges_new(struct loop *loop, struct bridges **bridges,
			struct error *err) MUST_CHECK;

/* Ends those that are left; none is away. NULL is allowed. */
void bridges_free(struct bridges *bridges);

/* Draining: those without a request have `within_ms` left. NULL is allowed. */
void bridges_hurry(struct bridges *bridges, int64_t within_ms);

/* Take an accepted, nonblocking socket, which is counted already unless it is
 * that of a `guest` (else NULL). NULL when it has ended already. */
struct bridge *bridge_open(struct bridges *bridges, int fd,
			   const struct peer *peer, struct guest *guest);

/* Its guest is let in, and counts as that peer; or it is told that (taken
 * over), and the bridge ends. */
void bridge_admit(struct bridge *bridge, const struct peer *peer);
void bridge_send_away(struct bridge *bridge, struct blob *told);

/* libmicrohttpd works with it as that connection from now on, until it hears
 * connection_orphan or says bridge_detach. */
void bridge_attach(struct bridge *bridge, struct connection *connection);

/* The connection is closed; with `linger` something of its client was not
 * read. */
void bridge_detach(struct bridge *bridge, bool linger);

/* Who it counts as; borrowed. */
struct peer *bridge_peer(struct bridge *bridge);

/* Is there nothing on the way, when libmicrohttpd has read `expected` bytes of
 * requests since it was given the pair? */
bool bridge_may_leave(const struct bridge *bridge,
		      uint64_t expected) MUST_CHECK;

/* Bytes that libmicrohttpd was given since then, whether taken or not. */
uint64_t bridge_passed(const struct bridge *bridge);

/* OPEN -> RESTING, when its connection has had `expected` bytes and works on
 * nothing: the next request has `within_ms` to begin. False: it stays. */
bool bridge_rest(struct bridge *bridge, uint64_t expected,
		 int64_t within_ms) MUST_CHECK;

/* OPEN -> AWAY. The caller looks after its socket from now on. */
int bridge_fd(const struct bridge *bridge);
void bridge_leave(struct bridge *bridge);

/* While it is away: as send(2). After EAGAIN the same bytes have to be sent
 * again. */
ssize_t bridge_send(struct bridge *bridge, const void *data, size_t length);

/* AWAY -> RESTING: the next request may be there already. `known`: the last one
 * showed a token. */
void bridge_return(struct bridge *bridge, bool known);

/* Close it, count it off, free it. */
void bridge_end(struct bridge *bridge);

#endif

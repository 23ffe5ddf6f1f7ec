/*
 * The reaper ends connections that take too long over something: sending a
 * header (slowloris) or a body, or reading an answer. libmicrohttpd's own
 * timeout only counts inactivity, which a byte a second defeats. So each limit
 * is on the whole. While draining, who is silent for REAPER_FINISH_MS in the
 * middle of a request is not waited for either.
 *
 * A connection has at most one deadline at a time. While it is kept alive
 * between requests, the deadline is that of an idle connection plus that of a
 * header: the first byte of the next request is not to be seen from outside the
 * library. Those that have none for REAPER_IDLE_MS rest outside it, where that
 * byte is seen and no memory pool is kept for it.
 */
#ifndef SRC_HTTP_REAPER_H
#define SRC_HTTP_REAPER_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"

struct connection;
struct exchange;
struct loop;

enum {
	REAPER_TICK_MS = 1000,
	REAPER_HURRY_TICK_MS = 50,     /* while draining */
	REAPER_AT_ONCE = 256,          /* connections; then others' turn */
	REAPER_IDLE_MS = 1000,         /* then it rests outside (park.h) */
	REAPER_FINISH_MS = 2 * 1000,   /* draining: for more of a request */
	REAPER_ENDED_MS = 2 * 1000,    /* of a client that sends no more */
	REAPER_REFUSED_MS = 2 * 1000,  /* for a body that is refused */
	REAPER_RESERVED_MS = 2 * 1000, /* for a head, beyond the limit, … */
	REAPER_RESERVED_BODY_MS = 10 * 1000, /* … and for its body */
	REAPER_WRITE_BYTES_PER_MS = 64,      /* more time for a large answer */
	REAPER_DISCARD_BYTES = 16 << 20,     /* of a body nobody wants */
};

enum status reaper_init(struct loop *loop, struct error *err) MUST_CHECK;
void reaper_fini(struct loop *loop);

/* Something is due in `within_ms`; 0: nothing is. */
void reaper_expect(struct connection *connection, int64_t within_ms);

/* A connection is new: its client has to send a head. */
void reaper_expect_head(struct connection *connection);

/* How long somebody outside has for its head, once that has begun. */
int64_t reaper_head_ms(const struct loop *loop);

/* The client has to send the rest of its body, some of which may have come just
 * now. */
void reaper_expect_body(struct exchange *x);

/* The client has to read an answer of `bytes`. */
void reaper_expect_read(struct connection *connection, size_t bytes);

/* How long that may take. */
int64_t reaper_read_ms(const struct loop *loop, size_t bytes);

/* End a connection now: libmicrohttpd sees its socket closed. */
void reaper_kill(struct connection *connection);

/* Draining: give those that are between two requests `within_ms` at most, and
 * those in the middle of one REAPER_FINISH_MS. */
void reaper_hurry(struct loop *loop, int64_t within_ms);

#endif

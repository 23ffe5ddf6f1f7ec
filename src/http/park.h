/*
 * Clients that wait. Two forms behind one face:
 *
 *   inside   suspended in libmicrohttpd. Always possible; costs its pool.
 *   outside  the socket has left libmicrohttpd and is kept in a record of about
 *            a hundred bytes; the answer is one send. For the standard answer
 *            over TCP, with or without TLS, to HTTP/1.1 clients that keep their
 *            connection and have sent nothing beyond their request.
 *
 * A client that shuts down its sending side while it waits counts as gone, in
 * both forms. HEAD never waits.
 */
#ifndef SRC_HTTP_PARK_H
#define SRC_HTTP_PARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "feed/feed.h"

struct connection;
struct exchange;
struct loop;
struct park;
struct peer;

/* On the loop's thread, when its event_base is there. */
enum status park_new(struct loop *loop, struct park **park,
		     struct error *err) MUST_CHECK;

/* Nobody waits any more; connections that are still outside are closed. NULL is
 * allowed. */
void park_free(struct park *park);

/* Let an exchange wait as its request says, or answer it where it must not.
 * True when its socket has left libmicrohttpd, which then has to be told to
 * close its own (MHD_NO). */
bool park_add(struct park *park, struct exchange *x) MUST_CHECK;

/* Notice when the client of a connection that is, or will be, suspended hangs
 * up. False where that is not possible. */
bool park_watch(struct park *park, struct connection *connection);

/* No more: its socket lives on elsewhere. */
void park_unwatch(struct park *park, struct connection *connection);

/* A suspended exchange is gone. */
void park_cancel(struct park *park, struct exchange *x);

/* The feed's callback; `ctx` is the park. */
void park_answer(struct waiter *waiter, struct blob *body, int64_t revision,
		 enum answer_reason reason, void *ctx);

/* How many answers the feed may give in one go. */
size_t park_budget(const struct park *park);

/* The feed has no more answers for now: forget what was kept for the next. */
void park_rest(struct park *park);

/* A newcomer by TCP or a unix socket, counted already: it is libmicrohttpd's
 * when its first head is whole and good (reception.h), and until then outside.
 * loop_drive is the caller's. */
void park_meet(struct park *park, int fd, const struct peer *peer);

/* Let a connection without a request rest outside libmicrohttpd; false: it
 * stays. loop_drive is the caller's; not from inside a callback of the library.
 */
bool park_rest_outside(struct park *park,
		       struct connection *connection) MUST_CHECK;

/* End a client outside that is idle, for others (room.h). */
struct parked;
void park_evict(struct park *park, struct parked *parked);

/* Draining: connections outside that wait for nothing have `within_ms` left. */
void park_hurry(struct park *park, int64_t within_ms);

#endif

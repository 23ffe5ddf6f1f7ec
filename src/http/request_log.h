/*
 * The access log: one line for each request, when it ends, wherever it has
 * waited. What the line says of its beginning is noted then, since neither the
 * library nor we keep it for as long.
 *
 * A note belongs to the exchange, then to the record of the client that is
 * parked outside; on its loop's thread.
 */
#ifndef SRC_HTTP_REQUEST_LOG_H
#define SRC_HTTP_REQUEST_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "model/definition.h"
#include "peer.h"
#include "request.h"

struct exchange;

struct request_note {
	char method[sizeof(((struct request *)0)->other)];
	char peer[PEER_TEXT_BYTES];
	char forwarded[PEER_TEXT_BYTES]; /* "" where it is not known */
	char id[REQUEST_ID_BYTES];
	char *path;
	char *client; /* as it calls itself, or NULL */
	char *agent;  /* or NULL */
	int64_t started_us;
	int64_t waits_since_us; /* 0: it has not begun to wait */
	int64_t waited_us;
};

/* Of a request whose head was read; NULL where nothing is logged. `forwarded`
 * is NULL where nobody has asked for somebody else. */
struct request_note *request_note_new(const struct request *r,
				      const struct peer *forwarded) MUST_CHECK;
void request_note_free(struct request_note *note);

/* It waits from now on; it waits no more. NULL is allowed. */
void request_note_wait(struct request_note *note);
void request_note_answer(struct request_note *note);

/* Are requests that waited logged? */
bool request_log_has_polls(const struct loop *loop);

/* How a request ended. */
struct request_end {
	unsigned status; /* 0: its client had gone */
	uint64_t bytes;  /* of the answer's body */
	int64_t revision;
	const struct definition *token; /* whose it was, or NULL */
};

/* The line. NULL is allowed. */
void request_log_end(const struct loop *loop, struct request_note *note,
		     const struct request_end *end);

/* The same for one that ends inside the library. */
void request_log_exchange(struct exchange *x);

#endif

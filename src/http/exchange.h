/*
 * An exchange: one request on its way through a connection, with what the
 * handlers do not see of it. Made when the request line is there, freed by
 * libmicrohttpd's "completed" callback; where that does not come (0.9 leaves it
 * out when cookies or parameters exhaust its memory), with its connection. A
 * loop keeps some finished ones for the next requests.
 */
#ifndef SRC_HTTP_EXCHANGE_H
#define SRC_HTTP_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "feed/feed.h"
#include "guard.h"
#include "inbox.h"
#include "peer.h"
#include "request.h"

struct connection;
struct encoded;
struct loop;
struct request_note;

/* In their order. */
enum exchange_phase {
	EXCHANGE_STARTED,  /* the request line is there */
	EXCHANGE_READING,  /* the header was judged, the body comes */
	EXCHANGE_WORKING,  /* suspended: the registry has it */
	EXCHANGE_PACKING,  /* suspended: its reply is being compressed */
	EXCHANGE_WAITING,  /* suspended: it waits in the feed */
	EXCHANGE_LEFT,     /* its socket has left libmicrohttpd */
	EXCHANGE_ANSWERED, /* the reply is queued */
};

/* What the feed calls back on, first in everything that waits. */
enum seat_kind {
	SEAT_EXCHANGE, /* its holder is an exchange */
	SEAT_PARKED,   /* a struct parked (outside.c) */
	SEAT_STREAM,   /* a struct stream (stream.c) */
};

struct seat {
	struct waiter waiter;
	enum seat_kind kind;
	uint32_t context_bytes; /* that contexts.h knows of */
};

/* What was read of the head before the library read it (prelude.h). */
enum prelude {
	PRELUDE_NONE, /* it had not all come */
	PRELUDE_GOOD,
	PRELUDE_WRONG, /* the request's error says why */
};

/* Of a body in chunks (chunked.h). */
struct frame {
	struct exchange *next, **link; /* link NULL: it is in no list */
	const char *body;
	uint64_t sane;  /* bytes of the frame that it had so far, at most */
	unsigned looks; /* in vain */
};

struct exchange {
	struct seat seat; /* first */
	struct request request;
	struct connection *connection;
	struct peer client;        /* who asks, through whatever proxy */
	bool is_forwarded;         /* by a proxy that is believed */
	struct request_note *note; /* for the log, or NULL */
	uint64_t answer_bytes;     /* of its body */
	int64_t revision;          /* that the answer is of, or 0 */
	enum exchange_phase phase;
	const char *raw; /* the target as sent, a copy; then without origin */
	const char *authority; /* of the target, where it names one; or NULL */
	const char *target;    /* where it stood; cut to pieces by now */
	size_t target_length;
	const char *version; /* the connection's memory */
	size_t route_number;
	size_t body_seen;        /* bytes as sent, whether kept or not */
	struct encoded *encoded; /* the body is in a content coding, or NULL */
	size_t body_counted;     /* bytes that the limits know of */
	size_t body_limit;
	int64_t due_ms; /* for all of the body to be there */
	enum prelude prelude;
	struct guard_message message; /* with PRELUDE_GOOD */
	size_t fields_size;           /* bytes, the empty line too */
	bool chunked;
	struct frame frame;
	size_t header_size; /* bytes */
	bool closing;       /* the client said Connection: close */
	bool tentative;     /* of repoll: it may be dropped */
	bool waited;
	struct task task;      /* its job is done */
	struct exchange *next; /* among the spare ones, or of a package */
};

struct exchange *exchange_new(struct loop *loop,
			      struct connection *connection) MUST_CHECK;
void exchange_free(struct exchange *x);

/* It waits: let go of its body and of all that is large (request_rest). */
void exchange_rest(struct exchange *x);

/* Its reply is queued (request_settle). */
void exchange_settle(struct exchange *x);

/* The loop ends: those that were kept for later requests. */
void exchange_free_spare(struct loop *loop);

/* The exchange that a request is part of. */
struct exchange *exchange_of(struct request *r);

#endif

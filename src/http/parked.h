/*
 * A client that is parked outside libmicrohttpd, and its ways between the feed,
 * the list of those that have to do something (read, send, hang up), and
 * libmicrohttpd. Private to outside.c. A client in no list is between two of
 * these calls.
 */
#ifndef SRC_HTTP_PARKED_H
#define SRC_HTTP_PARKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "answer.h"
#include "exchange.h"
#include "peer.h"
#include "reception.h"
#include "room.h"

struct bridge;
struct event;
struct loop;
struct request;

enum parked_state {
	PARKED_WAITING,
	PARKED_WRITING,
	PARKED_IDLE,
	PARKED_HEARING, /* a part of its next head is there */
};

enum {
	/* For the rest of a head by a unix socket: as long as nothing is taken
	 * it holds a hundred pieces or less, and who sends more of them waits.
	 * Then libmicrohttpd gets it as it is. */
	PARKED_UNIX_MS = 1000,
};

struct parked {
	union {
		struct seat seat; /* WAITING */
		struct {          /* WRITING, IDLE, HEARING */
			struct parked *next, **link;
			int64_t due_ms;
			struct blob *wire;       /* WRITING: what of it … */
			size_t sent;             /* … has gone out */
			struct room_place place; /* IDLE, HEARING */
		};
	};
	uint64_t consumed;         /* bytes of requests read from it so far */
	char *id;                  /* the poll's, as given; NULL: any will do */
	struct request_note *note; /* of its poll, or NULL */
	struct definition *token;  /* whose poll it is; NULL: nobody's */
	struct bridge *bridge;     /* its connection, under TLS; or NULL */
	struct peer peer;
	int fd;
	uint8_t state;        /* enum parked_state */
	uint8_t route;        /* for the counters */
	uint8_t secret;       /* which of the token's */
	bool pending;         /* its next request is there already */
	bool closing;         /* its answer says Connection: close */
	bool watched;         /* it stands in the epoll set */
	bool of_values;       /* of $T/values: its answer has their tag */
	bool is_forwarded;    /* a proxy asked for somebody else, … */
	struct peer client[]; /* … who stands here, one then */
};

struct outside {
	struct loop *loop;
	int epoll;
	struct event *event;
	struct event *sweep; /* timer over the list, while it has any */
	bool sweeping;
	struct parked *waiting_for_client; /* all but WAITING ones */
	struct parked *sweep_at; /* among them, in the middle of a sweep */
	struct answer answer;
};

/* Who waits: its peer, or for whom that one asks. */
const struct peer *parked_client(const struct parked *p);

/* Its request has ended: the line of the log. */
void parked_log(struct outside *o, struct parked *p, unsigned status,
		uint64_t bytes, int64_t revision);

/* Its context is not held any more. */
void parked_uncount(struct outside *o, struct parked *p);

/* Into the feed; its context is counted already (park_count). */
void parked_wait(struct outside *o, struct parked *p, const struct request *r);

/* Into the list, with the state set: something is due in `within_ms`. */
void parked_enlist(struct outside *o, struct parked *p, int64_t within_ms);

/* Out of the list, or out of the feed. */
void parked_unlist(struct outside *o, struct parked *p);

/* Close its connection and free it. */
void parked_end(struct outside *o, struct parked *p);

/* Without a request: judge what has come of its next head (reception.h), and
 * hand it over, refuse it, or let it be. True when it is still there;
 * loop_drive is the caller's. */
bool parked_look(struct outside *o, struct parked *p, enum reception_more more);

/* Its answer has gone out: end it, hand it over or let it be idle. */
void parked_settle(struct outside *o, struct parked *p);

/* End those whose time is over, some at a time. */
void parked_sweep(struct outside *o);

/* Look at the list again soon, if there is anybody in it. */
void parked_sweep_later(struct outside *o);

#endif

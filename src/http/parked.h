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
#include "room.h"

struct bridge;
struct event;
struct loop;
struct request;

enum parked_state { PARKED_WAITING, PARKED_WRITING, PARKED_IDLE };

struct parked {
	union {
		struct seat seat; /* WAITING */
		struct {          /* WRITING, IDLE */
			struct parked *next, **link;
			int64_t due_ms;
			struct blob *wire;       /* WRITING: what of it … */
			size_t sent;             /* … has gone out */
			struct room_place place; /* IDLE */
		};
	};
	uint64_t consumed;        /* bytes of requests read from it so far */
	char *id;                 /* the poll's, as given; NULL: any will do */
	struct definition *token; /* whose poll it is; NULL: nobody's */
	struct bridge *bridge;    /* its connection, under TLS; or NULL */
	struct peer peer;
	int fd;
	uint8_t state;  /* enum parked_state */
	uint8_t route;  /* for the counters */
	uint8_t secret; /* which of the token's */
	bool pending;   /* its next request is there already */
	bool closing;   /* its answer says Connection: close */
};

struct outside {
	struct loop *loop;
	int epoll;
	struct event *event;
	struct event *sweep; /* timer over the list, while it has any */
	bool sweeping;
	struct parked *waiting_for_client; /* WRITING and IDLE ones */
	struct parked *sweep_at; /* among them, in the middle of a sweep */
	struct answer answer;
};

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

/* Give its socket back to libmicrohttpd, or to its bridge, and free it;
 * loop_drive is the caller's. */
void parked_hand_over(struct outside *o, struct parked *p);

/* Its answer has gone out: end it, hand it over or let it be idle. */
void parked_settle(struct outside *o, struct parked *p);

/* End those whose time is over, some at a time. */
void parked_sweep(struct outside *o);

/* Look at the list again soon, if there is anybody in it. */
void parked_sweep_later(struct outside *o);

#endif

/*
 * What the files of park share.
 */
#ifndef SRC_HTTP_PARK_PRIVATE_H
#define SRC_HTTP_PARK_PRIVATE_H

#include "park.h"

#include "contexts.h"
#include "exchange.h"
#include "peer.h"

struct event;
struct outside;

struct park {
	struct loop *loop;
	int hangup_epoll; /* sockets of exchanges that were suspended once */
	struct event *hangup_event;
	size_t suspended;
	struct outside *outside;
};

/* park.c: count the context that a request is to wait with, and say whose it is
 * (topic.account). */
enum contexts_verdict park_count(struct loop *loop, struct request *r,
				 const struct peer *peer) MUST_CHECK;

/* outside.c */
enum status outside_new(struct loop *loop, struct outside **outside,
			struct error *err) MUST_CHECK;
void outside_free(struct outside *outside);

/* Move the socket of an exchange out of libmicrohttpd and let it wait; false
 * where that is not possible. */
bool outside_add(struct outside *outside, struct exchange *x) MUST_CHECK;

void outside_answer(struct outside *outside, struct seat *seat,
		    struct blob *body, int64_t revision,
		    enum answer_reason reason);
void outside_meet(struct outside *outside, int fd, const struct peer *peer);
bool outside_take(struct outside *outside, struct connection *connection,
		  int64_t within_ms) MUST_CHECK;
void outside_evict(struct outside *outside, struct parked *parked);
void outside_rest(struct outside *outside);
void outside_hurry(struct outside *outside, int64_t within_ms);

#endif

/*
 * ?at=: the same answer out of a snapshot of the past.
 */
#ifndef SRC_HTTP_PAST_REPLY_H
#define SRC_HTTP_PAST_REPLY_H

#include "model/snapshot.h"
#include "request.h"

/* Call `reply` with the current snapshot, or, where the request says ?at=, with
 * the one of then. `key`: only this toggle and the segments are needed; length
 * 0: all. */
enum step past_reply(struct request *r, struct string key,
		     void (*reply)(struct request *r,
				   const struct snapshot *snapshot));

#endif

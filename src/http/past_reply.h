/*
 * ?at=: the same answer out of a snapshot of the past.
 */
#ifndef SRC_HTTP_PAST_REPLY_H
#define SRC_HTTP_PAST_REPLY_H

#include "model/snapshot.h"
#include "request.h"

/* Call `reply` with the current snapshot, or, where the request says ?at=, with
 * the one of then, of which only what `order` names is there; its `at` is not
 * looked at. Its strings have to live as long as the request. */
enum step past_reply(struct request *r, const struct past_order *order,
		     void (*reply)(struct request *r,
				   const struct snapshot *snapshot));

#endif

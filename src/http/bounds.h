/*
 * What of the past who asks may see. An environment that was removed and made
 * again has a life of its own: its history begins with the change that made it,
 * for all but admins. And who is let into some environments only is told of
 * their revisions, not of how far the whole store has got.
 *
 * Both are judged here, on the loop, by the snapshot that the request sees. A
 * rollback to a time is held against the beginning by the writer
 * (rollback_order.not_before).
 */
#ifndef SRC_HTTP_BOUNDS_H
#define SRC_HTTP_BOUNDS_H

#include <stdint.h>

#include "base/attr.h"
#include "request.h"
#include "wire/edit.h"

/* The first revision of r->snapshot that may be seen; 0: all of them. */
int64_t bounds_first(const struct request *r);

/* May this moment be asked for? False: the reply is filled. A time is not known
 * to be before the beginning until its snapshot is there: bounds_show. */
bool bounds_admit(struct request *r, const struct moment *moment) MUST_CHECK;

/* The same for an end of a range, which may be before the beginning. */
bool bounds_admit_end(struct request *r,
		      const struct moment *moment) MUST_CHECK;

/* The result of a job for the past: may it be shown? False: the reply is
 * filled. */
bool bounds_show(struct request *r, const struct job *job) MUST_CHECK;

#endif

/*
 * What all long polls take: since, wait (or Prefer: wait), prefix.
 */
#ifndef SRC_HTTP_POLL_H
#define SRC_HTTP_POLL_H

#include "request.h"
#include "wire/cursor.h"

struct poll {
	struct cursor cursor;
	int64_t wait_ms;
	struct string prefix;
};

/* False: the reply is filled. */
bool poll_decode(struct request *r, struct poll *poll);

#endif

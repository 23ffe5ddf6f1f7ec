/*
 * What is in use and what is not: $T/usage, and ?unusedFor= of $T/toggles.
 *
 * A toggle is never said to be unused for longer than was counted: where the
 * answer does not cover the whole time, it says so in "complete".
 */
#ifndef SRC_HTTP_USAGE_REPLY_H
#define SRC_HTTP_USAGE_REPLY_H

#include "request.h"
#include "wire/document.h"

/* {"environment","since","definitionsReadAt","reasons","toggles":{key:
 * {"evaluations","errors","lastEvaluatedAt","variants"}}} */
enum step usage_reply(struct request *r);

/* The toggles of the request's environment that have prefix and tag of
 * `selection` and were not evaluated for that long ("30d"), as $T/toggles lists
 * them, with the member "usage". */
enum step usage_reply_unused(struct request *r, const char *unused_for,
			     const struct selection *selection);

#endif

/*
 * Golden answers: the wire as older clients know it. A file is a conversation
 * with a server:
 *
 *	# a comment
 *	> PUT /v1/envs/default/toggles/a     a request: line, headers, and
 *	> Change-Comment: why                behind an empty line the body
 *	>
 *	> {}
 *	< 201                                its answer: status, headers,
 *	< Content-Type: application/json     body, JSON sorted
 *	<
 *	< {
 *	<   "key": "a",
 *	...
 *
 * In answers the epoch is EPOCH and every time is TIME; in requests EPOCH is
 * put in. An answer that differs is a change of the contract: see
 * "Compatibility" in docs/API.md for which ones are allowed. With GOLDEN_UPDATE
 * set the files are written anew instead.
 */
#ifndef TESTS_HTTP_GOLDEN_H
#define TESTS_HTTP_GOLDEN_H

#include "harness.h"

/* Have the conversation with the running server; fails the test at the first
 * line that is another. */
void golden_replay(struct toggled *t, const char *path);

#endif

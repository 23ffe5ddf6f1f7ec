/*
 * Requests and answers as they stand in files: golden cases, the answers of
 * older releases, the list of allowed differences.
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
 * In answers the epoch is EPOCH, the release VERSION, every time is TIME, a
 *ticket is TICKET, an opaque ETag HASH, and of each token that was made the
 *secret is TOKEN(name) and its id ID(name). In requests all but times and
 *tickets are put in, and REPEAT(62,c=a; ) is the text so many times over ("\n"
 *in it ends a line). An answer that did not come is "no answer".
 *
 * Ownership: all texts are the `struct toggled`'s. Thread: its own.
 */
#ifndef TESTS_HTTP_CONVERSATION_H
#define TESTS_HTTP_CONVERSATION_H

#include "base/bytes.h"
#include "scene.h"

struct conversation;

/* With the running server, as whoever needs no token. */
struct conversation *conversation_open(struct toggled *t);

/* A request without its marks; the answer without its marks. */
const char *conversation_ask(struct conversation *c, const char *request);

/* The lines with `mark` from `*text` on, without it; "" when there is none. */
char *conversation_take(struct toggled *t, const char **text, char mark);

/* Each line of `lines` with `mark` in front. */
void conversation_put(struct bytes *out, char mark, const char *lines);

/* The whole of a file is `text` from now on. */
void conversation_write_file(const char *path, const struct bytes *text);

#endif

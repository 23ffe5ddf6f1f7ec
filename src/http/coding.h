/*
 * The content coding of replies (RFC 9110, 8.4): what is larger than
 * CODING_MIN_BYTES goes out in gzip to those who take it. What is short is
 * compressed where it is queued, what is long in slices (packing.h), and what
 * many share once (document_reply.h).
 *
 * The forms of one document have tags of their own (8.8.3.3): that of the coded
 * form has the suffix "-gzip". Whatever reads tags takes both.
 */
#ifndef SRC_HTTP_CODING_H
#define SRC_HTTP_CODING_H

#include <stdbool.h>

#include "request.h"

enum {
	CODING_MIN_BYTES = 1024,
	CODING_SLOW_BYTES = 32 * 1024, /* more takes longer than a moment */
};

/* Does the client take gzip? */
bool coding_is_taken(const struct request *r);

/* The body of the reply in that form; a reference is taken. */
void coding_put(struct request *r, struct blob *coded);

/* Has the reply, as it is filled, still to be compressed, and is it long? */
bool coding_is_slow(const struct request *r);

/* The last step before the reply is queued. It is compressed where that is due
 * and it is not long. Its tag is that of its form; of a 304 that of the form
 * which the client has. */
void coding_settle(struct request *r);

#endif

/*
 * The content coding of replies (RFC 9110, 8.4). The forms of one document have
 * tags of their own (8.8.3.3): that of the coded form has the suffix "-gzip".
 * Whatever reads tags takes both.
 */
#ifndef SRC_HTTP_CODING_H
#define SRC_HTTP_CODING_H

#include <stdbool.h>

#include "request.h"

/* Does the client take gzip? */
bool coding_is_taken(const struct request *r);

/* The body of the reply is in that form. */
void coding_mark(struct request *r);

/* The last step before the reply is queued: its tag is that of its form; of a
 * 304 that of the form which the client has. */
void coding_settle(struct request *r);

#endif

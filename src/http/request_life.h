/*
 * The life of a request, for its owner (and for tests that call handlers).
 */
#ifndef SRC_HTTP_REQUEST_LIFE_H
#define SRC_HTTP_REQUEST_LIFE_H

#include "request.h"

/* An empty request. */
void request_init(struct request *r);

/* Release what it holds. */
void request_fini(struct request *r);

/* It waits, for long maybe: what is large is let go. Headers, path, topic and
 * what the reply has so far stay. */
void request_rest(struct request *r);

/* Its reply is with the library: what is left is what its end is logged with.
 */
void request_settle(struct request *r);

/* Empty again, with the memory of its arena and body kept. */
void request_reset(struct request *r);

#endif

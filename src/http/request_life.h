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

/* Empty again, with the memory of its arena and body kept. */
void request_reset(struct request *r);

#endif

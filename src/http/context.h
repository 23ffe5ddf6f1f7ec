/*
 * The evaluation context of a request.
 */
#ifndef SRC_HTTP_CONTEXT_H
#define SRC_HTTP_CONTEXT_H

#include "model/value.h"
#include "request.h"

/* Out of the query: every parameter whose name is not in `reserved`, as a
 * string. Out of the body for POST: the object itself, or its member "context";
 * it lies in the evaluator's arena. False: the reply is filled. */
bool context_decode(struct request *r, const char *const *reserved,
		    struct value *context);

#endif

/*
 * Which environment a request at the root is for: the selector in the path, the
 * header Flagd-Selector, or `default`.
 */
#ifndef SRC_HTTP_SELECTOR_H
#define SRC_HTTP_SELECTOR_H

#include "request.h"

/* `selector` with length 0: the header decides. NULL: the reply is filled. */
const struct snapshot *selector_find(struct request *r, struct string selector);

#endif

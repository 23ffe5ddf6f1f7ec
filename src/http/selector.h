/*
 * Which environment a request at the root is for: the selector in the path, the
 * header Flagd-Selector, or `default`.
 */
#ifndef SRC_HTTP_SELECTOR_H
#define SRC_HTTP_SELECTOR_H

#include "request.h"

/* The name that it comes to, of an environment or of none. `selector` with
 * length 0: the header decides. */
struct string selector_name(const struct request *r, struct string selector);

/* The environment itself. NULL: the reply is filled, with `missing` where there
 * is none of that name. */
const struct snapshot *selector_find(struct request *r, struct string selector,
				     enum status missing);

#endif

/*
 * An answer that many clients share, on its way to one of them: the same bytes
 * for all, but for the line with the request's id behind the first, which is
 * the client's own. In clear text one call of the kernel sends it all and
 * nothing is copied.
 */
#ifndef SRC_HTTP_DELIVERY_H
#define SRC_HTTP_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

struct blob;
struct bridge;

struct delivery {
	struct blob *wire;     /* head and body */
	const char *id;        /* of the request */
	struct bridge *bridge; /* its client is under TLS; or NULL */
	int fd;
};

/* The bytes of it. */
size_t delivery_length(const struct delivery *delivery);

/* Send from `*sent` on, as far as the socket takes it; false when the
 * connection is broken. */
bool delivery_push(const struct delivery *delivery, size_t *sent) MUST_CHECK;

#endif

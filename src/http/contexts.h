/*
 * The contexts that waiting clients make us keep: bytes, in all and for each
 * account (effort.h), of which a client has two, its token's and its address's.
 * Shared by all loops; every call is safe on any thread.
 *
 * When many of them have left, free memory goes back to the kernel.
 *
 * Contexts up to CONTEXTS_SMALL are never counted: a connection costs more.
 */
#ifndef SRC_HTTP_CONTEXTS_H
#define SRC_HTTP_CONTEXTS_H

#include <stddef.h>

#include "base/attr.h"
#include "model/definition.h"
#include "peer.h"

/* Bytes. In memory each takes about twice as much. */
enum {
	CONTEXTS_SMALL = 256,
	CONTEXTS_ADDRESS = 32 << 20,
	CONTEXTS_TOKEN = 64 << 20,
	CONTEXTS_ALL = 128 << 20,
};

struct contexts;

struct contexts *contexts_new(void) MUST_CHECK;

/* NULL is allowed. */
void contexts_free(struct contexts *contexts);

enum contexts_verdict {
	CONTEXTS_OK,
	CONTEXTS_CLIENT_FULL, /* its token or its address holds too much */
	CONTEXTS_FULL,        /* all together do */
};

/* Count a context of so many bytes; `token` NULL: by address only. What was
 * let in leaves with the same arguments. */
enum contexts_verdict contexts_enter(struct contexts *contexts,
				     const struct definition *token,
				     const struct peer *peer,
				     size_t bytes) MUST_CHECK;
void contexts_leave(struct contexts *contexts, const struct definition *token,
		    const struct peer *peer, size_t bytes);

size_t contexts_bytes(struct contexts *contexts);

#endif

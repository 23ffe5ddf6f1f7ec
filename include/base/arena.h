/*
 * A region: many small allocations that are released together. An arena
 * belongs to one request (or one test); it never shrinks before it is reset.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/attr.h"

struct arena_block;

struct arena {
	struct arena_block *block; /* newest first */
	size_t used_bytes;         /* sum of what was handed out */
};

void arena_init(struct arena *arena);

/* Release everything that came from the arena. It can be used again. */
void arena_fini(struct arena *arena);

/* Release everything but keep the newest block, so that the next request
 * allocates nothing. */
void arena_reset(struct arena *arena);

/* `size` bytes, aligned for any type, uninitialised, never NULL. */
void *arena_alloc(struct arena *arena, size_t size) MUST_CHECK;

/* `count` elements of `size` bytes, zeroed; overflow ends the process. */
void *arena_zalloc(struct arena *arena, size_t count, size_t size) MUST_CHECK;

/* A NUL-terminated copy. */
char *arena_copy(struct arena *arena, const void *data,
		 size_t length) MUST_CHECK;

#endif

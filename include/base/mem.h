/*
 * Memory that is there or the process ends: every size a client controls is
 * bounded before it is allocated, and what was acknowledged is on disk.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

#include "base/attr.h"

/* `size` bytes, uninitialised. Free with free(3). */
void *mem_alloc(size_t size) MUST_CHECK;

/* `count` elements of `size` bytes, all zero. Free with free(3). */
void *mem_zalloc(size_t count, size_t size) MUST_CHECK;

/* Resize `p`, which may be NULL and may move, to `count` elements of `size`
 * bytes. */
void *mem_resize(void *p, size_t count, size_t size) MUST_CHECK;

/* Copies, always NUL-terminated behind the last byte. Free with free(3). */
char *mem_strdup(const char *s) MUST_CHECK;
char *mem_copy(const void *data, size_t length) MUST_CHECK;

/* Give back to the system what was freed and is not in use again. It goes
 * through all that is free: about a millisecond for some hundred pages. */
void mem_trim(void);

#endif

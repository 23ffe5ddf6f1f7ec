/*
 * The next poll of a client that is parked outside libmicrohttpd, which is
 * nearly always the same but for its cursor: read and judged here, so that the
 * socket need not go in and come out again.
 */
#ifndef SRC_HTTP_REPOLL_H
#define SRC_HTTP_REPOLL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/attr.h"

struct exchange;
struct loop;

/* Look at what stands in the socket, without taking it out. If it is one whole
 * poll of that route which has to wait and may do so outside: its exchange (the
 * caller's to free) with topic, cursor and wait filled, and how many bytes it
 * is in `size`. Else NULL, and nothing has happened. */
struct exchange *repoll_read(struct loop *loop, int fd, size_t route,
			     size_t *size) MUST_CHECK;

/* Take the `size` bytes that repoll_read saw out of the socket. */
bool repoll_take(int fd, size_t size) MUST_CHECK;

#endif

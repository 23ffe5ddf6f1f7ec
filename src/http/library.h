/*
 * libmicrohttpd's daemon as this server runs it: driven from outside, without a
 * listening socket.
 */
#ifndef SRC_HTTP_LIBRARY_H
#define SRC_HTTP_LIBRARY_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/error.h"

struct loop;
struct MHD_Daemon;

enum status library_start(struct loop *loop, struct MHD_Daemon **daemon,
			  struct error *err) MUST_CHECK;

/* Of the library that runs, which need not be the one that was built with:
 * 0.9 passes over NUL, bare LF and folded lines in a head, and leaves NULs
 * where it cut it (guard_gaps). Since 1.0 it refuses each of them itself. */
bool library_passes_over(const char *version);

/* The descriptor that becomes readable when the daemon has something to do. */
int library_epoll(struct MHD_Daemon *daemon);

#endif

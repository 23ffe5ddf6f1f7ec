/*
 * libmicrohttpd's daemon as this server runs it: driven from outside, without a
 * listening socket.
 */
#ifndef SRC_HTTP_LIBRARY_H
#define SRC_HTTP_LIBRARY_H

#include "base/attr.h"
#include "base/error.h"

struct loop;
struct MHD_Daemon;

enum status library_start(struct loop *loop, struct MHD_Daemon **daemon,
			  struct error *err) MUST_CHECK;

/* The descriptor that becomes readable when the daemon has something to do. */
int library_epoll(struct MHD_Daemon *daemon);

#endif

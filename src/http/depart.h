/*
 * A socket leaves libmicrohttpd while none of its callbacks runs. (Inside one,
 * MHD_NO does it: outside.c.) The library has no call for that, so its
 * descriptor gets another socket, whose other end is closed, while the
 * connection is suspended; resumed, it sees the end of that one and forgets the
 * connection. Both 0.9.75 and 1.0.1; without the suspension its epoll set loses
 * track and the library aborts.
 *
 * All connections that leave in one turn cost one walk of the library through
 * those that are suspended, so they leave together where they can.
 *
 * The loop's thread.
 */
#ifndef SRC_HTTP_DEPART_H
#define SRC_HTTP_DEPART_H

#include "base/attr.h"
#include "base/error.h"

struct connection;
struct loop;

/* The socket that takes the places of others. */
enum status depart_init(struct loop *loop, struct error *err) MUST_CHECK;
void depart_fini(struct loop *loop);

/* A duplicate of the socket, which the caller owns and counts from now on; -1:
 * it stays. For connections in clear text whose request, if there is one, is
 * not suspended; loop_drive is the caller's. */
int depart(struct connection *connection) MUST_CHECK;

#endif

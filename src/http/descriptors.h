/*
 * File descriptors: how many there may be, and tables of their own for the
 * loops where one table is too small. A limit counts for each table.
 */
#ifndef SRC_HTTP_DESCRIPTORS_H
#define SRC_HTTP_DESCRIPTORS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/error.h"

struct loop;

/* Raise the soft limit to the hard one; how many a table holds. */
size_t descriptors_raise(void);

/* Those that are open in this table. */
size_t descriptors_in_use(void);

/* Of `limit` in a table: for connections, after what `loops` loops that listen
 * on `listeners` addresses, sockets in transit and everything else need. */
size_t descriptors_for_connections(size_t limit, size_t loops,
				   size_t listeners);

/* On a loop's thread, first of all: a table that holds its inbox, its listening
 * sockets, and 0 to 2 for the log. What it opens from now on (its epoll sets,
 * its connections) is in this table alone and goes with the thread. Where the
 * kernel refuses, it goes on with the shared table. */
void descriptors_unshare(struct loop *loop);

/* Close *fd when it is owned; -1 then. */
void descriptors_close(int *fd, bool owned);

/* Can a loop have the descriptors that it needs itself? Libraries do not say
 * that it is this where they fail, and libevent ends the process. */
enum status descriptors_check(struct error *err) MUST_CHECK;

#endif

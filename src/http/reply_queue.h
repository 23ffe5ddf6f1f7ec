/*
 * The step from a filled reply to libmicrohttpd.
 */
#ifndef SRC_HTTP_REPLY_QUEUE_H
#define SRC_HTTP_REPLY_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

struct bytes;
struct MHD_Connection;
struct request;

/* Queue r->reply; with `close` the connection ends after it. Takes the body out
 * of the reply. False when the library refuses: the connection has to go. */
bool reply_queue(struct request *r, struct MHD_Connection *mhd,
		 bool close) MUST_CHECK;

/* A reply without stream or descriptor as it goes over the wire, for a client
 * whose request libmicrohttpd cannot answer: it is not whole. Says Connection:
 * close. */
void reply_encode(const struct request *r, struct bytes *out);

/* The bytes of the reply's body. */
size_t reply_length(const struct request *r);

#endif

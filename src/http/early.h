/*
 * Answers to requests that are not whole, which libmicrohttpd does not take:
 * they go out beside it, and the connection ends, with patience (linger.h),
 * since its client may still be sending.
 */
#ifndef SRC_HTTP_EARLY_H
#define SRC_HTTP_EARLY_H

#include "base/status.h"

struct connection;
struct exchange;

/* Send the filled reply of an exchange whose body still comes. The connection
 * has to be closed (MHD_NO) and lingers then. */
void early_answer(struct exchange *x);

/* The rest of a body will not be waited for: tell its client so, unless it has
 * an answer already. End the connection in any case. loop_drive is the
 * caller's; not from inside a callback of the library. */
void early_end(struct connection *connection, enum status code,
	       const char *text);

#endif

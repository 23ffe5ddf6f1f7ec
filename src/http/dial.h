/*
 * A connection to a server that is named "http://HOST[:PORT]",
 * "https://HOST[:PORT]" or "unix:/PATH": what the client does before it speaks
 * TLS and HTTP. Any thread.
 */
#ifndef SRC_HTTP_DIAL_H
#define SRC_HTTP_DIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"

enum { DIAL_AUTHORITY_BYTES = 320 };

struct dialled {
	int fd;
	bool tls;                             /* is to be spoken on it */
	char host[DIAL_AUTHORITY_BYTES];      /* its name without the port */
	char authority[DIAL_AUTHORITY_BYTES]; /* for the Host header */
};

/* A connected socket, with `timeout_ms` for each read and write.
 * STATUS_INVALID when `server` is no such name, STATUS_BUSY when it cannot be
 * reached. */
enum status dial(const char *server, int64_t timeout_ms,
		 struct dialled *dialled, struct error *err) MUST_CHECK;

#endif

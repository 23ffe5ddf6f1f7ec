/*
 * A connection to a server that is named "http://HOST[:PORT]" or "unix:/PATH":
 * what the client does before it speaks HTTP. Any thread.
 */
#ifndef SRC_HTTP_DIAL_H
#define SRC_HTTP_DIAL_H

#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"

enum { DIAL_AUTHORITY_BYTES = 320 };

/* A connected socket in `fd`, with `timeout_ms` for each read and write; what
 * belongs into the Host header in `authority`. STATUS_INVALID when `server` is
 * no such name, STATUS_BUSY when it cannot be reached. */
enum status dial(const char *server, int64_t timeout_ms,
		 char authority[DIAL_AUTHORITY_BYTES], int *fd,
		 struct error *err) MUST_CHECK;

#endif

/*
 * The head of a request in one piece of memory, parsed strictly: for the polls
 * of clients that are parked outside libmicrohttpd. What is not plainly right
 * is not parsed at all; libmicrohttpd then has the say.
 */
#ifndef SRC_HTTP_HEAD_H
#define SRC_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "request.h"

enum { HEAD_HEADERS_MAX = 32 };

struct head {
	const char *target;
	struct request_pair headers[HEAD_HEADERS_MAX];
	size_t count;
};

/* Exactly one whole "GET target HTTP/1.1" head and nothing behind it. Cuts
 * `text` to pieces, which the result points into; text[length] is writable. */
bool head_parse(char *text, size_t length, struct head *out) MUST_CHECK;

#endif

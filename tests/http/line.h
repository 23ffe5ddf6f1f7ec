/*
 * A blocking HTTP client for the threads of a test: one connection, one request
 * at a time. It asserts nothing: whatever goes wrong is status 0, and the
 * connection is of no use from then on.
 *
 * Ownership: the caller's storage; line_close releases it.
 * Thread: one at a time.
 */
#ifndef TESTS_HTTP_LINE_H
#define TESTS_HTTP_LINE_H

#include <jansson.h>

#include "base/bytes.h"

struct line {
	int fd; /* -1: broken or closed */
	struct bytes in;
};

void line_open(struct line *line, int port);

/* Send a whole request and read its answer: the status, 0 when the connection
 * ended or nothing came for long. The body is the caller's to release; NULL
 * when it is no JSON object or array. */
long line_ask(struct line *line, const struct bytes *request, json_t **body);

void line_close(struct line *line);

#endif

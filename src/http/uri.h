/*
 * The request target, decoded exactly once: path segments (so that %2F stays
 * inside its segment) and query parameters. Everything lives in an arena and
 * is NUL-terminated; no text holds a NUL, and all of it is UTF-8.
 */
#ifndef SRC_HTTP_URI_H
#define SRC_HTTP_URI_H

#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "request.h"

enum { URI_SEGMENTS_MAX = 16, URI_QUERY_MAX = 256 };

struct uri {
	struct string path; /* decoded, for the log and for messages */
	struct string segments[URI_SEGMENTS_MAX];
	/* What is left of the path from each segment on, decoded. */
	const char *rests[URI_SEGMENTS_MAX];
	size_t segment_count;
	struct request_pair *query;
	size_t query_count;
};

/* `raw` is borrowed. Paths with more segments than fit have none. */
enum status uri_decode(const char *raw, struct arena *arena, struct uri *out,
		       struct error *err) MUST_CHECK;

#endif

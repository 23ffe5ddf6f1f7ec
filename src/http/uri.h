/*
 * The request target, decoded exactly once: path segments (so that %2F stays
 * inside its segment) and query parameters. Everything lives in an arena and
 * is NUL-terminated; no text holds a NUL, and all of it is UTF-8.
 */
#ifndef SRC_HTTP_URI_H
#define SRC_HTTP_URI_H

#include <stdbool.h>
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

/* Take a target in absolute form, "http://host/path?query" (RFC 9112, 3.2.2),
 * apart: `*raw` becomes its path and query, "" where it has neither, and
 * `*authority` its host and port. Any other target is left as it is, with the
 * authority NULL. */
enum status uri_take_origin(const char **raw, struct arena *arena,
			    const char **authority,
			    struct error *err) MUST_CHECK;

/* Does a target, as it was sent, begin as OFREP's paths do? Nothing of it need
 * be sound: it says in which form an early refusal is understood. */
bool uri_is_ofrep(const char *raw);

/* `raw` is borrowed. Paths with more segments than fit have none. */
enum status uri_decode(const char *raw, struct arena *arena, struct uri *out,
		       struct error *err) MUST_CHECK;

#endif

/*
 * What an operation came to. One row per status: enum constant, HTTP status
 * code, the slug under which clients see it, its title.
 *
 * To add one: add a row here and a line in docs/API.md ("Errors").
 */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#define STATUS_TABLE(X)                                                        \
	X(STATUS_OK, 200, "ok", "OK")                                          \
	X(STATUS_INVALID, 400, "invalid", "Invalid input")                     \
	X(STATUS_UNAUTHORIZED, 401, "unauthorized", "Unauthorized")            \
	X(STATUS_FORBIDDEN, 403, "forbidden", "Forbidden")                     \
	X(STATUS_NOT_FOUND, 404, "not-found", "Not found")                     \
	X(STATUS_METHOD, 405, "method-not-allowed", "Method not allowed")      \
	X(STATUS_TIMEOUT, 408, "timeout", "Request timeout")                   \
	X(STATUS_CONFLICT, 409, "conflict", "Conflict")                        \
	X(STATUS_GONE, 410, "gone", "Gone")                                    \
	X(STATUS_PRECONDITION, 412, "precondition-failed",                     \
	  "Precondition failed")                                               \
	X(STATUS_TOO_LARGE, 413, "too-large", "Content too large")             \
	X(STATUS_URI_TOO_LONG, 414, "uri-too-long", "URI too long")            \
	X(STATUS_MEDIA_TYPE, 415, "unsupported-media-type",                    \
	  "Unsupported media type")                                            \
	X(STATUS_TOO_MANY, 429, "too-many-requests", "Too many requests")      \
	X(STATUS_HEADERS_TOO_LARGE, 431, "headers-too-large",                  \
	  "Request header fields too large")                                   \
	X(STATUS_INTERNAL, 500, "internal", "Internal error")                  \
	X(STATUS_IO, 500, "io", "Storage failed")                              \
	X(STATUS_CORRUPT, 500, "corrupt", "Stored data is damaged")            \
	X(STATUS_NOT_IMPLEMENTED, 501, "not-implemented", "Not implemented")   \
	X(STATUS_BUSY, 503, "busy", "Busy")                                    \
	X(STATUS_VERSION, 505, "version-not-supported",                        \
	  "HTTP version not supported")                                        \
	X(STATUS_FULL, 507, "storage-full", "Storage full")

enum status {
#define X(name, http, slug, title) name,
	STATUS_TABLE(X)
#undef X
	    STATUS_COUNT
};

/* The HTTP status code, for example 404. */
unsigned status_http(enum status status);

/* The stable name clients may match on, for example "not-found". */
const char *status_slug(enum status status);

/* The title for people, for example "Not found". */
const char *status_title(enum status status);

#endif

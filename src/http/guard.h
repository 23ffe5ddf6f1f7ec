/*
 * What libmicrohttpd lets through and a proxy in front may read otherwise.
 * Every fault ends the connection: where two readers disagree about where a
 * request ends, the rest of the bytes belongs to nobody.
 *
 *   seen                                          answer
 *   Content-Length and Transfer-Encoding          400
 *   more than one Content-Length                  400
 *   Transfer-Encoding that is not "chunked"       501
 *   a name that is no token, "Name :"             400
 *   NUL, CR, LF or other control characters       400
 *   the same or DEL in the target, in the method  400
 *   folded lines, bare LF                         400
 *   no Host or several in HTTP/1.1                400
 *   a Host that is no host and port               400
 *   more than GUARD_HEADERS_MAX headers           431
 *
 * The frame of a chunked body is not seen here, and libmicrohttpd is lenient
 * with it (LF alone, folded trailers): after one, the connection ends too.
 */
#ifndef SRC_HTTP_GUARD_H
#define SRC_HTTP_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "request.h"

enum { GUARD_HEADERS_MAX = 150 };

/* What the headers say about the message. */
struct guard_message {
	bool has_length;
	uint64_t length; /* of the body, with has_length */
	bool chunked;
	bool close;   /* Connection: close */
	bool expects; /* Expect: it waits for our consent */
};

/* One or more characters of which methods and the names of headers are made. */
bool guard_is_token(struct string text);

/* The request line; the version is libmicrohttpd's to judge. */
enum status guard_start(const char *method, const char *target,
			struct error *err) MUST_CHECK;

enum status guard_headers(const struct request_pair *headers, size_t count,
			  const char *version, struct guard_message *out,
			  struct error *err) MUST_CHECK;

/* The header as it lies in memory after it was parsed: each part ended by a
 * NUL, where CR LF or a colon was. */
struct guard_layout {
	const char *method; /* where it starts */
	const char *target;
	size_t target_length; /* before it was cut at '?' */
	const char *version;
	size_t size; /* of the whole header */
};

/* Parsing stops at a NUL and skips what follows; here the gaps are looked at,
 * so that nothing of the header has been overlooked. Only for libraries that
 * cut it so and let it pass (library_passes_over). */
enum status guard_gaps(const struct guard_layout *layout,
		       const struct request_pair *headers, size_t count,
		       struct error *err) MUST_CHECK;

/* Does a web page of another origin send this? The host of `origin` is not that
 * of `host`; "null" is always foreign. */
bool guard_is_foreign(const char *origin, const char *host);

/* How long a value is without the blanks behind it, which do not belong to it
 * (RFC 9110, 5.5). */
size_t guard_value_length(struct string value);

/* A host and perhaps a port, as Host and targets have it (RFC 9110, 7.2): an
 * address in brackets, or characters that a name may have (RFC 3986, 3.2.2);
 * a list of them, which the RFC's letter lets pass, is none. */
bool guard_is_host(const char *host);

/* Is `host` an address or localhost? Any other name may be somebody else's, who
 * lets it lead to us (DNS rebinding). */
bool guard_is_literal(const char *host);

#endif

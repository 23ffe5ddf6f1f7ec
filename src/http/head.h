/*
 * The head of a request in one piece of memory, parsed strictly.
 *
 * head_read takes all of it, from what has come so far, and says what is wrong
 * (reception.h); head_fields takes what stands behind the request line
 * (prelude.h). head_parse is for the polls of clients that are parked outside
 * libmicrohttpd: what is not plainly right is not parsed at all, and
 * libmicrohttpd has the say.
 */
#ifndef SRC_HTTP_HEAD_H
#define SRC_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/error.h"
#include "guard.h"
#include "request.h"

enum {
	HEAD_HEADERS_MAX = 32, /* of head_parse */
	HEAD_BYTES_MAX = 15 * 1024,
};

struct head {
	const char *target;
	struct request_pair headers[HEAD_HEADERS_MAX];
	size_t count;
};

/* Exactly one whole "GET target HTTP/1.1" head and nothing behind it. Cuts
 * `text` to pieces, which the result points into; text[length] is writable. */
bool head_parse(char *text, size_t length, struct head *out) MUST_CHECK;

enum head_verdict {
	HEAD_PARTIAL, /* it has no end yet */
	HEAD_WHOLE,
	HEAD_WRONG, /* the error says why */
};

struct head_fields {
	size_t before; /* bytes of the head before them, the caller's to say */
	/* WHOLE: of all of them and the empty line; WRONG: as far as read. */
	size_t size;
	const char *text;           /* WHOLE: a copy, cut to pieces … */
	struct request_pair *pairs; /* … which point into it */
	size_t count;
};

/* The fields of a head from the line behind the request line on, in `length`
 * bytes, zeros behind them; at most GUARD_HEADERS_MAX of them and
 * HEAD_BYTES_MAX in all. Names and values are as sent, without blanks around
 * values; guard.h judges them. */
enum head_verdict head_fields(const char *text, size_t length,
			      struct arena *arena, struct head_fields *out,
			      struct error *err) MUST_CHECK;

/* As far as it has come, NUL-terminated; "" is not known yet. */
struct head_whole {
	const char *method;
	const char *target;
	const char *version;
	struct head_fields fields;    /* whole ones; else their count is 0 */
	struct guard_message message; /* WHOLE */
};

/* The head at the start of these `length` bytes, behind an empty line where one
 * stands (RFC 9112, 2.2), and what guard.h says to it. WRONG as soon as it
 * cannot become right any more; with more than HEAD_BYTES_MAX and an empty line
 * never PARTIAL. Texts are in the arena. */
enum head_verdict head_read(const char *text, size_t length,
			    struct arena *arena, struct head_whole *out,
			    struct error *err) MUST_CHECK;

#endif

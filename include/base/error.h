/*
 * Why an operation failed, for the person who reads the answer or the log.
 *
 * A fallible function returns an enum status and takes a `struct error *` as
 * its last parameter, which may be NULL. The first cause wins: a set error is
 * never replaced, callers only put in front of it what they were doing. An
 * error in input may name several places in it, each by JSON pointer.
 *
 * A `struct error` owns nothing, so it needs no release and may be copied.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stddef.h>

#include "base/attr.h"
#include "base/status.h"

enum {
	ERROR_TEXT_BYTES = 512,
	ERROR_PLACES_MAX = 8,
};

struct error_place {
	char pointer[272]; /* RFC 6901; "" is the whole document */
	char detail[240];
};

struct error {
	enum status code; /* STATUS_OK: nothing was reported yet */
	char text[ERROR_TEXT_BYTES];
	/* The first ERROR_PLACES_MAX places; `place_count` counts them all. */
	struct error_place places[ERROR_PLACES_MAX];
	size_t place_count;
};

/* The state before anything failed. Must precede the first use. */
void error_init(struct error *err);

/* Report `code` with a text, unless something was reported already.
 * Returns the code that now stands. */
enum status error_set(struct error *err, enum status code, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* Put "what was being done: " in front of the text. Returns err->code, so that
 * a caller can return it; STATUS_INTERNAL when err is NULL. */
enum status error_wrap(struct error *err, const char *fmt, ...)
    PRINTF_LIKE(2, 3);

/* Report a fault at one place of the input: sets the code to STATUS_INVALID
 * and the text on the first call, adds a place on every call. */
enum status error_at(struct error *err, const char *pointer, const char *fmt,
		     ...) PRINTF_LIKE(3, 4);

#endif

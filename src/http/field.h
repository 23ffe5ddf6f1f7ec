/*
 * Header fields that come on several lines (RFC 9110, 5.3). Each field that
 * means something to us has a row: a list is the same on one line as on many,
 * and what may stand once is refused when it stands twice, because two readers
 * would take different ones. Fields without a row are nobody's business here:
 * they are not read, or only shown (X-Request-Id).
 *
 * To read a further field: a row in field.c.
 */
#ifndef SRC_HTTP_FIELD_H
#define SRC_HTTP_FIELD_H

#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "request.h"

/* Makes the first line of a list all of it, so that looking for a name finds
 * everything that was said. STATUS_INVALID: a field stands twice that may
 * stand once; the error names it. */
enum status fields_settle(struct request_pair *fields, size_t count,
			  struct arena *arena, struct error *err) MUST_CHECK;

#endif

/*
 * The body of a request in a content coding (RFC 9110, 8.4): gzip or deflate,
 * put back as it comes, and never further than the limit of a body. What counts
 * for every limit is what it is when it is whole again.
 */
#ifndef SRC_HTTP_ENCODED_H
#define SRC_HTTP_ENCODED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/error.h"

/* For Accept-Encoding of a refusal. */
#define ENCODED_TAKEN "gzip, deflate"

struct encoded;

/* For a Content-Encoding (NULL: none). *out is NULL where there is nothing to
 * do. STATUS_MEDIA_TYPE: a coding that is not taken, or more than one. */
enum status encoded_new(const char *coding, struct encoded **out,
			struct error *err) MUST_CHECK;

/* NULL is allowed. */
void encoded_free(struct encoded *encoded);

/* The next piece of the body: what it means goes behind `out`, which has at
 * most `limit` bytes. STATUS_TOO_LARGE: it would have more. STATUS_INVALID: it
 * is not in that coding, or goes on behind its end. */
enum status encoded_take(struct encoded *encoded, const char *data, size_t size,
			 size_t limit, struct bytes *out,
			 struct error *err) MUST_CHECK;

/* Has it come to its end? */
bool encoded_is_whole(const struct encoded *encoded);

#endif

/*
 * Bytes: `struct bytes` grows while something is written, `struct blob` is
 * what came out: immutable, counted, shared between threads.
 *
 * Invariant of bytes: data is NULL or data[length] is NUL and length <
 * capacity.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct bytes {
	char *data;
	size_t length;
	size_t capacity;
};

void bytes_init(struct bytes *b);
void bytes_fini(struct bytes *b);

/* Forget the content, keep the memory. */
void bytes_clear(struct bytes *b);

/* Room for `more` further bytes without moving. */
void bytes_reserve(struct bytes *b, size_t more);

void bytes_append(struct bytes *b, const void *data, size_t length);
void bytes_append_str(struct bytes *b, const char *s);
void bytes_append_char(struct bytes *b, char c);
void bytes_append_int(struct bytes *b, int64_t n);
void bytes_printf(struct bytes *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Move the content out: NUL-terminated, free with free(3), never NULL. */
char *bytes_take(struct bytes *b) MUST_CHECK;

struct blob {
	atomic_uint refs;
	size_t length;
	char data[]; /* `length` bytes and a NUL */
};

/* A copy of the bytes, with one reference. */
struct blob *blob_new(const void *data, size_t length) MUST_CHECK;

/* The content of `b` as a blob; `b` is empty afterwards. */
struct blob *blob_from_bytes(struct bytes *b) MUST_CHECK;

struct blob *blob_ref(struct blob *blob);

/* Any thread; NULL is allowed. */
void blob_unref(struct blob *blob);

#endif

#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { CAPACITY_MIN = 64 };

void
bytes_init(struct bytes *b)
{
	b->data = NULL;
	b->length = 0;
	b->capacity = 0;
}

void
bytes_fini(struct bytes *b)
{
	free(b->data);
	bytes_init(b);
}

void
bytes_clear(struct bytes *b)
{
	b->length = 0;
	if (b->data != NULL)
		b->data[0] = '\0';
}

void
bytes_reserve(struct bytes *b, size_t more)
{
	size_t need;
	size_t capacity = b->capacity > 0 ? b->capacity : CAPACITY_MIN;

	/* No object is that large; the allocation below ends the process. */
	if (more > SIZE_MAX / 4 - b->length)
		more = SIZE_MAX / 4 - b->length;
	need = b->length + more + 1;
	if (need <= b->capacity)
		return;
	while (capacity < need)
		capacity *= 2;
	b->data = mem_resize(b->data, capacity, 1);
	b->capacity = capacity;
	b->data[b->length] = '\0';
}

void
bytes_append(struct bytes *b, const void *data, size_t length)
{
	bytes_reserve(b, length);
	if (length > 0)
		memcpy(b->data + b->length, data, length);
	b->length += length;
	b->data[b->length] = '\0';
}

void
bytes_append_str(struct bytes *b, const char *s)
{
	bytes_append(b, s, strlen(s));
}

void
bytes_append_char(struct bytes *b, char c)
{
	bytes_append(b, &c, 1);
}

void
bytes_append_int(struct bytes *b, int64_t n)
{
	char text[24];
	char *at = text + sizeof(text);
	uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

	do {
		*--at = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (n < 0)
		*--at = '-';
	bytes_append(b, at, (size_t)(text + sizeof(text) - at));
}

void
bytes_printf(struct bytes *b, const char *fmt, ...)
{
	va_list args;
	int length;

	bytes_reserve(b, CAPACITY_MIN);
	va_start(args, fmt);
	length =
	    vsnprintf(b->data + b->length, b->capacity - b->length, fmt, args);
	va_end(args);
	if (length < 0) {
		b->data[b->length] = '\0';
		return;
	}
	if ((size_t)length >= b->capacity - b->length) {
		b->data[b->length] = '\0';
		bytes_reserve(b, (size_t)length);
		va_start(args, fmt);
		(void)vsnprintf(b->data + b->length, b->capacity - b->length,
				fmt, args);
		va_end(args);
	}
	b->length += (size_t)length;
}

char *
bytes_take(struct bytes *b)
{
	char *data;

	bytes_reserve(b, 0);
	data = b->data;
	bytes_init(b);
	return data;
}

struct blob *
blob_new(const void *data, size_t length)
{
	struct blob *blob;

	/* As in bytes_reserve: too large is refused by the allocation. */
	if (length > SIZE_MAX / 4)
		length = SIZE_MAX / 4;
	blob = mem_alloc(sizeof(*blob) + length + 1);
	atomic_init(&blob->refs, 1);
	blob->length = length;
	if (length > 0)
		memcpy(blob->data, data, length);
	blob->data[length] = '\0';
	return blob;
}

struct blob *
blob_from_bytes(struct bytes *b)
{
	struct blob *blob = blob_new(b->data, b->length);

	bytes_fini(b);
	return blob;
}

struct blob *
blob_ref(struct blob *blob)
{
	(void)atomic_fetch_add_explicit(&blob->refs, 1, memory_order_relaxed);
	return blob;
}

void
blob_unref(struct blob *blob)
{
	if (blob == NULL)
		return;
	if (atomic_fetch_sub_explicit(&blob->refs, 1, memory_order_acq_rel) ==
	    1)
		free(blob);
}

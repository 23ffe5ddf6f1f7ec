#include "encoded.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "base/mem.h"

enum {
	STEP_BYTES = 16 * 1024,
	WINDOW = 15,
	WINDOW_GZIP = 16, /* zlib: a gzip header and trailer */
};

struct encoded {
	z_stream z;
	const char *name;
	bool is_gzip;
	bool is_open; /* the stream is initialised */
	bool is_whole;
};

static bool
is_coding(const char *text, size_t length, const char *name)
{
	return strlen(name) == length && strncasecmp(text, name, length) == 0;
}

/* The next item of a list, without blanks and empty ones; length 0: its end. */
static const char *
next_item(const char *at, size_t *length)
{
	at += strspn(at, " \t,");
	*length = strcspn(at, ",");
	while (*length > 0 &&
	       (at[*length - 1] == ' ' || at[*length - 1] == '\t'))
		--*length;
	return at;
}

static enum status
refuse(const char *coding, struct error *err)
{
	return error_set(err, STATUS_MEDIA_TYPE,
			 "the body is in '%.80s', but only one coding out "
			 "of " ENCODED_TAKEN " is taken",
			 coding);
}

enum status
encoded_new(const char *coding, struct encoded **out, struct error *err)
{
	const char *name = NULL;
	size_t length = 0;

	*out = NULL;
	for (const char *at = coding; at != NULL; at += length) {
		at = next_item(at, &length);
		if (length == 0)
			break;
		if (is_coding(at, length, "identity"))
			continue;
		if (name != NULL)
			return refuse(coding, err);
		if (is_coding(at, length, "gzip") ||
		    is_coding(at, length, "x-gzip"))
			name = "gzip";
		else if (is_coding(at, length, "deflate"))
			name = "deflate";
		else
			return refuse(coding, err);
	}
	if (name == NULL)
		return STATUS_OK;
	*out = mem_zalloc(1, sizeof(**out));
	(*out)->name = name;
	(*out)->is_gzip = strcmp(name, "gzip") == 0;
	return STATUS_OK;
}

void
encoded_free(struct encoded *encoded)
{
	if (encoded == NULL)
		return;
	if (encoded->is_open)
		(void)inflateEnd(&encoded->z);
	free(encoded);
}

/* "deflate" is the format of zlib (RFC 1950), but some send what is inside of
 * it (RFC 1951); the first byte tells them apart. */
static bool
open_stream(struct encoded *encoded, char first)
{
	const bool has_header = (first & 0x8f) == Z_DEFLATED;
	int bits = has_header ? WINDOW : -WINDOW;

	if (encoded->is_gzip)
		bits = WINDOW + WINDOW_GZIP;
	encoded->is_open = inflateInit2(&encoded->z, bits) == Z_OK;
	return encoded->is_open;
}

static enum status
malformed(const struct encoded *encoded, struct error *err)
{
	return error_set(err, STATUS_INVALID, "the body is not in %s",
			 encoded->name);
}

/* One step; false: there is no more to be had of what has come. */
static bool
step(struct encoded *encoded, size_t limit, struct bytes *out,
     enum status *status, struct error *err)
{
	z_stream *z = &encoded->z;
	char piece[STEP_BYTES];
	int rc;

	z->next_out = (Bytef *)piece;
	z->avail_out = sizeof(piece);
	rc = inflate(z, Z_NO_FLUSH);
	if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR) {
		*status = malformed(encoded, err);
		return false;
	}
	if (sizeof(piece) - z->avail_out > limit - out->length) {
		*status = error_set(err, STATUS_TOO_LARGE,
				    "the body is larger than %zu bytes when "
				    "its %s is undone",
				    limit, encoded->name);
		return false;
	}
	bytes_append(out, piece, sizeof(piece) - z->avail_out);
	encoded->is_whole = rc == Z_STREAM_END;
	return rc == Z_OK && (z->avail_in > 0 || z->avail_out == 0);
}

enum status
encoded_take(struct encoded *encoded, const char *data, size_t size,
	     size_t limit, struct bytes *out, struct error *err)
{
	z_stream *z = &encoded->z;
	enum status status = STATUS_OK;

	if (size == 0)
		return STATUS_OK;
	if (!encoded->is_open && !open_stream(encoded, data[0]))
		return error_set(err, STATUS_INTERNAL, "zlib does not start");
	z->next_in = (Bytef *)(uintptr_t)data;
	z->avail_in = (uInt)size;
	while (status == STATUS_OK && z->avail_in > 0) {
		/* A file of gzip may have several members (RFC 1952, 2.2). */
		if (encoded->is_whole &&
		    (!encoded->is_gzip || inflateReset(z) != Z_OK))
			return malformed(encoded, err);
		while (step(encoded, limit, out, &status, err))
			;
	}
	return status;
}

bool
encoded_is_whole(const struct encoded *encoded)
{
	return encoded->is_whole;
}

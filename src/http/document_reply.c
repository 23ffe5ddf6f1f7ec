#include "document_reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "base/hash.h"
#include "coding.h"
#include "wire/cursor.h"

enum {
	GZIP_MIN_BYTES = 1400, /* smaller ones fit a packet anyway */
	GZIP_LEVEL = 5,
	GZIP_WINDOW = 15 + 16, /* zlib: a gzip header and trailer */
};

void
reply_etag(struct request *r, int64_t revision)
{
	reply_headerf(r, "ETag", "\"%s.%" PRId64 "\"", r->catalog->epoch,
		      revision);
}

bool
client_has(const struct request *r, int64_t revision)
{
	const char *header = request_header(r, "If-None-Match");
	char tag[EPOCH_BYTES + 24];

	if (header == NULL)
		return false;
	(void)snprintf(tag, sizeof(tag), "%s.%" PRId64, r->catalog->epoch,
		       revision);
	return etag_matches(header, tag);
}

/* Web clients keep tags in their storage. */
static const uint8_t tag_key[HASH_KEY_BYTES] = { 't', 'o', 'g', 'g',
						 'l', 'e', 'd' };

uint64_t
content_tag(const struct blob *body)
{
	return hash_siphash(tag_key, body->data, body->length);
}

void
values_tag(const char *epoch, int64_t revision, const struct blob *body,
	   char tag[VALUES_TAG_BYTES])
{
	static const char member[] = ",\"values\":";
	const char *values =
	    memmem(body->data, body->length, member, sizeof(member) - 1);
	const size_t before =
	    values == NULL ? 0 : (size_t)(values - body->data);

	(void)snprintf(
	    tag, VALUES_TAG_BYTES, "%s.%" PRId64 ".%016" PRIx64, epoch,
	    revision,
	    hash_siphash(tag_key, body->data + before, body->length - before));
}

void
reply_content_tag(struct request *r, uint64_t tag)
{
	reply_headerf(r, "ETag", "\"%016" PRIx64 "\"", tag);
}

bool
client_has_content(const struct request *r, uint64_t tag)
{
	const char *header = request_header(r, "If-None-Match");
	char text[17];

	(void)snprintf(text, sizeof(text), "%016" PRIx64, tag);
	return header != NULL && etag_matches(header, text);
}

static struct blob *
build_plain(const struct snapshot *snapshot, void *ctx)
{
	const struct document *document = ctx;
	struct bytes out;

	bytes_init(&out);
	document->build(snapshot, document->ctx, &out);
	return blob_from_bytes(&out);
}

/* The gzip form of `plain`; NULL where zlib fails or nothing is gained. */
static struct blob *
compress_blob(const struct blob *plain)
{
	z_stream z = { .zalloc = Z_NULL };
	struct bytes out;
	struct blob *blob = NULL;

	if (deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, 8,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return NULL;
	bytes_init(&out);
	bytes_reserve(&out, deflateBound(&z, plain->length));
	z.next_in = (Bytef *)(uintptr_t)plain->data;
	z.avail_in = (uInt)plain->length;
	z.next_out = (Bytef *)out.data;
	z.avail_out = (uInt)(out.capacity - 1);
	if (deflate(&z, Z_FINISH) == Z_STREAM_END &&
	    z.total_out < plain->length)
		blob = blob_new(out.data, z.total_out);
	(void)deflateEnd(&z);
	bytes_fini(&out);
	return blob;
}

/* Both forms are remembered under names of their own. */
struct compressing {
	struct blob *plain;
};

static struct blob *
build_gzip(const struct snapshot *snapshot, void *ctx)
{
	const struct compressing *compressing = ctx;
	struct blob *blob = compress_blob(compressing->plain);

	(void)snapshot;
	return blob != NULL ? blob : blob_ref(compressing->plain);
}

static struct blob *
plain_form(const struct snapshot *snapshot, const struct document *document)
{
	struct document copy = *document;

	if (document->name == NULL)
		return build_plain(snapshot, &copy);
	return snapshot_memo(snapshot, document->name, build_plain, &copy);
}

/* While another loop compresses it, the plain one goes out. */
static struct blob *
gzip_form(struct request *r, const struct snapshot *snapshot, const char *name,
	  struct blob *plain)
{
	struct compressing compressing = { .plain = plain };
	struct bytes gzip_name;
	struct blob *gzip;

	if (name == NULL) {
		gzip = build_gzip(snapshot, &compressing);
	} else {
		bytes_init(&gzip_name);
		bytes_printf(&gzip_name, "gzip:%s", name);
		gzip = snapshot_memo_try(snapshot, gzip_name.data, build_gzip,
					 &compressing);
		bytes_fini(&gzip_name);
	}
	if (gzip == NULL)
		return blob_ref(plain);
	if (gzip->length < plain->length)
		coding_mark(r);
	return gzip;
}

void
document_reply(struct request *r, const struct snapshot *snapshot,
	       const struct document *document)
{
	const char *vary =
	    document->vary == NULL ? "Accept-Encoding" : document->vary;
	struct blob *body;

	if (!document->unconditional && client_has(r, document->revision)) {
		reply_empty(r, 304);
		reply_etag(r, document->revision);
		reply_header(r, "Cache-Control", "no-cache");
		reply_header(r, "Vary", vary);
		return;
	}
	body = plain_form(snapshot, document);
	if (body->length >= GZIP_MIN_BYTES && coding_is_taken(r)) {
		struct blob *gzip =
		    gzip_form(r, snapshot, document->name, body);

		blob_unref(body);
		body = gzip;
	}
	reply_blob(r, 200, "application/json", body);
	reply_etag(r, document->revision);
	reply_header(r, "Cache-Control", "no-cache");
	reply_header(r, "Vary", vary);
}

#include "document_reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "coding.h"
#include "packing.h"
#include "wire/cursor.h"

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

/* Compressed here where that is short; else what has been remembered. */
static struct blob *
build_coded(const struct snapshot *snapshot, void *ctx)
{
	const struct blob *plain = ctx;

	(void)snapshot;
	return plain->length > CODING_SLOW_BYTES ? NULL : packing_pack(plain);
}

static struct blob *
plain_form(const struct snapshot *snapshot, const struct document *document)
{
	struct document copy = *document;

	if (document->name == NULL)
		return build_plain(snapshot, &copy);
	return snapshot_memo(snapshot, document->name, build_plain, &copy);
}

/* The coded form, which all share who ask for it. Where there is none yet, and
 * to make it takes long, it is remembered when it is done. */
static void
find_coded(struct request *r, const struct snapshot *snapshot, const char *name)
{
	const struct string environment = snapshot->environment;
	struct blob *coded;
	struct bytes text;

	bytes_init(&text);
	bytes_printf(&text, "gzip:%s", name);
	coded =
	    snapshot_memo_try(snapshot, text.data, build_coded, r->reply.body);
	if (coded != NULL) {
		coding_put(r, coded);
	} else if (catalog_find(r->catalog, environment.data,
				environment.length) == snapshot) {
		r->reply.memo = snapshot;
		r->reply.memo_name =
		    arena_copy(&r->arena, text.data, text.length);
	}
	blob_unref(coded);
	bytes_fini(&text);
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
	reply_blob(r, 200, "application/json", body);
	if (document->name != NULL && body->length > CODING_MIN_BYTES &&
	    coding_is_taken(r))
		find_coded(r, snapshot, document->name);
	reply_etag(r, document->revision);
	reply_header(r, "Cache-Control", "no-cache");
	reply_header(r, "Vary", vary);
}

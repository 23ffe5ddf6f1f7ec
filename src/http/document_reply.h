/*
 * Replies that are a function of a snapshot: built once a snapshot and shared
 * by all loops, with ETag, 304 and gzip.
 */
#ifndef SRC_HTTP_DOCUMENT_REPLY_H
#define SRC_HTTP_DOCUMENT_REPLY_H

#include <stdint.h>

#include "model/catalog.h"
#include "model/snapshot.h"
#include "request.h"

struct document {
	/* Says which document of the snapshot this is: distinct for everything
	 * that changes its bytes. NULL: not worth remembering. */
	const char *name;
	/* Appends the document; called on any loop's thread. */
	void (*build)(const struct snapshot *snapshot, void *ctx,
		      struct bytes *out);
	void *ctx;
	int64_t revision;   /* for the ETag, with the epoch of the catalog */
	bool unconditional; /* never 304 */
	const char *vary;   /* which headers choose it; NULL: the coding's */
};

/* Fill the reply with the document, or with 304 when the client has it. */
void document_reply(struct request *r, const struct snapshot *snapshot,
		    const struct document *document);

/* ETag: "epoch.revision". */
void reply_etag(struct request *r, int64_t revision);

/* Does If-None-Match name that revision? */
bool client_has(const struct request *r, int64_t revision);

/* Where a body depends on more than a snapshot, on a context or on who asks,
 * its tag is a hash of it, the same on every start: it covers what was shown.
 */
uint64_t content_tag(const struct blob *body);
void reply_content_tag(struct request *r, uint64_t tag);
bool client_has_content(const struct request *r, uint64_t tag);

/* The tag of $T/values: "epoch.revision.hash", the hash being that of the
 * values, so that it covers the context and what time makes of it. */
enum { VALUES_TAG_BYTES = EPOCH_BYTES + 24 + 17 };
void values_tag(const char *epoch, int64_t revision, const struct blob *body,
		char tag[VALUES_TAG_BYTES]);

#endif

/*
 * Replies that are a function of a snapshot: built once a snapshot and shared
 * by all loops, with ETag, 304 and gzip.
 */
#ifndef SRC_HTTP_DOCUMENT_REPLY_H
#define SRC_HTTP_DOCUMENT_REPLY_H

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
};

/* Fill the reply with the document, or with 304 when the client has it. */
void document_reply(struct request *r, const struct snapshot *snapshot,
		    const struct document *document);

/* ETag: "epoch.revision". */
void reply_etag(struct request *r, int64_t revision);

/* Does If-None-Match name that revision? */
bool client_has(const struct request *r, int64_t revision);

#endif

/*
 * A client that shows what it has of a document (If-None-Match) and says
 * Prefer: wait is told when that is no longer so: the document then, or 304
 * when the wait has passed.
 */
#ifndef SRC_HTTP_AWAIT_H
#define SRC_HTTP_AWAIT_H

#include "model/snapshot.h"
#include "request.h"

struct awaited {
	int64_t revision;     /* of the document, as in its ETag */
	struct string prefix; /* of the toggles that it depends on; "": all */
	int64_t wait_ms;      /* 0: as Prefer says */
	/* The reply, now or later: out of r->snapshot as it is then, with 304
	 * for who has it. */
	void (*reply)(struct request *r, const struct snapshot *snapshot);
};

/* Reply out of `snapshot`, or wait until something changes. */
enum step await_document(struct request *r, const struct snapshot *snapshot,
			 const struct awaited *awaited);

#endif

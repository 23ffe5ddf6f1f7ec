/*
 * The small texts of the protocol: cursors, waits, entity tags.
 */
#ifndef WIRE_CURSOR_H
#define WIRE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "model/catalog.h"

/* How far a client has got: "epoch.revision" or a bare revision. */
struct cursor {
	char epoch[EPOCH_BYTES]; /* "" when bare */
	int64_t revision;
};

/* `text` NULL or "" is revision 0. Anything else that is no cursor is
 * STATUS_INVALID. */
enum status cursor_decode(const char *text, struct cursor *out,
			  struct error *err) MUST_CHECK;

enum { WAIT_MAX_MS = 60 * 1000 };

/* "30", "30s", "500ms": milliseconds; more than WAIT_MAX_MS is held to that.
 * NULL or "" is 0. */
enum status wait_decode(const char *text, int64_t *wait_ms,
			struct error *err) MUST_CHECK;

/* The "wait" preference of a Prefer header (RFC 7240), in milliseconds; false
 * when the header asks for none. Malformed preferences are ignored, as the RFC
 * says. */
bool prefer_decode_wait(const char *prefer, int64_t *wait_ms);

/* Does a list of entity tags (If-None-Match) name `tag` (without quotes)?
 * Compared weakly (RFC 9110, 13.1.2): W/ is ignored. "*" names every tag;
 * missing quotes are tolerated; the suffix "-gzip" of a compressed form is
 * ignored. */
bool etag_matches(const char *header, const char *tag);

/* What a tag of a coded form ends with, and in which form a list names `tag`:
 * in both, it is the plain one. */
#define ETAG_GZIP "-gzip"
enum etag_form { ETAG_ABSENT, ETAG_PLAIN, ETAG_CODED };
enum etag_form etag_form(const char *header, const char *tag);

/* The revisions that an If-Match header names: "7", "epoch.7", in a list, with
 * or without the suffix "-gzip". Compared strongly (RFC 9110, 13.1.1): W/"7"
 * matches nothing, nor does what is of no such form, so there may be none. */
struct etag_revisions {
	bool any;                 /* "*", which stands alone */
	const int64_t *revisions; /* in the arena */
	size_t count;
};

void etag_revisions(const char *header, const char *epoch, struct arena *arena,
		    struct etag_revisions *out);

#endif

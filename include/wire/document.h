/*
 * What is answered: documents built from a snapshot, appended to `out`. Pure:
 * no clock, no I/O, any thread. Keys are sorted, so the same snapshot gives the
 * same bytes.
 */
#ifndef WIRE_DOCUMENT_H
#define WIRE_DOCUMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "model/catalog.h"
#include "model/change.h"
#include "model/snapshot.h"

struct token;

/* What part of an environment a client wants. */
struct selection {
	struct string prefix; /* of toggle keys; length 0: all */
	struct string tag;    /* length 0: any */
	/* Has the last word on each toggle, in the order of the answer; NULL:
	 * all that have prefix and tag. */
	bool (*wants)(const struct definition *toggle, void *ctx);
	/* Appends further members of the answer; NULL: there are none. */
	void (*put_more)(struct bytes *out, void *ctx);
	void *ctx;
};

/* {"environment","epoch","revision","cursor","toggles":{…},"segments":{…}} */
void document_toggles(const struct snapshot *snapshot, const char *epoch,
		      const struct selection *selection, struct bytes *out);

/* The feed's answer: {"revision","epoch","cursor","full","toggles":{key:
 * definition or null},"segments":{name: rule or null}}.
 * `since` 0: everything, "full":true. With a prefix, the segments are those
 * that a selected toggle refers to. */
void document_changes(const struct snapshot *snapshot, const char *epoch,
		      struct string prefix, int64_t since, struct bytes *out);

/* Is there anything in that delta? */
bool document_has_changes(const struct snapshot *snapshot, struct string prefix,
			  int64_t since);

/* An answer in which nothing changed: an empty delta at `revision`. */
void document_no_changes(const char *epoch, int64_t revision,
			 struct bytes *out);

/* {"flags":{…},"$evaluators":{…},"metadata":{"flagSetId",…}}: what flagd reads.
 * Nothing in it moves but what changed: flagd merges the metadata into each
 * flag, and would tell its clients that all of them are others. */
void document_flagd(const struct snapshot *snapshot, struct bytes *out);

/* {"revision","at"}. */
void document_point(int64_t revision, int64_t at_ms, struct bytes *out);

/* One change with before and after: {"revision","environment","at","actor",
 * "comment","hash" (once it is
 * stored),"toggles":{key:{"before","after"}},"segments":{…},
 * "environments":{…},"tokens":{…}}; members without items are {} for toggles
 * and segments and left out for the others. Of a token no secret is shown.
 * `extra` (may be NULL) is put in as it is, with a comma behind it:
 * "\"dryRun\":true,". */
void document_change(const struct change *change, const char *extra,
		     struct bytes *out);

/* {"environments":{name: settings text…}}: those that the token sees; NULL: all
 * but the reserved ones. */
void document_environments(const struct catalog *catalog,
			   const struct token *token, struct bytes *out);

/* RFC 9457: {"type":"urn:toggled:problem:<slug>","title","status","detail",
 * "errors":[{"pointer","detail"}],…}. `extra` (may be NULL): a JSON value that
 * is added as the member `extra_name`. */
void document_problem(const struct error *err, const char *extra_name,
		      struct string extra, struct bytes *out);

#endif

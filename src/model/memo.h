/*
 * What was built once from a snapshot and is worth keeping as long as it: a
 * few named blobs. Any thread. A blob is built under the lock, so that of many
 * who want it at once one builds and the others wait; a build function must
 * therefore not come back to the same memo.
 */
#ifndef MODEL_MEMO_H
#define MODEL_MEMO_H

#include "base/attr.h"
#include "base/bytes.h"
#include "model/snapshot.h"

struct memo *memo_new(void) MUST_CHECK;

/* NULL is allowed. */
void memo_free(struct memo *memo);

/* The blob of that name, with a reference for the caller. */
struct blob *memo_get(struct memo *memo, const struct snapshot *snapshot,
		      const char *name, snapshot_build_fn build,
		      void *ctx) MUST_CHECK;

#endif

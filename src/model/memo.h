/*
 * What was built once from a snapshot and is worth keeping as long as it: a
 * few named blobs. Any thread. Nobody waits for another: what is being built is
 * built by others too who want it meanwhile, or done without (memo_try).
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

/* The same; NULL where another thread is building it now. */
struct blob *memo_try(struct memo *memo, const struct snapshot *snapshot,
		      const char *name, snapshot_build_fn build,
		      void *ctx) MUST_CHECK;

#endif

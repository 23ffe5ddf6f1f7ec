/*
 * A snapshot: all definitions of an environment at a revision. Immutable and
 * counted: the registry's thread makes the next one from the last by changing
 * what changed (base/tree), all other threads only read.
 *
 * Three orders over the same definitions:
 *   toggles, segments,  by key: what is there now
 *   tokens
 *   recent              by revision: everything there is plus what was removed,
 *                       so a delta is a walk over the newest end
 *   removed             by key: what `recent` says is gone
 * Of removed keys only the newest LIMIT_TOMBSTONES are kept; a cursor older
 * than `horizon` is answered with everything.
 */
#ifndef MODEL_SNAPSHOT_H
#define MODEL_SNAPSHOT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/tree.h"
#include "model/change.h"
#include "model/definition.h"

struct memo;

struct snapshot {
	atomic_uint refs;
	struct string environment;
	int64_t revision; /* of the last change to this environment */
	int64_t at_ms;    /* when that was */
	int64_t horizon;  /* deltas are complete for cursors >= horizon */
	/* The change that its life began with: that made it, perhaps anew. By a
	 * rollback an old life goes on. 0: not known. */
	int64_t born;
	struct definition *settings; /* KIND_ENVIRONMENT, or NULL */
	struct tree *toggles;
	struct tree *segments;
	struct tree *tokens; /* of ".access" */
	struct tree *removed;
	struct tree *recent;
	struct memo *memo;
};

extern const struct tree_ops snapshot_by_key; /* key: struct string * */
extern const struct tree_ops
    snapshot_by_revision; /* key: struct definition * */

/* An environment without anything in it, before its first change. */
struct snapshot *snapshot_new(struct string environment) MUST_CHECK;

/* The environment after `change`. `base` is borrowed and stays as it is. */
struct snapshot *snapshot_apply(const struct snapshot *base,
				const struct change *change) MUST_CHECK;

/* The same revision with some definitions replaced by others that differ only
 * in their compiled program. */
struct snapshot *snapshot_recompiled(const struct snapshot *base,
				     struct definition *const *definitions,
				     size_t count) MUST_CHECK;

/* A snapshot out of the store: every live and removed definition of the
 * environment, in any order. Borrows them. */
struct snapshot *snapshot_load(struct string environment, int64_t revision,
			       int64_t at_ms,
			       struct definition *const *definitions,
			       size_t count) MUST_CHECK;

/* A snapshot to look things up in and to evaluate: its definitions, each array
 * ordered by key, borrowed. It has no order by revision and no tombstones. */
struct snapshot_parts {
	struct string environment;
	int64_t revision;
	int64_t at_ms;
	struct definition *settings;
	void *const *segments;
	size_t segment_count;
	void *const *toggles;
	size_t toggle_count;
};
struct snapshot *
snapshot_from_parts(const struct snapshot_parts *parts) MUST_CHECK;

struct snapshot *snapshot_ref(const struct snapshot *snapshot);

/* Any thread; NULL is allowed. */
void snapshot_unref(struct snapshot *snapshot);

/* Borrowed while the snapshot is referenced; NULL when absent. */
struct definition *snapshot_find(const struct snapshot *snapshot,
				 enum kind kind, const char *key,
				 size_t length);

/* Walk what is there of a kind and whose key starts with `prefix`, by key:
 * snapshot_walk_from, then snapshot_walk_next until NULL. Not for environments.
 */
struct snapshot_walk {
	struct tree_walk walk;
	struct string prefix;
};

void snapshot_walk_from(struct snapshot_walk *walk,
			const struct snapshot *snapshot, enum kind kind,
			struct string prefix);
const struct definition *snapshot_walk_next(struct snapshot_walk *walk);

/* Walk what changed after revision `since`, oldest first, removed things
 * included: then tree_walk_next until NULL. */
void snapshot_walk_since(struct tree_walk *walk,
			 const struct snapshot *snapshot, int64_t since);

/* Something costly that is worth building once a snapshot, for example a large
 * document: the blob that `build` made for `name`, with a reference for the
 * caller. Any thread, and nobody waits: who asks while another thread builds it
 * builds one as well. At most SNAPSHOT_MEMO_MAX are remembered, of
 * SNAPSHOT_MEMO_BYTES together; what is beyond is built for each caller. */
enum { SNAPSHOT_MEMO_MAX = 32, SNAPSHOT_MEMO_BYTES = 256 << 20 };

typedef struct blob *(*snapshot_build_fn)(const struct snapshot *snapshot,
					  void *ctx);
struct blob *snapshot_memo(const struct snapshot *snapshot, const char *name,
			   snapshot_build_fn build, void *ctx) MUST_CHECK;

/* For what one can do without: NULL while another thread builds it. */
struct blob *snapshot_memo_try(const struct snapshot *snapshot,
			       const char *name, snapshot_build_fn build,
			       void *ctx) MUST_CHECK;

#endif

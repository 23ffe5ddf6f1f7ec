/*
 * A persistent ordered map: every version stays as it was, and a new version
 * shares all but O(log n) nodes with the one it came from. This is what makes
 * a flip among 100,000 toggles cost as much as one among 1,000, and lets
 * readers keep a version as long as they like.
 *
 * The tree is an AVL tree with path copying (Driscoll, Sarnak, Sleator, Tarjan,
 * "Making Data Structures Persistent", 1989). Nodes are counted atomically, so
 * versions may be dropped on any thread. The empty tree is NULL.
 *
 * The tree knows its entries only through `struct tree_ops`.
 */
#ifndef BASE_TREE_H
#define BASE_TREE_H

#include <stddef.h>

#include "base/attr.h"

struct tree;

struct tree_ops {
	/* <0, 0, >0 as `key` stands before, at, behind the entry. */
	int (*compare)(const void *key, const void *entry);
	/* The key of an entry, as `compare` takes it. */
	const void *(*key)(const void *entry);
	void *(*ref)(void *entry);
	void (*unref)(void *entry);
};

/* A new version with `entry` in the place of its key; takes one reference of
 * its own to `entry`, borrows `tree`. */
struct tree *tree_put(const struct tree *tree, const struct tree_ops *ops,
		      void *entry) MUST_CHECK;

/* A new version without `key`; the same version, referenced, when absent. */
struct tree *tree_remove(const struct tree *tree, const struct tree_ops *ops,
			 const void *key) MUST_CHECK;

/* A tree of `count` entries in ascending order of key, in O(count). */
struct tree *tree_build(const struct tree_ops *ops, void *const *entries,
			size_t count) MUST_CHECK;

struct tree *tree_ref(const struct tree *tree);

/* Any thread; NULL is allowed. */
void tree_unref(struct tree *tree, const struct tree_ops *ops);

/* Borrowed: valid while the version is referenced. NULL when absent. */
void *tree_find(const struct tree *tree, const struct tree_ops *ops,
		const void *key);

size_t tree_count(const struct tree *tree);

/* An in-order walk of one version. It borrows the version. */
struct tree_walk {
	const struct tree *path[64];
	size_t depth;
};

/* From the first entry whose key is not before `key`; NULL: from the first. */
void tree_walk_from(struct tree_walk *walk, const struct tree *tree,
		    const struct tree_ops *ops, const void *key);

/* From the last entry, for tree_walk_previous. */
void tree_walk_from_last(struct tree_walk *walk, const struct tree *tree);

/* The next entry, ascending, or NULL. */
void *tree_walk_next(struct tree_walk *walk);

/* The next entry, descending (after tree_walk_from_last), or NULL. */
void *tree_walk_previous(struct tree_walk *walk);

#endif

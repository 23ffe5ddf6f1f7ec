/*
 * A node never changes once it is built, except for its count of references.
 * Every function below that builds nodes takes the references to the subtrees
 * it is given (they are "eaten"), and a node takes a reference of its own to
 * its entry; so a change is written as an expression, and what it leaves out
 * is released where it is left out.
 */
#include "base/tree.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"

struct tree {
	atomic_uint refs;
	unsigned height; /* 1 for a leaf; both sides differ by at most 1 */
	size_t count;    /* of entries, this one's included */
	struct tree *left;
	struct tree *right;
	void *entry;
};

static unsigned
height(const struct tree *tree)
{
	return tree == NULL ? 0 : tree->height;
}

size_t
tree_count(const struct tree *tree)
{
	return tree == NULL ? 0 : tree->count;
}

struct tree *
tree_ref(const struct tree *tree)
{
	/* The count is no part of what const promises. */
	struct tree *counted = (struct tree *)(uintptr_t)tree;

	if (counted != NULL)
		(void)atomic_fetch_add_explicit(&counted->refs, 1,
						memory_order_relaxed);
	return counted;
}

void
tree_unref(struct tree *tree, const struct tree_ops *ops)
{
	if (tree == NULL)
		return;
	if (atomic_fetch_sub_explicit(&tree->refs, 1, memory_order_acq_rel) !=
	    1)
		return;
	tree_unref(tree->left, ops);
	tree_unref(tree->right, ops);
	ops->unref(tree->entry);
	free(tree);
}

/* Eats both sides, whose heights differ by at most 1. */
static struct tree *
node(const struct tree_ops *ops, struct tree *left, void *entry,
     struct tree *right)
{
	struct tree *tree = mem_alloc(sizeof(*tree));
	unsigned higher = height(left);

	if (higher < height(right))
		higher = height(right);
	atomic_init(&tree->refs, 1);
	tree->height = higher + 1;
	tree->count = tree_count(left) + tree_count(right) + 1;
	tree->left = left;
	tree->right = right;
	tree->entry = ops->ref(entry);
	return tree;
}

/* The left side is too high by one: a single or a double rotation. */
static struct tree *
lean_right(const struct tree_ops *ops, struct tree *left, void *entry,
	   struct tree *right)
{
	const struct tree *inner = left->right;
	struct tree *tree;

	if (height(left->left) >= height(inner))
		tree = node(ops, tree_ref(left->left), left->entry,
			    node(ops, tree_ref(inner), entry, right));
	else
		tree = node(ops,
			    node(ops, tree_ref(left->left), left->entry,
				 tree_ref(inner->left)),
			    inner->entry,
			    node(ops, tree_ref(inner->right), entry, right));
	tree_unref(left, ops);
	return tree;
}

/* The mirror image. */
static struct tree *
lean_left(const struct tree_ops *ops, struct tree *left, void *entry,
	  struct tree *right)
{
	const struct tree *inner = right->left;
	struct tree *tree;

	if (height(right->right) >= height(inner))
		tree = node(ops, node(ops, left, entry, tree_ref(inner)),
			    right->entry, tree_ref(right->right));
	else
		tree = node(ops, node(ops, left, entry, tree_ref(inner->left)),
			    inner->entry,
			    node(ops, tree_ref(inner->right), right->entry,
				 tree_ref(right->right)));
	tree_unref(right, ops);
	return tree;
}

/* Eats both sides, whose heights differ by at most 2. */
static struct tree *
balance(const struct tree_ops *ops, struct tree *left, void *entry,
	struct tree *right)
{
	if (height(left) > height(right) + 1)
		return lean_right(ops, left, entry, right);
	if (height(right) > height(left) + 1)
		return lean_left(ops, left, entry, right);
	return node(ops, left, entry, right);
}

struct tree *
tree_put(const struct tree *tree, const struct tree_ops *ops, void *entry)
{
	int order;

	if (tree == NULL)
		return node(ops, NULL, entry, NULL);
	order = ops->compare(ops->key(entry), tree->entry);
	if (order < 0)
		return balance(ops, tree_put(tree->left, ops, entry),
			       tree->entry, tree_ref(tree->right));
	if (order > 0)
		return balance(ops, tree_ref(tree->left), tree->entry,
			       tree_put(tree->right, ops, entry));
	return node(ops, tree_ref(tree->left), entry, tree_ref(tree->right));
}

static struct tree *
remove_first(const struct tree *tree, const struct tree_ops *ops)
{
	if (tree->left == NULL)
		return tree_ref(tree->right);
	return balance(ops, remove_first(tree->left, ops), tree->entry,
		       tree_ref(tree->right));
}

static struct tree *
remove_root(const struct tree *tree, const struct tree_ops *ops)
{
	const struct tree *first = tree->right;

	if (first == NULL)
		return tree_ref(tree->left);
	while (first->left != NULL)
		first = first->left;
	return balance(ops, tree_ref(tree->left), first->entry,
		       remove_first(tree->right, ops));
}

/* `key` is in the tree. */
static struct tree *
remove_present(const struct tree *tree, const struct tree_ops *ops,
	       const void *key)
{
	int order = ops->compare(key, tree->entry);

	if (order < 0)
		return balance(ops, remove_present(tree->left, ops, key),
			       tree->entry, tree_ref(tree->right));
	if (order > 0)
		return balance(ops, tree_ref(tree->left), tree->entry,
			       remove_present(tree->right, ops, key));
	return remove_root(tree, ops);
}

struct tree *
tree_remove(const struct tree *tree, const struct tree_ops *ops,
	    const void *key)
{
	if (tree_find(tree, ops, key) == NULL)
		return tree_ref(tree);
	return remove_present(tree, ops, key);
}

struct tree *
tree_build(const struct tree_ops *ops, void *const *entries, size_t count)
{
	size_t middle = count / 2;

	if (count == 0)
		return NULL;
	return node(ops, tree_build(ops, entries, middle), entries[middle],
		    tree_build(ops, entries + middle + 1, count - middle - 1));
}

void *
tree_find(const struct tree *tree, const struct tree_ops *ops, const void *key)
{
	while (tree != NULL) {
		int order = ops->compare(key, tree->entry);

		if (order == 0)
			return tree->entry;
		tree = order < 0 ? tree->left : tree->right;
	}
	return NULL;
}

/* The walk holds the nodes that are still to be returned before their parents
 * are: the top of the path comes next. */

static void
push(struct tree_walk *walk, const struct tree *tree)
{
	walk->path[walk->depth++] = tree;
}

static const struct tree *
pop(struct tree_walk *walk)
{
	return walk->depth == 0 ? NULL : walk->path[--walk->depth];
}

void
tree_walk_from(struct tree_walk *walk, const struct tree *tree,
	       const struct tree_ops *ops, const void *key)
{
	walk->depth = 0;
	while (tree != NULL) {
		if (key != NULL && ops->compare(key, tree->entry) > 0) {
			tree = tree->right;
		} else {
			push(walk, tree);
			tree = tree->left;
		}
	}
}

void
tree_walk_from_last(struct tree_walk *walk, const struct tree *tree)
{
	walk->depth = 0;
	for (; tree != NULL; tree = tree->right)
		push(walk, tree);
}

void *
tree_walk_next(struct tree_walk *walk)
{
	const struct tree *here = pop(walk);

	if (here == NULL)
		return NULL;
	for (const struct tree *t = here->right; t != NULL; t = t->left)
		push(walk, t);
	return here->entry;
}

void *
tree_walk_previous(struct tree_walk *walk)
{
	const struct tree *here = pop(walk);

	if (here == NULL)
		return NULL;
	for (const struct tree *t = here->left; t != NULL; t = t->right)
		push(walk, t);
	return here->entry;
}

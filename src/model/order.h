/*
 * The orders in which a snapshot keeps definitions, as far as only src/model
 * needs them; the public ones are in model/snapshot.h. In all of them a key is
 * compared by its bytes, and a shorter one stands before its extensions.
 */
#ifndef MODEL_ORDER_H
#define MODEL_ORDER_H

#include "base/tree.h"

/* By kind, then key, because a toggle and a segment of the same key may both
 * be gone. Key: struct definition *. */
extern const struct tree_ops order_by_kind;

/* Both take definitions. */
int order_compare_kind(const void *key, const void *entry);
int order_compare_revision(const void *key, const void *entry);

#endif

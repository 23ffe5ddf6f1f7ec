/*
 * A constant set of values under strict equality (===), that knows the place
 * of each: the right side of {"in": [x, ["a", "b"]]} and a toggle's variants.
 * Small sets are searched, large ones hashed. Arrays and objects equal nothing.
 */
#ifndef EVAL_SET_H
#define EVAL_SET_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "model/value.h"

struct set {
	const struct value *items;
	uint32_t count;
	uint32_t mask;         /* of the table; its size is a power of two */
	const uint32_t *table; /* index + 1 of the item, 0: free; NULL: small */
};

/* Borrows the items; the table comes from the arena. */
void set_init(struct set *set, struct arena *arena, const struct value *items,
	      size_t count);

/* The index of the first item that equals `value`, or -1. */
int set_find(const struct set *set, const struct value *value);

#endif

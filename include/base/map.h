/*
 * A hash map from byte strings to pointers, by open addressing. Keys are
 * copied, values are the caller's. Not for concurrent use.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

struct map_slot;

struct map {
	struct map_slot *slots;
	size_t capacity; /* a power of two, or 0 */
	size_t count;
	size_t used; /* slots of entries and of taken entries */
};

void map_init(struct map *map);

/* Frees the map and its keys, not the values. */
void map_fini(struct map *map);

/* The value, or NULL when absent. */
void *map_find(const struct map *map, const void *key, size_t length);

/* Upsert. Returns the value that stood there before, or NULL.
 * `value` is not NULL. */
void *map_put(struct map *map, const void *key, size_t length, void *value);

/* Remove and return the value, or NULL when absent. */
void *map_take(struct map *map, const void *key, size_t length);

/* Walk in no particular order; start with *at = 0. NULL at the end. Taking the
 * entry that was just returned is allowed while walking, nothing else is. */
void *map_next(const struct map *map, size_t *at);

#endif

/*
 * Linear probing. A taken entry leaves its slot marked, so that the entries
 * behind it are still found and a walk loses nothing; marks go away when the
 * table is rebuilt, which happens when three quarters of it are not empty.
 */
#include "base/map.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

enum { CAPACITY_MIN = 8 };

enum slot_state { SLOT_EMPTY, SLOT_LIVE, SLOT_TAKEN };

struct map_slot {
	enum slot_state state;
	uint32_t hash;
	char *key;
	size_t length;
	void *value;
};

void
map_init(struct map *map)
{
	map->slots = NULL;
	map->capacity = 0;
	map->count = 0;
	map->used = 0;
}

void
map_fini(struct map *map)
{
	for (size_t i = 0; i < map->capacity; i++)
		free(map->slots[i].key);
	free(map->slots);
	map_init(map);
}

static bool
is_slot_of(const struct map_slot *slot, uint32_t hash, const void *key,
	   size_t length)
{
	return slot->state == SLOT_LIVE && slot->hash == hash &&
	       slot->length == length &&
	       (length == 0 || memcmp(slot->key, key, length) == 0);
}

/* The live slot of `key`, or NULL. */
static struct map_slot *
find(const struct map *map, uint32_t hash, const void *key, size_t length)
{
	size_t mask = map->capacity - 1;

	if (map->capacity == 0)
		return NULL;
	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		struct map_slot *slot = &map->slots[i];

		if (slot->state == SLOT_EMPTY)
			return NULL;
		if (is_slot_of(slot, hash, key, length))
			return slot;
	}
}

/* Where an absent key goes. */
static struct map_slot *
find_room(const struct map *map, uint32_t hash)
{
	size_t mask = map->capacity - 1;
	size_t i = hash & mask;

	while (map->slots[i].state == SLOT_LIVE)
		i = (i + 1) & mask;
	return &map->slots[i];
}

/* A table that is at most half full with one entry more, without marks. */
static void
rebuild(struct map *map)
{
	struct map old = *map;

	map->capacity = CAPACITY_MIN;
	while (map->capacity < 2 * (old.count + 1))
		map->capacity *= 2;
	map->slots = mem_zalloc(map->capacity, sizeof(*map->slots));
	map->used = old.count;
	for (size_t i = 0; i < old.capacity; i++) {
		if (old.slots[i].state == SLOT_LIVE)
			*find_room(map, old.slots[i].hash) = old.slots[i];
	}
	free(old.slots);
}

void *
map_find(const struct map *map, const void *key, size_t length)
{
	uint32_t hash = (uint32_t)hash_bytes(key, length);
	const struct map_slot *slot = find(map, hash, key, length);

	return slot == NULL ? NULL : slot->value;
}

void *
map_put(struct map *map, const void *key, size_t length, void *value)
{
	uint32_t hash = (uint32_t)hash_bytes(key, length);
	struct map_slot *slot = find(map, hash, key, length);

	if (slot != NULL) {
		void *before = slot->value;

		slot->value = value;
		return before;
	}
	if (4 * (map->used + 1) > 3 * map->capacity)
		rebuild(map);
	slot = find_room(map, hash);
	if (slot->state == SLOT_EMPTY)
		map->used++;
	map->count++;
	*slot = (struct map_slot){
		.state = SLOT_LIVE,
		.hash = hash,
		.key = mem_copy(key, length),
		.length = length,
		.value = value,
	};
	return NULL;
}

void *
map_take(struct map *map, const void *key, size_t length)
{
	uint32_t hash = (uint32_t)hash_bytes(key, length);
	struct map_slot *slot = find(map, hash, key, length);
	void *value;

	if (slot == NULL)
		return NULL;
	value = slot->value;
	free(slot->key);
	*slot = (struct map_slot){ .state = SLOT_TAKEN };
	map->count--;
	return value;
}

void *
map_next(const struct map *map, size_t *at)
{
	while (*at < map->capacity) {
		const struct map_slot *slot = &map->slots[(*at)++];

		if (slot->state == SLOT_LIVE)
			return slot->value;
	}
	return NULL;
}

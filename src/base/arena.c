/*
 * Blocks double in size up to BLOCK_MAX, so that an arena of any size has few
 * of them; what does not fit gets a block as large as it needs. Only the newest
 * block is filled: the rest of an older one is given up.
 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { BLOCK_MIN = 1024, BLOCK_MAX = 256 * 1024 };

struct arena_block {
	struct arena_block *older;
	size_t capacity; /* of data */
	size_t used;
	alignas(max_align_t) unsigned char data[];
};

void
arena_init(struct arena *arena)
{
	arena->block = NULL;
	arena->used_bytes = 0;
}

static void
free_blocks(struct arena_block *block)
{
	while (block != NULL) {
		struct arena_block *older = block->older;

		free(block);
		block = older;
	}
}

void
arena_fini(struct arena *arena)
{
	free_blocks(arena->block);
	arena_init(arena);
}

void
arena_reset(struct arena *arena)
{
	arena->used_bytes = 0;
	if (arena->block == NULL)
		return;
	free_blocks(arena->block->older);
	arena->block->older = NULL;
	arena->block->used = 0;
}

static void
add_block(struct arena *arena, size_t need)
{
	size_t capacity = BLOCK_MIN;
	struct arena_block *block;

	if (arena->block != NULL)
		capacity = 2 * arena->block->capacity;
	if (capacity > BLOCK_MAX)
		capacity = BLOCK_MAX;
	if (capacity < need)
		capacity = need;
	block = mem_alloc(sizeof(*block) + capacity);
	block->older = arena->block;
	block->capacity = capacity;
	block->used = 0;
	arena->block = block;
}

void *
arena_alloc(struct arena *arena, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct arena_block *block;
	void *p;

	/* Such a size cannot be had; let mem_alloc say so. */
	if (size > SIZE_MAX / 2)
		size = SIZE_MAX / 2;
	size = (size + align - 1) / align * align;
	if (size == 0)
		size = align;
	block = arena->block;
	if (block == NULL || block->capacity - block->used < size) {
		add_block(arena, size);
		block = arena->block;
	}
	p = block->data + block->used;
	block->used += size;
	arena->used_bytes += size;
	return p;
}

void *
arena_zalloc(struct arena *arena, size_t count, size_t size)
{
	size_t total = SIZE_MAX;
	void *p;

	if (size == 0 || count <= SIZE_MAX / size)
		total = count * size;
	p = arena_alloc(arena, total);
	memset(p, 0, total);
	return p;
}

char *
arena_copy(struct arena *arena, const void *data, size_t length)
{
	char *copy = arena_alloc(arena, length + 1);

	if (length > 0)
		memcpy(copy, data, length);
	copy[length] = '\0';
	return copy;
}

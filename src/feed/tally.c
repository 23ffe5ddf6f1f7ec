/*
 * Two indexes over the same tallies, both open addressing with linear probing
 * and at most half full. A slot keeps the whole hash: for addresses, the hash
 * is one-to-one, so that equal hashes are equal addresses; for keys, it spares
 * nearly all comparisons. A slot that is emptied is closed up by those behind
 * it, so no marks are left and a search ends at the first empty slot.
 */
#include "tally.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

enum { CAPACITY_MIN = 16 };

struct tally_slot {
	uint64_t hash;
	struct tally *tally; /* NULL: empty */
};

/* Multiplication by an odd number loses nothing. Its upper half is the well
 * mixed one, so it becomes the lower. */
static uint64_t
hash_address(const struct definition *toggle)
{
	uint64_t mixed = (uint64_t)(uintptr_t)toggle * 0x9e3779b97f4a7c15U;

	return mixed >> 32 | mixed << 32;
}

static uint64_t
hash_key(struct string key)
{
	return hash_bytes(key.data, key.length);
}

/* --- one index ----------------------------------------------------------- */

/* The slot of `hash`, and of `key` where one is given; or the empty one where
 * it would go. */
static size_t
seek(const struct tally_index *index, uint64_t hash, const struct string *key)
{
	const size_t mask = index->capacity - 1;
	size_t i = hash & mask;

	for (; index->slots[i].tally != NULL; i = (i + 1) & mask) {
		if (index->slots[i].hash != hash)
			continue;
		if (key == NULL ||
		    string_equal(index->slots[i].tally->toggle->key, *key))
			break;
	}
	return i;
}

static struct tally *
find(const struct tally_index *index, uint64_t hash, const struct string *key)
{
	if (index->capacity == 0)
		return NULL;
	return index->slots[seek(index, hash, key)].tally;
}

static void
grow(struct tally_index *index)
{
	const struct tally_index old = *index;
	size_t mask;

	index->capacity = old.capacity == 0 ? CAPACITY_MIN : 2 * old.capacity;
	index->slots = mem_zalloc(index->capacity, sizeof(*index->slots));
	mask = index->capacity - 1;
	for (size_t from = 0; from < old.capacity; from++) {
		size_t i = old.slots[from].hash & mask;

		if (old.slots[from].tally == NULL)
			continue;
		while (index->slots[i].tally != NULL)
			i = (i + 1) & mask;
		index->slots[i] = old.slots[from];
	}
	free(old.slots);
}

/* Upsert. */
static void
put(struct tally_index *index, uint64_t hash, const struct string *key,
    struct tally *tally)
{
	struct tally_slot *slot;

	if (2 * (index->count + 1) > index->capacity)
		grow(index);
	slot = &index->slots[seek(index, hash, key)];
	if (slot->tally == NULL)
		index->count++;
	*slot = (struct tally_slot){ hash, tally };
}

/* Empty a slot: each one behind it that may stand there moves up. */
static void
take(struct tally_index *index, size_t hole)
{
	const size_t mask = index->capacity - 1;
	size_t i = hole;

	index->count--;
	for (;;) {
		index->slots[hole].tally = NULL;
		do {
			size_t home;

			i = (i + 1) & mask;
			if (index->slots[i].tally == NULL)
				return;
			home = index->slots[i].hash & mask;
			/* It may stand anywhere from its home on. */
			if (((i - home) & mask) >= ((i - hole) & mask))
				break;
		} while (true);
		index->slots[hole] = index->slots[i];
		hole = i;
	}
}

/* --- both ---------------------------------------------------------------- */

void
tallies_init(struct tallies *tallies)
{
	memset(tallies, 0, sizeof(*tallies));
}

static void
free_tally(struct tally *tally)
{
	definition_unref(tally->toggle);
	free(tally);
}

void
tallies_fini(struct tallies *tallies)
{
	struct tally *tally;
	size_t at = 0;

	while ((tally = tallies_next(tallies, &at)) != NULL)
		free_tally(tally);
	free(tallies->by_address.slots);
	free(tallies->by_key.slots);
	tallies_init(tallies);
}

size_t
tallies_count(const struct tallies *tallies)
{
	return tallies->by_key.count;
}

struct tally *
tallies_find(const struct tallies *tallies, const struct definition *toggle)
{
	return find(&tallies->by_address, hash_address(toggle), NULL);
}

struct tally *
tallies_find_key(const struct tallies *tallies, struct string key)
{
	return find(&tallies->by_key, hash_key(key), &key);
}

static void
set_count(struct tally *tally, size_t at, uint64_t n)
{
	atomic_store_explicit(&tally->counts[at], n, memory_order_relaxed);
}

static uint64_t
count_at(const struct tally *tally, size_t at)
{
	return atomic_load_explicit(&tally->counts[at], memory_order_relaxed);
}

/* What `from` counted, in the variants that `to` has. */
static void
move_counts(const struct tally *from, struct tally *to)
{
	const size_t old_count = from->toggle->variant_count;
	const size_t new_count = to->toggle->variant_count;
	uint64_t past = tally_extra(from, TALLY_PAST);

	for (size_t i = 0; i < old_count; i++) {
		const struct string *name = &from->toggle->variants[i].name;
		int now = definition_find_variant(to->toggle, name->data,
						  name->length);

		if (now >= 0)
			set_count(to, (size_t)now, count_at(from, i));
		else
			past += count_at(from, i);
	}
	set_count(to, new_count + TALLY_NONE, tally_extra(from, TALLY_NONE));
	set_count(to, new_count + TALLY_ERROR, tally_extra(from, TALLY_ERROR));
	set_count(to, new_count + TALLY_PAST, past);
	tally_touch(to,
		    atomic_load_explicit(&from->last_ms, memory_order_relaxed));
}

struct tally *
tallies_put(struct tallies *tallies, const struct definition *toggle)
{
	struct tally *before = tallies_find_key(tallies, toggle->key);
	struct tally *tally = mem_zalloc(
	    1, sizeof(*tally) + (toggle->variant_count + TALLY_EXTRAS) *
				    sizeof(tally->counts[0]));

	tally->toggle = definition_ref(toggle);
	if (before != NULL) {
		move_counts(before, tally);
		take(&tallies->by_address,
		     seek(&tallies->by_address, hash_address(before->toggle),
			  NULL));
	}
	put(&tallies->by_address, hash_address(toggle), NULL, tally);
	put(&tallies->by_key, hash_key(toggle->key), &toggle->key, tally);
	if (before != NULL)
		free_tally(before);
	return tally;
}

void
tallies_take(struct tallies *tallies, struct string key)
{
	struct tally *tally = tallies_find_key(tallies, key);

	if (tally == NULL)
		return;
	take(&tallies->by_address,
	     seek(&tallies->by_address, hash_address(tally->toggle), NULL));
	take(&tallies->by_key, seek(&tallies->by_key, hash_key(key), &key));
	free_tally(tally);
}

struct tally *
tallies_next(const struct tallies *tallies, size_t *at)
{
	while (*at < tallies->by_key.capacity) {
		struct tally *tally = tallies->by_key.slots[(*at)++].tally;

		if (tally != NULL)
			return tally;
	}
	return NULL;
}

uint64_t
tally_total(const struct tally *tally)
{
	const size_t count = tally->toggle->variant_count + TALLY_EXTRAS;
	uint64_t total = 0;

	for (size_t i = 0; i < count; i++)
		total += count_at(tally, i);
	return total;
}

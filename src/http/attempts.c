/*
 * A leaky bucket for each address, kept as the one time at which it would be
 * empty. The table is set associative: an address may stand in any of WAYS
 * slots, and takes the one that is, or will be, empty first.
 */
#include "attempts.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

enum {
	KEY_BYTES = 9, /* family and what counts of the address */
	WAYS = 4,
	SETS = 1024,
};

struct slot {
	uint8_t key[KEY_BYTES];
	bool over;
	int64_t empty_ms;
};

struct attempts {
	pthread_mutex_t mutex;
	struct slot slots[SETS][WAYS];
};

struct attempts *
attempts_new(void)
{
	struct attempts *attempts = mem_zalloc(1, sizeof(*attempts));

	pthread_mutex_init(&attempts->mutex, NULL);
	return attempts;
}

void
attempts_free(struct attempts *attempts)
{
	if (attempts == NULL)
		return;
	pthread_mutex_destroy(&attempts->mutex);
	free(attempts);
}

static struct slot *
find(struct attempts *attempts, const struct peer *peer, int64_t now_ms)
{
	uint8_t key[KEY_BYTES] = { peer->family };
	struct slot *set;
	struct slot *oldest;

	memcpy(key + 1, peer->address, KEY_BYTES - 1);
	set = attempts->slots[hash_bytes(key, sizeof(key)) % SETS];
	oldest = set;
	for (size_t i = 0; i < WAYS; i++) {
		if (memcmp(set[i].key, key, sizeof(key)) == 0)
			return &set[i];
		if (set[i].empty_ms < oldest->empty_ms)
			oldest = &set[i];
	}
	memcpy(oldest->key, key, sizeof(key));
	oldest->over = false;
	oldest->empty_ms = now_ms;
	return oldest;
}

static enum attempts_verdict
pour(struct slot *slot, int64_t now_ms, int64_t *wait_ms)
{
	const int64_t full = (ATTEMPTS_BURST - 1) * ATTEMPTS_INTERVAL_MS;
	bool was_over = slot->over;

	if (slot->empty_ms < now_ms)
		slot->empty_ms = now_ms;
	slot->over = slot->empty_ms - now_ms > full;
	if (slot->over) {
		*wait_ms = slot->empty_ms - now_ms - full;
		return was_over ? ATTEMPTS_OVER : ATTEMPTS_LIMIT;
	}
	slot->empty_ms += ATTEMPTS_INTERVAL_MS;
	return ATTEMPTS_FREE;
}

enum attempts_verdict
attempts_fail(struct attempts *attempts, const struct peer *peer,
	      int64_t now_ms, int64_t *wait_ms)
{
	enum attempts_verdict verdict;

	pthread_mutex_lock(&attempts->mutex);
	verdict = pour(find(attempts, peer, now_ms), now_ms, wait_ms);
	pthread_mutex_unlock(&attempts->mutex);
	return verdict;
}

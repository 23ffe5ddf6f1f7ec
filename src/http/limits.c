#include "limits.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"

struct limits {
	size_t connections_max;
	size_t per_address;
	atomic_size_t connections;
	atomic_size_t body_cost;
	pthread_mutex_t mutex;
	struct map addresses; /* key: KEY_BYTES, value: size_t * */
};

enum { KEY_BYTES = 9 }; /* family and what counts of the address */

struct limits *
limits_new(size_t connections_max, size_t per_address)
{
	struct limits *limits = mem_zalloc(1, sizeof(*limits));

	limits->connections_max = connections_max;
	limits->per_address = per_address;
	pthread_mutex_init(&limits->mutex, NULL);
	map_init(&limits->addresses);
	return limits;
}

void
limits_free(struct limits *limits)
{
	size_t at = 0;
	void *count;

	if (limits == NULL)
		return;
	for (count = map_next(&limits->addresses, &at); count != NULL;
	     count = map_next(&limits->addresses, &at))
		free(count);
	map_fini(&limits->addresses);
	pthread_mutex_destroy(&limits->mutex);
	free(limits);
}

static bool
counts_address(const struct limits *limits, const struct peer *peer)
{
	return limits->per_address != 0 && peer->family != PEER_UNIX;
}

static void
make_key(const struct peer *peer, uint8_t key[KEY_BYTES])
{
	key[0] = peer->family;
	memcpy(key + 1, peer->address, KEY_BYTES - 1);
}

static bool
enter_address(struct limits *limits, const struct peer *peer)
{
	uint8_t key[KEY_BYTES];
	size_t *count;
	bool ok;

	make_key(peer, key);
	pthread_mutex_lock(&limits->mutex);
	count = map_find(&limits->addresses, key, sizeof(key));
	if (count == NULL) {
		count = mem_zalloc(1, sizeof(*count));
		map_put(&limits->addresses, key, sizeof(key), count);
	}
	ok = *count < limits->per_address;
	if (ok)
		(*count)++;
	pthread_mutex_unlock(&limits->mutex);
	return ok;
}

enum limits_verdict
limits_enter(struct limits *limits, const struct peer *peer)
{
	size_t before = atomic_fetch_add(&limits->connections, 1);
	enum limits_verdict verdict = LIMITS_OK;

	if (before >= limits->connections_max)
		verdict = LIMITS_ALL;
	else if (counts_address(limits, peer) && !enter_address(limits, peer))
		verdict = LIMITS_ADDRESS;
	if (verdict != LIMITS_OK)
		atomic_fetch_sub(&limits->connections, 1);
	return verdict;
}

void
limits_leave(struct limits *limits, const struct peer *peer)
{
	uint8_t key[KEY_BYTES];
	size_t *count;

	atomic_fetch_sub(&limits->connections, 1);
	if (!counts_address(limits, peer))
		return;
	make_key(peer, key);
	pthread_mutex_lock(&limits->mutex);
	count = map_find(&limits->addresses, key, sizeof(key));
	if (count != NULL && --*count == 0) {
		map_take(&limits->addresses, key, sizeof(key));
		free(count);
	}
	pthread_mutex_unlock(&limits->mutex);
}

size_t
limits_connections(const struct limits *limits)
{
	return atomic_load(&limits->connections);
}

size_t
limits_connections_max(const struct limits *limits)
{
	return limits->connections_max;
}

static size_t
body_cost(size_t bytes)
{
	return bytes <= LIMITS_BODY_SMALL ? 0 : bytes * LIMITS_BODY_COST;
}

bool
limits_grow_body(struct limits *limits, size_t before, size_t after)
{
	size_t more = body_cost(after) - body_cost(before);
	size_t now;

	if (more == 0)
		return true;
	now = atomic_fetch_add(&limits->body_cost, more) + more;
	if (now <= LIMITS_BODY_BUDGET)
		return true;
	atomic_fetch_sub(&limits->body_cost, more);
	return false;
}

void
limits_release_body(struct limits *limits, size_t bytes)
{
	atomic_fetch_sub(&limits->body_cost, body_cost(bytes));
}

size_t
limits_body_bytes(const struct limits *limits)
{
	return atomic_load(&limits->body_cost) / LIMITS_BODY_COST;
}

size_t
limits_body_bytes_max(void)
{
	return LIMITS_BODY_BUDGET / LIMITS_BODY_COST;
}

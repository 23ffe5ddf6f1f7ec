#include "limits.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "proxies.h"

struct limits {
	size_t connections_max;
	size_t per_address;
	size_t reserve;
	const struct proxies *proxies;
	atomic_size_t connections;
	atomic_size_t reserved;
	atomic_size_t reserved_remote; /* of them, not by a unix socket */
	atomic_size_t body_cost;
	pthread_mutex_t mutex;
	struct map addresses; /* key: KEY_BYTES, value: size_t * */
};

enum { KEY_BYTES = 9 }; /* family and what counts of the address */

struct limits *
limits_new(size_t connections_max, size_t per_address, size_t reserve)
{
	struct limits *limits = mem_zalloc(1, sizeof(*limits));

	limits->connections_max = connections_max;
	limits->per_address = per_address;
	limits->reserve = reserve;
	pthread_mutex_init(&limits->mutex, NULL);
	map_init(&limits->addresses);
	return limits;
}

void
limits_exempt(struct limits *limits, const struct proxies *proxies)
{
	limits->proxies = proxies;
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
	return limits->per_address != 0 && peer->family != PEER_UNIX &&
	       !proxies_trust(limits->proxies, peer);
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
limits_enter(struct limits *limits, struct peer *peer)
{
	size_t before = atomic_fetch_add(&limits->connections, 1);
	enum limits_verdict verdict = LIMITS_OK;

	if (before >= limits->connections_max)
		verdict = LIMITS_ALL;
	else if (counts_address(limits, peer) && !enter_address(limits, peer))
		verdict = LIMITS_ADDRESS;
	if (verdict == LIMITS_OK)
		peer->counted = LIMITS_REGULAR;
	else
		atomic_fetch_sub(&limits->connections, 1);
	return verdict;
}

/* Add one unless there are `most`. */
static bool
add_below(atomic_size_t *count, size_t most)
{
	if (atomic_fetch_add(count, 1) < most)
		return true;
	atomic_fetch_sub(count, 1);
	return false;
}

bool
limits_enter_reserve(struct limits *limits, struct peer *peer)
{
	const bool remote = peer->family != PEER_UNIX;

	if (remote &&
	    !add_below(&limits->reserved_remote, (limits->reserve + 1) / 2))
		return false;
	if (!add_below(&limits->reserved, limits->reserve)) {
		if (remote)
			atomic_fetch_sub(&limits->reserved_remote, 1);
		return false;
	}
	peer->counted = LIMITS_RESERVE;
	return true;
}

static void
leave_reserve(struct limits *limits, const struct peer *peer)
{
	atomic_fetch_sub(&limits->reserved, 1);
	if (peer->family != PEER_UNIX)
		atomic_fetch_sub(&limits->reserved_remote, 1);
}

bool
limits_promote(struct limits *limits, struct peer *peer)
{
	if (peer->counted != LIMITS_RESERVE)
		return true;
	if (limits_enter(limits, peer) != LIMITS_OK)
		return false;
	leave_reserve(limits, peer);
	return true;
}

static void
leave_address(struct limits *limits, const struct peer *peer)
{
	uint8_t key[KEY_BYTES];
	size_t *count;

	make_key(peer, key);
	pthread_mutex_lock(&limits->mutex);
	count = map_find(&limits->addresses, key, sizeof(key));
	if (count != NULL && --*count == 0) {
		map_take(&limits->addresses, key, sizeof(key));
		free(count);
	}
	pthread_mutex_unlock(&limits->mutex);
}

void
limits_leave(struct limits *limits, struct peer *peer)
{
	switch ((enum limits_place)peer->counted) {
	case LIMITS_UNCOUNTED:
		return;
	case LIMITS_RESERVE:
		leave_reserve(limits, peer);
		break;
	case LIMITS_REGULAR:
		atomic_fetch_sub(&limits->connections, 1);
		if (counts_address(limits, peer))
			leave_address(limits, peer);
		break;
	}
	peer->counted = LIMITS_UNCOUNTED;
}

bool
limits_same_address(const struct peer *a, const struct peer *b)
{
	uint8_t key_a[KEY_BYTES];
	uint8_t key_b[KEY_BYTES];

	make_key(a, key_a);
	make_key(b, key_b);
	return memcmp(key_a, key_b, KEY_BYTES) == 0;
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

size_t
limits_reserve(const struct limits *limits)
{
	return limits->reserve;
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

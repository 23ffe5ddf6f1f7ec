#include "contexts.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"
#include "effort.h"

enum { GIVE_BACK = 8 << 20, GIVE_BACK_LAST = 1 << 20 };

struct contexts {
	pthread_mutex_t mutex;
	size_t bytes;
	size_t gone; /* bytes that have left since memory was given back */
	struct map accounts; /* key: uint64_t, value: size_t * */
};

struct contexts *
contexts_new(void)
{
	struct contexts *contexts = mem_zalloc(1, sizeof(*contexts));

	pthread_mutex_init(&contexts->mutex, NULL);
	map_init(&contexts->accounts);
	return contexts;
}

void
contexts_free(struct contexts *contexts)
{
	size_t at = 0;
	void *held;

	if (contexts == NULL)
		return;
	for (held = map_next(&contexts->accounts, &at); held != NULL;
	     held = map_next(&contexts->accounts, &at))
		free(held);
	map_fini(&contexts->accounts);
	pthread_mutex_destroy(&contexts->mutex);
	free(contexts);
}

static size_t *
find(struct contexts *contexts, uint64_t account)
{
	return map_find(&contexts->accounts, &account, sizeof(account));
}

static bool
has_room(struct contexts *contexts, uint64_t account, size_t bytes, size_t max)
{
	const size_t *held = find(contexts, account);

	return bytes + (held == NULL ? 0 : *held) <= max;
}

static void
add(struct contexts *contexts, uint64_t account, size_t bytes)
{
	size_t *held = find(contexts, account);

	if (held == NULL) {
		held = mem_zalloc(1, sizeof(*held));
		(void)map_put(&contexts->accounts, &account, sizeof(account),
			      held);
	}
	*held += bytes;
}

static void
take(struct contexts *contexts, uint64_t account, size_t bytes)
{
	size_t *held = find(contexts, account);

	*held -= bytes;
	if (*held > 0)
		return;
	(void)map_take(&contexts->accounts, &account, sizeof(account));
	free(held);
}

enum contexts_verdict
contexts_enter(struct contexts *contexts, const struct definition *token,
	       const struct peer *peer, size_t bytes)
{
	const uint64_t address = effort_account(NULL, peer);
	const uint64_t owner = effort_account(token, peer);
	enum contexts_verdict verdict = CONTEXTS_OK;

	if (bytes <= CONTEXTS_SMALL)
		return CONTEXTS_OK;
	pthread_mutex_lock(&contexts->mutex);
	if (bytes > CONTEXTS_ALL - contexts->bytes)
		verdict = CONTEXTS_FULL;
	else if (!has_room(contexts, address, bytes, CONTEXTS_ADDRESS) ||
		 (token != NULL &&
		  !has_room(contexts, owner, bytes, CONTEXTS_TOKEN)))
		verdict = CONTEXTS_CLIENT_FULL;
	if (verdict == CONTEXTS_OK) {
		contexts->bytes += bytes;
		add(contexts, address, bytes);
		if (token != NULL)
			add(contexts, owner, bytes);
	}
	pthread_mutex_unlock(&contexts->mutex);
	return verdict;
}

void
contexts_leave(struct contexts *contexts, const struct definition *token,
	       const struct peer *peer, size_t bytes)
{
	bool much;

	if (bytes <= CONTEXTS_SMALL)
		return;
	pthread_mutex_lock(&contexts->mutex);
	contexts->bytes -= bytes;
	contexts->gone += bytes;
	much = contexts->gone >=
		   (contexts->bytes == 0 ? GIVE_BACK_LAST : GIVE_BACK) &&
	       contexts->gone > contexts->bytes;
	if (much)
		contexts->gone = 0;
	take(contexts, effort_account(NULL, peer), bytes);
	if (token != NULL)
		take(contexts, effort_account(token, peer), bytes);
	pthread_mutex_unlock(&contexts->mutex);
	/* Else the allocator keeps it: what came last is seldom what goes
	 * last. */
	if (much)
		mem_trim();
}

size_t
contexts_bytes(struct contexts *contexts)
{
	size_t bytes;

	pthread_mutex_lock(&contexts->mutex);
	bytes = contexts->bytes;
	pthread_mutex_unlock(&contexts->mutex);
	return bytes;
}

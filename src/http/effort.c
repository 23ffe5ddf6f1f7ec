/* A leaky bucket for each account, kept as the one time at which it would be
 * empty: what runs over is debt. */
#include "effort.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

enum {
	PLACES = 1024,
	NETWORK_BYTES = 8, /* what counts of an IPv6 address */
	STEPS_A_MS = EFFORT_A_SECOND / 1000,
	BURST_MS = EFFORT_BURST / STEPS_A_MS,
};

struct effort {
	int64_t empty_ms[PLACES];
};

uint64_t
effort_account(const struct definition *token, const struct peer *peer)
{
	uint8_t key[1 + NETWORK_BYTES] = { 0 };
	uint64_t account;

	if (token != NULL) {
		account = hash_bytes(token->key.data, token->key.length);
	} else {
		key[0] = peer->family;
		if (peer->family != PEER_UNIX)
			memcpy(key + 1, peer->address, NETWORK_BYTES);
		account = hash_bytes(key, sizeof(key));
	}
	return account == 0 ? 1 : account;
}

struct effort *
effort_new(void)
{
	return mem_zalloc(1, sizeof(struct effort));
}

void
effort_free(struct effort *effort)
{
	free(effort);
}

int64_t
effort_plain(size_t toggles)
{
	return EFFORT_PLAIN + EFFORT_A_TOGGLE * (int64_t)toggles;
}

int64_t
effort_debt_ms(const struct effort *effort, uint64_t account, int64_t now_ms)
{
	int64_t debt_ms;

	if (account == 0)
		return 0;
	debt_ms = effort->empty_ms[account % PLACES] - now_ms - BURST_MS;
	return debt_ms > 0 ? debt_ms : 0;
}

void
effort_spend(struct effort *effort, uint64_t account, int64_t steps,
	     int64_t now_ms)
{
	int64_t *empty_ms = &effort->empty_ms[account % PLACES];

	if (account == 0 || steps <= 0)
		return;
	if (*empty_ms < now_ms)
		*empty_ms = now_ms;
	*empty_ms += steps / STEPS_A_MS;
}

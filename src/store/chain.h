/*
 * The hash chain over the log. The hash of a change covers the hash of the one
 * before it and all that the change says:
 *
 *   hash(n) = SHA-256( hash(n-1)
 *                      revision at environment actor comment
 *                      { 'S' kind key text | 'R' kind key }...
 *                      'E' count )
 *
 * Numbers are 8 bytes, big endian; strings have their length in front; items
 * come by kind, then by key, byte by byte. hash(0) is 32 zero bytes. So no two
 * logs have the same encoding, and whoever knows the hash of the head knows the
 * whole history.
 *
 * This encoding is for ever: changing it breaks every chain there is.
 */
#ifndef STORE_CHAIN_H
#define STORE_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "model/definition.h"

struct chain_change {
	int64_t revision;
	int64_t at_ms;
	struct string environment;
	struct string actor;
	struct string comment;
};

struct chain {
	struct sha256 sha;
	uint64_t count; /* items so far */
};

/* Begin a change behind `previous`. chain_end has to follow. */
void chain_begin(struct chain *chain, const uint8_t previous[SHA256_BYTES],
		 const struct chain_change *change);

void chain_set(struct chain *chain, enum kind kind, struct string key,
	       struct string text);
void chain_remove(struct chain *chain, enum kind kind, struct string key);

void chain_end(struct chain *chain, uint8_t hash[SHA256_BYTES]);

/* The order of items: <0, 0, >0. The same as SQLite's over (kind, key). */
int chain_compare(enum kind kind_a, struct string key_a, enum kind kind_b,
		  struct string key_b);

#endif

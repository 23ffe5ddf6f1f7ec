#include "chain.h"

static void
add_number(struct chain *chain, uint64_t n)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(n >> (56 - 8 * i));
	sha256_update(&chain->sha, bytes, sizeof(bytes));
}

static void
add_string(struct chain *chain, struct string s)
{
	add_number(chain, s.length);
	if (s.length > 0)
		sha256_update(&chain->sha, s.data, s.length);
}

static void
add_item(struct chain *chain, char tag, enum kind kind, struct string key)
{
	sha256_update(&chain->sha, &tag, 1);
	add_number(chain, kind);
	add_string(chain, key);
	chain->count++;
}

void
chain_begin(struct chain *chain, const uint8_t previous[SHA256_BYTES],
	    const struct chain_change *change)
{
	chain->count = 0;
	sha256_init(&chain->sha);
	sha256_update(&chain->sha, previous, SHA256_BYTES);
	add_number(chain, (uint64_t)change->revision);
	add_number(chain, (uint64_t)change->at_ms);
	add_string(chain, change->environment);
	add_string(chain, change->actor);
	add_string(chain, change->comment);
}

void
chain_set(struct chain *chain, enum kind kind, struct string key,
	  struct string text)
{
	add_item(chain, 'S', kind, key);
	add_string(chain, text);
}

void
chain_remove(struct chain *chain, enum kind kind, struct string key)
{
	add_item(chain, 'R', kind, key);
}

void
chain_end(struct chain *chain, uint8_t hash[SHA256_BYTES])
{
	sha256_update(&chain->sha, "E", 1);
	add_number(chain, chain->count);
	sha256_final(&chain->sha, hash);
}

int
chain_compare(enum kind kind_a, struct string key_a, enum kind kind_b,
	      struct string key_b)
{
	int order = (kind_a > kind_b) - (kind_a < kind_b);

	return order != 0 ? order : string_compare(key_a, key_b);
}

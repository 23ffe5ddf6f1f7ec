#include "eval/murmur3.h"

void
murmur3_init(struct murmur3 *murmur)
{
	murmur->hash = 0;
	murmur->tail = 0;
	murmur->length = 0;
}

static uint32_t
rotate(uint32_t x, unsigned bits)
{
	return x << bits | x >> (32 - bits);
}

static uint32_t
scramble(uint32_t block)
{
	return rotate(block * 0xcc9e2d51u, 15) * 0x1b873593u;
}

static uint32_t
mix(uint32_t hash, uint32_t block)
{
	return rotate(hash ^ scramble(block), 13) * 5 + 0xe6546b64u;
}

static uint32_t
load(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

static void
feed(struct murmur3 *murmur, unsigned char byte)
{
	unsigned filled = murmur->length % 4;

	murmur->tail |= (uint32_t)byte << 8 * filled;
	murmur->length++;
	if (filled == 3) {
		murmur->hash = mix(murmur->hash, murmur->tail);
		murmur->tail = 0;
	}
}

void
murmur3_update(struct murmur3 *murmur, const void *data, size_t length)
{
	const unsigned char *p = data;
	const unsigned char *end = p + length;

	while (p < end && murmur->length % 4 != 0)
		feed(murmur, *p++);
	for (; end - p >= 4; p += 4) {
		murmur->hash = mix(murmur->hash, load(p));
		murmur->length += 4;
	}
	while (p < end)
		feed(murmur, *p++);
}

uint32_t
murmur3_final(const struct murmur3 *murmur)
{
	uint32_t h = murmur->hash ^ scramble(murmur->tail) ^ murmur->length;

	h = (h ^ h >> 16) * 0x85ebca6bu;
	h = (h ^ h >> 13) * 0xc2b2ae35u;
	return h ^ h >> 16;
}

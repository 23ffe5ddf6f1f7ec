#include "base/hash.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"

enum { SHA256_BLOCK_BYTES = 64 };

/* SipHash: four words of state, a compression of two rounds for each word of
 * the message, a finalization of four. */
struct sip {
	uint64_t v0;
	uint64_t v1;
	uint64_t v2;
	uint64_t v3;
};

static uint64_t
rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void
sip_rounds(struct sip *s, int rounds)
{
	while (rounds-- > 0) {
		s->v0 += s->v1;
		s->v2 += s->v3;
		s->v1 = rotate(s->v1, 13) ^ s->v0;
		s->v3 = rotate(s->v3, 16) ^ s->v2;
		s->v0 = rotate(s->v0, 32);
		s->v2 += s->v1;
		s->v0 += s->v3;
		s->v1 = rotate(s->v1, 17) ^ s->v2;
		s->v3 = rotate(s->v3, 21) ^ s->v0;
		s->v2 = rotate(s->v2, 32);
	}
}

static void
sip_word(struct sip *s, uint64_t word)
{
	s->v3 ^= word;
	sip_rounds(s, 2);
	s->v0 ^= word;
}

static uint64_t
little_endian(const unsigned char *bytes, size_t count)
{
	uint64_t word = 0;

	for (size_t i = 0; i < count; i++)
		word |= (uint64_t)bytes[i] << 8 * i;
	return word;
}

uint64_t
hash_siphash(const uint8_t key[HASH_KEY_BYTES], const void *data, size_t length)
{
	uint64_t k0 = little_endian(key, 8);
	uint64_t k1 = little_endian(key + 8, 8);
	struct sip s = {
		k0 ^ 0x736f6d6570736575,
		k1 ^ 0x646f72616e646f6d,
		k0 ^ 0x6c7967656e657261,
		k1 ^ 0x7465646279746573,
	};
	const unsigned char *at = data;
	size_t left = length;

	for (; left >= 8; left -= 8, at += 8)
		sip_word(&s, little_endian(at, 8));
	sip_word(&s, little_endian(at, left) | (uint64_t)length << 56);
	s.v2 ^= 0xff;
	sip_rounds(&s, 4);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

/* Written once, before the first hash; a constant from then on. */
static pthread_once_t process_key_once = PTHREAD_ONCE_INIT;
static uint8_t process_key[HASH_KEY_BYTES];

static void
draw_process_key(void)
{
	random_bytes(process_key, sizeof(process_key));
}

uint64_t
hash_bytes(const void *data, size_t length)
{
	(void)pthread_once(&process_key_once, draw_process_key);
	return hash_siphash(process_key, data, length);
}

void
sha256_init(struct sha256 *sha)
{
	gnutls_hash_hd_t state = NULL;

	/* Fails only for want of memory or of the algorithm itself. */
	if (gnutls_hash_init(&state, GNUTLS_DIG_SHA256) < 0)
		abort();
	sha->state = state;
}

void
sha256_update(struct sha256 *sha, const void *data, size_t length)
{
	if (length > 0 && gnutls_hash(sha->state, data, length) < 0)
		abort();
}

void
sha256_final(struct sha256 *sha, uint8_t digest[SHA256_BYTES])
{
	static const uint8_t nothing[SHA256_BLOCK_BYTES - 1] = { 0 };

	/* The library frees its state as it is, with the end of what was hashed
	 * in it, and that may be a secret. */
	gnutls_hash_output(sha->state, digest);
	(void)gnutls_hash(sha->state, nothing, sizeof(nothing));
	gnutls_hash_deinit(sha->state, NULL);
	sha->state = NULL;
}

void
sha256_hex(const uint8_t digest[SHA256_BYTES], char hex[SHA256_HEX_BYTES])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < SHA256_BYTES; i++) {
		hex[2 * i] = digits[digest[i] >> 4];
		hex[2 * i + 1] = digits[digest[i] & 15];
	}
	hex[2 * SHA256_BYTES] = '\0';
}

bool
sha256_equal(const uint8_t a[SHA256_BYTES], const uint8_t b[SHA256_BYTES])
{
	return gnutls_memcmp(a, b, SHA256_BYTES) == 0;
}

static bool
hex_digit(char c, uint8_t *digit)
{
	bool decimal = c >= '0' && c <= '9';

	if (!decimal && (c < 'a' || c > 'f'))
		return false;
	*digit = (uint8_t)(decimal ? c - '0' : c - 'a' + 10);
	return true;
}

bool
sha256_parse(const char *hex, size_t length, uint8_t digest[SHA256_BYTES])
{
	if (length != SHA256_HEX_BYTES - 1)
		return false;
	for (size_t i = 0; i < SHA256_BYTES; i++) {
		uint8_t high;
		uint8_t low;

		if (!hex_digit(hex[2 * i], &high) ||
		    !hex_digit(hex[2 * i + 1], &low))
			return false;
		digest[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/*
 * Hashes: SipHash for tables whose keys come from outside, SHA-256 for the
 * chain over the changes and for secrets.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

/* SipHash-2-4 (Aumasson, Bernstein 2012) under the process's random key. */
uint64_t hash_bytes(const void *data, size_t length);

enum { HASH_KEY_BYTES = 16 };

/* The same under a key of the caller's. */
uint64_t hash_siphash(const uint8_t key[HASH_KEY_BYTES], const void *data,
		      size_t length);

enum { SHA256_BYTES = 32, SHA256_HEX_BYTES = 65 };

struct sha256 {
	void *state; /* the library's; freed by sha256_final */
};

void sha256_init(struct sha256 *sha);
void sha256_update(struct sha256 *sha, const void *data, size_t length);
void sha256_final(struct sha256 *sha, uint8_t digest[SHA256_BYTES]);

/* Takes the same time wherever the two differ: for secrets. */
bool sha256_equal(const uint8_t a[SHA256_BYTES],
		  const uint8_t b[SHA256_BYTES]) MUST_CHECK;

/* Lower-case hexadecimal with a terminating NUL. */
void sha256_hex(const uint8_t digest[SHA256_BYTES], char hex[SHA256_HEX_BYTES]);

/* Back from such a text; false when it is none. */
bool sha256_parse(const char *hex, size_t length,
		  uint8_t digest[SHA256_BYTES]) MUST_CHECK;

#endif

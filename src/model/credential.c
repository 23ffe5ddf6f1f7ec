#include "model/credential.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "base/random.h"

enum {
	ID_AT = sizeof(CREDENTIAL_PREFIX) - 1,
	SECRET_AT = ID_AT + CREDENTIAL_ID_LENGTH + 1,
	CRC_AT = SECRET_AT + CREDENTIAL_SECRET_LENGTH + 1,
	ID_ALPHABET = 36,
	SECRET_ALPHABET = 62,
	STACK_BYTES = 2048,
	WITHIN_LEAST = 20, /* of a secret, to be taken for one */
};

/* An id is made of the first ID_ALPHABET of them. */
static const char alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyz"
			       "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

static void
draw(char *out, size_t length, unsigned letters)
{
	/* Larger bytes would favour the first letters. */
	const unsigned even = 256 - 256 % letters;
	unsigned char pool[64];
	size_t n = 0;

	while (n < length) {
		random_bytes(pool, sizeof(pool));
		for (size_t i = 0; i < sizeof(pool) && n < length; i++) {
			if (pool[i] < even)
				out[n++] = alphabet[pool[i] % letters];
		}
	}
	explicit_bzero(pool, sizeof(pool));
}

static void
checksum(const char *text, char out[CREDENTIAL_CRC_LENGTH + 1])
{
	unsigned long crc = crc32(0, (const Bytef *)text, CRC_AT - 1);

	(void)snprintf(out, CREDENTIAL_CRC_LENGTH + 1, "%08lx",
		       crc & 0xffffffff);
}

/* The library hashes on the stack, and leaves there what it hashed. */
NO_INLINE static void
wipe_stack(void)
{
	char below[STACK_BYTES];

	explicit_bzero(below, sizeof(below));
}

static void
hash_secret(const char *text, uint8_t hash[SHA256_BYTES])
{
	struct sha256 sha;

	sha256_init(&sha);
	sha256_update(&sha, text + SECRET_AT, CREDENTIAL_SECRET_LENGTH);
	sha256_final(&sha, hash);
	wipe_stack();
}

void
credential_make(const char *id, char text[CREDENTIAL_LENGTH + 1],
		struct credential *out)
{
	memcpy(text, CREDENTIAL_PREFIX, ID_AT);
	if (id != NULL)
		memcpy(text + ID_AT, id, CREDENTIAL_ID_LENGTH);
	else
		draw(text + ID_AT, CREDENTIAL_ID_LENGTH, ID_ALPHABET);
	text[SECRET_AT - 1] = '_';
	draw(text + SECRET_AT, CREDENTIAL_SECRET_LENGTH, SECRET_ALPHABET);
	text[CRC_AT - 1] = '_';
	checksum(text, text + CRC_AT);
	memcpy(out->id, text + ID_AT, CREDENTIAL_ID_LENGTH);
	out->id[CREDENTIAL_ID_LENGTH] = '\0';
	hash_secret(text, out->hash);
}

static bool
is_made_of(const char *text, size_t length, size_t letters)
{
	for (size_t i = 0; i < length; i++) {
		if (memchr(alphabet, text[i], letters) == NULL)
			return false;
	}
	return true;
}

bool
credential_is_id(const char *id, size_t length)
{
	return length == CREDENTIAL_ID_LENGTH &&
	       is_made_of(id, length, ID_ALPHABET);
}

bool
credential_parse(const char *text, size_t length, struct credential *out)
{
	char crc[CREDENTIAL_CRC_LENGTH + 1];

	if (length != CREDENTIAL_LENGTH ||
	    memcmp(text, CREDENTIAL_PREFIX, ID_AT) != 0 ||
	    !credential_is_id(text + ID_AT, CREDENTIAL_ID_LENGTH) ||
	    text[SECRET_AT - 1] != '_' ||
	    !is_made_of(text + SECRET_AT, CREDENTIAL_SECRET_LENGTH,
			SECRET_ALPHABET) ||
	    text[CRC_AT - 1] != '_')
		return false;
	checksum(text, crc);
	if (memcmp(text + CRC_AT, crc, CREDENTIAL_CRC_LENGTH) != 0)
		return false;
	memcpy(out->id, text + ID_AT, CREDENTIAL_ID_LENGTH);
	out->id[CREDENTIAL_ID_LENGTH] = '\0';
	hash_secret(text, out->hash);
	return true;
}

/* How much of a credential's tail is there, be it right or not. */
static size_t
tail_length(const char *text, size_t length)
{
	size_t n = 0;

	while (n < length &&
	       (text[n] == '_' || is_made_of(text + n, 1, SECRET_ALPHABET)))
		n++;
	return n;
}

bool
credential_is_within(const char *text, size_t length)
{
	const char *const end = text + length;
	const char *at = text;

	for (;;) {
		at = memmem(at, (size_t)(end - at), CREDENTIAL_PREFIX, ID_AT);
		if (at == NULL)
			return false;
		at += ID_AT;
		if (end - at > CREDENTIAL_ID_LENGTH &&
		    credential_is_id(at, CREDENTIAL_ID_LENGTH) &&
		    at[CREDENTIAL_ID_LENGTH] == '_' &&
		    tail_length(at + CREDENTIAL_ID_LENGTH + 1,
				(size_t)(end - at) - CREDENTIAL_ID_LENGTH -
				    1) >= WITHIN_LEAST)
			return true;
	}
}

size_t
credential_mask(char *text, size_t length)
{
	static const char mask[] = "***";
	char *at = text;

	for (;;) {
		size_t left = length - (size_t)(at - text);
		size_t tail, kept;

		at = memmem(at, left, CREDENTIAL_PREFIX, ID_AT);
		if (at == NULL)
			return length;
		at += ID_AT;
		left = length - (size_t)(at - text);
		if (left <= CREDENTIAL_ID_LENGTH ||
		    !credential_is_id(at, CREDENTIAL_ID_LENGTH) ||
		    at[CREDENTIAL_ID_LENGTH] != '_')
			continue;
		at += CREDENTIAL_ID_LENGTH + 1;
		left -= CREDENTIAL_ID_LENGTH + 1;
		tail = tail_length(at, left);
		kept = tail < sizeof(mask) - 1 ? tail : sizeof(mask) - 1;
		memcpy(at, mask, kept);
		memmove(at + kept, at + tail, left - tail + 1);
		length -= tail - kept;
		at += kept;
	}
}

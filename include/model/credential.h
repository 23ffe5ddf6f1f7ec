/*
 * A credential: the text that a client shows to be let in,
 *
 *	tgd_<id>_<secret>_<crc32>
 *
 * `id` names the token and is public; `secret` is 43 letters and digits, 256
 * bits from the kernel. The prefix lets scanners find leaked ones, the checksum
 * refuses a slip of the pen without a lookup.
 *
 * Of the secret only its SHA-256 is kept. It cannot be guessed, so a hash that
 * is slow on purpose would only serve those who want to keep the server busy.
 *
 * Plain values; any thread.
 */
#ifndef MODEL_CREDENTIAL_H
#define MODEL_CREDENTIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/hash.h"

#define CREDENTIAL_PREFIX "tgd_"

enum {
	CREDENTIAL_ID_LENGTH = 10,
	CREDENTIAL_SECRET_LENGTH = 43,
	CREDENTIAL_CRC_LENGTH = 8,
	CREDENTIAL_LENGTH =
	    sizeof(CREDENTIAL_PREFIX) - 1 + CREDENTIAL_ID_LENGTH + 1 +
	    CREDENTIAL_SECRET_LENGTH + 1 + CREDENTIAL_CRC_LENGTH,
};

struct credential {
	char id[CREDENTIAL_ID_LENGTH + 1];
	uint8_t hash[SHA256_BYTES]; /* of the secret */
};

/* Draw a secret, and an id too where `id` is NULL. `text` is the only place
 * that holds the secret: its owner wipes it. */
void credential_make(const char *id, char text[CREDENTIAL_LENGTH + 1],
		     struct credential *out);

/* False when it is no credential, or one with a wrong checksum. */
bool credential_parse(const char *text, size_t length,
		      struct credential *out) MUST_CHECK;

/* Blot out what follows the id of whatever begins like a credential, also of
 * one that was cut or mistyped. The new length; `text` is NUL-terminated and
 * stays so. */
size_t credential_mask(char *text, size_t length);

/* Has somebody pasted one into this text, whole or nearly so? For texts that
 * are kept and shown to others. */
bool credential_is_within(const char *text, size_t length);

/* Is it such an id? */
bool credential_is_id(const char *id, size_t length);

#endif

#include "model/ticket.h"

#include <assert.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

#include "model/name.h"

static void
digits(const struct ticket_key *key, const struct token_secret *secret,
       struct string environment, char text[TICKET_DIGITS + 1])
{
	uint8_t message[SHA256_BYTES + NAME_ENVIRONMENT_MAX];
	uint8_t digest[SHA256_BYTES];
	char hex[SHA256_HEX_BYTES];

	assert(environment.length <= NAME_ENVIRONMENT_MAX);
	memcpy(message, secret->hash, SHA256_BYTES);
	memcpy(message + SHA256_BYTES, environment.data, environment.length);
	if (gnutls_hmac_fast(GNUTLS_MAC_SHA256, key->bytes, sizeof(key->bytes),
			     message, SHA256_BYTES + environment.length,
			     digest) != 0)
		abort();
	sha256_hex(digest, hex);
	memcpy(text, hex, TICKET_DIGITS);
	text[TICKET_DIGITS] = '\0';
}

void
ticket_make(const struct ticket_key *key, const struct token *token,
	    uint8_t secret, struct string environment,
	    char text[TICKET_LENGTH + 1])
{
	memcpy(text, token->id.data, CREDENTIAL_ID_LENGTH);
	text[CREDENTIAL_ID_LENGTH] = '.';
	digits(key, &token->secrets[secret], environment,
	       text + CREDENTIAL_ID_LENGTH + 1);
}

struct definition *
ticket_prove(const struct ticket_key *key, const struct catalog *catalog,
	     struct string text, struct string environment, int64_t now_ms,
	     uint8_t *secret)
{
	struct definition *found;
	bool good = false;

	if (text.length != TICKET_LENGTH ||
	    environment.length > NAME_ENVIRONMENT_MAX ||
	    text.data[CREDENTIAL_ID_LENGTH] != '.')
		return NULL;
	found = token_find(catalog, text.data, CREDENTIAL_ID_LENGTH);
	if (found == NULL || now_ms >= found->token->expires_ms)
		return NULL;
	for (size_t i = 0; i < found->token->secret_count; i++) {
		char expected[TICKET_DIGITS + 1];

		digits(key, &found->token->secrets[i], environment, expected);
		if (gnutls_memcmp(expected,
				  text.data + CREDENTIAL_ID_LENGTH + 1,
				  TICKET_DIGITS) == 0) {
			good = true;
			*secret = (uint8_t)i;
		}
	}
	return good ? found : NULL;
}

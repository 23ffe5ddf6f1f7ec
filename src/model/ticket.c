#include "model/ticket.h"

#include <gnutls/gnutls.h>
#include <string.h>

static void
digits(const struct token_secret *secret, struct string environment,
       char text[TICKET_DIGITS + 1])
{
	/* Nothing else that is hashed begins like this. */
	static const char domain[] = "toggled event stream";
	uint8_t digest[SHA256_BYTES];
	char hex[SHA256_HEX_BYTES];
	struct sha256 sha;

	sha256_init(&sha);
	sha256_update(&sha, domain, sizeof(domain));
	sha256_update(&sha, secret->hash, sizeof(secret->hash));
	sha256_update(&sha, environment.data, environment.length);
	sha256_final(&sha, digest);
	sha256_hex(digest, hex);
	memcpy(text, hex, TICKET_DIGITS);
	text[TICKET_DIGITS] = '\0';
}

void
ticket_make(const struct token *token, struct string environment,
	    char text[TICKET_LENGTH + 1])
{
	memcpy(text, token->id.data, CREDENTIAL_ID_LENGTH);
	text[CREDENTIAL_ID_LENGTH] = '.';
	digits(&token->secrets[0], environment,
	       text + CREDENTIAL_ID_LENGTH + 1);
}

struct definition *
ticket_prove(const struct catalog *catalog, const char *text, size_t length,
	     struct string environment, int64_t now_ms, uint8_t *secret)
{
	struct definition *found;
	bool good = false;

	if (length != TICKET_LENGTH || text[CREDENTIAL_ID_LENGTH] != '.')
		return NULL;
	found = token_find(catalog, text, CREDENTIAL_ID_LENGTH);
	if (found == NULL || now_ms >= found->token->expires_ms)
		return NULL;
	for (size_t i = 0; i < found->token->secret_count; i++) {
		char expected[TICKET_DIGITS + 1];

		digits(&found->token->secrets[i], environment, expected);
		if (gnutls_memcmp(expected, text + CREDENTIAL_ID_LENGTH + 1,
				  TICKET_DIGITS) == 0) {
			good = true;
			*secret = (uint8_t)i;
		}
	}
	return good ? found : NULL;
}

/*
 * A ticket: what stands in the URL of an event stream in the place of a token,
 * because browsers' EventSource sends no headers.
 *
 *	<id>.<32 hexadecimal digits>
 *
 * The digits are a keyed hash (HMAC-SHA-256) over the hash of the token's
 *secret and the environment. So a ticket is good for that environment's stream
 *and nothing else, it cannot be turned into the token, and it lives exactly as
 * long as the secret that drew it does: a client that keeps its answers (304)
 * keeps a good URL, and who leaked an old secret loses the stream with it.
 *
 * The key lies in no backup (daemon/ticket_file.h), because the hashes of the
 * secrets do. Another key is another ticket, so it stands in another bulk
 * answer with another tag: a 304 never keeps somebody on an old one.
 *
 * Plain values; any thread.
 */
#ifndef MODEL_TICKET_H
#define MODEL_TICKET_H

#include "base/attr.h"
#include "model/catalog.h"
#include "model/token.h"

enum {
	TICKET_DIGITS = 32,
	TICKET_LENGTH = CREDENTIAL_ID_LENGTH + 1 + TICKET_DIGITS,
};

enum { TICKET_KEY_BYTES = 32 };

struct ticket_key {
	uint8_t bytes[TICKET_KEY_BYTES];
};

/* For the secret at that place of `token`: the one that was shown. */
void ticket_make(const struct ticket_key *key, const struct token *token,
		 uint8_t secret, struct string environment,
		 char text[TICKET_LENGTH + 1]);

/* The definition of the token whose ticket it is, as of `now_ms`; borrowed from
 * the catalog. NULL when it is none, or not for that environment, or the token
 * is revoked or expired. `*secret` as of token_prove. */
struct definition *ticket_prove(const struct ticket_key *key,
				const struct catalog *catalog,
				struct string text, struct string environment,
				int64_t now_ms, uint8_t *secret) MUST_CHECK;

#endif

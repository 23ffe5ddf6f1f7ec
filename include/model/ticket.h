/*
 * A ticket: what stands in the URL of an event stream in the place of a token,
 * because browsers' EventSource sends no headers.
 *
 *	<id>.<32 hexadecimal digits>
 *
 * The digits are a hash over the hash of the token's secret and the
 * environment. So a ticket is good for that environment's stream and nothing
 * else, it cannot be turned into the token, and it lives exactly as long as the
 * secret does: a client that keeps its answers (304) keeps a good URL.
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

/* For the newest secret of `token`. */
void ticket_make(const struct token *token, struct string environment,
		 char text[TICKET_LENGTH + 1]);

/* The definition of the token whose ticket it is, as of `now_ms`; borrowed from
 * the catalog. NULL when it is none, or not for that environment, or the token
 * is revoked or expired. `*secret` as of token_prove. */
struct definition *ticket_prove(const struct catalog *catalog, const char *text,
				size_t length, struct string environment,
				int64_t now_ms, uint8_t *secret) MUST_CHECK;

#endif

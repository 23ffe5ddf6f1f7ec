/*
 * Tokens in and out: from what an administrator asks for to the edits that the
 * registry is to make, and the documents that are answered. Used by the HTTP
 * side and by the command line alike.
 *
 * Ownership: an order's edits point into the order and the arena, so both stay
 * where they are until the registry is done. `secret` is the only place that
 * holds the secret: token_order_wipe forgets it.
 */
#ifndef WIRE_TOKEN_H
#define WIRE_TOKEN_H

#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/bytes.h"
#include "base/error.h"
#include "model/catalog.h"
#include "model/credential.h"
#include "model/definition.h"
#include "model/value.h"
#include "wire/edit.h"

struct token_order {
	struct edit edits[2];
	size_t count;
	char id[CREDENTIAL_ID_LENGTH + 1];
	char secret[CREDENTIAL_LENGTH + 1]; /* the credential; "": none */
};

/* A new token out of {"name","role","environments","expiresAt"?}; an admin's
 * environments may be left out. The edits make ".access" too where it is not
 * there. What else is wrong with the body the registry says, and what it must
 * keep together with other tokens: its name, and that an admin is left. */
enum status token_order_create(const struct value *body, int64_t now_ms,
			       struct arena *arena, struct token_order *out,
			       struct error *err) MUST_CHECK;

/* A further secret for a token; the older of two goes. */
void token_order_rotate(const struct definition *token, int64_t now_ms,
			struct arena *arena, struct token_order *out);

void token_order_revoke(const struct definition *token,
			struct token_order *out);

void token_order_wipe(struct token_order *order);

/* {"tokens":{id: token}} */
void document_tokens(const struct catalog *catalog, struct bytes *out);

/* {"token":"tgd_…", members of the token}: for the one time it is shown. */
void document_new_token(const char *secret, const struct definition *token,
			struct bytes *out);

#endif

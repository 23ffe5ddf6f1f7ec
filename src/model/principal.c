#include "model/principal.h"

#include <string.h>

struct principal
principal_of(const struct token *token, uint8_t secret)
{
	struct principal principal = { .kind = PRINCIPAL_NOBODY };

	if (token == NULL)
		return principal;
	principal.kind = PRINCIPAL_TOKEN;
	memcpy(principal.id, token->id.data, CREDENTIAL_ID_LENGTH);
	memcpy(principal.hash, token->secrets[secret].hash, SHA256_BYTES);
	return principal;
}

static const struct token *
find_token(const struct principal *principal, const struct catalog *catalog,
	   int64_t now_ms)
{
	const struct definition *now =
	    token_find(catalog, principal->id, CREDENTIAL_ID_LENGTH);

	if (now == NULL || now_ms >= now->token->expires_ms ||
	    !token_has_secret(now->token, principal->hash))
		return NULL;
	return now->token;
}

enum status
principal_prove(const struct principal *principal,
		const struct catalog *catalog, int64_t now_ms,
		const struct token **token, struct error *err)
{
	const struct token *found = NULL;

	switch (principal->kind) {
	case PRINCIPAL_PROGRAM:
		break;
	case PRINCIPAL_NOBODY:
		if (token_is_needed(catalog))
			return error_set(err, STATUS_UNAUTHORIZED,
					 "an access token is needed by now: "
					 "the first one was made meanwhile");
		break;
	case PRINCIPAL_TOKEN:
		found = find_token(principal, catalog, now_ms);
		if (found == NULL)
			return error_set(err, STATUS_UNAUTHORIZED,
					 "the access token is not good any "
					 "more: it was revoked, rotated away "
					 "or has expired meanwhile");
		break;
	}
	*token = found;
	return STATUS_OK;
}

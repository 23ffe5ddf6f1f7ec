/*
 * A principal: on whose behalf something is asked or ordered. It is a plain
 * value that goes with a job to the registry, where it is held against the
 * tokens as they are when the work is about to be done, on top of what is
 * staged before it: what was true when the request's head came may not be true
 * any more.
 *
 * All zero it is nobody, so that whoever forgets to say who asks gets no more
 * rights by it than a stranger.
 *
 * Plain values; any thread.
 */
#ifndef MODEL_PRINCIPAL_H
#define MODEL_PRINCIPAL_H

#include "base/attr.h"
#include "base/error.h"
#include "model/catalog.h"
#include "model/token.h"

enum principal_kind {
	PRINCIPAL_NOBODY, /* let in while no token was ever made */
	PRINCIPAL_TOKEN,
	PRINCIPAL_PROGRAM, /* ourselves, or a command on the database itself */
};

struct principal {
	enum principal_kind kind;
	char id[CREDENTIAL_ID_LENGTH];
	uint8_t hash[SHA256_BYTES]; /* of the secret that was shown */
};

/* Who showed the secret at that place of `token`; NULL: nobody. */
struct principal principal_of(const struct token *token, uint8_t secret);

/* Is it still let in, as of `now_ms`? `*token` is what says what it may do,
 * borrowed from the catalog; NULL: everything. STATUS_UNAUTHORIZED: its token
 * was revoked, has expired or has that secret no more; or it is nobody, and
 * there is a token by now. */
enum status principal_prove(const struct principal *principal,
			    const struct catalog *catalog, int64_t now_ms,
			    const struct token **token,
			    struct error *err) MUST_CHECK;

#endif

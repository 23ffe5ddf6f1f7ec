/*
 * Catalogs with access tokens, for the suites that let people in or not. Made
 * as an administrator would make them; everything asserts.
 */
#ifndef UNIT_FIXTURE_TOKEN_H
#define UNIT_FIXTURE_TOKEN_H

#include "model/catalog.h"
#include "wire/token.h"

enum { FIXTURE_NOW_MS = 1800000000 };

/* A catalog with the environment "default" and no token. */
struct catalog *fixture_open_catalog(void);

/* The catalog with one token more, at FIXTURE_NOW_MS; `body` is that of POST
 * /v1/tokens. Takes over `catalog`; the credential in `text`. */
struct catalog *fixture_token(struct catalog *catalog, const char *body,
			      char text[CREDENTIAL_LENGTH + 1]);

/* What an order makes of it; takes over `catalog`. */
struct catalog *fixture_obey(struct catalog *catalog,
			     const struct token_order *order);

/* Borrowed from the catalog. */
const struct definition *fixture_find_token(const struct catalog *catalog,
					    const char *text);

#endif

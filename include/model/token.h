/*
 * A token as authentication needs it: who asks, and what they may do where.
 * It hangs on its definition (KIND_TOKEN), which owns it; immutable, so that
 * any loop reads it out of its catalog without a lock.
 *
 * Tokens are the definitions of the reserved environment ".access". While that
 * does not exist, nobody has ever made a token and everybody is let in; from
 * the first one on it stays, so that revoking the last token opens nothing.
 */
#ifndef MODEL_TOKEN_H
#define MODEL_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "model/catalog.h"
#include "model/credential.h"
#include "model/value.h"

/* Each may what those before it may. A role that a later release has stored is
 * none here: its token is kept and shown, but may nothing. */
enum role {
	ROLE_NONE,
	ROLE_EVALUATE, /* gets values in its environments: what anybody who
			  has a browser's or a phone's token may see */
	ROLE_CLIENT,   /* also polls and reads definitions as services do */
	ROLE_VIEWER,   /* reads in them */
	ROLE_EDITOR,   /* writes in them */
	ROLE_ADMIN,    /* everything: environments, tokens, the backup */
	ROLE_COUNT,
};

/* "evaluate", "client", "viewer", "editor", "admin"; "none", which is no
 * name of a role. */
const char *role_name(enum role role);
bool role_parse(const char *name, enum role *role) MUST_CHECK;

/* Two may be live, so that a token is rotated without an outage. */
enum { TOKEN_SECRETS_MAX = 2 };

struct token_secret {
	uint8_t hash[SHA256_BYTES];
	int64_t created_ms;
};

struct token {
	struct string id;
	struct string name;
	enum role role;
	struct string role_text; /* as it is stored; length 0: role's name */
	bool everywhere;         /* "*": all environments */
	struct string *environments; /* else these */
	size_t environment_count;
	int64_t expires_ms; /* wall clock; INT64_MAX: never */
	struct token_secret secrets[TOKEN_SECRETS_MAX]; /* newest first */
	size_t secret_count;
};

/* A deep copy. */
struct token *token_new(const struct token *parts) MUST_CHECK;

/* NULL is allowed. */
void token_free(struct token *token);

/* May it speak of that environment? */
bool token_sees(const struct token *token, const char *environment,
		size_t length);

/* May it do what that role may, speak of that environment? NULL is everybody's,
 * who may everything. STATUS_FORBIDDEN says what is missing. */
enum status token_check_role(const struct token *token, enum role needed,
			     struct error *err) MUST_CHECK;
enum status token_check_environment(const struct token *token,
				    struct string environment,
				    struct error *err) MUST_CHECK;

/* The least role that may change a definition of that kind. The right belongs
 * to the kind of what is changed, by whatever way it comes about: a route of
 * its own, a change set, a rollback, an import. */
enum role token_role_to_change(enum kind kind);

/* Has anybody ever made a token? Else everybody is let in. */
bool token_is_needed(const struct catalog *catalog);

/* Is there one now, good or not? */
bool token_is_any(const struct catalog *catalog);

/* The live token of that id; borrowed from the catalog, NULL when there is
 * none. Its definition is what a user keeps a reference to. */
struct definition *token_find(const struct catalog *catalog, const char *id,
			      size_t length);

/* The definition of the token that the credential proves, as of `now_ms`; NULL
 * when it is unknown, revoked or expired, or the secret is wrong. `*secret` is
 * set to the place of the secret among those of the token. */
struct definition *token_prove(const struct catalog *catalog,
			       const struct credential *credential,
			       int64_t now_ms, uint8_t *secret);

/* Does it still have that secret, which may have been rotated away? */
bool token_has_secret(const struct token *token,
		      const uint8_t hash[SHA256_BYTES]);

#endif

#include "model/token.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/name.h"

static const char *const role_names[ROLE_COUNT] = {
	[ROLE_NONE] = "none",     [ROLE_EVALUATE] = "evaluate",
	[ROLE_CLIENT] = "client", [ROLE_VIEWER] = "viewer",
	[ROLE_EDITOR] = "editor", [ROLE_ADMIN] = "admin",
};

const char *
role_name(enum role role)
{
	return role_names[role];
}

bool
role_parse(const char *name, enum role *role)
{
	for (unsigned i = ROLE_NONE + 1; i < ROLE_COUNT; i++) {
		if (strcmp(name, role_names[i]) == 0) {
			*role = (enum role)i;
			return true;
		}
	}
	return false;
}

static struct string
copy(struct string s)
{
	return (struct string){ mem_copy(s.data, s.length), s.length };
}

static void
release(struct string s)
{
	free((char *)(uintptr_t)s.data);
}

struct token *
token_new(const struct token *parts)
{
	struct token *token = mem_zalloc(1, sizeof(*token));
	const char *role = role_name(parts->role);

	*token = *parts;
	token->id = copy(parts->id);
	token->name = copy(parts->name);
	if (parts->role_text.length == 0)
		token->role_text = (struct string){ role, strlen(role) };
	token->role_text = copy(token->role_text);
	token->environments =
	    mem_zalloc(parts->environment_count, sizeof(*token->environments));
	for (size_t i = 0; i < parts->environment_count; i++)
		token->environments[i] = copy(parts->environments[i]);
	return token;
}

void
token_free(struct token *token)
{
	if (token == NULL)
		return;
	for (size_t i = 0; i < token->environment_count; i++)
		release(token->environments[i]);
	free(token->environments);
	release(token->id);
	release(token->name);
	release(token->role_text);
	free(token);
}

bool
token_sees(const struct token *token, const char *environment, size_t length)
{
	const struct string name = { environment, length };

	if (token->everywhere)
		return true;
	for (size_t i = 0; i < token->environment_count; i++) {
		if (string_equal(token->environments[i], name))
			return true;
	}
	return false;
}

enum status
token_check_role(const struct token *token, enum role needed, struct error *err)
{
	if (token == NULL || token->role >= needed)
		return STATUS_OK;
	return error_set(err, STATUS_FORBIDDEN,
			 "this needs the role %s; that of the token '%s' is %s",
			 role_name(needed), token->name.data,
			 token->role_text.data);
}

enum status
token_check_environment(const struct token *token, struct string environment,
			struct error *err)
{
	if (token == NULL ||
	    token_sees(token, environment.data, environment.length))
		return STATUS_OK;
	return error_set(err, STATUS_FORBIDDEN,
			 "the token '%s' is not for the environment '%.*s'",
			 token->name.data, (int)environment.length,
			 environment.data);
}

/* To add a kind: a row. One that has none is an administrator's. */
static const struct {
	bool is_set;
	enum role role;
} to_change[KIND_COUNT] = {
	[KIND_TOGGLE] = { true, ROLE_EDITOR },
	[KIND_SEGMENT] = { true, ROLE_EDITOR },
	[KIND_ENVIRONMENT] = { true, ROLE_ADMIN },
	[KIND_TOKEN] = { true, ROLE_ADMIN },
};

enum role
token_role_to_change(enum kind kind)
{
	return kind < KIND_COUNT && to_change[kind].is_set
		   ? to_change[kind].role
		   : ROLE_ADMIN;
}

static const struct snapshot *
all_tokens(const struct catalog *catalog)
{
	return catalog_find(catalog, NAME_ACCESS_ENVIRONMENT,
			    sizeof(NAME_ACCESS_ENVIRONMENT) - 1);
}

bool
token_is_needed(const struct catalog *catalog)
{
	return all_tokens(catalog) != NULL;
}

bool
token_is_any(const struct catalog *catalog)
{
	const struct snapshot *snapshot = all_tokens(catalog);

	return snapshot != NULL && tree_count(snapshot->tokens) > 0;
}

struct definition *
token_find(const struct catalog *catalog, const char *id, size_t length)
{
	const struct snapshot *snapshot = all_tokens(catalog);

	if (snapshot == NULL)
		return NULL;
	return snapshot_find(snapshot, KIND_TOKEN, id, length);
}

struct definition *
token_prove(const struct catalog *catalog, const struct credential *credential,
	    int64_t now_ms, uint8_t *secret)
{
	static const struct token nobody = { .secret_count = 0 };
	struct definition *definition =
	    token_find(catalog, credential->id, CREDENTIAL_ID_LENGTH);
	const struct token *token =
	    definition == NULL ? &nobody : definition->token;
	bool proven = false;

	/* All that there may be, so that the time tells nothing. */
	for (size_t i = 0; i < TOKEN_SECRETS_MAX; i++) {
		bool equal =
		    sha256_equal(token->secrets[i].hash, credential->hash);

		if (equal && i < token->secret_count) {
			proven = true;
			*secret = (uint8_t)i;
		}
	}
	return proven && now_ms < token->expires_ms ? definition : NULL;
}

bool
token_has_secret(const struct token *token, const uint8_t hash[SHA256_BYTES])
{
	for (size_t i = 0; i < token->secret_count; i++) {
		if (sha256_equal(token->secrets[i].hash, hash))
			return true;
	}
	return false;
}

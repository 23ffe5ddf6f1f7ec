/*
 * What a client shows to be let in: a credential, a ticket. Two bytes choose
 * one of those that are good and what becomes of it, the rest is put in its
 * place or over it. Only what is good to the byte lets anybody in.
 */
#include <stdint.h>
#include <string.h>

#include "model/ticket.h"
#include "scratch.h"
#include "wire/definition.h"
#include "wire/json.h"
#include "wire/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW_MS = 1800000000 };

static const struct string environment = { "prod", 4 };

static struct {
	struct catalog *catalog;
	char credential[CREDENTIAL_LENGTH + 1];
	char ticket[TICKET_LENGTH + 1];
} good;

/* A catalog with one token, made as an administrator would make it. */
static const struct ticket_key ticket_key = { { 1, 2, 3 } };

static void
make_token(struct arena *arena)
{
	static const char body[] = "{\"name\":\"ann\",\"role\":\"admin\"}";
	const struct stamp stamp = { 1, NOW_MS, { "ann", 3 } };
	const struct definition_scope scope = { .pointer = "" };
	struct change *change = change_new((struct string){ ".access", 7 },
					   stamp.actor, stamp.actor);
	struct catalog *empty = catalog_new("0123456789abcdef", 0);
	struct snapshot *before = snapshot_new(change->environment);
	struct definition *made = NULL;
	struct token_order order;
	struct snapshot *after;
	struct value json;

	if (json_decode(body, sizeof(body) - 1, NULL, arena, &json, NULL) !=
		STATUS_OK ||
	    token_order_create(&json, NOW_MS, arena, &order, NULL) != STATUS_OK)
		finding("no order for %s", body);
	change->revision = 1;
	for (size_t i = 0; i < order.count; i++) {
		const struct edit *edit = &order.edits[i];
		struct string key = edit->kind == KIND_ENVIRONMENT
					? change->environment
					: edit->key;

		if (definition_decode(edit->kind, key, &edit->value, &stamp,
				      &scope, arena, &made, NULL) != STATUS_OK)
			finding("no definition for %s", body);
		change_add(change, edit->kind, key, NULL, made);
		definition_unref(made);
	}
	after = snapshot_apply(before, change);
	good.catalog = catalog_with(empty, after, 1);
	memcpy(good.credential, order.secret, sizeof(good.credential));
	snapshot_unref(after);
	snapshot_unref(before);
	catalog_unref(empty);
	change_free(change);
}

static void
make_good(void)
{
	struct credential credential;
	struct definition *token;
	struct arena arena;
	uint8_t secret;

	if (good.catalog != NULL)
		return;
	arena_init(&arena);
	make_token(&arena);
	arena_fini(&arena);
	if (!credential_parse(good.credential, CREDENTIAL_LENGTH, &credential))
		finding("a credential that is none");
	token = token_prove(good.catalog, &credential, NOW_MS, &secret);
	if (token == NULL)
		finding("a credential that proves nothing");
	ticket_make(&ticket_key, token->token, 0, environment, good.ticket);
}

static void
check_credential(const char *text, size_t length)
{
	struct credential credential;
	const bool same = length == CREDENTIAL_LENGTH &&
			  memcmp(text, good.credential, length) == 0;
	uint8_t secret;
	bool proves;

	if (!credential_parse(text, length, &credential)) {
		if (same)
			finding("refused");
		return;
	}
	if (!credential_is_within(text, length))
		finding("not seen in what is kept: '%.*s'", (int)length, text);
	if (!credential_is_id(credential.id, strlen(credential.id)))
		finding("'%s' is no id", credential.id);
	proves =
	    token_prove(good.catalog, &credential, NOW_MS, &secret) != NULL;
	if (proves != same)
		finding("let in by '%.*s'", (int)length, text);
}

static void
check_ticket(const char *text, size_t length)
{
	static const struct string other = { "default", 7 };
	const struct string shown = { text, length };
	const bool same =
	    length == TICKET_LENGTH && memcmp(text, good.ticket, length) == 0;
	uint8_t secret;
	const bool proves = ticket_prove(&ticket_key, good.catalog, shown,
					 environment, NOW_MS, &secret) != NULL;

	if (proves != same)
		finding("let in by '%.*s'", (int)length, text);
	if (ticket_prove(&ticket_key, good.catalog, shown, other, NOW_MS,
			 &secret) != NULL)
		finding("let in elsewhere by '%.*s'", (int)length, text);
}

/* `data` over the good text from `at` on, or longer than it. */
static void
lay_over(const char *text, size_t at, const uint8_t *data, size_t size,
	 struct bytes *out)
{
	size_t length = strlen(text);

	at %= length + 1;
	bytes_append(out, text, at);
	bytes_append(out, data, size);
	if (at + size < length)
		bytes_append(out, text + at + size, length - at - size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes text;

	if (size < 2)
		return 0;
	make_good();
	bytes_init(&text);
	bytes_reserve(&text, 1);
	if (data[0] % 3 == 0)
		bytes_append(&text, data + 2, size - 2);
	else
		lay_over(data[0] % 3 == 1 ? good.credential : good.ticket,
			 data[1], data + 2, size - 2, &text);
	check_credential(text.data, text.length);
	check_ticket(text.data, text.length);
	bytes_fini(&text);
	return 0;
}

#include "wire/token.h"

#include <string.h>

#include "base/clock.h"
#include "model/name.h"
#include "model/token.h"
#include "put.h"
#include "wire/json.h"

/* --- values -------------------------------------------------------------- */

static struct string
string_of(const char *text)
{
	return (struct string){ text, strlen(text) };
}

static struct value
value_of(struct arena *arena, const char *text)
{
	size_t length = strlen(text);

	return (struct value){ .type = VALUE_STRING,
			       .string = { arena_copy(arena, text, length),
					   length } };
}

static struct value
value_of_time(struct arena *arena, int64_t ms)
{
	char text[CLOCK_TEXT_BYTES];

	clock_format(ms, text);
	return value_of(arena, text);
}

static struct value
value_of_secret(struct arena *arena, const struct token_secret *secret)
{
	struct member *members = arena_zalloc(arena, 2, sizeof(*members));
	char hex[SHA256_HEX_BYTES];

	sha256_hex(secret->hash, hex);
	members[0].name = string_of("hash");
	members[0].value = value_of(arena, hex);
	members[1].name = string_of("createdAt");
	members[1].value = value_of_time(arena, secret->created_ms);
	return (struct value){ .type = VALUE_OBJECT, .object = { members, 2 } };
}

static struct member
secrets_member(struct arena *arena, const struct token_secret *secrets,
	       size_t count)
{
	struct value *items = arena_zalloc(arena, count, sizeof(*items));

	for (size_t i = 0; i < count; i++)
		items[i] = value_of_secret(arena, &secrets[i]);
	return (struct member){ .name = string_of("secrets"),
				.value = { .type = VALUE_ARRAY,
					   .array = { items, count } } };
}

/* --- orders -------------------------------------------------------------- */

static void
draw(struct token_order *order, const char *id, int64_t now_ms,
     struct token_secret *secret)
{
	struct credential credential;

	credential_make(id, order->secret, &credential);
	memcpy(order->id, credential.id, sizeof(order->id));
	memcpy(secret->hash, credential.hash, sizeof(secret->hash));
	secret->created_ms = now_ms;
}

static struct edit *
add_edit(struct token_order *order, enum edit_verb verb, enum kind kind)
{
	struct edit *edit = &order->edits[order->count++];

	*edit = (struct edit){ .verb = verb, .kind = kind, .pointer = "" };
	edit->value.type = VALUE_OBJECT;
	if (kind == KIND_TOKEN)
		edit->key = string_of(order->id);
	return edit;
}

/* Walk the tokens: token_walk_next until NULL. */
static void
walk_tokens(struct snapshot_walk *walk, const struct snapshot *snapshot)
{
	snapshot_walk_from(walk, snapshot, KIND_TOKEN,
			   (struct string){ "", 0 });
}

static const struct snapshot *
all_tokens(const struct catalog *catalog)
{
	return catalog_find(catalog, NAME_ACCESS_ENVIRONMENT,
			    sizeof(NAME_ACCESS_ENVIRONMENT) - 1);
}

static enum status
check_order(const struct value *body, int64_t now_ms, struct arena *arena,
	    struct error *err)
{
	static const char *const names[] = { "name", "role", "environments",
					     "expiresAt", NULL };
	const struct value *expiry = value_get(body, "expiresAt");
	int64_t expires_ms;

	if (body->type != VALUE_OBJECT)
		return error_at(err, "", "must be an object, not %s",
				value_type_name(body));
	if (!json_known_members(body, names, "", arena, err))
		return STATUS_INVALID;
	if (expiry != NULL && expiry->type == VALUE_STRING &&
	    clock_parse(expiry->string.data, &expires_ms) &&
	    expires_ms <= now_ms)
		return error_at(err, "/expiresAt", "is past already");
	return STATUS_OK;
}

static const struct member everywhere = {
	.name = { "environments", 12 },
	.value = { .type = VALUE_ARRAY,
		   .array = { &(struct value){ .type = VALUE_STRING,
					       .string = { "*", 1 } },
			      1 } },
};

/* What was asked for, and what only we say. */
static void
fill(struct edit *edit, const struct value *body,
     const struct token_secret *secret, struct arena *arena)
{
	const struct value *role = value_get(body, "role");
	size_t n = body->object.count;
	struct member *members = arena_zalloc(arena, n + 3, sizeof(*members));

	for (size_t i = 0; i < n; i++)
		members[i] = body->object.members[i];
	if (role != NULL && value_is_string(role, "admin") &&
	    value_get(body, "environments") == NULL)
		members[n++] = everywhere;
	members[n].name = string_of("createdAt");
	members[n++].value = value_of_time(arena, secret->created_ms);
	members[n++] = secrets_member(arena, secret, 1);
	edit->value.object.members = members;
	edit->value.object.count = n;
}

enum status
token_order_create(const struct value *body, int64_t now_ms,
		   struct arena *arena, struct token_order *out,
		   struct error *err)
{
	struct token_secret secret;
	enum status rc = check_order(body, now_ms, arena, err);

	if (rc != STATUS_OK)
		return rc;
	*out = (struct token_order){ .count = 0 };
	draw(out, NULL, now_ms, &secret);
	(void)add_edit(out, EDIT_PUT, KIND_ENVIRONMENT);
	fill(add_edit(out, EDIT_PUT, KIND_TOKEN), body, &secret, arena);
	return STATUS_OK;
}

void
token_order_rotate(const struct definition *token, int64_t now_ms,
		   struct arena *arena, struct token_order *out)
{
	struct token_secret secrets[TOKEN_SECRETS_MAX];
	struct member *member = arena_alloc(arena, sizeof(*member));
	struct edit *edit;

	*out = (struct token_order){ .count = 0 };
	draw(out, token->key.data, now_ms, &secrets[0]);
	secrets[1] = token->token->secrets[0];
	*member = secrets_member(arena, secrets, TOKEN_SECRETS_MAX);
	edit = add_edit(out, EDIT_PATCH, KIND_TOKEN);
	edit->value.object.members = member;
	edit->value.object.count = 1;
}

void
token_order_revoke(const struct definition *token, struct token_order *out)
{
	*out = (struct token_order){ .count = 0 };
	memcpy(out->id, token->key.data, CREDENTIAL_ID_LENGTH);
	(void)add_edit(out, EDIT_REMOVE, KIND_TOKEN);
}

void
token_order_wipe(struct token_order *order)
{
	explicit_bzero(order->secret, sizeof(order->secret));
}

/* --- documents ----------------------------------------------------------- */

void
document_tokens(const struct catalog *catalog, struct bytes *out)
{
	const struct snapshot *snapshot = all_tokens(catalog);
	const struct definition *d;
	struct snapshot_walk walk;

	bytes_append_str(out, "{\"tokens\":{");
	if (snapshot != NULL) {
		walk_tokens(&walk, snapshot);
		while ((d = snapshot_walk_next(&walk)) != NULL) {
			put_name(out, d->key);
			bytes_append(out, d->text.data, d->text.length);
		}
	}
	bytes_append_str(out, "}}");
}

void
document_new_token(const char *secret, const struct definition *token,
		   struct bytes *out)
{
	/* In one piece, so that no copy of the secret stays behind. */
	bytes_reserve(out, token->text.length + CREDENTIAL_LENGTH + 32);
	bytes_append_char(out, '{');
	put_member(out, "token");
	put_text(out, secret);
	bytes_append_char(out, ',');
	bytes_append(out, token->text.data + 1, token->text.length - 1);
}

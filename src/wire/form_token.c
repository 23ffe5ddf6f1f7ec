/*
 * A token has two texts: what is shown, and what is stored, which has the
 * hashes of its secrets too. Both are written here, member by member, so that
 * nothing gets from the second into the first by accident.
 */
#include "form.h"

#include <string.h>

#include "base/clock.h"
#include "model/token.h"
#include "put.h"
#include "wire/json.h"

/* A token in the making. Strings are the value's, or the scratch's. */
struct reading {
	struct form *form;
	struct token token;
	int64_t created_ms;
	enum status status;
};

static const char *
place_of(const struct reading *r, const char *name)
{
	return json_pointer(r->form->scratch, r->form->scope->pointer, name,
			    strlen(name));
}

static void
refuse_type(struct reading *r, const char *pointer, const char *wanted,
	    const struct value *value)
{
	r->status = error_at(r->form->err, pointer, "must be %s, not %s",
			     wanted, value_type_name(value));
}

static void
read_name(struct reading *r, const char *pointer, const struct value *value)
{
	if (value->type != VALUE_STRING)
		refuse_type(r, pointer, "a string", value);
	else if (!name_is_access(value->string.data, value->string.length))
		r->status = error_at(r->form->err, pointer,
				     "must be 1 to %d bytes without control "
				     "characters",
				     NAME_ACCESS_MAX);
	else
		r->token.name = value->string;
}

/* A role that a later release has given may nothing here, and stays. */
static void
read_role(struct reading *r, const char *pointer, const struct value *value)
{
	const struct member role = { { "role", 4 }, *value };

	if (value->type != VALUE_STRING) {
		refuse_type(r, pointer, "a string", value);
		return;
	}
	if (role_parse(value->string.data, &r->token.role))
		return;
	r->token.role_text = value->string;
	if (!form_keep_later(r->form, &role))
		r->status =
		    error_at(r->form->err, pointer,
			     "must be admin, editor, viewer, client or "
			     "evaluate, not '%.*s'",
			     json_quoted(value->string), value->string.data);
}

/* Below client: 0.2 starts on no role that it does not know, so such a token is
 * stored as a client's with this member beside it. */
static void
read_evaluate_only(struct reading *r, const char *pointer,
		   const struct value *value)
{
	if (value->type != VALUE_BOOL)
		refuse_type(r, pointer, "a boolean", value);
	else if (value->boolean && r->token.role == ROLE_CLIENT)
		r->token.role = ROLE_EVALUATE;
}

static void
read_environment(struct reading *r, const char *pointer,
		 const struct value *value)
{
	const struct string *name = &value->string;

	if (value->type != VALUE_STRING)
		refuse_type(r, pointer, "a string", value);
	else if (value_is_string(value, "*"))
		r->token.everywhere = true;
	else if (!name_is_environment(name->data, name->length))
		r->status = error_at(r->form->err, pointer,
				     "'%.*s' is no name for an environment",
				     json_quoted(*name), name->data);
	else if (token_sees(&r->token, name->data, name->length))
		r->status = error_at(r->form->err, pointer, "is there twice");
	else
		r->token.environments[r->token.environment_count++] = *name;
}

static void
read_environments(struct reading *r, const char *pointer,
		  const struct value *value)
{
	struct arena *scratch = r->form->scratch;

	if (value->type != VALUE_ARRAY) {
		refuse_type(r, pointer, "an array of names, or [\"*\"]", value);
		return;
	}
	if (value->array.count == 0 ||
	    value->array.count > LIMIT_ENVIRONMENTS) {
		r->status = error_at(r->form->err, pointer,
				     "must have 1 to %d names, or \"*\" for "
				     "all",
				     LIMIT_ENVIRONMENTS);
		return;
	}
	r->token.environments = arena_zalloc(scratch, value->array.count,
					     sizeof(*r->token.environments));
	for (size_t i = 0; i < value->array.count; i++)
		read_environment(r, json_pointer_index(scratch, pointer, i),
				 &value->array.items[i]);
	if (r->token.everywhere && value->array.count > 1)
		r->status = error_at(r->form->err, pointer,
				     "\"*\" stands for all and alone");
}

static bool
read_time(struct reading *r, const char *pointer, const struct value *value,
	  int64_t *out)
{
	if (value->type == VALUE_STRING && clock_parse(value->string.data, out))
		return true;
	r->status = error_at(r->form->err, pointer,
			     "must be a time such as 2030-01-31T12:00:00Z");
	return false;
}

static void
read_expiry(struct reading *r, const char *pointer, const struct value *value)
{
	if (value->type != VALUE_NULL)
		(void)read_time(r, pointer, value, &r->token.expires_ms);
}

static void
read_created(struct reading *r, const char *pointer, const struct value *value)
{
	(void)read_time(r, pointer, value, &r->created_ms);
}

static void
read_secrets(struct reading *r, const char *pointer, const struct value *value)
{
	if (value->type != VALUE_ARRAY || value->array.count < 1 ||
	    value->array.count > TOKEN_SECRETS_MAX) {
		r->status = error_at(r->form->err, pointer,
				     "must be an array of one or two");
		return;
	}
	for (size_t i = 0; i < value->array.count; i++) {
		const struct value *one = &value->array.items[i];
		const struct value *hash = value_get(one, "hash");
		const struct value *created = value_get(one, "createdAt");
		struct token_secret *secret = &r->token.secrets[i];

		if (hash == NULL || hash->type != VALUE_STRING ||
		    !sha256_parse(hash->string.data, hash->string.length,
				  secret->hash) ||
		    created == NULL ||
		    !read_time(r, pointer, created, &secret->created_ms))
			r->status = error_at(r->form->err, pointer,
					     "must have a hash and a time");
	}
	r->token.secret_count = value->array.count;
}

static const char *const names[] = { "name",         "role",
				     "evaluateOnly", "createdAt",
				     "environments", "expiresAt",
				     "secrets",      NULL };

bool
form_token_knows(struct string member)
{
	return json_is_listed(names, member);
}

/* To add a member: add a row, its name above, and a line to put_members. */
static const struct {
	const char *name;
	void (*read)(struct reading *r, const char *pointer,
		     const struct value *value);
	bool required;
} members[] = {
	{ "name", read_name, true },
	{ "role", read_role, true },
	{ "evaluateOnly", read_evaluate_only, false },
	{ "environments", read_environments, true },
	{ "createdAt", read_created, true },
	{ "expiresAt", read_expiry, false },
	{ "secrets", read_secrets, true },
};

enum { MEMBER_COUNT = sizeof(members) / sizeof(members[0]) };

static void
read_members(struct reading *r, const struct value *json)
{
	for (size_t i = 0; i < MEMBER_COUNT; i++) {
		const char *name = members[i].name;
		const struct value *value = value_get(json, name);

		if (value != NULL)
			members[i].read(r, place_of(r, name), value);
		else if (members[i].required)
			r->status = error_at(r->form->err, place_of(r, name),
					     "is required");
	}
	if (r->status == STATUS_OK && r->token.role == ROLE_ADMIN &&
	    !r->token.everywhere)
		r->status = error_at(r->form->err, place_of(r, "environments"),
				     "of an admin is [\"*\"]");
}

static void
put_time(struct bytes *out, const char *name, int64_t ms)
{
	char text[CLOCK_TEXT_BYTES];

	clock_format(ms, text);
	put_member(out, name);
	put_text(out, text);
}

static void
put_secrets(const struct token *token, bool with_hashes, struct bytes *out)
{
	put_member(out, "secrets");
	bytes_append_char(out, '[');
	for (size_t i = 0; i < token->secret_count; i++) {
		const struct token_secret *secret = &token->secrets[i];
		char hex[SHA256_HEX_BYTES];

		put_comma(out);
		bytes_append_char(out, '{');
		if (with_hashes) {
			sha256_hex(secret->hash, hex);
			put_member(out, "hash");
			put_text(out, hex);
		}
		put_time(out, "createdAt", secret->created_ms);
		bytes_append_char(out, '}');
	}
	bytes_append_char(out, ']');
}

/* Into an object that is open. */
static void
put_members(const struct reading *r, bool with_hashes, struct bytes *out)
{
	const struct token *token = &r->token;

	put_member(out, "name");
	put_string(out, token->name);
	put_member(out, "role");
	if (token->role_text.length > 0)
		put_string(out, token->role_text);
	else if (with_hashes && token->role == ROLE_EVALUATE)
		put_text(out, role_name(ROLE_CLIENT));
	else
		put_text(out, role_name(token->role));
	if (with_hashes && token->role == ROLE_EVALUATE) {
		put_member(out, "evaluateOnly");
		bytes_append_str(out, "true");
	}
	put_member(out, "environments");
	bytes_append_char(out, '[');
	if (token->everywhere)
		put_text(out, "*");
	for (size_t i = 0; i < token->environment_count; i++) {
		put_comma(out);
		put_string(out, token->environments[i]);
	}
	bytes_append_char(out, ']');
	put_time(out, "createdAt", r->created_ms);
	if (token->expires_ms != INT64_MAX) {
		put_time(out, "expiresAt", token->expires_ms);
	} else if (!with_hashes) {
		put_member(out, "expiresAt");
		bytes_append_str(out, "null");
	}
	put_secrets(token, with_hashes, out);
}

/* Without the braces, as the store keeps it. */
static void
set_stored(struct reading *r, const struct value *json)
{
	struct form *form = r->form;
	struct bytes text;

	if (form->trusted.length > 0) {
		form->apart = form->trusted;
		return;
	}
	bytes_init(&text);
	bytes_append_char(&text, '{');
	put_members(r, true, &text);
	form_put_later(json, names, &text);
	form->apart.length = text.length - 1;
	form->apart.data =
	    arena_copy(form->scratch, text.data + 1, text.length - 1);
	bytes_fini(&text);
}

enum status
form_read_token(struct form *form, const struct value *json)
{
	struct reading r = { .form = form,
			     .token = { .id = form->parts.key,
					.expires_ms = INT64_MAX } };

	if (json->type != VALUE_OBJECT)
		return error_at(form->err, form->scope->pointer,
				"must be an object, not %s",
				value_type_name(json));
	if (!form_known_members(form, json, names))
		r.status = STATUS_INVALID;
	read_members(&r, json);
	if (r.status != STATUS_OK)
		return r.status;
	set_stored(&r, json);
	form_begin(form, "id");
	/* Each member brings its comma. */
	form->text.length--;
	form_begin_stored(form);
	put_members(&r, false, &form->text);
	form_end(form);
	form->parts.token = token_new(&r.token);
	return STATUS_OK;
}

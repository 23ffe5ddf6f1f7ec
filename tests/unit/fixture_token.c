#include "fixture_token.h"

#include <check.h>
#include <string.h>

#include "fixture_model.h"
#include "model/name.h"
#include "model/token.h"
#include "wire/definition.h"
#include "wire/json.h"

struct catalog *
fixture_open_catalog(void)
{
	struct catalog *catalog = catalog_new("0123456789abcdef", 0);
	struct snapshot *snapshot = fixture_environment("default", 1);

	fixture_publish(&catalog, snapshot);
	snapshot_unref(snapshot);
	return catalog;
}

/* What the registry makes of an edit. */
static struct definition *
decode(const struct edit *edit, const struct definition *before,
       const struct stamp *stamp, struct arena *arena)
{
	struct definition_scope scope = { .pointer = "" };
	struct definition *made = NULL;
	struct value value = edit->value;
	struct error err;

	error_init(&err);
	if (edit->verb == EDIT_PATCH)
		ck_assert_int_eq(definition_patch(before, &edit->value, "",
						  arena, &value, &err),
				 STATUS_OK);
	ck_assert_msg(definition_decode(edit->kind, edit->key, &value, stamp,
					&scope, arena, &made,
					&err) == STATUS_OK,
		      "%s", err.text);
	return made;
}

struct catalog *
fixture_obey(struct catalog *catalog, const struct token_order *order)
{
	struct string environment = fixture_string(NAME_ACCESS_ENVIRONMENT);
	struct snapshot *base = snapshot_ref(
	    catalog_find(catalog, environment.data, environment.length));
	struct stamp stamp = { .revision = catalog->head + 1,
			       .at_ms = FIXTURE_NOW_MS,
			       .actor = fixture_string("ann") };
	struct change *change =
	    change_new(environment, stamp.actor, fixture_string(""));
	struct snapshot *after;
	struct arena arena;

	arena_init(&arena);
	if (base == NULL)
		base = snapshot_new(environment);
	change->revision = stamp.revision;
	for (size_t i = 0; i < order->count; i++) {
		struct edit edit = order->edits[i];
		struct definition *before, *made = NULL;

		if (edit.kind == KIND_ENVIRONMENT)
			edit.key = environment;
		before = snapshot_find(base, edit.kind, edit.key.data,
				       edit.key.length);
		if (edit.verb != EDIT_REMOVE)
			made = decode(&edit, before, &stamp, &arena);
		change_add(change, edit.kind, edit.key, before, made);
		definition_unref(made);
	}
	after = snapshot_apply(base, change);
	fixture_publish(&catalog, after);
	snapshot_unref(after);
	snapshot_unref(base);
	change_free(change);
	arena_fini(&arena);
	return catalog;
}

struct catalog *
fixture_token(struct catalog *catalog, const char *body,
	      char text[CREDENTIAL_LENGTH + 1])
{
	struct token_order order;
	struct value json;
	struct arena arena;
	struct error err;

	error_init(&err);
	arena_init(&arena);
	ck_assert_int_eq(
	    json_decode(body, strlen(body), NULL, &arena, &json, &err),
	    STATUS_OK);
	ck_assert_msg(token_order_create(&json, FIXTURE_NOW_MS, &arena, &order,
					 &err) == STATUS_OK,
		      "%s", err.text);
	catalog = fixture_obey(catalog, &order);
	if (text != NULL)
		memcpy(text, order.secret, CREDENTIAL_LENGTH + 1);
	arena_fini(&arena);
	return catalog;
}

const struct definition *
fixture_find_token(const struct catalog *catalog, const char *text)
{
	struct credential credential;

	ck_assert(credential_parse(text, strlen(text), &credential));
	return token_find(catalog, credential.id, CREDENTIAL_ID_LENGTH);
}

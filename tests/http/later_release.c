#include "later_release.h"

#include <check.h>
#include <sqlite3.h>
#include <string.h>

#include "base/hash.h"
#include "model/change.h"
#include "model/credential.h"
#include "model/name.h"
#include "store/store.h"

#define TOGGLE                                                                 \
	"\"state\":\"ENABLED\",\"variants\":{\"on\":true,\"off\":false},"      \
	"\"defaultVariant\":\"off\",\"serve\":\"off\","                        \
	"\"held\":{\"defaultVariant\":\"on\",\"targeting\":{\"if\":[{\"==\":[" \
	"{\"var\":\"plan\"},\"gold\"]},\"on\",\"off\"]},\"stage\":{\"share\":" \
	"5}},"                                                                 \
	"\"expires\":{\"days\":30}"

static struct string
text_of(const char *text)
{
	return (struct string){ text, strlen(text) };
}

static void
add_item(struct change *change, enum kind kind, const char *key,
	 const char *stored)
{
	const struct definition parts = {
		.kind = kind,
		.key = text_of(key),
		/* A token's stands apart. */
		.text = text_of(kind == KIND_TOKEN ? "" : stored),
		.stored = text_of(stored),
		.core = { stored, 0 },
		.default_variant = -1,
	};
	struct definition *definition = definition_new(&parts);

	change_add(change, kind, definition->key, NULL, definition);
	definition_unref(definition);
}

static struct change *
begin_change(struct store *store, const char *environment)
{
	struct change *change =
	    change_new(text_of(environment), text_of("later"), text_of(""));

	change->revision = store_head(store) + 1;
	change->at_ms = store_newest_at(store);
	return change;
}

static void
commit(struct store *store, struct change *change)
{
	const struct store_write write = { .change = change };
	struct error err;

	error_init(&err);
	ck_assert_msg(store_commit(store, &write, 1, &err) == STATUS_OK, "%s",
		      err.text);
	change_free(change);
}

/* Its secret; the item is added. */
static const char *
add_token(struct toggled *t, struct change *change, const char *name,
	  const char *role, const char *environments, const char *more,
	  const char **id)
{
	char secret[CREDENTIAL_LENGTH + 1];
	char hex[SHA256_HEX_BYTES];
	struct credential credential;

	credential_make(NULL, secret, &credential);
	sha256_hex(credential.hash, hex);
	add_item(change, KIND_TOKEN, toggled_text(t, "%s", credential.id),
		 toggled_text(t,
			      "\"name\":\"%s\",\"role\":\"%s\","
			      "\"environments\":%s,"
			      "\"createdAt\":\"2026-01-02T03:04:05.000Z\","
			      "\"secrets\":[{\"hash\":\"%s\",\"createdAt\":"
			      "\"2026-01-02T03:04:05.000Z\"}]%s",
			      name, role, environments, hex, more));
	if (id != NULL)
		*id = toggled_text(t, "%s", credential.id);
	return toggled_text(t, "%s", secret);
}

void
later_release_write(struct toggled *t, struct later_release *later)
{
	struct store *store = NULL;
	struct change *change;
	struct error err;

	error_init(&err);
	ck_assert_msg(store_open(t->database, STORE_CREATE, 0, &store, &err) ==
			  STATUS_OK,
		      "%s", err.text);
	change = begin_change(store, NAME_ACCESS_ENVIRONMENT);
	add_item(change, KIND_ENVIRONMENT, NAME_ACCESS_ENVIRONMENT,
		 "\"fractional\":\"v2\"");
	later->admin =
	    add_token(t, change, "ann", "admin", "[\"*\"]", "", NULL);
	later->auditor =
	    add_token(t, change, "auditor", "auditor", "[\"default\"]",
		      ",\"groups\":[\"security\"]", &later->auditor_id);
	later->device =
	    add_token(t, change, "device", "client", "[\"default\"]",
		      ",\"ages\":{\"days\":30}", NULL);
	commit(store, change);
	change = begin_change(store, "default");
	add_item(change, KIND_ENVIRONMENT, "default",
		 "\"fractional\":\"v2\",\"approvals\":2");
	add_item(change, KIND_TOGGLE, "kill", TOGGLE);
	add_item(change, (enum kind)LATER_KIND, LATER_KEY, "\"cron\":\"\"");
	commit(store, change);
	change = begin_change(store, "default");
	add_item(change, (enum kind)LATER_KIND, LATER_KEY, LATER_TEXT);
	later->revision = change->revision;
	commit(store, change);
	store_close(store);
}

const char *
later_stored(struct toggled *t, const char *database, int kind, const char *key)
{
	static const char sql[] =
	    "SELECT coalesce(i.definition, '') FROM newest AS n JOIN item AS i "
	    "USING (revision, kind, key) WHERE n.kind = ?1 AND n.key = ?2";
	const char *text = "";
	sqlite3_stmt *statement = NULL;
	sqlite3 *db = NULL;

	ck_assert_int_eq(
	    sqlite3_open_v2(database, &db, SQLITE_OPEN_READONLY, NULL),
	    SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &statement, NULL),
			 SQLITE_OK);
	(void)sqlite3_bind_int(statement, 1, kind);
	(void)sqlite3_bind_text(statement, 2, key, -1, SQLITE_STATIC);
	if (sqlite3_step(statement) == SQLITE_ROW)
		text = toggled_text(
		    t, "%s", (const char *)sqlite3_column_text(statement, 0));
	(void)sqlite3_finalize(statement);
	(void)sqlite3_close(db);
	return text;
}

#include "statement.h"

#include <assert.h>
#include <string.h>

#include "store_error.h"
#include "store_private.h"

static const char *const statement_sql[STATEMENT_COUNT] = {
	[STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
	[STATEMENT_COMMIT] = "COMMIT",
	[STATEMENT_ROLLBACK] = "ROLLBACK",
	[STATEMENT_READ_META] = "SELECT epoch, began_at FROM meta",
	[STATEMENT_STAMP_META] =
	    "UPDATE meta SET epoch = ?1, created_at = ?2, "
	    "began_at = (SELECT coalesce(max(revision), 0) "
	    "FROM change)",
	[STATEMENT_PROBE_META] = "UPDATE meta SET epoch = epoch",
	[STATEMENT_READ_HEAD] = "SELECT revision, at, hash FROM change "
				"ORDER BY revision DESC LIMIT 1",
	[STATEMENT_INSERT_CHANGE] =
	    "INSERT INTO change (revision, environment, at, actor, comment, "
	    "hash, behind) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[STATEMENT_INSERT_ITEM] =
	    "INSERT INTO item (revision, kind, key, definition, previous) "
	    "VALUES (?1, ?2, ?3, ?4, coalesce((SELECT revision FROM newest "
	    "WHERE environment = ?5 AND kind = ?2 AND key = ?3), 0))",
	[STATEMENT_PUT_NEWEST] =
	    "INSERT INTO newest (environment, kind, key, revision) "
	    "VALUES (?1, ?2, ?3, ?4) "
	    "ON CONFLICT DO UPDATE SET revision = excluded.revision",
	[STATEMENT_INSERT_REQUEST] =
	    "INSERT OR REPLACE INTO request (environment, key, fingerprint, "
	    "revision, verdict, head) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[STATEMENT_PRUNE_REQUESTS] = "DELETE FROM request WHERE id <= ?1",
	[STATEMENT_FIND_REQUEST] =
	    "SELECT fingerprint, revision, verdict FROM request "
	    "WHERE environment = ?1 AND key = ?2 "
	    "AND max(head, revision) >= ?3",
	[STATEMENT_WALK_NEWEST] =
	    "SELECT environment, kind, key, revision FROM newest "
	    "WHERE (environment, kind, key) > (?1, ?2, ?3) "
	    "ORDER BY environment, kind, key",
	[STATEMENT_FIND_NEWEST] =
	    "SELECT revision FROM newest "
	    "WHERE environment = ?1 AND kind = ?2 AND key = ?3",
	[STATEMENT_WALK_BACK] =
	    "SELECT c.revision, i.kind, i.key "
	    "FROM change AS c INDEXED BY change_by_environment "
	    "CROSS JOIN item AS i ON i.revision = c.revision "
	    "WHERE c.environment = ?2 AND c.revision < ?1 "
	    "ORDER BY c.revision DESC, i.kind, i.key",
	[STATEMENT_WALK_BACK_ALL] =
	    "SELECT c.revision, i.kind, i.key, c.environment "
	    "FROM change AS c CROSS JOIN item AS i ON i.revision = c.revision "
	    "WHERE c.revision < ?1 "
	    "ORDER BY c.revision DESC, i.kind, i.key",
	[STATEMENT_ITEMS_BEHIND] =
	    "SELECT kind, key FROM item "
	    "WHERE revision = ?1 AND (kind, key) > (?2, ?3) "
	    "ORDER BY kind, key",
	[STATEMENT_READ_PREVIOUS] =
	    "SELECT previous FROM item "
	    "WHERE revision = ?1 AND kind = ?2 AND key = ?3",
	[STATEMENT_READ_VERSION] =
	    "SELECT i.definition, c.at, c.actor FROM item AS i "
	    "CROSS JOIN change AS c ON c.revision = i.revision "
	    "WHERE i.revision = ?1 AND i.kind = ?2 AND i.key = ?3",
	[STATEMENT_READ_AT] = "SELECT at FROM change WHERE revision = ?1",
	[STATEMENT_STEPS_BEFORE] =
	    "SELECT revision, at FROM change INDEXED BY change_behind "
	    "WHERE behind > 0 AND revision < ?1 ORDER BY revision DESC",
	[STATEMENT_STEP_BEHIND] =
	    "SELECT at FROM change INDEXED BY change_behind "
	    "WHERE behind > 0 AND revision > ?1 AND at <= ?2 "
	    "ORDER BY revision LIMIT 1",
	[STATEMENT_WALK_STEPS] =
	    "SELECT revision, behind FROM change INDEXED BY change_behind "
	    "WHERE behind > 0 ORDER BY revision",
	[STATEMENT_FIND_STEP] =
	    "SELECT revision, at, behind FROM change INDEXED BY change_behind "
	    "WHERE behind > 0 AND behind > ?4 AND (revision > ?1 "
	    "OR (at <= ?2 AND at + behind > ?2 AND at + behind <= ?3)) "
	    "ORDER BY revision DESC LIMIT 1",
	[STATEMENT_LIST_CHANGES] = "SELECT revision FROM change "
				   "WHERE revision < ?1 "
				   "ORDER BY revision DESC",
	[STATEMENT_LIST_BY_ENVIRONMENT] =
	    "SELECT revision FROM change INDEXED BY change_by_environment "
	    "WHERE environment = ?2 AND revision < ?1 ORDER BY revision DESC",
	[STATEMENT_READ_CHANGE] = "SELECT environment, at, actor, comment, "
				  "hash FROM change WHERE revision = ?1",
	[STATEMENT_READ_ITEMS] =
	    "SELECT kind, key, definition, previous FROM item "
	    "WHERE revision = ?1 AND (kind, key) > (?2, ?3) "
	    "ORDER BY kind, key",
	[STATEMENT_READ_ITEM] =
	    "SELECT kind, key, definition, previous FROM item "
	    "WHERE revision = ?1 AND kind = ?2 AND key = ?3",
	[STATEMENT_WALK_CHANGES] =
	    "SELECT revision, environment, at, actor, comment, hash "
	    "FROM change ORDER BY revision",
	[STATEMENT_WALK_ITEMS] =
	    "SELECT revision, kind, key, previous, definition "
	    "FROM item ORDER BY revision, kind, key",
	[STATEMENT_CHECK_INTEGRITY] = "PRAGMA integrity_check(1)",
	[STATEMENT_READ_HORIZON] =
	    "SELECT revision, hash, kind, key, items, sum FROM horizon",
	[STATEMENT_WRITE_HORIZON] =
	    "UPDATE horizon SET revision = ?1, hash = ?2, kind = ?3, "
	    "key = ?4, items = ?5, sum = ?6",
	[STATEMENT_RAISE_READER] = "UPDATE meta SET oldest_reader = 2 "
				   "WHERE oldest_reader < 2",
	[STATEMENT_NEXT_ITEM] =
	    "SELECT kind, key, definition, previous FROM item "
	    "WHERE revision = ?1 AND (kind, key) > (?2, ?3) "
	    "ORDER BY kind, key LIMIT 1",
	[STATEMENT_DELETE_ITEM] = "DELETE FROM item WHERE revision = ?1 "
				  "AND kind = ?2 AND key = ?3",
	[STATEMENT_CUT_ITEM] = "UPDATE item SET previous = 0 "
			       "WHERE revision = ?1 AND kind = ?2 "
			       "AND key = ?3",
	[STATEMENT_DELETE_CHANGE] =
	    "DELETE FROM change WHERE revision = ?1 AND NOT EXISTS "
	    "(SELECT 1 FROM item WHERE item.revision = ?1)",
	[STATEMENT_OLDEST_REQUEST] = "SELECT max(head, revision) FROM request "
				     "ORDER BY id LIMIT 1",
	[STATEMENT_DELETE_REQUESTS] =
	    "DELETE FROM request WHERE max(head, revision) < ?1 AND id IN "
	    "(SELECT id FROM request ORDER BY id LIMIT ?2)",
};

/* What a statement is for, by its first word: nobody who reads an error has to
 * read SQL. */
static const struct {
	const char *word;
	const char *doing;
} doings[] = {
	{ "SELECT", "read" },
	{ "INSERT", "write" },
	{ "UPDATE", "write" },
	{ "DELETE", "forget" },
	{ "BEGIN", "begin" },
	{ "COMMIT", "commit" },
	{ "ROLLBACK", "undo" },
	{ "PRAGMA integrity", "check" },
	{ "PRAGMA user", "read" },
	{ "PRAGMA application", "read" },
	{ "PRAGMA wal", "take the log over" },
	{ "PRAGMA", "set up" },
};

static const char *
doing_of(const char *sql)
{
	for (size_t i = 0; i < sizeof(doings) / sizeof(doings[0]); i++) {
		if (strncmp(sql, doings[i].word, strlen(doings[i].word)) == 0)
			return doings[i].doing;
	}
	return "work on it";
}

static enum status
report(struct store *store, int rc, enum statement_id id, struct error *err)
{
	if (store_error_is_fatal(rc))
		store->dead = true;
	return store_error_set(err, store->db, rc, doing_of(statement_sql[id]));
}

enum status
statement_open(struct store *store, enum statement_id id, struct error *err)
{
	const int rc = sqlite3_prepare_v3(store->db, statement_sql[id], -1,
					  SQLITE_PREPARE_PERSISTENT,
					  &store->statements[id], NULL);

	return rc == SQLITE_OK ? STATUS_OK : report(store, rc, id, err);
}

enum status
statement_open_all(struct store *store, struct error *err)
{
	enum status status = STATUS_OK;

	for (unsigned id = 0; id < STATEMENT_COUNT && status == STATUS_OK; id++)
		status = statement_open(store, (enum statement_id)id, err);
	return status;
}

void
statement_close_all(struct store *store)
{
	for (unsigned id = 0; id < STATEMENT_COUNT; id++) {
		/* The result repeats the last step's; finalize cannot fail. */
		(void)sqlite3_finalize(store->statements[id]);
		store->statements[id] = NULL;
	}
}

static int
bind_one(sqlite3_stmt *statement, int at, const struct parameter *p)
{
	switch (p->type) {
	case PARAMETER_INTEGER:
		return sqlite3_bind_int64(statement, at, p->integer);
	case PARAMETER_TEXT:
		return sqlite3_bind_text64(statement, at, p->data, p->length,
					   SQLITE_STATIC, SQLITE_UTF8);
	case PARAMETER_BLOB:
		return sqlite3_bind_blob64(statement, at, p->data, p->length,
					   SQLITE_STATIC);
	case PARAMETER_NULL:
		return sqlite3_bind_null(statement, at);
	}
	assert(false);
	return SQLITE_MISUSE;
}

enum status
statement_bind(struct store *store, enum statement_id id,
	       const struct parameter *parameters, size_t count,
	       struct error *err)
{
	sqlite3_stmt *statement = store->statements[id];

	statement_reset(store, id);
	for (size_t i = 0; i < count; i++) {
		const int rc = bind_one(statement, (int)i + 1, &parameters[i]);
		if (rc != SQLITE_OK)
			return report(store, rc, id, err);
	}
	return STATUS_OK;
}

enum status
statement_step(struct store *store, enum statement_id id, bool *row,
	       struct error *err)
{
	const int rc = sqlite3_step(store->statements[id]);

	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return report(store, rc, id, err);
	*row = rc == SQLITE_ROW;
	return STATUS_OK;
}

enum status
statement_start(struct store *store, enum statement_id id,
		const struct parameter *parameters, size_t count, bool *row,
		struct error *err)
{
	const enum status status =
	    statement_bind(store, id, parameters, count, err);

	if (status != STATUS_OK)
		return status;
	return statement_step(store, id, row, err);
}

void
statement_reset(struct store *store, enum statement_id id)
{
	/* The result repeats that of the last step. */
	(void)sqlite3_reset(store->statements[id]);
}

void
statement_reset_all(struct store *store)
{
	for (unsigned id = 0; id < STATEMENT_COUNT; id++)
		statement_reset(store, (enum statement_id)id);
}

enum status
statement_run(struct store *store, enum statement_id id,
	      const struct parameter *parameters, size_t count,
	      struct error *err)
{
	bool row = false;
	const enum status status =
	    statement_start(store, id, parameters, count, &row, err);

	statement_reset(store, id);
	return status;
}

enum status
statement_once(sqlite3 *db, const char *sql, char *text, size_t size,
	       struct error *err)
{
	sqlite3_stmt *statement = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
	enum status status = STATUS_OK;

	text[0] = '\0';
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	if (rc == SQLITE_ROW) {
		const unsigned char *column = sqlite3_column_text(statement, 0);
		if (column != NULL)
			(void)sqlite3_snprintf((int)size, text, "%s", column);
	} else if (rc != SQLITE_DONE) {
		status = store_error_set(err, db, rc, doing_of(sql));
	}
	(void)sqlite3_finalize(statement);
	return status;
}

int64_t
statement_integer(const struct store *store, enum statement_id id, int column)
{
	return sqlite3_column_int64(store->statements[id], column);
}

struct string
statement_text(const struct store *store, enum statement_id id, int column)
{
	sqlite3_stmt *statement = store->statements[id];
	const unsigned char *data = sqlite3_column_text(statement, column);

	if (data == NULL)
		return (struct string){ "", 0 };
	return (
	    struct string){ (const char *)data,
			    (size_t)sqlite3_column_bytes(statement, column) };
}

bool
statement_is_null(const struct store *store, enum statement_id id, int column)
{
	return sqlite3_column_type(store->statements[id], column) ==
	       SQLITE_NULL;
}

bool
statement_copy_blob(const struct store *store, enum statement_id id, int column,
		    void *data, size_t length)
{
	sqlite3_stmt *statement = store->statements[id];
	const void *blob = sqlite3_column_blob(statement, column);

	if (blob == NULL ||
	    (size_t)sqlite3_column_bytes(statement, column) != length)
		return false;
	memcpy(data, blob, length);
	return true;
}

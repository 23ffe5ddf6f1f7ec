#include "migrate.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/version.h"
#include "store_error.h"
#include "store_private.h"

static enum status
read_number(struct store *store, const char *sql, long *number,
	    struct error *err)
{
	char text[24];
	const enum status status =
	    statement_once(store->db, sql, text, sizeof(text), err);

	if (status == STATUS_OK)
		*number = strtol(text, NULL, 10);
	return status;
}

long
migrate_steps(const struct embedded_file *migrations)
{
	long count = 0;

	while (migrations[count].name != NULL)
		count++;
	return count;
}

static enum status
refuse_newer(struct store *store, long version, long known, struct error *err)
{
	char release[64];
	const enum status status =
	    statement_once(store->db, "SELECT release FROM meta", release,
			   sizeof(release), err);

	if (status != STATUS_OK)
		return status;
	return error_set(err, STATUS_INVALID,
			 "the database was written by toggled %s (schema %ld), "
			 "which this release (schema %ld) cannot read: "
			 "install toggled %s or a newer one",
			 release, version, known, release);
}

enum status
migrate_check(struct store *store, const struct embedded_file *migrations,
	      struct error *err)
{
	const long known = migrate_steps(migrations);
	long application = 0;
	long version = 0;
	long tables = 0;
	long oldest_reader = 0;
	enum status status;

	status = read_number(store, "PRAGMA application_id", &application, err);
	if (status == STATUS_OK)
		status =
		    read_number(store, "PRAGMA user_version", &version, err);
	if (status == STATUS_OK)
		status = read_number(
		    store, "SELECT count(*) FROM sqlite_schema", &tables, err);
	if (status != STATUS_OK)
		return status;
	if (application == 0 && version == 0 && tables == 0)
		return error_set(err, STATUS_CORRUPT,
				 "the database is empty: that is none of "
				 "toggled, but one that was lost, or cut off. "
				 "Restore a backup; where there never was "
				 "anything, remove the file");
	if (application != MIGRATE_APPLICATION_ID)
		return error_set(err, STATUS_INVALID,
				 "this is a database of another program, "
				 "not of toggled");
	if (version < 0)
		return error_set(err, STATUS_CORRUPT,
				 "the schema has the number %ld", version);
	if (version <= known)
		return STATUS_OK;
	status = read_number(store, "SELECT oldest_reader FROM meta",
			     &oldest_reader, err);
	if (status == STATUS_OK && oldest_reader > known)
		status = refuse_newer(store, version, known, err);
	return status;
}

static enum status
execute(struct store *store, const char *sql, const char *doing,
	struct error *err)
{
	const int rc = sqlite3_exec(store->db, sql, NULL, NULL, NULL);

	if (rc == SQLITE_OK)
		return STATUS_OK;
	return store_error_set(err, store->db, rc, doing);
}

static enum status
run_step(struct store *store, const struct embedded_file *step, long version,
	 struct error *err)
{
	struct bytes end;
	enum status status;

	bytes_init(&end);
	bytes_printf(&end,
		     "UPDATE meta SET release = '%s';"
		     "PRAGMA application_id = %d;"
		     "PRAGMA user_version = %ld;"
		     "COMMIT;",
		     TOGGLED_VERSION, MIGRATE_APPLICATION_ID, version);
	status = execute(store, "BEGIN IMMEDIATE", step->name, err);
	if (status == STATUS_OK)
		status = execute(store, step->text, step->name, err);
	if (status == STATUS_OK)
		status = execute(store, end.data, step->name, err);
	/* The first cause is already reported, and the connection will be
	 * closed, which rolls back too. */
	if (status != STATUS_OK && sqlite3_get_autocommit(store->db) == 0)
		(void)execute(store, "ROLLBACK", step->name, NULL);
	bytes_fini(&end);
	return status;
}

enum status
migrate_run(struct store *store, const struct embedded_file *migrations,
	    struct error *err)
{
	const long known = migrate_steps(migrations);
	long version = 0;
	enum status status =
	    read_number(store, "PRAGMA user_version", &version, err);

	while (status == STATUS_OK && version < known) {
		status =
		    run_step(store, &migrations[version], version + 1, err);
		version++;
	}
	return status;
}

/* What was made, under which name. What SQLite makes for itself has no text, or
 * is statistics. */
static const char schema_sql[] =
    "SELECT type || ' ' || name, sql FROM sqlite_schema "
    "WHERE sql IS NOT NULL AND NOT (type = 'table' AND name GLOB "
    "'sqlite_stat*') ORDER BY 1";

struct made {
	struct store *store;
	sqlite3_stmt *rows;
	struct string name; /* length 0: behind the last one */
	struct string text;
};

static struct string
column(sqlite3_stmt *rows, int number)
{
	const void *text = sqlite3_column_text(rows, number);

	return (struct string){ text,
				(size_t)sqlite3_column_bytes(rows, number) };
}

/* Where preparing fails it says so of its own connection, of which there are
 * two here. */
static enum status
open_made(struct made *made, struct error *err)
{
	const int rc = sqlite3_prepare_v2(made->store->db, schema_sql, -1,
					  &made->rows, NULL);

	return rc == SQLITE_OK ? STATUS_OK
			       : store_error_set(err, made->store->db, rc,
						 "read the schema");
}

static enum status
next_made(struct made *made, struct error *err)
{
	const int rc = sqlite3_step(made->rows);

	made->name.length = 0;
	made->text.length = 0;
	if (rc == SQLITE_ROW) {
		made->name = column(made->rows, 0);
		made->text = column(made->rows, 1);
	} else if (rc != SQLITE_DONE) {
		return store_error_set(err, made->store->db, rc,
				       "read the schema");
	}
	return STATUS_OK;
}

/* Of two rows that differ: one is missing, or its text is another. */
static struct string
first_name(const struct made *a, const struct made *b)
{
	if (a->name.length == 0 || b->name.length == 0)
		return a->name.length == 0 ? b->name : a->name;
	return string_compare(a->name, b->name) < 0 ? a->name : b->name;
}

static enum status
compare_made(struct made *is, struct made *ought, struct error *err)
{
	enum status status;

	do {
		status = next_made(is, err);
		if (status == STATUS_OK)
			status = next_made(ought, err);
		if (status == STATUS_OK &&
		    (!string_equal(is->name, ought->name) ||
		     !string_equal(is->text, ought->text))) {
			status = error_set(
			    err, STATUS_CORRUPT,
			    "the schema is not what toggled made: see %.*s",
			    (int)first_name(is, ought).length,
			    first_name(is, ought).data);
		}
	} while (status == STATUS_OK && is->name.length > 0);
	return status;
}

/* Make an empty database of that version in memory. */
static enum status
make_fresh(struct store *fresh, const struct embedded_file *migrations,
	   long version, struct error *err)
{
	const int rc = sqlite3_open(":memory:", &fresh->db);
	enum status status = STATUS_OK;

	if (rc != SQLITE_OK)
		return store_error_set(err, fresh->db, rc, "open");
	for (long i = 0; i < version && status == STATUS_OK; i++)
		status = run_step(fresh, &migrations[i], i + 1, err);
	return status;
}

enum status
migrate_verify(struct store *store, const struct embedded_file *migrations,
	       struct error *err)
{
	struct store fresh = { .db = NULL };
	struct made is = { .store = store };
	struct made ought = { .store = &fresh };
	long version = 0;
	enum status status =
	    read_number(store, "PRAGMA user_version", &version, err);

	/* Of a newer one it is not known what it ought to be. */
	if (status != STATUS_OK || version > migrate_steps(migrations))
		return status;
	status = make_fresh(&fresh, migrations, version, err);
	if (status == STATUS_OK)
		status = open_made(&is, err);
	if (status == STATUS_OK)
		status = open_made(&ought, err);
	if (status == STATUS_OK)
		status = compare_made(&is, &ought, err);
	(void)sqlite3_finalize(is.rows);
	(void)sqlite3_finalize(ought.rows);
	(void)sqlite3_close(fresh.db);
	return status;
}

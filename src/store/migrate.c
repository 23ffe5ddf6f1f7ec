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

/* The schema version of this release. */
static long
count_steps(const struct embedded_file *migrations)
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
	const long known = count_steps(migrations);
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
		return STATUS_OK; /* a new, empty file */
	if (application != MIGRATE_APPLICATION_ID)
		return error_set(err, STATUS_INVALID,
				 "this is a database of another program, "
				 "not of toggled");
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
	const long known = count_steps(migrations);
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

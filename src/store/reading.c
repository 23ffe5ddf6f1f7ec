#include "reading.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "disk.h"
#include "form.h"
#include "migrate.h"
#include "store_error.h"
#include "store_private.h"

/*
 * SQLite cannot read a database in WAL mode without making files beside it,
 * unless it is told that the file does not change. So:
 *
 *   no log there     immutable; nobody changes it, because we hold the lock
 *                    that anybody who opens it would need
 *   a log there      somebody serves it (then it is locked), or died: opened
 *                    for writing, as reading such a log demands, but nothing is
 *                    written and the log is not taken over at the end
 *   a journal there  a transaction that was cut off outside WAL mode; reading
 *                    would have to undo it first: refused
 */
static const char *const settings[] = {
	"PRAGMA locking_mode = EXCLUSIVE",
	"PRAGMA query_only = ON",
	"PRAGMA mmap_size = 0",
	"PRAGMA temp_store = MEMORY",
	"PRAGMA trusted_schema = OFF",
	"PRAGMA cell_size_check = ON",
};

/* A disk that does not say is no disk without it. */
static enum status
look(const struct store *store, const char *suffix, bool *is_there,
     struct error *err)
{
	char *name = disk_name(store->path, suffix);
	enum status status = STATUS_OK;

	*is_there = access(name, F_OK) == 0;
	if (!*is_there && errno != ENOENT)
		status = error_set(err, STATUS_IO, "look for its %s: %s",
				   suffix, strerror(errno));
	free(name);
	return status;
}

/* The name as SQLite takes it with a parameter behind it. */
static char *
immutable_uri(const char *path)
{
	struct bytes uri;

	bytes_init(&uri);
	bytes_append_str(&uri, "file:");
	for (const char *c = path; *c != '\0'; c++) {
		if (strchr("%?#", *c) != NULL)
			bytes_printf(&uri, "%%%02x", (unsigned)*c);
		else
			bytes_append_char(&uri, *c);
	}
	bytes_append_str(&uri, "?immutable=1");
	return bytes_take(&uri);
}

static enum status
settle(struct store *store, struct error *err)
{
	char answer[32];
	enum status status = STATUS_OK;

	for (size_t i = 0;
	     i < sizeof(settings) / sizeof(settings[0]) && status == STATUS_OK;
	     i++)
		status = statement_once(store->db, settings[i], answer,
					sizeof(answer), err);
	return status;
}

static enum status
connect(struct store *store, bool has_log, struct error *err)
{
	char *uri = immutable_uri(store->path);
	const int flags = has_log ? SQLITE_OPEN_READWRITE
				  : SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
	enum status status = STATUS_OK;
	int rc = sqlite3_open_v2(
	    has_log ? store->path : uri, &store->db,
	    flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_db_config(
		    store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	if (rc != SQLITE_OK)
		status = store_error_set(err, store->db, rc, "open");
	if (status == STATUS_OK)
		status = settle(store, err);
	free(uri);
	return status;
}

enum status
reading_connect(struct store *store, struct error *err)
{
	bool has_journal = false;
	bool has_log = false;
	enum status status = form_check(store->path, err);

	if (status == STATUS_OK)
		status = disk_lock(store->path, false, &store->lock_fd, err);
	if (status == STATUS_OK)
		status = look(store, "-journal", &has_journal, err);
	if (status == STATUS_OK && has_journal)
		status = error_set(err, STATUS_INVALID,
				   "a transaction was cut off (there is a "
				   "-journal): serving it undoes that");
	if (status == STATUS_OK)
		status = look(store, "-wal", &has_log, err);
	if (status == STATUS_OK)
		status = connect(store, has_log, err);
	return status;
}

/* All pages of `from`, in a file that has no name. */
static enum status
copy(sqlite3 *from, sqlite3 *to, struct error *err)
{
	sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
	int rc = sqlite3_extended_errcode(to);

	if (backup != NULL) {
		rc = sqlite3_backup_step(backup, -1);
		(void)sqlite3_backup_finish(backup);
	}
	return rc == SQLITE_DONE ? STATUS_OK
				 : store_error_set(err, to, rc, "copy it");
}

enum status
reading_renew(struct store *store, const struct embedded_file *migrations,
	      struct error *err)
{
	char answer[24];
	sqlite3 *old = store->db;
	enum status status = statement_once(old, "PRAGMA user_version", answer,
					    sizeof(answer), err);
	int rc;

	if (status != STATUS_OK ||
	    strtol(answer, NULL, 10) >= migrate_steps(migrations))
		return status;
	rc = sqlite3_open_v2("", &store->db,
			     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
				 SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
			     NULL);
	if (rc != SQLITE_OK)
		status = store_error_set(err, store->db, rc, "open a copy");
	if (status == STATUS_OK)
		status = copy(old, store->db, err);
	(void)sqlite3_close(old);
	if (status == STATUS_OK)
		status = migrate_run(store, migrations, err);
	if (status == STATUS_OK)
		status = settle(store, err);
	return status;
}

#include "store_error.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/*
 * The first row that fits stands; the extended codes come before the primary
 * code they belong to. A code without a row is our own mistake and an internal
 * error.
 *
 * Fatal are only the failures of fsync. The kernel may have dropped the pages
 * it could not write and marked them clean, so another fsync would succeed over
 * a hole. A failed write is not fatal: SQLite has rolled back, and the next
 * transaction writes the same place of the log again.
 */
/* SQLite may quote a whole schema, which would leave no room for the name of
 * the file. */
enum { MESSAGE_BYTES_MAX = 200 };

struct error_row {
	int code;
	enum status status;
	bool fatal;
	const char *hint; /* what it means to the person who reads it */
};

static const struct error_row rows[] = {
	{ SQLITE_IOERR_FSYNC, STATUS_IO, true,
	  "fsync failed, the state of the disk is unknown" },
	{ SQLITE_IOERR_DIR_FSYNC, STATUS_IO, true,
	  "fsync of the directory failed, the state of the disk is unknown" },
	{ SQLITE_IOERR, STATUS_IO, false, "the disk failed" },
	{ SQLITE_FULL, STATUS_FULL, false, "no space is left" },
	/* SQLite makes one code of both: EIO of a read ends as CORRUPT. */
	{ SQLITE_CORRUPT, STATUS_CORRUPT, false,
	  "the file is damaged, or the disk cannot read it" },
	{ SQLITE_NOTADB, STATUS_CORRUPT, false, "the file is not a database" },
	{ SQLITE_BUSY, STATUS_BUSY, false,
	  "another process holds it: is another toggled running on it?" },
	{ SQLITE_LOCKED, STATUS_BUSY, false, "it is in use" },
	{ SQLITE_READONLY, STATUS_IO, false,
	  "the file or its directory is not writable" },
	{ SQLITE_CANTOPEN, STATUS_IO, false, "it cannot be opened" },
	{ SQLITE_PERM, STATUS_IO, false, "access is denied" },
	{ SQLITE_AUTH, STATUS_IO, false, "access is denied" },
	{ SQLITE_TOOBIG, STATUS_TOO_LARGE, false, "it is too large" },
};

static const struct error_row internal = { 0, STATUS_INTERNAL, false,
					   "SQLite refused the call" };

static const struct error_row *
find_row(int code)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].code == code || rows[i].code == (code & 0xff))
			return &rows[i];
	}
	return &internal;
}

/* SQLite calls ENOSPC full, but a quota is as full as a disk. */
static bool
is_quota(int code, int system_errno)
{
	return code == SQLITE_IOERR_WRITE && system_errno == EDQUOT;
}

enum status
store_error_status(int code, int system_errno)
{
	if (is_quota(code, system_errno))
		return STATUS_FULL;
	return find_row(code)->status;
}

bool
store_error_is_fatal(int code)
{
	return find_row(code)->fatal;
}

/* What a write to the log was refused with, which SQLite does not tell of a
 * COMMIT. */
static int
log_errno(sqlite3 *db)
{
	sqlite3_file *log = NULL;
	int system_errno = 0;

	if (sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER,
				 &log) != SQLITE_OK ||
	    log == NULL || log->pMethods == NULL ||
	    log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO,
					&system_errno) != SQLITE_OK)
		return 0;
	return system_errno;
}

enum status
store_error_set(struct error *err, sqlite3 *db, int code, const char *doing)
{
	const char *message = sqlite3_errstr(code);
	int system_errno = 0;

	if (db != NULL && sqlite3_extended_errcode(db) == code) {
		message = sqlite3_errmsg(db);
		system_errno = sqlite3_system_errno(db);
		if (system_errno == 0 && code == SQLITE_IOERR_WRITE)
			system_errno = log_errno(db);
	}
	const enum status status = store_error_status(code, system_errno);
	if (system_errno != 0)
		error_set(err, status, "%s: %s (%.*s: %s)", doing,
			  find_row(code)->hint, MESSAGE_BYTES_MAX, message,
			  strerror(system_errno));
	else
		error_set(err, status, "%s: %s (%.*s)", doing,
			  find_row(code)->hint, MESSAGE_BYTES_MAX, message);
	return status;
}

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "disk.h"
#include "store_error.h"
#include "store_private.h"

/*
 * The copy grows under another name, FILE.partial, and gets its own when it is
 * whole and synced: an interrupted backup would look like an empty database.
 *
 * Commits between the steps go through the same connection, so SQLite carries
 * them into the copy and never has to begin anew.
 *
 * A copy has no epoch. Opening it is the beginning of another life of the
 * store, with an identity of its own: the cursors that clients hold from the
 * life before do not fit it, however far it has got.
 *
 * It is synced piece by piece: all of it at the end would keep the commits
 * waiting for as long as the disk takes for a whole database.
 *
 * An fsync that fails here fails on the copy and says nothing about the store.
 */
enum { SYNC_PAGES = 1000 }; /* copied since the last sync; about 4 MB */

struct store_backup {
	sqlite3 *source; /* the store's; borrowed */
	sqlite3 *copy;
	sqlite3_backup *backup;
	int unsynced; /* pages */
	char *path;
	char *partial;
};

static const char *const made_names[] = { "", "-journal", "-wal" };

/* What a backup has left under its temporary name. */
static void
remove_partial(const struct store_backup *backup)
{
	for (size_t i = 0; i < sizeof(made_names) / sizeof(made_names[0]);
	     i++) {
		struct bytes name;
		bytes_init(&name);
		bytes_append_str(&name, backup->partial);
		bytes_append_str(&name, made_names[i]);
		(void)unlink(name.data);
		bytes_fini(&name);
	}
}

static char *
partial_name(const char *path)
{
	struct bytes name;

	bytes_init(&name);
	bytes_append_str(&name, path);
	bytes_append_str(&name, ".partial");
	return bytes_take(&name);
}

static enum status
run(struct store_backup *backup, const char *sql, struct error *err)
{
	char answer[16];

	return statement_once(backup->copy, sql, answer, sizeof(answer), err);
}

static enum status
open_copy(struct store_backup *backup, struct store *store, struct error *err)
{
	int rc;
	enum status status;

	remove_partial(backup);
	status = store_create_file(backup->partial, err);
	if (status != STATUS_OK)
		return status;
	rc = sqlite3_open_v2(backup->partial, &backup->copy,
			     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
				 SQLITE_OPEN_EXRESCODE,
			     store->vfs);
	if (rc != SQLITE_OK)
		return store_error_set(err, backup->copy, rc, "open");
	status = run(backup, "PRAGMA locking_mode = EXCLUSIVE", err);
	if (status == STATUS_OK)
		status = run(backup, "PRAGMA synchronous = EXTRA", err);
	if (status != STATUS_OK)
		return status;
	backup->backup =
	    sqlite3_backup_init(backup->copy, "main", store->db, "main");
	if (backup->backup == NULL)
		status = store_error_set(err, backup->copy,
					 sqlite3_extended_errcode(backup->copy),
					 "begin");
	return status;
}

enum status
store_backup_begin(struct store *store, const char *path,
		   struct store_backup **backup, struct error *err)
{
	struct store_backup *begun = mem_zalloc(1, sizeof(*begun));
	enum status status = STATUS_OK;

	begun->source = store->db;
	begun->path = store_plain_path(path);
	begun->partial = partial_name(begun->path);
	if (access(begun->path, F_OK) == 0)
		status =
		    error_set(err, STATUS_CONFLICT, "the file exists already");
	else
		status = open_copy(begun, store, err);
	if (status != STATUS_OK) {
		store_backup_end(begun);
		error_wrap(err, "backup '%s'", path);
		return status;
	}
	*backup = begun;
	return STATUS_OK;
}

/* All pages are there: make it a database of its own and give it its name. */
static enum status
finish(struct store_backup *backup, struct error *err)
{
	char mode[16] = "";
	int rc = sqlite3_backup_finish(backup->backup);
	enum status status;

	backup->backup = NULL;
	if (rc != SQLITE_OK)
		return store_error_set(err, backup->copy, rc, "finish");
	status = run(backup, "UPDATE meta SET epoch = ''", err);
	if (status == STATUS_OK)
		status =
		    statement_once(backup->copy, "PRAGMA journal_mode = DELETE",
				   mode, sizeof(mode), err);
	if (status == STATUS_OK && strcmp(mode, "delete") != 0)
		status =
		    error_set(err, STATUS_IO, "it stayed in mode '%s'", mode);
	if (status != STATUS_OK)
		return status;
	rc = sqlite3_close(backup->copy);
	backup->copy = NULL;
	if (rc != SQLITE_OK)
		return store_error_set(err, NULL, rc, "close");
	if (rename(backup->partial, backup->path) != 0)
		return error_set(err, STATUS_IO, "rename: %s", strerror(errno));
	status = disk_sync_directory(backup->path, err);
	if (status != STATUS_OK)
		(void)unlink(backup->path);
	return status;
}

/* What is in the file by now. */
static int
sync_copy(struct store_backup *backup)
{
	sqlite3_file *file = NULL;
	const int rc = sqlite3_file_control(backup->copy, "main",
					    SQLITE_FCNTL_FILE_POINTER, &file);

	backup->unsynced = 0;
	if (rc != SQLITE_OK || file == NULL || file->pMethods == NULL)
		return rc;
	return file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

enum status
store_backup_step(struct store_backup *backup, int pages, bool *done,
		  struct error *err)
{
	int rc = sqlite3_backup_step(backup->backup, pages);
	enum status status = STATUS_OK;

	backup->unsynced +=
	    pages > 0 && pages < SYNC_PAGES ? pages : SYNC_PAGES;
	if (rc == SQLITE_OK && backup->unsynced >= SYNC_PAGES)
		rc = sync_copy(backup);

	if (rc == SQLITE_DONE)
		status = finish(backup, err);
	else if (rc != SQLITE_OK)
		status = store_error_set(err, backup->copy, rc, "copy");
	if (status != STATUS_OK) {
		error_wrap(err, "backup '%s'", backup->path);
		return status;
	}
	*done = rc == SQLITE_DONE;
	return STATUS_OK;
}

void
store_backup_end(struct store_backup *backup)
{
	if (backup == NULL)
		return;
	(void)sqlite3_backup_finish(backup->backup);
	(void)sqlite3_close(backup->copy);
	/* It has read every page, and hardly one is asked for again. */
	(void)sqlite3_db_release_memory(backup->source);
	remove_partial(backup);
	free(backup->path);
	free(backup->partial);
	free(backup);
}

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/mem.h"
#include "disk.h"
#include "store/database.h"
#include "store_error.h"
#include "store_private.h"

/*
 * Restoring, in this order:
 *
 *   verify   the backup, which stays as it is
 *   fold     the log of the old database into its file, so that the file alone
 *            is all of it; that fails where somebody serves it
 *   hold     the old file, so that nobody serves it from here on
 *   copy     to DATABASE.restoring, with its log if it has one
 *   renew    open the copy as serving would and give it a new identity: the
 *            cursors that clients hold do not fit it, however far it has got
 *   keep     the old file under a second name
 *   clear    what still lies beside the old file: it would be read into the
 *            new one
 *   rename   the copy over the old file
 *
 * A crash before the last step leaves the old database, and a copy that the
 * next restore removes. A failure before it is undone: a second name that
 * stayed would look like a copy and be the database itself.
 */
struct restore {
	const struct restore_order *order;
	char *backup; /* plain paths */
	char *database;
	char *copy;
	char *kept;
	struct stat old;
	bool has_old;
	bool was_moved; /* the old file has only its second name */
	int lock_fd;
};

/* What SQLite keeps beside a database. */
static const char *const beside[] = { "-wal", "-journal", "-shm" };

enum { BESIDE = sizeof(beside) / sizeof(beside[0]) };

static enum status
failed(struct error *err, const char *path, const char *what)
{
	return error_set(err, errno == ENOSPC ? STATUS_FULL : STATUS_IO,
			 "%s: %s: %s", path, what, strerror(errno));
}

static void
remove_copy(const struct restore *restore)
{
	(void)unlink(restore->copy);
	for (size_t i = 0; i < BESIDE; i++) {
		char *name = disk_name(restore->copy, beside[i]);

		(void)unlink(name);
		free(name);
	}
}

/* "t.db.before-restore-20261122T140300.123Z" */
static char *
kept_name(const struct restore *restore)
{
	char text[CLOCK_TEXT_BYTES];
	struct bytes name;

	clock_format(restore->order->now_ms, text);
	bytes_init(&name);
	bytes_append_str(&name, restore->database);
	bytes_append_str(&name, ".before-restore-");
	for (const char *c = text; *c != '\0'; c++) {
		if (*c != '-' && *c != ':')
			bytes_append_char(&name, *c);
	}
	return bytes_take(&name);
}

static enum status
look(struct restore *restore, struct error *err)
{
	struct stat backup;

	if (stat(restore->backup, &backup) != 0)
		return failed(err, restore->order->backup, "look at it");
	restore->has_old = stat(restore->database, &restore->old) == 0;
	if (!restore->has_old && errno != ENOENT)
		return failed(err, restore->order->database, "look at it");
	if (restore->has_old && !S_ISREG(restore->old.st_mode))
		return error_set(err, STATUS_INVALID, "%s is no file",
				 restore->order->database);
	if (restore->has_old && restore->old.st_dev == backup.st_dev &&
	    restore->old.st_ino == backup.st_ino)
		return error_set(err, STATUS_INVALID,
				 "the backup is the database itself");
	return STATUS_OK;
}

/* What cannot be folded, because it is damaged, is kept as it is. */
static enum status
fold(const struct restore *restore, struct error *err)
{
	char *log = disk_name(restore->database, "-wal");
	sqlite3 *db = NULL;
	char answer[16];
	struct error ignored;
	enum status status = STATUS_OK;

	error_init(&ignored);
	if (restore->has_old && access(log, F_OK) == 0 &&
	    sqlite3_open_v2(restore->database, &db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
				SQLITE_OPEN_EXRESCODE,
			    NULL) == SQLITE_OK) {
		status = statement_once(db, "PRAGMA locking_mode = EXCLUSIVE",
					answer, sizeof(answer), &ignored);
		if (status == STATUS_OK)
			status = statement_once(
			    db, "PRAGMA wal_checkpoint(TRUNCATE)", answer,
			    sizeof(answer), &ignored);
	}
	(void)sqlite3_close(db);
	free(log);
	if (status == STATUS_BUSY)
		return error_set(err, status, "%s: %s",
				 restore->order->database, ignored.text);
	return STATUS_OK;
}

static enum status
hold(struct restore *restore, struct error *err)
{
	enum status status;

	if (!restore->has_old)
		return STATUS_OK;
	status = disk_lock(restore->database, true, &restore->lock_fd, err);
	if (status != STATUS_OK)
		error_wrap(err, "%s", restore->order->database);
	return status;
}

/* With its log where it has one: a database whose server died. */
static enum status
copy(const struct restore *restore, struct error *err)
{
	char *from = disk_name(restore->backup, "-wal");
	char *to = disk_name(restore->copy, "-wal");
	int fd = -1;
	enum status status = disk_lock(restore->backup, false, &fd, err);

	remove_copy(restore);
	if (status == STATUS_OK && access(from, F_OK) == 0)
		status = disk_copy(from, to, err);
	else if (status == STATUS_OK && errno != ENOENT)
		status = failed(err, from, "look for it");
	if (status == STATUS_OK)
		status = disk_copy(restore->backup, restore->copy, err);
	if (fd >= 0)
		(void)close(fd);
	if (status != STATUS_OK)
		error_wrap(err, "copy %s to %s", restore->order->backup,
			   restore->copy);
	free(from);
	free(to);
	return status;
}

/* Whoever served the old one has to be able to serve the new one; where there
 * was none, whoever has the directory. Only root can give a file away. */
static void
give_away(const struct restore *restore)
{
	char *directory = mem_strdup(restore->database);
	struct stat to = restore->old;

	strrchr(directory, '/')[1] = '\0';
	if (restore->has_old || stat(directory, &to) == 0)
		(void)!chown(restore->copy, to.st_uid, to.st_gid);
	if (restore->has_old)
		(void)chmod(restore->copy, to.st_mode & 0777);
	free(directory);
}

static enum status
renew(const struct restore *restore, struct restored *restored,
      struct error *err)
{
	char *log = disk_name(restore->copy, "-wal");
	struct store *store = NULL;
	enum status status = store_open(restore->copy, STORE_WRITE,
					restore->order->now_ms, &store, err);

	if (status == STATUS_OK && store_head(store) != restored->facts.head)
		status = error_set(err, STATUS_IO,
				   "%s ends at revision %lld, the backup at "
				   "%lld",
				   restore->copy, (long long)store_head(store),
				   (long long)restored->facts.head);
	if (status == STATUS_OK) {
		status = store_stamp_epoch(store, restore->order->now_ms, err);
		if (status != STATUS_OK)
			error_wrap(err, "%s: give it an identity",
				   restore->copy);
	}
	if (status == STATUS_OK)
		memcpy(restored->epoch, store_epoch(store), EPOCH_BYTES);
	store_close(store);
	if (status == STATUS_OK && access(log, F_OK) == 0)
		status = error_set(err, STATUS_IO,
				   "%s: its log could not be taken over: the "
				   "disk failed, or is full",
				   restore->copy);
	free(log);
	return status;
}

/* The old database gets a second name, so that there is one under the first at
 * any time; where a file cannot have two, it gets another. */
static enum status
keep(struct restore *restore, struct error *err)
{
	char *name;
	enum status status = STATUS_OK;

	if (!restore->has_old || restore->order->replace)
		return STATUS_OK;
	name = kept_name(restore);
	if (link(restore->database, name) != 0) {
		restore->was_moved =
		    errno != EEXIST && rename(restore->database, name) == 0;
		if (!restore->was_moved)
			status = failed(err, name, "keep the old database");
	}
	if (status == STATUS_OK)
		restore->kept = name;
	else
		free(name);
	return status;
}

static enum status
clear(const struct restore *restore, struct error *err)
{
	enum status status = STATUS_OK;

	for (size_t i = 0; i < BESIDE && status == STATUS_OK; i++) {
		char *name = disk_name(restore->database, beside[i]);
		char *kept = NULL;
		int rc;

		if (restore->kept != NULL)
			kept = disk_name(restore->kept, beside[i]);
		rc = kept != NULL ? rename(name, kept) : unlink(name);
		if (rc != 0 && errno != ENOENT)
			status = failed(err, name, "clear the old database");
		free(name);
		free(kept);
	}
	return status;
}

/* The old database as it was, with what lay beside it. */
static void
undo(struct restore *restore)
{
	if (restore->kept == NULL)
		return;
	for (size_t i = 0; i < BESIDE; i++) {
		char *name = disk_name(restore->database, beside[i]);
		char *kept = disk_name(restore->kept, beside[i]);

		(void)rename(kept, name);
		free(name);
		free(kept);
	}
	if (restore->was_moved)
		(void)rename(restore->kept, restore->database);
	else
		(void)unlink(restore->kept);
}

static enum status
sync_names(const struct restore *restore, struct error *err)
{
	const enum status status = disk_sync_directory(restore->database, err);

	if (status != STATUS_OK)
		error_wrap(err, "%s", restore->database);
	return status;
}

static enum status
put_in_place(struct restore *restore, struct error *err)
{
	enum status status = keep(restore, err);

	if (status == STATUS_OK)
		status = clear(restore, err);
	/* The names that went have to be gone before the new one comes. */
	if (status == STATUS_OK)
		status = sync_names(restore, err);
	if (status == STATUS_OK &&
	    rename(restore->copy, restore->database) != 0)
		status = failed(err, restore->copy, "rename it");
	if (status != STATUS_OK) {
		undo(restore);
		return status;
	}
	status = sync_names(restore, err);
	if (status != STATUS_OK)
		error_wrap(err, "the backup is in its place, but a loss of "
				"power may bring the old database back");
	return status;
}

static enum status
run(struct restore *restore, struct restored *restored, struct error *err)
{
	enum status status = look(restore, err);

	if (status == STATUS_OK)
		status = fold(restore, err);
	if (status == STATUS_OK)
		status = hold(restore, err);
	if (status == STATUS_OK) {
		status = copy(restore, err);
		if (status == STATUS_OK)
			status = renew(restore, restored, err);
		if (status == STATUS_OK)
			give_away(restore);
		if (status == STATUS_OK)
			status = put_in_place(restore, err);
		if (status != STATUS_OK)
			remove_copy(restore);
	}
	return status;
}

enum status
database_restore(const struct restore_order *order, struct restored *restored,
		 struct error *err)
{
	struct restore restore = { .order = order, .lock_fd = -1 };
	struct restored result = { .kept = NULL };
	enum status status = database_verify(order->backup, &result.facts, err);

	restore.backup = store_plain_path(order->backup);
	restore.database = store_plain_path(order->database);
	restore.copy = disk_name(restore.database, ".restoring");
	if (status == STATUS_OK)
		status = run(&restore, &result, err);
	if (status == STATUS_OK) {
		result.kept = restore.kept;
		restore.kept = NULL;
		*restored = result;
	}
	if (restore.lock_fd >= 0)
		(void)close(restore.lock_fd);
	free(restore.backup);
	free(restore.database);
	free(restore.copy);
	free(restore.kept);
	return status;
}

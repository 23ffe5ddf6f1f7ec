#include "birth.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "disk.h"
#include "migrate.h"
#include "store_error.h"
#include "store_private.h"

/*
 * A file without anything in it is damage (form.c), so one of ours never is so:
 * it is made in memory, written to PATH.new, synced, and only then gets its
 * name. A crash leaves a PATH.new, which the next one takes over; it is locked
 * while it is worked on, so that two that begin at once do not mix.
 */
static const char suffix_new[] = ".new";

/* SQLite reads these into the file of their name. */
static const char *const logs[] = { "-wal", "-journal", "-shm" };

/* Ours, and nothing of a database is in them. */
static const char *const harmless[] = { ".new", ".ticket-key",
					".ticket-key.part" };

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static bool
is_one_of(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return false;
}

static enum status
refuse(const char *name, bool is_log, struct error *err)
{
	if (is_log)
		return error_set(err, STATUS_CONFLICT,
				 "it is not there, but %s is, which is read "
				 "together with it: put the database back "
				 "beside it, restore a backup, or move it away",
				 name);
	return error_set(err, STATUS_CONFLICT,
			 "it is not there, but %s is: was there one? Put it "
			 "back, restore a backup, or say --create to begin "
			 "with an empty one",
			 name);
}

enum status
birth_check(const char *path, bool anew, struct error *err)
{
	const char *base = strrchr(path, '/') + 1;
	const size_t length = strlen(base);
	char *directory = mem_copy(path, (size_t)(base - path));
	DIR *dir = opendir(directory);
	const struct dirent *entry = NULL;
	enum status status = STATUS_OK;

	/* Nothing can be made in it either, which is said then. */
	if (dir != NULL)
		entry = readdir(dir);
	while (entry != NULL && status == STATUS_OK) {
		const char *rest = entry->d_name + length;

		if (strncmp(entry->d_name, base, length) == 0 &&
		    *rest != '\0' && strchr("-.~", *rest) != NULL &&
		    !is_one_of(rest, harmless, COUNT_OF(harmless))) {
			const bool is_log =
			    is_one_of(rest, logs, COUNT_OF(logs));

			if (is_log || !anew)
				status = refuse(entry->d_name, is_log, err);
		}
		entry = readdir(dir);
	}
	if (dir != NULL)
		(void)closedir(dir);
	free(directory);
	return status;
}

/* A new database as SQLite writes it; to be given back to SQLite. */
static enum status
compose(const struct embedded_file *migrations, unsigned char **data,
	sqlite3_int64 *length, struct error *err)
{
	struct store draft = { .db = NULL };
	const int rc =
	    sqlite3_open_v2(":memory:", &draft.db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY |
				SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
			    NULL);
	enum status status = STATUS_OK;

	if (rc != SQLITE_OK)
		status = store_error_set(err, draft.db, rc, "make it");
	if (status == STATUS_OK)
		status = migrate_run(&draft, migrations, err);
	if (status == STATUS_OK) {
		*data = sqlite3_serialize(draft.db, "main", length, 0);
		if (*data == NULL)
			status = store_error_set(
			    err, draft.db, sqlite3_extended_errcode(draft.db),
			    "write it down");
	}
	(void)sqlite3_close(draft.db);
	return status;
}

static enum status
failed(struct error *err, const char *what)
{
	return error_set(err, errno == ENOSPC ? STATUS_FULL : STATUS_IO,
			 "%s: %s", what, strerror(errno));
}

/* PATH.new for us alone, empty. */
static enum status
open_new(const char *name, int *fd, struct error *err)
{
	struct stat ours;
	struct stat named;

	*fd = open(name, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd < 0)
		return failed(err, "cannot create the file");
	if (flock(*fd, LOCK_EX | LOCK_NB) != 0 || fstat(*fd, &ours) != 0 ||
	    stat(name, &named) != 0 || ours.st_ino != named.st_ino)
		return error_set(err, STATUS_BUSY,
				 "another process is making it just now");
	if (fchmod(*fd, 0600) != 0 || ftruncate(*fd, 0) != 0)
		return failed(err, "cannot create the file");
	return STATUS_OK;
}

static enum status
fill(int fd, const unsigned char *data, size_t length, struct error *err)
{
	while (length > 0) {
		const ssize_t n = write(fd, data, length);

		if (n < 0 && errno != EINTR)
			return failed(err, "cannot write the new file");
		if (n > 0) {
			data += n;
			length -= (size_t)n;
		}
	}
	return fsync(fd) == 0 ? STATUS_OK
			      : failed(err, "cannot sync the new file");
}

/* A link never takes the place of a file; where there are none, a rename has
 * to do. */
static enum status
name_it(const char *from, const char *to, struct error *err)
{
	int rc = link(from, to);

	if (rc != 0 && errno == EEXIST)
		rc = 0;
	else if (rc != 0 && access(to, F_OK) != 0)
		rc = rename(from, to);
	if (rc != 0)
		return failed(err, "cannot name the new file");
	return disk_sync_directory(to, err);
}

enum status
birth_make(const char *path, const struct embedded_file *migrations,
	   struct error *err)
{
	char *name = disk_name(path, suffix_new);
	unsigned char *data = NULL;
	sqlite3_int64 length = 0;
	int fd = -1;
	enum status status = compose(migrations, &data, &length, err);

	if (status == STATUS_OK)
		status = open_new(name, &fd, err);
	if (status == STATUS_OK) {
		status = fill(fd, data, (size_t)length, err);
		if (status == STATUS_OK)
			status = name_it(name, path, err);
		(void)unlink(name);
	}
	if (fd >= 0)
		(void)close(fd);
	sqlite3_free(data);
	free(name);
	return status;
}

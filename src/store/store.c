#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/random.h"
#include "birth.h"
#include "disk.h"
#include "form.h"
#include "horizon.h"
#include "migrate.h"
#include "reading.h"
#include "store_error.h"
#include "store_private.h"

/*
 * Opening, in this order:
 *
 *   find      the file: it has something in it; an absent one is made whole,
 *             where it may be (birth.c)
 *   lock      EXCLUSIVE before WAL: then there is no shared memory file, no
 *             second writer, and no second checkpointer
 *   identify  before anything is written into somebody else's database
 *   settle    WAL, FULL
 *   migrate   without foreign keys, so that a step may rebuild a table
 *   prepare   every statement, once
 *   read      epoch, head and horizon
 *
 * Any failure closes what there is: store_close takes a half-open store. What
 * is only read is opened in another way (reading.c).
 */

enum { LINKS_MAX = 40 }; /* of a path, as the kernel follows them */

/* A row of `settings_*`: a pragma and the answer that means it took. */
struct setting {
	const char *sql;
	const char *expected; /* NULL: whatever it says */
};

static const struct setting settings_first[] = {
	{ "PRAGMA locking_mode = EXCLUSIVE", "exclusive" },
	{ "PRAGMA mmap_size = 0", NULL },
	{ "PRAGMA temp_store = MEMORY", NULL },
	{ "PRAGMA trusted_schema = OFF", NULL },
	{ "PRAGMA cell_size_check = ON", NULL },
};

static const struct setting settings_then[] = {
	{ "PRAGMA journal_mode = WAL", "wal" },
	{ "PRAGMA journal_size_limit = 16777216", NULL },
	{ "PRAGMA cache_size = -8192", NULL },
};

static const struct setting settings_last[] = {
	{ "PRAGMA foreign_keys = ON", NULL },
};

enum {
	BUSY_TIMEOUT_MS = 250,
	CHECKPOINT_PAGES = 2000,
};

struct store_options
store_options_default(enum store_mode mode, int64_t now_ms)
{
	return (struct store_options){ .mode = mode,
				       .vfs = NULL,
				       .synchronous = "FULL",
				       .migrations = embedded_migrations,
				       .checkpoint_pages = CHECKPOINT_PAGES,
				       .now_ms = now_ms };
}

static enum status
apply(struct store *store, const struct setting *settings, size_t count,
      struct error *err)
{
	char answer[32];

	for (size_t i = 0; i < count; i++) {
		const enum status status = statement_once(
		    store->db, settings[i].sql, answer, sizeof(answer), err);
		if (status != STATUS_OK)
			return status;
		if (settings[i].expected != NULL &&
		    strcmp(answer, settings[i].expected) != 0)
			return error_set(err, STATUS_IO,
					 "SQLite cannot be set up for it: "
					 "'%s' was wanted, it is '%s'",
					 settings[i].expected, answer);
	}
	return STATUS_OK;
}

#define APPLY(store, settings, err)                                            \
	apply(store, settings, sizeof(settings) / sizeof((settings)[0]), err)

enum status
store_set_synchronous(struct store *store, const char *mode, struct error *err)
{
	char sql[48];
	const struct setting setting = { sql, NULL };

	(void)sqlite3_snprintf((int)sizeof(sql), sql, "PRAGMA synchronous = %s",
			       mode);
	return apply(store, &setting, 1, err);
}

/* The file is closed again before SQLite opens it: closing it later would drop
 * SQLite's locks. */
enum status
store_create_file(const char *path, struct error *err)
{
	const int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0) {
		(void)close(fd);
		return STATUS_OK;
	}
	if (errno == EEXIST)
		return STATUS_OK;
	return error_set(err, errno == ENOSPC ? STATUS_FULL : STATUS_IO,
			 "cannot create the file: %s", strerror(errno));
}

static int
count_wal_pages(void *ctx, sqlite3 *db, const char *name, int pages)
{
	struct store *store = ctx;

	(void)db;
	(void)name;
	store->wal_pages = pages;
	return SQLITE_OK;
}

static enum status
connect(struct store *store, struct error *err)
{
	int rc = sqlite3_open_v2(store->path, &store->db,
				 SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
				     SQLITE_OPEN_EXRESCODE,
				 store->vfs);

	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(store->db, BUSY_TIMEOUT_MS);
	if (rc == SQLITE_OK)
		rc = sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1,
				       NULL);
	if (rc != SQLITE_OK)
		return store_error_set(err, store->db, rc, "open");
	/* SQLite opens it for reading then, and fails later as a broken disk
	 * does. */
	if (sqlite3_db_readonly(store->db, "main") == 1)
		return error_set(err, STATUS_IO,
				 "the file is not writable, or the disk is "
				 "read-only");
	/* In the place of SQLite's own checkpoints: see commit.c. */
	(void)sqlite3_wal_hook(store->db, count_wal_pages, store);
	return STATUS_OK;
}

static enum status
read_head(struct store *store, struct error *err)
{
	const enum statement_id id = STATEMENT_READ_HEAD;
	bool row = false;
	enum status status = statement_step(store, id, &row, err);

	if (status == STATUS_OK && row) {
		store->head = statement_integer(store, id, 0);
		store->newest_at_ms = statement_integer(store, id, 1);
		if (!statement_copy_blob(store, id, 2, store->head_hash,
					 SHA256_BYTES))
			status = error_set(err, STATUS_CORRUPT,
					   "revision %lld: has no hash",
					   (long long)store->head);
	}
	statement_reset(store, id);
	return status;
}

static void
draw_epoch(struct store *store)
{
	uint8_t raw[(EPOCH_BYTES - 1) / 2];

	random_bytes(raw, sizeof(raw));
	for (size_t i = 0; i < sizeof(raw); i++)
		(void)sqlite3_snprintf(3, store->epoch + 2 * i, "%02x", raw[i]);
}

enum status
store_stamp_epoch(struct store *store, int64_t now_ms, struct error *err)
{
	struct parameter parameters[2];

	draw_epoch(store);
	parameters[0] =
	    parameter_text((struct string){ store->epoch, EPOCH_BYTES - 1 });
	parameters[1] = parameter_integer(now_ms);
	return statement_run(store, STATEMENT_STAMP_META, parameters, 2, err);
}

static enum status
read_meta(struct store *store, bool *is_new, struct error *err)
{
	const enum statement_id id = STATEMENT_READ_META;
	struct string epoch;
	bool row = false;
	enum status status = statement_step(store, id, &row, err);

	if (status == STATUS_OK) {
		epoch = statement_text(store, id, 0);
		*is_new = row && epoch.length == 0;
		store->is_restored = row && statement_integer(store, id, 1) > 0;
		if (epoch.length == EPOCH_BYTES - 1)
			memcpy(store->epoch, epoch.data, epoch.length);
		else if (!*is_new)
			status = error_set(err, STATUS_CORRUPT,
					   "the database has no epoch");
	}
	statement_reset(store, id);
	return status;
}

/* A new database, or a backup opened for the first time, has none; nor is it
 * given one where it is only read. */
static enum status
read_epoch(struct store *store, const struct store_options *options,
	   struct error *err)
{
	bool is_new = false;
	enum status status = read_meta(store, &is_new, err);

	if (status != STATUS_OK || !is_new)
		return status;
	if (options->mode == STORE_READ) {
		draw_epoch(store);
		return STATUS_OK;
	}
	status = store_stamp_epoch(store, options->now_ms, err);
	if (status == STATUS_OK)
		status = read_meta(store, &is_new, err);
	return status;
}

static enum status
read_oldest(struct store *store, struct error *err)
{
	struct horizon horizon;
	enum status status;

	horizon_init(&horizon);
	status = horizon_read(store, &horizon, err);
	if (status == STATUS_OK)
		store->oldest = horizon_oldest(&horizon);
	horizon_fini(&horizon);
	return status;
}

/* The file is there after that, with something in it. */
static enum status
find_file(const struct store *store, const struct store_options *options,
	  struct error *err)
{
	enum status status = STATUS_OK;

	if (options->mode >= STORE_CREATE && access(store->path, F_OK) != 0 &&
	    errno == ENOENT) {
		status = birth_check(store->path,
				     options->mode == STORE_CREATE_ANEW, err);
		if (status == STATUS_OK)
			status =
			    birth_make(store->path, options->migrations, err);
	}
	if (status == STATUS_OK)
		status = form_check(store->path, err);
	return status;
}

static enum status
connect_for_writing(struct store *store, const struct store_options *options,
		    struct error *err)
{
	enum status status = find_file(store, options, err);

	if (status == STATUS_OK)
		status = connect(store, err);
	if (status == STATUS_OK)
		status = APPLY(store, settings_first, err);
	if (status == STATUS_OK)
		status = migrate_check(store, options->migrations, err);
	if (status == STATUS_OK)
		status = APPLY(store, settings_then, err);
	if (status == STATUS_OK)
		status = store_set_synchronous(store, store->synchronous, err);
	if (status == STATUS_OK)
		status = migrate_run(store, options->migrations, err);
	if (status == STATUS_OK)
		status = APPLY(store, settings_last, err);
	return status;
}

static enum status
connect_for_reading(struct store *store, const struct store_options *options,
		    struct error *err)
{
	enum status status = reading_connect(store, err);

	if (status == STATUS_OK)
		status = migrate_check(store, options->migrations, err);
	if (status == STATUS_OK)
		status = reading_renew(store, options->migrations, err);
	return status;
}

static enum status
set_up(struct store *store, const struct store_options *options,
       struct error *err)
{
	enum status status = options->mode == STORE_READ
				 ? connect_for_reading(store, options, err)
				 : connect_for_writing(store, options, err);

	if (status == STATUS_OK)
		status = statement_open_all(store, err);
	if (status == STATUS_OK)
		status = read_epoch(store, options, err);
	if (status == STATUS_OK)
		status = read_head(store, err);
	if (status == STATUS_OK)
		status = read_oldest(store, err);
	store->file = disk_identify(store->path);
	store->log = disk_identify(store->log_path);
	return status;
}

/* Where a symbolic link leads, seen from the directory that it stands in; NULL:
 * `path` is none. */
static char *
follow(const char *path)
{
	char target[PATH_MAX];
	const ssize_t length = readlink(path, target, sizeof(target) - 1);
	const char *slash = strrchr(path, '/');
	struct bytes out;

	if (length <= 0)
		return NULL;
	target[length] = '\0';
	bytes_init(&out);
	if (target[0] != '/' && slash != NULL)
		bytes_append(&out, path, (size_t)(slash + 1 - path));
	bytes_append_str(&out, target);
	return bytes_take(&out);
}

char *
store_plain_path(const char *path)
{
	struct bytes plain;
	char *now;
	char *next;

	bytes_init(&plain);
	if (path[0] != '/')
		bytes_append_str(&plain, "./");
	bytes_append_str(&plain, path);
	now = bytes_take(&plain);
	/* A ring of links is left for who opens it to refuse. */
	for (int links = 0; links < LINKS_MAX; links++) {
		next = follow(now);
		if (next == NULL)
			break;
		free(now);
		now = next;
	}
	return now;
}

/* What it led to is gone, or not mounted: an empty database in that place would
 * hide it. */
static enum status
check_link(const char *path, struct error *err)
{
	char *target = follow(path);
	enum status rc = STATUS_OK;

	if (target != NULL && access(path, F_OK) != 0 && errno == ENOENT)
		rc = error_set(err, STATUS_IO,
			       "it is a symbolic link to %s, where nothing is",
			       target);
	free(target);
	return rc;
}

enum status
store_open_with(const char *path, const struct store_options *options,
		struct store **store, struct error *err)
{
	struct store *opened = mem_zalloc(1, sizeof(*opened));
	enum status status;

	opened->path = store_plain_path(path);
	opened->log_path = disk_name(opened->path, "-wal");
	opened->lock_fd = -1;
	opened->vfs = options->vfs != NULL ? mem_strdup(options->vfs) : NULL;
	(void)sqlite3_snprintf((int)sizeof(opened->synchronous),
			       opened->synchronous, "%s", options->synchronous);
	opened->checkpoint_pages = options->checkpoint_pages;
	opened->checkpoint_at = options->checkpoint_pages;
	status = check_link(path, err);
	if (status == STATUS_OK)
		status = set_up(opened, options, err);
	if (status != STATUS_OK) {
		opened->dead = true; /* leave the log to the next one */
		store_close(opened);
		error_wrap(err, "database '%s'", path);
		return status;
	}
	*store = opened;
	return STATUS_OK;
}

enum status
store_open(const char *path, enum store_mode mode, int64_t now_ms,
	   struct store **store, struct error *err)
{
	const struct store_options options =
	    store_options_default(mode, now_ms);

	return store_open_with(path, &options, store, err);
}

void
store_close(struct store *store)
{
	if (store == NULL)
		return;
	statement_close_all(store);
	/* After a failed fsync the log is all there is to recover from: leave
	 * it as it is. */
	if (store->dead && store->db != NULL)
		(void)sqlite3_db_config(
		    store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	(void)sqlite3_close(store->db);
	if (store->lock_fd >= 0)
		(void)close(store->lock_fd);
	free(store->path);
	free(store->log_path);
	free(store->vfs);
	free(store);
}

const char *
store_epoch(const struct store *store)
{
	return store->epoch;
}

bool
store_is_restored(const struct store *store)
{
	return store->is_restored;
}

int64_t
store_head(const struct store *store)
{
	return store->head;
}

size_t
store_later(const struct store *store)
{
	return store->later;
}

int64_t
store_oldest(const struct store *store)
{
	return store->oldest;
}

bool
store_is_dead(const struct store *store)
{
	return store->dead;
}

const uint8_t *
store_head_hash(const struct store *store)
{
	return store->head_hash;
}

int64_t
store_newest_at(const struct store *store)
{
	return store->newest_at_ms;
}

const char *
store_sqlite_version(void)
{
	return sqlite3_libversion();
}

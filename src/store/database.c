#include "store/database.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "disk.h"
#include "horizon.h"
#include "migrate.h"
#include "store_error.h"
#include "store_private.h"

/*
 * Reading a database and leaving no trace. SQLite cannot read a database in WAL
 * mode without making files beside it, unless it is told that the file does not
 * change. So:
 *
 *   no log there     immutable; nobody changes it, because we hold the lock
 *                    that anybody who opens it would need
 *   a log there      somebody serves it (then it is locked), or died: opened
 *                    for writing, as reading such a log demands, but nothing is
 *                    written and the log is not taken over at the end
 *   a journal there  a transaction that was cut off outside WAL mode; reading
 *                    would have to undo it first: refused
 */
static const char magic[] = "SQLite format 3";
enum { HEAD_BYTES = 48 };

/* What verifying needs, and no more: the rest may not fit an older schema. */
static const enum statement_id needed[] = {
	STATEMENT_READ_HEAD,   STATEMENT_WALK_CHANGES,
	STATEMENT_WALK_ITEMS,  STATEMENT_WALK_NEWEST,
	STATEMENT_READ_CHANGE, STATEMENT_CHECK_INTEGRITY,
};

/* And what an older schema has not got. */
static const struct {
	const char *name; /* of what it reads */
	enum statement_id id;
} newer[] = {
	{ "horizon", STATEMENT_READ_HORIZON },
	{ "change_behind", STATEMENT_WALK_STEPS },
};

static const char *const settings[] = {
	"PRAGMA locking_mode = EXCLUSIVE",
	"PRAGMA query_only = ON",
	"PRAGMA mmap_size = 0",
	"PRAGMA temp_store = MEMORY",
	"PRAGMA trusted_schema = OFF",
	"PRAGMA cell_size_check = ON",
};

static bool
is_there(const char *path, const char *suffix)
{
	char *name = disk_name(path, suffix);
	struct stat st;
	const bool there = stat(name, &st) == 0;

	free(name);
	return there;
}

/* SQLite's own words for these are of one who used it wrongly. */
static const struct {
	size_t at;
	unsigned char most;
	const char *name;
} formats[] = {
	{ 18, 2, "write version" },
	{ 19, 2, "read version" },
	{ 47, 4, "schema format" },
};

/* Of the file's head, whose first bytes are right. */
static enum status
check_formats(const unsigned char *head, struct error *err)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (head[formats[i].at] > formats[i].most)
			return error_set(
			    err, STATUS_CORRUPT,
			    "its header is damaged: %s %u, of which there are "
			    "%u",
			    formats[i].name, head[formats[i].at],
			    formats[i].most);
	}
	return STATUS_OK;
}

/* What a person may have named by mistake. */
static enum status
check_form(const char *path, struct error *err)
{
	unsigned char head[HEAD_BYTES] = { 0 };
	struct stat st;
	FILE *file = NULL;
	size_t n = 0;

	if (stat(path, &st) != 0)
		return error_set(err,
				 errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO,
				 "it cannot be opened: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return error_set(err, STATUS_INVALID, "it is no file");
	if (st.st_size == 0)
		return error_set(err, STATUS_INVALID,
				 "the file is empty: that is no database of "
				 "toggled");
	file = fopen(path, "rbe");
	if (file == NULL)
		return error_set(err, STATUS_IO, "it cannot be opened: %s",
				 strerror(errno));
	n = fread(head, 1, sizeof(head), file);
	(void)fclose(file);
	if (n < sizeof(magic) || memcmp(head, magic, sizeof(magic)) != 0)
		return error_set(err, STATUS_INVALID,
				 "the file is no database");
	return check_formats(head, err);
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
connect(struct store *store, bool has_log, struct error *err)
{
	char *uri = immutable_uri(store->path);
	const int flags = has_log ? SQLITE_OPEN_READWRITE
				  : SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
	char answer[32];
	enum status status = STATUS_OK;
	int rc = sqlite3_open_v2(
	    has_log ? store->path : uri, &store->db,
	    flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_db_config(
		    store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	if (rc != SQLITE_OK)
		status = store_error_set(err, store->db, rc, "open");
	for (size_t i = 0;
	     i < sizeof(settings) / sizeof(settings[0]) && status == STATUS_OK;
	     i++)
		status = statement_once(store->db, settings[i], answer,
					sizeof(answer), err);
	free(uri);
	return status;
}

/* Ours, and not too new. */
static enum status
identify(struct store *store, struct error *err)
{
	char version[24];
	enum status status = migrate_check(store, embedded_migrations, err);

	if (status == STATUS_OK)
		status = statement_once(store->db, "PRAGMA user_version",
					version, sizeof(version), err);
	if (status == STATUS_OK && strcmp(version, "0") == 0)
		status = error_set(err, STATUS_INVALID,
				   "the database is empty: that is none of "
				   "toggled");
	return status;
}

static enum status
prepare_newer(struct store *store, const char *name, enum statement_id id,
	      struct error *err)
{
	char sql[96];
	char count[24];
	enum status status;

	(void)sqlite3_snprintf((int)sizeof(sql), sql,
			       "SELECT count(*) FROM sqlite_schema "
			       "WHERE name = %Q",
			       name);
	status = statement_once(store->db, sql, count, sizeof(count), err);
	if (status == STATUS_OK && strcmp(count, "0") != 0)
		status = statement_open(store, id, err);
	return status;
}

static enum status
prepare(struct store *store, struct error *err)
{
	enum status status = STATUS_OK;

	for (size_t i = 0;
	     i < sizeof(needed) / sizeof(needed[0]) && status == STATUS_OK; i++)
		status = statement_open(store, needed[i], err);
	for (size_t i = 0;
	     i < sizeof(newer) / sizeof(newer[0]) && status == STATUS_OK; i++)
		status = prepare_newer(store, newer[i].name, newer[i].id, err);
	return status;
}

/* The newest revision, and the oldest that may be asked for. */
static enum status
read_ends(struct store *store, struct database_facts *facts, struct error *err)
{
	const enum statement_id id = STATEMENT_READ_HEAD;
	struct horizon horizon;
	bool row = false;
	enum status status = statement_step(store, id, &row, err);

	horizon_init(&horizon);
	if (status == STATUS_OK && row)
		facts->head = statement_integer(store, id, 0);
	statement_reset(store, id);
	if (status == STATUS_OK &&
	    store->statements[STATEMENT_READ_HORIZON] != NULL)
		status = horizon_read(store, &horizon, err);
	facts->oldest = horizon_oldest(&horizon);
	horizon_fini(&horizon);
	return status;
}

static enum status
verify(const char *path, struct database_facts *facts, struct error *err)
{
	struct store *store = mem_zalloc(1, sizeof(*store));
	enum status status = STATUS_OK;

	store->path = mem_strdup(path);
	if (is_there(path, "-journal"))
		status = error_set(err, STATUS_INVALID,
				   "a transaction was cut off (there is a "
				   "-journal): open it with `toggled check` "
				   "first");
	if (status == STATUS_OK)
		status = connect(store, is_there(path, "-wal"), err);
	if (status == STATUS_OK)
		status = identify(store, err);
	if (status == STATUS_OK)
		status = migrate_verify(store, embedded_migrations, err);
	if (status == STATUS_OK)
		status = prepare(store, err);
	if (status == STATUS_OK)
		status = read_ends(store, facts, err);
	if (status == STATUS_OK)
		status = store_verify(store, &facts->changes, err);
	store_close(store);
	return status;
}

enum status
database_verify(const char *path, struct database_facts *facts,
		struct error *err)
{
	struct database_facts found = { .changes = 0 };
	char *plain = store_plain_path(path);
	int fd = -1;
	enum status status = check_form(plain, err);

	if (status == STATUS_OK)
		status = disk_lock(plain, false, &fd, err);
	if (status == STATUS_OK)
		status = verify(plain, &found, err);
	/* Our statements are right: where SQLite refuses one, it is for what it
	 * found. */
	if (status == STATUS_INTERNAL)
		status = STATUS_CORRUPT;
	if (err != NULL && err->code == STATUS_INTERNAL)
		err->code = STATUS_CORRUPT;
	if (fd >= 0)
		(void)close(fd);
	free(plain);
	if (status == STATUS_OK)
		*facts = found;
	else
		error_wrap(err, "%s", path);
	return status;
}

#include "vfs_shim.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/random.h"
#include "disk_record.h"

enum { FILES_MAX = 16 };

struct shim {
	sqlite3_vfs vfs;
	sqlite3_vfs *real;
	struct record *records[FILES_MAX];
	size_t count;
	enum shim_lie lie;
	int64_t calls;
	int64_t fail_at; /* 0: never */
	bool is_lasting;
	bool has_failed;
	enum shim_call failed_call;
	int64_t cut_at; /* 0: never */
	bool is_dark;   /* the power is gone */
	bool has_limit;
	bool only_database;
	int64_t space;
};

struct shim_file {
	sqlite3_file base;
	struct shim *shim;
	struct record *record;
	bool is_database;
	sqlite3_file *real; /* lies behind this struct */
};

static const int failures[SHIM_CALL_COUNT] = {
	[SHIM_OPEN] = SQLITE_CANTOPEN,
	[SHIM_DELETE] = SQLITE_IOERR_DELETE,
	[SHIM_ACCESS] = SQLITE_IOERR_ACCESS,
	[SHIM_READ] = SQLITE_IOERR_READ,
	[SHIM_WRITE] = SQLITE_IOERR_WRITE,
	[SHIM_TRUNCATE] = SQLITE_IOERR_TRUNCATE,
	[SHIM_SYNC] = SQLITE_IOERR_FSYNC,
	[SHIM_SIZE] = SQLITE_IOERR_FSTAT,
	[SHIM_LOCK] = SQLITE_IOERR_LOCK,
};

/* What a call is to do. */
enum verdict { GO_ON, FAIL, PRETEND };

static enum verdict
judge(struct shim *shim, enum shim_call call)
{
	shim->calls++;
	if (shim->is_dark)
		return FAIL;
	if (shim->cut_at != 0 && shim->calls >= shim->cut_at)
		shim->is_dark = true; /* after this one, if it is a write */
	if (shim->fail_at == 0 || shim->calls < shim->fail_at ||
	    (shim->calls > shim->fail_at && !shim->is_lasting))
		return GO_ON;
	if (!shim->has_failed)
		shim->failed_call = call;
	shim->has_failed = true;
	return shim->lie == SHIM_LIE_DONE ? PRETEND : FAIL;
}

static int
failure(const struct shim *shim, enum shim_call call)
{
	if (call == SHIM_SYNC && shim->lie == SHIM_LIE_SYNC_CAUSE)
		return SQLITE_IOERR_WRITE;
	return failures[call];
}

static struct record *
find_record(const struct shim *shim, const char *path)
{
	for (size_t i = 0; i < shim->count; i++) {
		if (strcmp(shim->records[i]->path, path) == 0)
			return shim->records[i];
	}
	return NULL;
}

/* The first sync of a new file syncs its directory as well: all that happened
 * to names becomes durable. */
static void
sync_names(struct shim *shim, struct record *created)
{
	if (created->is_linked)
		return;
	for (size_t i = 0; i < shim->count; i++)
		shim->records[i]->is_linked &= !shim->records[i]->is_deleted;
	created->is_linked = true;
}

/* The methods of a file. */

static int
file_close(sqlite3_file *file)
{
	struct shim_file *f = (struct shim_file *)file;

	return f->real->pMethods->xClose(f->real);
}

static int
file_read(sqlite3_file *file, void *data, int length, sqlite3_int64 offset)
{
	struct shim_file *f = (struct shim_file *)file;

	if (judge(f->shim, SHIM_READ) == FAIL)
		return failure(f->shim, SHIM_READ);
	return f->real->pMethods->xRead(f->real, data, length, offset);
}

/* Whether the disk has room for a file that ends at `end`. */
static bool
take_space(struct shim_file *f, int64_t end)
{
	struct shim *shim = f->shim;
	const int64_t growth = end - f->record->size;

	if (growth <= 0)
		return true;
	if (shim->has_limit && (!shim->only_database || f->is_database)) {
		if (growth > shim->space)
			return false;
		shim->space -= growth;
	}
	f->record->size = end;
	return true;
}

static int
file_write(sqlite3_file *file, const void *data, int length,
	   sqlite3_int64 offset)
{
	struct shim_file *f = (struct shim_file *)file;
	const enum verdict verdict = judge(f->shim, SHIM_WRITE);

	if (verdict == FAIL)
		return failure(f->shim, SHIM_WRITE);
	if (verdict == PRETEND)
		return SQLITE_OK;
	if (!take_space(f, offset + length))
		return f->shim->lie == SHIM_LIE_DONE ? SQLITE_OK : SQLITE_FULL;
	record_write(f->record, offset, data, (size_t)length);
	return f->real->pMethods->xWrite(f->real, data, length, offset);
}

static int
file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct shim_file *f = (struct shim_file *)file;
	const enum verdict verdict = judge(f->shim, SHIM_TRUNCATE);

	if (verdict == FAIL)
		return failure(f->shim, SHIM_TRUNCATE);
	if (verdict == PRETEND)
		return SQLITE_OK;
	record_truncate(f->record, size);
	if (f->shim->has_limit && size < f->record->size)
		f->shim->space += f->record->size - size;
	f->record->size = size;
	return f->real->pMethods->xTruncate(f->real, size);
}

static int
file_sync(sqlite3_file *file, int flags)
{
	struct shim_file *f = (struct shim_file *)file;
	const bool was_dark = f->shim->is_dark;
	enum verdict verdict;

	(void)flags;
	verdict = judge(f->shim, SHIM_SYNC);
	if (verdict == FAIL)
		return failure(f->shim, SHIM_SYNC);
	/* Power that goes during a sync leaves it undone. */
	if (f->shim->is_dark && !was_dark)
		return failure(f->shim, SHIM_SYNC);
	if (verdict == GO_ON && f->shim->lie != SHIM_LIE_SYNC) {
		record_sync(f->record);
		sync_names(f->shim, f->record);
	}
	return SQLITE_OK;
}

static int
file_size(sqlite3_file *file, sqlite3_int64 *size)
{
	struct shim_file *f = (struct shim_file *)file;

	if (judge(f->shim, SHIM_SIZE) == FAIL)
		return failure(f->shim, SHIM_SIZE);
	return f->real->pMethods->xFileSize(f->real, size);
}

static int
file_lock(sqlite3_file *file, int lock)
{
	struct shim_file *f = (struct shim_file *)file;

	if (judge(f->shim, SHIM_LOCK) == FAIL)
		return failure(f->shim, SHIM_LOCK);
	return f->real->pMethods->xLock(f->real, lock);
}

static int
file_unlock(sqlite3_file *file, int lock)
{
	struct shim_file *f = (struct shim_file *)file;

	return f->real->pMethods->xUnlock(f->real, lock);
}

static int
file_check_lock(sqlite3_file *file, int *reserved)
{
	struct shim_file *f = (struct shim_file *)file;

	return f->real->pMethods->xCheckReservedLock(f->real, reserved);
}

/* A size hint would make the file grow behind our back. */
static int
file_control(sqlite3_file *file, int op, void *arg)
{
	struct shim_file *f = (struct shim_file *)file;

	if (op == SQLITE_FCNTL_SIZE_HINT || op == SQLITE_FCNTL_CHUNK_SIZE)
		return SQLITE_OK;
	return f->real->pMethods->xFileControl(f->real, op, arg);
}

static int
file_sector_size(sqlite3_file *file)
{
	(void)file;
	return SECTOR_BYTES;
}

static int
file_characteristics(sqlite3_file *file)
{
	(void)file;
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* Version 1: there is no shared memory, so a store that did not lock
 * exclusively before WAL would not open. */
static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = file_close,
	.xRead = file_read,
	.xWrite = file_write,
	.xTruncate = file_truncate,
	.xSync = file_sync,
	.xFileSize = file_size,
	.xLock = file_lock,
	.xUnlock = file_unlock,
	.xCheckReservedLock = file_check_lock,
	.xFileControl = file_control,
	.xSectorSize = file_sector_size,
	.xDeviceCharacteristics = file_characteristics,
};

/* The methods of the file system. */

static struct shim *
shim_of(sqlite3_vfs *vfs)
{
	return vfs->pAppData;
}

static int
vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags,
	 int *out_flags)
{
	struct shim *shim = shim_of(vfs);
	struct shim_file *f = (struct shim_file *)file;
	struct record *record;
	int rc;

	f->base.pMethods = NULL;
	assert(path != NULL); /* no temporary files: temp_store is MEMORY */
	if (judge(shim, SHIM_OPEN) == FAIL)
		return failure(shim, SHIM_OPEN);
	record = find_record(shim, path);
	if (record == NULL) {
		assert(shim->count < FILES_MAX);
		record = record_new(path);
		shim->records[shim->count++] = record;
	}
	f->shim = shim;
	f->record = record;
	f->is_database = (flags & SQLITE_OPEN_MAIN_DB) != 0;
	f->real = (sqlite3_file *)(f + 1);
	rc = shim->real->xOpen(shim->real, path, f->real, flags, out_flags);
	if (rc == SQLITE_OK) {
		f->base.pMethods = &methods;
		if (record->is_deleted)
			record_revive(record);
	}
	return rc;
}

static int
vfs_delete(sqlite3_vfs *vfs, const char *path, int sync_directory)
{
	struct shim *shim = shim_of(vfs);
	struct record *record = find_record(shim, path);
	const enum verdict verdict = judge(shim, SHIM_DELETE);
	int rc;

	if (verdict == FAIL)
		return failure(shim, SHIM_DELETE);
	if (verdict == PRETEND)
		return SQLITE_OK;
	rc = shim->real->xDelete(shim->real, path, 0);
	if (rc == SQLITE_OK && record != NULL) {
		if (shim->has_limit)
			shim->space += record->size;
		record_delete(record);
		if (sync_directory != 0)
			record->is_linked = false;
	}
	return rc;
}

static int
vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *answer)
{
	struct shim *shim = shim_of(vfs);

	if (judge(shim, SHIM_ACCESS) == FAIL)
		return failure(shim, SHIM_ACCESS);
	return shim->real->xAccess(shim->real, path, flags, answer);
}

static int
vfs_full_pathname(sqlite3_vfs *vfs, const char *path, int size, char *out)
{
	sqlite3_vfs *real = shim_of(vfs)->real;

	return real->xFullPathname(real, path, size, out);
}

static int
vfs_randomness(sqlite3_vfs *vfs, int size, char *out)
{
	sqlite3_vfs *real = shim_of(vfs)->real;

	return real->xRandomness(real, size, out);
}

static int
vfs_sleep(sqlite3_vfs *vfs, int microseconds)
{
	(void)vfs;
	return microseconds;
}

static int
vfs_current_time(sqlite3_vfs *vfs, double *now)
{
	sqlite3_vfs *real = shim_of(vfs)->real;

	return real->xCurrentTime(real, now);
}

static int
vfs_last_error(sqlite3_vfs *vfs, int size, char *text)
{
	(void)vfs;
	(void)size;
	(void)text;
	return 0;
}

/* The shim itself. */

struct shim *
shim_new(void)
{
	struct shim *shim = mem_zalloc(1, sizeof(*shim));

	shim->real = sqlite3_vfs_find(NULL);
	assert(shim->real != NULL);
	shim->vfs = (sqlite3_vfs){
		.iVersion = 1,
		.szOsFile =
		    (int)sizeof(struct shim_file) + shim->real->szOsFile,
		.mxPathname = shim->real->mxPathname,
		.zName = "shim",
		.pAppData = shim,
		.xOpen = vfs_open,
		.xDelete = vfs_delete,
		.xAccess = vfs_access,
		.xFullPathname = vfs_full_pathname,
		.xRandomness = vfs_randomness,
		.xSleep = vfs_sleep,
		.xCurrentTime = vfs_current_time,
		.xGetLastError = vfs_last_error,
	};
	if (sqlite3_vfs_register(&shim->vfs, 0) != SQLITE_OK)
		abort();
	return shim;
}

void
shim_free(struct shim *shim)
{
	shim_reset(shim);
	(void)sqlite3_vfs_unregister(&shim->vfs);
	free(shim);
}

void
shim_reset(struct shim *shim)
{
	while (shim->count > 0)
		record_free(shim->records[--shim->count]);
	shim->lie = SHIM_HONEST;
	shim->calls = 0;
	shim->fail_at = 0;
	shim->has_failed = false;
	shim->cut_at = 0;
	shim->is_dark = false;
	shim->has_limit = false;
}

void
shim_set_lie(struct shim *shim, enum shim_lie lie)
{
	shim->lie = lie;
}

int64_t
shim_calls(const struct shim *shim)
{
	return shim->calls;
}

void
shim_fail(struct shim *shim, int64_t n, bool lasting)
{
	shim->calls = 0;
	shim->fail_at = n;
	shim->is_lasting = lasting;
}

bool
shim_has_failed(const struct shim *shim, enum shim_call *call)
{
	if (shim->has_failed && call != NULL)
		*call = shim->failed_call;
	return shim->has_failed;
}

void
shim_cut(struct shim *shim, int64_t n)
{
	shim->calls = 0;
	shim->cut_at = n;
}

void
shim_set_space(struct shim *shim, int64_t bytes, bool only_database)
{
	shim->has_limit = bytes >= 0;
	shim->space = bytes;
	shim->only_database = only_database;
}

/* The name under which a file survives. A backup is renamed by the store, not
 * through the VFS. */
static void
name_of(const struct record *record, char *name, size_t size)
{
	static const char suffix[] = ".partial";
	const char *base = strrchr(record->path, '/') + 1;
	const size_t length = strlen(record->path);
	char *renamed;

	(void)snprintf(name, size, "%s", base);
	if (length < sizeof(suffix) ||
	    strcmp(record->path + length - (sizeof(suffix) - 1), suffix) != 0)
		return;
	renamed = mem_copy(record->path, length - (sizeof(suffix) - 1));
	if (access(renamed, F_OK) == 0)
		(void)snprintf(name, size, "%s", strrchr(renamed, '/') + 1);
	free(renamed);
}

void
shim_save_wreck(struct shim *shim, const char *directory, uint64_t seed)
{
	struct random random;

	random_seed(&random, seed);
	for (size_t i = 0; i < shim->count; i++) {
		const struct record *record = shim->records[i];
		struct bytes content;
		char name[256];
		char path[600];
		FILE *file;

		if (record->is_deleted && !record->is_linked)
			continue;
		/* An entry of the directory that was not synced. */
		if (record->is_linked == record->is_deleted &&
		    random_below(&random, 2) == 0)
			continue;
		bytes_init(&content);
		record_wreck(record, &random, &content);
		name_of(record, name, sizeof(name));
		(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
		file = fopen(path, "wb");
		assert(file != NULL);
		if (content.length > 0)
			(void)fwrite(content.data, 1, content.length, file);
		(void)fclose(file);
		bytes_fini(&content);
	}
}

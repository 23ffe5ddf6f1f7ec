/*
 * What the store does to files besides SQLite. Paths are plain ones
 * (store_plain_path): they have a slash.
 */
#ifndef STORE_DISK_H
#define STORE_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"

/* Hold a database against whoever opens it, by the bytes that SQLite locks:
 * alone, or with other readers. STATUS_BUSY when somebody has it. *fd is to be
 * closed; until then nothing else in this process may open and close the file,
 * which would let the lock go. */
enum status disk_lock(const char *path, bool alone, int *fd,
		      struct error *err) MUST_CHECK;

/* Copy to a new file, for its owner only, and sync it. */
enum status disk_copy(const char *from, const char *to,
		      struct error *err) MUST_CHECK;

/* Which file a name leads to. */
struct disk_identity {
	bool is_known;
	uint64_t device;
	uint64_t inode;
};

/* Not known where there is none. */
struct disk_identity disk_identify(const char *path);

/* Both are known and the same file. */
bool disk_is_same(struct disk_identity a, struct disk_identity b);

/* Make durable what was renamed in the directory of `path`. */
enum status disk_sync_directory(const char *path, struct error *err) MUST_CHECK;

/* `path` with something behind it; owned by the caller. */
char *disk_name(const char *path, const char *suffix) MUST_CHECK;

#endif

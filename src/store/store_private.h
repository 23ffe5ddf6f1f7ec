/*
 * What the sources of the store share and nobody else sees. Tests open a store
 * through `store_open_with`, which lets them put another disk under it.
 *
 * Invariant: head, newest_at_ms and head_hash describe the newest committed
 * change; only store_commit moves them, after COMMIT has returned. `oldest` is
 * horizon_oldest of the committed row; only store_prune moves it.
 */
#ifndef STORE_STORE_PRIVATE_H
#define STORE_STORE_PRIVATE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/embedded.h"
#include "base/hash.h"
#include "disk.h"
#include "statement.h"
#include "store/store.h"

struct store {
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENT_COUNT];
	char *path;
	char *vfs; /* NULL: the default */
	char *log_path;
	struct disk_identity file; /* that is open */
	struct disk_identity log;  /* beside it */
	char epoch[EPOCH_BYTES];
	bool is_restored; /* this life began with changes of another */
	int64_t head;
	int64_t oldest; /* the oldest revision that may be asked for */
	size_t later;   /* keys of a later release, met by the last load */
	int64_t newest_at_ms;
	uint8_t head_hash[SHA256_BYTES];
	bool dead;            /* an fsync failed: nothing may be written */
	int lock_fd;          /* of one that is only read; else -1 */
	int wal_pages;        /* in the log after the last commit */
	int checkpoint_pages; /* so many make a checkpoint worth while */
	int checkpoint_at;    /* try one when wal_pages reaches this */
	int short_at;         /* the same where the disk has little room */
	char synchronous[8];
};

struct store_options {
	enum store_mode mode;
	const char *vfs;         /* NULL: the default */
	const char *synchronous; /* anything but "FULL" loses changes */
	const struct embedded_file *migrations;
	int checkpoint_pages;
	int64_t now_ms;
};

/* What store_open uses. */
struct store_options store_options_default(enum store_mode mode,
					   int64_t now_ms);

enum status store_open_with(const char *path,
			    const struct store_options *options,
			    struct store **store, struct error *err) MUST_CHECK;

/* The level of syncing from now on: "FULL", or less. */
enum status store_set_synchronous(struct store *store, const char *mode,
				  struct error *err) MUST_CHECK;

/* End a transaction that failed. */
void store_roll_back(struct store *store);

/* After a transaction: take the log over when it has grown long. */
void store_checkpoint(struct store *store);

/* Give the store a new identity. */
enum status store_stamp_epoch(struct store *store, int64_t now_ms,
			      struct error *err) MUST_CHECK;

/* Create the file where there is none, for its owner only: SQLite would let
 * everybody read it. */
enum status store_create_file(const char *path, struct error *err) MUST_CHECK;

/* The path as SQLite takes it for a file whatever it is called: not for a URI
 * ("file:x"), not for memory (":memory:"). Where it is a symbolic link, that of
 * the file that the link leads to, there or not: SQLite puts the log beside the
 * file, and a rename would put a file in the place of the link. Owned by the
 * caller. */
char *store_plain_path(const char *path) MUST_CHECK;

#endif

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/mem.h"
#include "chain.h"
#include "life.h"
#include "store_error.h"
#include "store_private.h"

/*
 * A commit: BEGIN IMMEDIATE, the rows of every change and request, COMMIT.
 *
 * What a failure means:
 *
 *   before COMMIT, any code   nothing is in the log; rolled back.
 *   COMMIT, FULL              no space for the pages; rolled back. The next
 *                             commit writes the same place of the log again,
 *                             so it heals when there is space.
 *   COMMIT, IOERR_WRITE etc.  rolled back as well. The pages may lie in the
 *                             file unsynced; the next commit overwrites them,
 *                             only a crash right now could bring them back. So
 *                             the error says "not acknowledged", and nobody
 *                             was told that the change exists.
 *   COMMIT, IOERR_FSYNC       unknown, for good: the kernel may have dropped
 *                             the pages. The store is dead, no later commit
 *                             may succeed on top of that.
 *   ROLLBACK, any code        the connection's state is unknown: dead.
 *
 * The checkpoint comes after that and is ours, because SQLite's automatic one
 * swallows every error. The change is durable in the log by then, so no result
 * of the checkpoint reaches the caller:
 *
 *   FULL, IOERR_*             the database file lags, the log stays and grows;
 *                             tried again when it has grown as much once more.
 *   IOERR_FSYNC               the log may be whole and may be not (it is synced
 *                             first), so this commit stands but is the last:
 *                             dead.
 *
 * Where the disk has little room left the log is taken over much earlier: once
 * it has filled the disk, the database has no room to take it over, and only
 * room made by somebody else would help.
 *
 * The log is reset by the first write after a checkpoint that was complete.
 * With one connection there is no reader that could keep it from that.
 */

/* How many answers to requests are remembered. */
enum { REQUESTS_KEPT = 100000 };

enum {
	SHORT_PAGES = 32, /* no checkpoint for less than so many */
	PAGE_BYTES = 4096,
	ROOM_BYTES = 128 * 1024, /* for less, a change may find none */
};

/* What a commit has added so far; goes into the store when it is durable. */
struct progress {
	int64_t head;
	int64_t newest_at_ms;
	uint8_t hash[SHA256_BYTES];
};

static bool
is_removed(const struct change_item *item)
{
	return item->after == NULL || item->after->removed;
}

static int
compare_items(const void *a, const void *b)
{
	const struct change_item *x = a;
	const struct change_item *y = b;

	return chain_compare(x->kind, x->key, y->kind, y->key);
}

static bool
is_sorted(const struct change *change)
{
	for (size_t i = 1; i < change->count; i++) {
		if (compare_items(&change->items[i - 1], &change->items[i]) > 0)
			return false;
	}
	return true;
}

/* The items in the order of the chain: a copy to be freed, or NULL when they
 * come in that order, as a change of one item does. */
static struct change_item *
sort_items(const struct change *change)
{
	struct change_item *sorted = NULL;

	if (is_sorted(change))
		return NULL;
	sorted = mem_zalloc(change->count, sizeof(*sorted));
	memcpy(sorted, change->items, change->count * sizeof(*sorted));
	qsort(sorted, change->count, sizeof(*sorted), compare_items);
	return sorted;
}

static void
hash_change(const struct change *change, const struct change_item *items,
	    uint8_t hash[SHA256_BYTES])
{
	const struct chain_change head = { change->revision, change->at_ms,
					   change->environment, change->actor,
					   change->comment };
	char life[LIFE_TEXT_BYTES];
	struct chain chain;

	chain_begin(&chain, hash, &head);
	for (size_t i = 0; i < change->count; i++) {
		const struct change_item *item = &items[i];
		if (is_removed(item))
			chain_remove(&chain, item->kind, item->key);
		else
			chain_set(&chain, item->kind, item->key,
				  item->after->stored);
	}
	/* Behind all other kinds. */
	if (change->life > 0)
		chain_set(&chain, (enum kind)KIND_LIFE, life_key,
			  life_encode(change->life, life));
	chain_end(&chain, hash);
}

static enum status
insert_row(struct store *store, const struct change *change, int kind,
	   struct string key, struct parameter text, struct error *err)
{
	const struct parameter row[] = {
		parameter_integer(change->revision),
		parameter_integer(kind),
		parameter_text(key),
		text,
		parameter_text(change->environment),
	};
	const struct parameter pointer[] = { row[4], row[1], row[2], row[0] };
	enum status status =
	    statement_run(store, STATEMENT_INSERT_ITEM, row, 5, err);

	if (status == STATUS_OK)
		status =
		    statement_run(store, STATEMENT_PUT_NEWEST, pointer, 4, err);
	return status;
}

static enum status
insert_item(struct store *store, const struct change *change,
	    const struct change_item *item, struct error *err)
{
	return insert_row(store, change, (int)item->kind, item->key,
			  is_removed(item)
			      ? parameter_null()
			      : parameter_text(item->after->stored),
			  err);
}

static enum status
insert_life(struct store *store, const struct change *change, struct error *err)
{
	char text[LIFE_TEXT_BYTES];

	if (change->life == 0)
		return STATUS_OK;
	return insert_row(store, change, KIND_LIFE, life_key,
			  parameter_text(life_encode(change->life, text)), err);
}

/* By how much the wall clock was set back since the change before. */
static int64_t
fall(const struct progress *progress, const struct change *change)
{
	if (progress->head == 0 || change->at_ms >= progress->newest_at_ms)
		return 0;
	return progress->newest_at_ms - change->at_ms;
}

static enum status
insert_change(struct store *store, struct change *change,
	      struct progress *progress, struct error *err)
{
	const struct change_item *items = change->items;
	struct change_item *sorted = NULL;
	enum status status;

	if (change->revision != progress->head + 1)
		return error_set(
		    err, STATUS_INTERNAL, "revision %lld does not follow %lld",
		    (long long)change->revision, (long long)progress->head);
	sorted = sort_items(change);
	if (sorted != NULL)
		items = sorted;
	hash_change(change, items, progress->hash);
	memcpy(change->hash, progress->hash, SHA256_BYTES);
	change->has_hash = true;
	const struct parameter parameters[] = {
		parameter_integer(change->revision),
		parameter_text(change->environment),
		parameter_integer(change->at_ms),
		parameter_text(change->actor),
		parameter_text(change->comment),
		parameter_blob(progress->hash, SHA256_BYTES),
		parameter_integer(fall(progress, change)),
	};
	progress->head = change->revision;
	progress->newest_at_ms = change->at_ms;
	status =
	    statement_run(store, STATEMENT_INSERT_CHANGE, parameters, 7, err);
	for (size_t i = 0; i < change->count && status == STATUS_OK; i++)
		status = insert_item(store, change, &items[i], err);
	if (status == STATUS_OK)
		status = insert_life(store, change, err);
	free(sorted);
	return status;
}

static enum status
insert_request(struct store *store, const struct idempotency *request,
	       int64_t head, struct error *err)
{
	const struct parameter parameters[] = {
		parameter_text(request->environment),
		parameter_text(request->key),
		parameter_blob(request->fingerprint, SHA256_BYTES),
		parameter_integer(request->revision),
		parameter_integer(request->verdict),
		parameter_integer(head),
	};
	struct parameter oldest;
	enum status status =
	    statement_run(store, STATEMENT_INSERT_REQUEST, parameters, 6, err);

	if (status != STATUS_OK)
		return status;
	oldest = parameter_integer(sqlite3_last_insert_rowid(store->db) -
				   REQUESTS_KEPT);
	return statement_run(store, STATEMENT_PRUNE_REQUESTS, &oldest, 1, err);
}

static enum status
insert_writes(struct store *store, const struct store_write *writes,
	      size_t count, struct progress *progress, struct error *err)
{
	enum status status = STATUS_OK;

	for (size_t i = 0; i < count && status == STATUS_OK; i++) {
		if (writes[i].change != NULL)
			status = insert_change(store, writes[i].change,
					       progress, err);
		if (status == STATUS_OK && writes[i].idempotency.key.length > 0)
			status = insert_request(store, &writes[i].idempotency,
						progress->head, err);
	}
	return status;
}

/* After some errors SQLite has rolled back already. */
void
store_roll_back(struct store *store)
{
	statement_reset_all(store);
	if (sqlite3_get_autocommit(store->db) == 0 &&
	    statement_run(store, STATEMENT_ROLLBACK, NULL, 0, NULL) !=
		STATUS_OK)
		store->dead = true;
}

/* The log takes more than a third of what it and the free space have. */
static bool
is_short_of_room(const struct store *store)
{
	const uint64_t log_bytes = (uint64_t)store->wal_pages * PAGE_BYTES;
	struct statvfs disk;

	return store->wal_pages >= store->short_at &&
	       statvfs(store->path, &disk) == 0 &&
	       (uint64_t)disk.f_bavail * disk.f_frsize < 2 * log_bytes;
}

void
store_checkpoint(struct store *store)
{
	int pages = 0;
	int copied = 0;
	int rc;

	if (store->wal_pages < store->checkpoint_at && !is_short_of_room(store))
		return;
	rc = sqlite3_wal_checkpoint_v2(
	    store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &copied);
	if (store_error_is_fatal(rc))
		store->dead = true;
	store->checkpoint_at = store->checkpoint_pages;
	store->short_at = SHORT_PAGES;
	if (rc != SQLITE_OK || pages != copied) {
		store->checkpoint_at += store->wal_pages;
		store->short_at += store->wal_pages;
	}
}

static enum status
check_same(const char *path, struct disk_identity opened, struct error *err)
{
	if (disk_is_same(opened, disk_identify(path)))
		return STATUS_OK;
	return error_set(err, STATUS_IO,
			 "%s was removed or replaced while it was in use; what "
			 "was acknowledged can be saved: toggled backup",
			 path);
}

/* Has somebody removed or replaced the file, or the log? What would be written
 * to the one that is open nobody would find again. */
static enum status
check_in_place(const struct store *store, struct error *err)
{
	enum status status = check_same(store->path, store->file, err);

	if (status == STATUS_OK && store->log.is_known)
		status = check_same(store->log_path, store->log, err);
	return status;
}

enum status
store_commit(struct store *store, const struct store_write *writes,
	     size_t count, struct error *err)
{
	struct progress progress = { .head = store->head,
				     .newest_at_ms = store->newest_at_ms };
	enum status status;

	if (store->dead)
		return error_set(err, STATUS_IO,
				 "the disk failed; toggled has to be "
				 "started again");
	status = check_in_place(store, err);
	if (status != STATUS_OK)
		return status;
	memcpy(progress.hash, store->head_hash, SHA256_BYTES);
	status = statement_run(store, STATEMENT_BEGIN, NULL, 0, err);
	if (status == STATUS_OK)
		status = insert_writes(store, writes, count, &progress, err);
	if (status == STATUS_OK)
		status = statement_run(store, STATEMENT_COMMIT, NULL, 0, err);
	if (status != STATUS_OK) {
		store_roll_back(store);
		return status;
	}
	store->head = progress.head;
	store->newest_at_ms = progress.newest_at_ms;
	memcpy(store->head_hash, progress.hash, SHA256_BYTES);
	store_checkpoint(store);
	return STATUS_OK;
}

enum status
store_check_room(const struct store *store, struct error *err)
{
	struct statvfs disk;
	uint64_t free_bytes;

	if (statvfs(store->path, &disk) != 0)
		return STATUS_OK;
	free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
	if (free_bytes >= ROOM_BYTES)
		return STATUS_OK;
	return error_set(err, STATUS_FULL,
			 "the disk is full: %llu bytes are free",
			 (unsigned long long)free_bytes);
}

enum status
store_probe(struct store *store, struct error *err)
{
	enum status status;

	if (store->dead)
		return error_set(err, STATUS_IO, "the disk failed");
	status = check_in_place(store, err);
	if (status == STATUS_OK)
		status = store_check_room(store, err);
	if (status == STATUS_OK)
		status =
		    statement_run(store, STATEMENT_PROBE_META, NULL, 0, err);
	if (status != STATUS_OK)
		store_roll_back(store);
	return status;
}

enum status
store_find_request(struct store *store, struct string environment,
		   struct string key, struct idempotency *found,
		   struct error *err)
{
	const enum statement_id id = STATEMENT_FIND_REQUEST;
	const struct parameter parameters[] = {
		parameter_text(environment),
		parameter_text(key),
		parameter_integer(store->oldest),
	};
	struct idempotency read = { .verdict = 0 };
	bool row = false;
	enum status status =
	    statement_start(store, id, parameters, 3, &row, err);

	if (status == STATUS_OK && !row)
		status = error_set(err, STATUS_NOT_FOUND,
				   "no request with this key is remembered");
	if (status == STATUS_OK &&
	    !statement_copy_blob(store, id, 0, read.fingerprint, SHA256_BYTES))
		status = error_set(err, STATUS_CORRUPT,
				   "the remembered request has no fingerprint");
	if (status == STATUS_OK) {
		read.revision = statement_integer(store, id, 1);
		read.verdict = (int32_t)statement_integer(store, id, 2);
		*found = read;
	}
	statement_reset(store, id);
	return status;
}

/*
 * The store: where the truth lies. One SQLite file in WAL mode, opened
 * exclusively, one connection, used by one thread (the registry's). The only
 * code that knows SQL.
 *
 * What it keeps is the log: every change with the full definition of each item
 * after it, numbered densely from 1 and chained by hash. Everything else can be
 * rebuilt from that. The revision is the order; the time of a change is what
 * the wall clock said, and may be before that of the change before it.
 *
 * Durable means durable: a commit returns after fsync. An fsync that failed
 * leaves the file in an unknown state; `store_is_dead` is true from then on and
 * the process has to exit and recover from the disk. A full disk is not fatal:
 * the commit fails with STATUS_FULL and nothing of it is stored.
 *
 * The face is as narrow as a replicated engine can offer, so that another one
 * can take its place.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/hash.h"
#include "model/catalog.h"
#include "model/change.h"

struct store;

enum store_mode {
	STORE_READ,   /* as it is: nothing is written, nor made beside it */
	STORE_WRITE,  /* it has to be there */
	STORE_CREATE, /* made where there is none, and nothing beside it that
			 bears its name and may be what was there */
	STORE_CREATE_ANEW, /* whatever lies there, but for SQLite's own logs */
};

/* Open the database and run the migrations it lacks (on a copy, where it is
 * only read). A file that is empty or damaged, or is no toggled database, one
 * of a newer release that this one cannot read, one that another process holds:
 * each is refused with a sentence that says what to do. An empty database never
 * comes about by itself: it is made where `mode` says so, whole or not at all.
 * `now_ms` is the wall clock, for a new database. */
enum status store_open(const char *path, enum store_mode mode, int64_t now_ms,
		       struct store **store, struct error *err) MUST_CHECK;

/* NULL is allowed. */
void store_close(struct store *store);

/* The identity of this life of the store, its newest revision, and the oldest
 * that may still be asked for: 1 until something is pruned. */
const char *store_epoch(const struct store *store);

/* Did this life begin with what was there in another one? Then a revision alone
 * does not say which of them it is of. */
bool store_is_restored(const struct store *store);
int64_t store_head(const struct store *store);
int64_t store_oldest(const struct store *store);
bool store_is_dead(const struct store *store);

/* Of the newest change: who knows it can hold the whole history against it. 32
 * zero bytes when there is none. Borrowed until the next commit. */
const uint8_t *store_head_hash(const struct store *store);

/* How many things of kinds that only a later release knows the last store_load
 * has passed over. */
size_t store_later(const struct store *store);

/* What has versions: one thing of one environment. */
struct stored_key {
	struct string environment;
	enum kind kind;
	struct string key;
};

/* One definition as it is stored. The strings are borrowed for the call. */
struct stored_item {
	struct string environment;
	enum kind kind;
	struct string key;
	int64_t revision;
	int64_t at_ms;
	struct string actor;
	struct string text; /* definition.stored; length 0: removed */
	bool removed;
};

/* Return other than STATUS_OK ends the walk and becomes its result. It must not
 * call the store. */
typedef enum status (*store_item_fn)(const struct stored_item *item, void *ctx,
				     struct error *err);

/* The newest version of everything as of revision `at` (INT64_MAX: now; not
 * before store_oldest),
 * removed things included, ordered by environment, kind, revision.
 * `environment` with length 0 means all of them. */
enum status store_load(struct store *store, struct string environment,
		       int64_t at, store_item_fn fn, void *ctx,
		       struct error *err) MUST_CHECK;

/* Who takes items. */
struct store_receiver {
	store_item_fn fn;
	void *ctx;
};

/* An environment as of an older revision, in steps: between two of them
 * everything else of the store may be used, commits included, since what stood
 * then does not change any more. What it costs goes by the keys that are asked
 * for, not by the changes since (src/store/lookback.h). */
struct past_query {
	struct string environment; /* length 0: all */
	int64_t at;
	/* Else everything, as store_load has it. */
	bool is_of_keys;
	enum kind kind; /* these toggles or segments, each once, … */
	const struct string *keys;
	size_t key_count;
	bool with_segments; /* … all segments, and the settings in any case */
};

struct store_past;

/* The strings of the query have to live as long. */
struct store_past *store_past_new(struct store *store,
				  const struct past_query *query) MUST_CHECK;

/* Go on for some `rows`, a few microseconds each. Items are handed over by
 * environment and kind, and as they lie in the log, those that were not there
 * left out, removed ones included. STATUS_GONE: it has been pruned between two
 * steps. */
enum status store_past_step(struct store_past *past, int rows,
			    const struct store_receiver *receiver, bool *done,
			    struct error *err) MUST_CHECK;

/* For the receiver: the place of the item at hand in the order of environments,
 * kinds and keys, less than the count. */
size_t store_past_position(const struct store_past *past);
size_t store_past_count(const struct store_past *past);

/* NULL is allowed. */
void store_past_free(struct store_past *past);

/* The newest change to an environment (length 0: to any) up to revision `at`,
 * and when it was; 0: there was none. */
enum status store_last_change(struct store *store, struct string environment,
			      int64_t at, int64_t *revision, int64_t *at_ms,
			      struct error *err) MUST_CHECK;

/* One thing as of revision `at`. STATUS_NOT_FOUND when it never was there. */
enum status store_load_one(struct store *store, const struct stored_key *key,
			   int64_t at, store_item_fn fn, void *ctx,
			   struct error *err) MUST_CHECK;

/* The change with which the life of an environment began that was there at
 * revision `at` (INT64_MAX: now): where it was removed and made again, the one
 * that made it last, unless that was a rollback (change.life). Of what has been
 * pruned nothing is known; then it is the oldest change to its settings that is
 * kept. 0: it was not there. */
enum status store_born(struct store *store, struct string environment,
		       int64_t at, int64_t *revision,
		       struct error *err) MUST_CHECK;

/* The fate of one write, kept under its Idempotency-Key so that a repeated
 * request answers as the first did. */
struct idempotency {
	struct string key; /* length 0: none was given */
	struct string environment;
	uint8_t fingerprint[SHA256_BYTES]; /* of what was asked */
	int64_t revision; /* of the change, or where nothing changed */
	int32_t verdict;  /* the registry's; the store only keeps it */
};

/* A change and what to remember of its request. `change` NULL: nothing changed,
 * only the verdict is to be kept. change->revision is assigned by the caller:
 * dense, the first one is store_head() + 1. Its hash is filled in, good once
 * the commit is. */
struct store_write {
	struct change *change;
	struct idempotency idempotency;
};

/* Commit all of it in one transaction, in order, or nothing. STATUS_FULL: no
 * space; STATUS_IO: the disk failed (see store_is_dead). */
enum status store_commit(struct store *store, const struct store_write *writes,
			 size_t count, struct error *err) MUST_CHECK;

/* Is there room for a change on the disk? STATUS_FULL: hardly. Writes nothing.
 */
enum status store_check_room(const struct store *store,
			     struct error *err) MUST_CHECK;

/* Would a commit go through? Tried with one that changes nothing. */
enum status store_probe(struct store *store, struct error *err) MUST_CHECK;

/* What stands under an idempotency key. STATUS_NOT_FOUND when nothing does, or
 * what did is older than the history that is kept.
 * key and environment of `found` are left empty. */
enum status store_find_request(struct store *store, struct string environment,
			       struct string key, struct idempotency *found,
			       struct error *err) MUST_CHECK;

/* One change of the history, with its items: for each the stored text after it
 * and before it. Borrowed for the call. */
struct stored_change_item {
	enum kind kind;
	struct string key;
	struct string after;  /* length 0: removed */
	struct string before; /* length 0: there was none */
	int64_t before_revision;
	int64_t before_at_ms;
	struct string before_actor;
};

struct stored_change {
	int64_t revision;
	int64_t at_ms;
	struct string environment;
	struct string actor;
	struct string comment;
	uint8_t hash[SHA256_BYTES];
	const struct stored_change_item *items;
	size_t count;
};

typedef enum status (*store_change_fn)(const struct stored_change *change,
				       void *ctx, struct error *err);

struct history_query {
	struct string environment; /* length 0: all */
	struct string key;   /* length 0: all; else only items of that key */
	struct string actor; /* length 0: all */
	int64_t before;      /* only revisions < before; 0: from the newest */
	int64_t after;       /* only revisions > after */
	int64_t revision;    /* only this one; 0: any */
	bool is_bare;        /* without items; not with a key */
	size_t limit;
};

/* The same in steps, as store_past is: each change is begun (`items` NULL),
 * then come its items. STATUS_GONE: the change at hand was pruned between two
 * steps.
 */
struct history_receiver {
	store_change_fn begin;
	enum status (*item)(const struct stored_change_item *item, void *ctx,
			    struct error *err);
	void *ctx;
};

struct store_history;

/* The strings of the query have to live as long. */
struct store_history *
store_history_new(struct store *store,
		  const struct history_query *query) MUST_CHECK;
enum status store_history_step(struct store_history *history, int rows,
			       const struct history_receiver *receiver,
			       bool *done, struct error *err) MUST_CHECK;

/* NULL is allowed. */
void store_history_free(struct store_history *history);

/* The matching changes that are kept, newest first. */
enum status store_history(struct store *store,
			  const struct history_query *query, store_change_fn fn,
			  void *ctx, struct error *err) MUST_CHECK;

/* The newest revision whose time is at or before `at_ms`; 0: none that is kept
 * is. Times may fall from one revision to the next (the wall clock was set
 * back): then it is still the newest of all that are. */
enum status store_revision_at(struct store *store, int64_t at_ms,
			      int64_t *revision, struct error *err) MUST_CHECK;

/* Time of the newest change, 0 when there is none. */
int64_t store_newest_at(const struct store *store);

/* The wall clock was set back between two changes, by so much that it is worth
 * a word. */
enum { STORE_STEP_MS = 5000 };

struct clock_step {
	int64_t revision; /* the first change after it; 0: there is none */
	int64_t from_ms;  /* the time of the change before */
	int64_t to_ms;
};

/* The newest step that makes it doubtful which change a time means, of which
 * `revision` is the newest that is not later: one after that, so that going
 * back there goes over it; or one before it, where both clocks have said that
 * time. A time that was in the future at `now_ms` nobody can have meant. */
enum status store_find_step(struct store *store, int64_t revision,
			    int64_t at_ms, int64_t now_ms,
			    struct clock_step *step,
			    struct error *err) MUST_CHECK;

/* An online backup, step by step between commits, so that writes go on. It is
 * begun into a new file at `path`; each step copies up to `pages` pages and
 * sets *done when the copy is whole and synced. A copy that failed is removed
 * by store_backup_end, which is called in any case. */
struct store_backup;
enum status store_backup_begin(struct store *store, const char *path,
			       struct store_backup **backup,
			       struct error *err) MUST_CHECK;
enum status store_backup_step(struct store_backup *backup, int pages,
			      bool *done, struct error *err) MUST_CHECK;
void store_backup_end(struct store_backup *backup);

/* One short step of forgetting what is older than `before_ms`: of every change
 * that a later one had succeeded by then, the versions that a later one has
 * replaced. The newest change by then stays whole, and all that it left in
 * force: the state can be had as of it and of anything after it. A time after
 * `now_ms` says nothing: that of the next change that has none counts. Changes
 * go in their order, so one whose time is far too early takes none with it that
 * are not old themselves. A step handles
 * up to `items` of them in a transaction of its own, which is on the disk when
 * the next commit is. *done: nothing is left to do for that time. */
enum status store_prune(struct store *store, int64_t before_ms, int64_t now_ms,
			int items, bool *done, struct error *err) MUST_CHECK;

/* Walk the whole log and check density, the hash chain and SQLite's own
 * integrity. On damage: STATUS_CORRUPT and a text that names the first
 * revision at which it shows. `changes` gets the number walked: from the
 * horizon on, but for what the oldest one that is kept needs. */
enum status store_verify(struct store *store, int64_t *changes,
			 struct error *err) MUST_CHECK;

/* A revision and the hash that it is known to have had. */
struct chain_point {
	int64_t revision;
	uint8_t hash[SHA256_BYTES];
};

/* The same, and that revision has to be there, with that hash: a chain that was
 * made anew is whole, but its hashes are others. NULL: none is known. */
enum status store_verify_against(struct store *store,
				 const struct chain_point *known,
				 int64_t *changes,
				 struct error *err) MUST_CHECK;

/* Which one is loaded, whatever the header was. */
const char *store_sqlite_version(void);

#endif

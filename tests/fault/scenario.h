/*
 * What the fault tests do with a store, and how they know afterwards that
 * nothing acknowledged was lost. The content of a change follows from its
 * revision and the attempt that wrote it; the ledger says which attempt was
 * acknowledged.
 *
 * Nothing here asserts: a test also runs on stores that are broken on purpose
 * and then has to see `unsound`.
 */
#ifndef FAULT_SCENARIO_H
#define FAULT_SCENARIO_H

#include "../../src/store/store_private.h"
#include "vfs_shim.h"

enum { LEDGER_MAX = 512 };

struct ledger {
	int64_t head;                 /* acknowledged */
	int attempts[LEDGER_MAX + 1]; /* by revision */
	int attempt;                  /* the next one's number */
	char unsound[512];            /* why the store is; empty: it is not */
};

/* A directory of its own for a run. */
struct scenario {
	struct shim *shim;
	struct store_options options;
	char directory[64];
	char wreck[80]; /* directory for what survived */
	char path[96];
	struct store *store; /* NULL: closed */
	struct ledger ledger;
	struct error err;
};

void scenario_init(struct scenario *s, struct shim *shim);
void scenario_fini(struct scenario *s);

/* Remove the files of a directory, whose path ends with a slash. */
void scenario_clear_directory(const char *directory);

/* Note the first reason. */
void scenario_unsound(struct scenario *s, const char *fmt, ...)
    PRINTF_LIKE(2, 3);

enum status scenario_open(struct scenario *s);
void scenario_close(struct scenario *s);

/* Close and leave the log where it is, as a kill would. */
void scenario_kill(struct scenario *s);

/* One migration more from the next time that it is opened. */
void scenario_add_migration(struct scenario *s);

/* Commit `count` changes in one group. */
enum status scenario_commit(struct scenario *s, size_t count);

/* Everything readable as of now and the history agree with the ledger. */
void scenario_check_reads(struct scenario *s);

/* Forget the faults, open again (`path` NULL: the scenario's own), check that
 * every acknowledged change is there and the chain is whole, and that a commit
 * works. */
void scenario_check(struct scenario *s, const char *path);

/* One step of forgetting all but the newest few changes. */
enum status scenario_prune(struct scenario *s);

/* Copy to `path` in steps of `pages` pages with a commit between. */
enum status scenario_backup(struct scenario *s, const char *path, int pages);

/* Close, forget the faults, and check that the copy is whole and has at least
 * the changes up to `head`. */
void scenario_check_copy(struct scenario *s, const char *path, int64_t head);

#endif

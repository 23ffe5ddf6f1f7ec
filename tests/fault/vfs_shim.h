/*
 * A disk that fails on purpose: an SQLite VFS over the default one, registered
 * as "shim". Files really exist, but fsync never reaches the machine's disk.
 *
 * It fails in one of three ways:
 *   calls   the n-th call fails, alone or with all that follow
 *   power   at the n-th call the power goes; what was not synced is kept,
 *           dropped or torn, 512 bytes at a time, by the seed
 *   space   files may grow together by so many bytes
 * and it can lie, for tests that have to notice.
 *
 * One shim at a time, one thread.
 */
#ifndef FAULT_VFS_SHIM_H
#define FAULT_VFS_SHIM_H

#include <stdbool.h>
#include <stdint.h>

enum shim_call {
	SHIM_OPEN,
	SHIM_DELETE,
	SHIM_ACCESS,
	SHIM_READ,
	SHIM_WRITE,
	SHIM_TRUNCATE,
	SHIM_SYNC,
	SHIM_SIZE,
	SHIM_LOCK,
	SHIM_CALL_COUNT
};

enum shim_lie {
	SHIM_HONEST,
	SHIM_LIE_DONE,       /* a call that fails says that it worked */
	SHIM_LIE_SYNC,       /* sync says it worked and did nothing */
	SHIM_LIE_SYNC_CAUSE, /* a failed sync looks like a failed write */
};

struct shim;

/* Registers the VFS; shim_free unregisters it. */
struct shim *shim_new(void);
void shim_free(struct shim *shim);

/* Forget all files and faults; calls count from 0 again. No file is open. */
void shim_reset(struct shim *shim);

void shim_set_lie(struct shim *shim, enum shim_lie lie);

/* Calls since shim_reset or the last shim_fail, shim_cut. */
int64_t shim_calls(const struct shim *shim);

/* Fail the n-th call from now on, and those after it too if `lasting`. 0: no
 * more. */
void shim_fail(struct shim *shim, int64_t n, bool lasting);

/* Whether a call has failed, and which kind was the first. */
bool shim_has_failed(const struct shim *shim, enum shim_call *call);

/* Cut the power at the n-th call from now on. */
void shim_cut(struct shim *shim, int64_t n);

/* Let files grow by `bytes` more; with `only_database` the log is spared.
 * Negative: without limit. */
void shim_set_space(struct shim *shim, int64_t bytes, bool only_database);

/* Write what a disk could hold after the power went, into a directory that
 * exists, under the files' own names. */
void shim_save_wreck(struct shim *shim, const char *directory, uint64_t seed);

#endif

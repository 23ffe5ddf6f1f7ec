/*
 * The calls to the kernel about files, between the program and libc: the n-th
 * of them fails, or the process is killed in the middle of it. What SQLite does
 * and what the rest of the program does is the same here.
 *
 * It works in two ways. Linked into a test it sits in front of that process,
 * and `disk_calls_control()` says what is to fail. As tests/fault/disk_calls.so
 * it is preloaded into the real program, whose $TOGGLED_DISK names a file that
 * holds the struct; the test maps the same file, so it can change its mind
 * while the program runs.
 *
 * Only files in `directory` are touched, in any thread. Where nothing is set,
 * nothing happens.
 */
#ifndef FAULT_DISK_CALLS_H
#define FAULT_DISK_CALLS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	DISK_OPEN = 1,
	DISK_READ = 2,
	DISK_WRITE = 4, /* half of it is written before it fails */
	DISK_SYNC = 8,
	DISK_TRUNCATE = 16,
	DISK_NAME = 32, /* rename, link, unlink */
	DISK_LOOK = 64, /* stat, access */
	DISK_ALL = 127,
	DISK_CHANGES =
	    DISK_OPEN | DISK_WRITE | DISK_SYNC | DISK_TRUNCATE | DISK_NAME,
};

struct disk_control {
	char directory[256];   /* with a slash at its end; "": none */
	atomic_uint kinds;     /* which calls count, and fail */
	atomic_llong calls;    /* so many were made */
	atomic_llong fail_at;  /* the n-th fails; 0: none */
	atomic_llong kill_at;  /* at the n-th the process is killed; 0: never */
	atomic_llong permille; /* so many of a thousand fail, at random */
	atomic_int error;      /* errno of a call that fails */
	atomic_bool is_lasting;  /* those after the n-th fail too */
	atomic_llong failed;     /* so many did */
	atomic_uint failed_kind; /* the first of them */
};

struct disk_control *disk_calls_control(void);

/* Something that was done to a file in `directory`. */
struct disk_event {
	enum {
		DISK_MADE,    /* `name` is new */
		DISK_WRITTEN, /* data, length, offset */
		DISK_CUT,     /* to `offset` bytes */
		DISK_SYNCED,  /* `name` "": the directory itself */
		DISK_RENAMED, /* to `other` */
		DISK_LINKED,  /* as `other` too */
		DISK_UNLINKED,
	} what;
	const char *name; /* within `directory` */
	const char *other;
	const void *data;
	size_t length;
	int64_t offset;
};

/* Tell `see` of each, in order, when it has happened; NULL: nobody. One thread,
 * in this process. */
void disk_calls_watch(void (*see)(void *ctx, const struct disk_event *event),
		      void *ctx);

#endif

/*
 * How other threads reach a loop: an eventfd that wakes it, a list of tasks to
 * run on its thread, and a slot for the newest catalog. Nothing else of a loop
 * is touched by another thread.
 */
#ifndef SRC_HTTP_INBOX_H
#define SRC_HTTP_INBOX_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/error.h"
#include "model/catalog.h"

/* Embedded in what the work is about. */
struct task {
	struct task *next;
	void (*run)(struct task *task); /* on the loop's thread */
};

struct inbox {
	int fd;
	pthread_mutex_t mutex;
	struct task *first, **last;        /* under the mutex */
	struct task *due, **due_last;      /* the loop's: taken, not run yet */
	_Atomic(struct catalog *) catalog; /* newer than the loop's, or NULL */
};

enum status inbox_init(struct inbox *inbox, struct error *err) MUST_CHECK;
void inbox_fini(struct inbox *inbox);

/* Any thread. */
void inbox_post(struct inbox *inbox, struct task *task);
void inbox_publish(struct inbox *inbox, const struct catalog *catalog);
void inbox_nudge(struct inbox *inbox);

/* The loop's thread: the newest catalog with its reference, or NULL when none
 * has come since. */
struct catalog *inbox_take_catalog(struct inbox *inbox);

/* The loop's thread: quiet the eventfd and run the tasks, in their order, for
 * INBOX_RUN_MS at most, and one at least. Where some are left the inbox nudges
 * itself. */
enum { INBOX_RUN_MS = 5 };
void inbox_run(struct inbox *inbox, const struct clock *clock);

#endif

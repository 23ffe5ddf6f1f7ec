/*
 * The registry's mailbox: where jobs wait for its thread. Writes and backups
 * have so many places, reads of the past have others, of which one asker has a
 * share, so neither keeps the other out.
 *
 * Any thread puts in and looks; the registry's thread takes out.
 */
#ifndef SRC_REGISTRY_MAILBOX_H
#define SRC_REGISTRY_MAILBOX_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "registry/registry.h"
#include "shares.h"

struct mailbox {
	pthread_mutex_t mutex; /* of what follows */
	pthread_cond_t wake;
	struct job *first, **last;
	size_t limit;
	size_t queued;       /* places of writes that are taken */
	struct shares reads; /* places of reads */
	bool stopping;
	atomic_bool has_write; /* something but reads is in it */
};

void mailbox_init(struct mailbox *mailbox, size_t limit);
void mailbox_fini(struct mailbox *mailbox);

/* STATUS_BUSY: there is no place. */
enum status mailbox_put(struct mailbox *mailbox, struct job *job,
			struct error *err) MUST_CHECK;

/* Up to `limit` jobs, in order; waits for the first, for a while, unless told
 * not to. False when it is to stop and there is none. A write's place is free
 * again, that of a read when it is done, that of a rollback when it is staged:
 * mailbox_leave. */
bool mailbox_take(struct mailbox *mailbox, bool wait, struct job **jobs,
		  size_t limit, size_t *count);
void mailbox_leave(struct mailbox *mailbox, const struct job *job);

/* No further jobs. */
void mailbox_stop(struct mailbox *mailbox);

/* Is it a read of the past? */
bool mailbox_is_read(const struct job *job);

#endif

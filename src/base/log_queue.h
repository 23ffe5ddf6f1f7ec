/*
 * Between who logs and the descriptor: a bounded queue of lines and a thread
 * that writes them, because a write may take for ever (a pipe nobody reads, a
 * terminal that is stopped, a disk that hangs). Whoever logs takes a lock that
 * is never held over a write. What finds no room, or cannot be written, is lost
 * and counted, and a line says so as soon as one can be written again.
 *
 * Any thread, but for new and end.
 */
#ifndef SRC_BASE_LOG_QUEUE_H
#define SRC_BASE_LOG_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

enum {
	LOG_QUEUE_BYTES = 1024 * 1024, /* of lines that wait to be written */
	LOG_QUEUE_PATIENCE_MS = 2,
};

struct log_queue;

/* `notice` appends the line that says that so many are lost; on the queue's
 * thread. NULL: no thread could be started. */
struct log_queue *log_queue_new(int fd,
				void (*notice)(void *ctx, uint64_t lost,
					       struct bytes *line),
				void *ctx) MUST_CHECK;

/* Copies the line. `waits`: until it is written, for LOG_QUEUE_PATIENCE_MS at
 * most, so that a line is out before what it tells of is seen; not where the
 * one before had to give up. */
void log_queue_put(struct log_queue *queue, const char *line, size_t length,
		   bool waits);

/* How many lines are lost since the beginning. */
uint64_t log_queue_lost(struct log_queue *queue);

/* Wait until all is written, for so long at most. */
void log_queue_flush(struct log_queue *queue, int64_t ms);

/* The same, then end the thread and release everything. A thread that is stuck
 * in a write is left to the end of the process. NULL is allowed. */
void log_queue_end(struct log_queue *queue, int64_t ms);

#endif

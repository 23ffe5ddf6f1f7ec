#include "log_queue.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

enum { MS_PER_SECOND = 1000, NS_PER_MS = 1000000 };

/* All under the mutex but `batch`, which is the thread's while it writes. */
struct log_queue {
	pthread_mutex_t mutex;
	pthread_cond_t filled;
	pthread_cond_t written;
	pthread_t thread;
	int fd;
	void (*notice)(void *ctx, uint64_t lost, struct bytes *line);
	void *ctx;
	struct bytes pending;
	struct bytes batch;
	uint64_t put;  /* lines taken so far */
	uint64_t done; /* of them, written or lost on the way */
	uint64_t lost;
	uint64_t told;     /* of them, by a notice that was written */
	bool is_behind;    /* somebody gave up waiting: nobody waits */
	bool cannot_write; /* the last write failed */
	bool ends;
};

static uint64_t
count_lines(const char *text, size_t length)
{
	uint64_t lines = 0;

	for (size_t i = 0; i < length; i++)
		lines += text[i] == '\n';
	return lines;
}

/* How much of it was written. */
static size_t
write_out(int fd, const char *text, size_t length)
{
	size_t at = 0;

	while (at < length) {
		const ssize_t n = write(fd, text + at, length - at);

		if (n >= 0) {
			at += (size_t)n;
		} else if (errno == EAGAIN) {
			struct pollfd ready = { .fd = fd, .events = POLLOUT };

			(void)poll(&ready, 1, -1);
		} else if (errno != EINTR) {
			break;
		}
	}
	return at;
}

/* With the mutex held; it is let go of while something is written. What found
 * no room came after all that did, so its notice comes last. */
static void
write_batch(struct log_queue *queue)
{
	struct bytes batch = queue->pending;
	const uint64_t lines = count_lines(batch.data, batch.length);
	const uint64_t lost = queue->lost;
	struct bytes notice;
	size_t at = 0;
	size_t noted = 0;

	queue->pending = queue->batch;
	bytes_clear(&queue->pending);
	bytes_init(&notice);
	if (lost > queue->told)
		queue->notice(queue->ctx, lost - queue->told, &notice);
	pthread_mutex_unlock(&queue->mutex);
	at = write_out(queue->fd, batch.data, batch.length);
	if (at == batch.length)
		noted = write_out(queue->fd, notice.data, notice.length);
	pthread_mutex_lock(&queue->mutex);
	if (noted == notice.length)
		queue->told = lost;
	queue->cannot_write = noted < notice.length || at < batch.length;
	queue->lost += count_lines(batch.data + at, batch.length - at);
	queue->done += lines;
	queue->batch = batch;
	bytes_fini(&notice);
	if (queue->done == queue->put)
		queue->is_behind = false;
	pthread_cond_broadcast(&queue->written);
}

/* A notice that could not be written is tried again with the next line. */
static bool
has_work(const struct log_queue *queue)
{
	return queue->pending.length > 0 ||
	       (queue->lost > queue->told && !queue->cannot_write);
}

static void *
run(void *arg)
{
	struct log_queue *queue = arg;

	pthread_mutex_lock(&queue->mutex);
	while (has_work(queue) || !queue->ends) {
		if (has_work(queue))
			write_batch(queue);
		else
			pthread_cond_wait(&queue->filled, &queue->mutex);
	}
	pthread_mutex_unlock(&queue->mutex);
	return NULL;
}

struct log_queue *
log_queue_new(int fd,
	      void (*notice)(void *ctx, uint64_t lost, struct bytes *line),
	      void *ctx)
{
	struct log_queue *queue = mem_zalloc(1, sizeof(*queue));
	pthread_condattr_t attributes;

	pthread_mutex_init(&queue->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&queue->filled, NULL);
	pthread_cond_init(&queue->written, &attributes);
	pthread_condattr_destroy(&attributes);
	bytes_init(&queue->pending);
	bytes_append_str(&queue->pending, "");
	bytes_init(&queue->batch);
	bytes_append_str(&queue->batch, "");
	queue->fd = fd;
	queue->notice = notice;
	queue->ctx = ctx;
	if (pthread_create(&queue->thread, NULL, run, queue) != 0) {
		free(queue);
		queue = NULL;
	}
	return queue;
}

static struct timespec
in_ms(int64_t ms)
{
	const struct clock clock = clock_system();
	const int64_t due_ms = clock_mono_ms(&clock) + ms;

	return (struct timespec){
		.tv_sec = (time_t)(due_ms / MS_PER_SECOND),
		.tv_nsec = (long)(due_ms % MS_PER_SECOND) * NS_PER_MS,
	};
}

/* With the mutex held; false: it took too long. */
static bool
wait_for(struct log_queue *queue, uint64_t line, int64_t ms)
{
	const struct timespec due = in_ms(ms);
	int rc = 0;

	while (queue->done < line && rc == 0)
		rc = pthread_cond_timedwait(&queue->written, &queue->mutex,
					    &due);
	return queue->done >= line;
}

void
log_queue_put(struct log_queue *queue, const char *line, size_t length,
	      bool waits)
{
	pthread_mutex_lock(&queue->mutex);
	if (queue->pending.length + length > LOG_QUEUE_BYTES) {
		queue->lost++;
	} else {
		bytes_append(&queue->pending, line, length);
		queue->put++;
		pthread_cond_signal(&queue->filled);
		if (waits && !queue->is_behind &&
		    !wait_for(queue, queue->put, LOG_QUEUE_PATIENCE_MS))
			queue->is_behind = true;
	}
	pthread_mutex_unlock(&queue->mutex);
}

uint64_t
log_queue_lost(struct log_queue *queue)
{
	uint64_t lost;

	pthread_mutex_lock(&queue->mutex);
	lost = queue->lost;
	pthread_mutex_unlock(&queue->mutex);
	return lost;
}

void
log_queue_flush(struct log_queue *queue, int64_t ms)
{
	pthread_mutex_lock(&queue->mutex);
	(void)wait_for(queue, queue->put, ms);
	pthread_mutex_unlock(&queue->mutex);
}

void
log_queue_end(struct log_queue *queue, int64_t ms)
{
	bool is_idle;

	if (queue == NULL)
		return;
	pthread_mutex_lock(&queue->mutex);
	queue->ends = true;
	pthread_cond_signal(&queue->filled);
	is_idle = wait_for(queue, queue->put, ms);
	pthread_mutex_unlock(&queue->mutex);
	if (!is_idle) {
		(void)pthread_detach(queue->thread);
		return;
	}
	(void)pthread_join(queue->thread, NULL);
	pthread_cond_destroy(&queue->written);
	pthread_cond_destroy(&queue->filled);
	pthread_mutex_destroy(&queue->mutex);
	bytes_fini(&queue->pending);
	bytes_fini(&queue->batch);
	free(queue);
}

#include "loop_life.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "feed/usage.h"

struct loop *
loop_new(const struct service *service, unsigned index, struct error *err)
{
	struct loop *loop = mem_zalloc(1, sizeof(*loop));
	pthread_condattr_t attributes;

	if (inbox_init(&loop->inbox, err) != STATUS_OK) {
		free(loop);
		return NULL;
	}
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&loop->ready, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&loop->mutex, NULL);
	loop->service = service;
	loop->usage = usage_new(clock_wall_ms(&service->clock));
	loop->index = index;
	loop->drive_due_ms = INT64_MAX;
	loop->feed_due_ms = INT64_MAX;
	return loop;
}

void
loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	inbox_fini(&loop->inbox);
	usage_free(loop->usage);
	pthread_cond_destroy(&loop->ready);
	pthread_mutex_destroy(&loop->mutex);
	free(loop);
}

void
loop_ready(struct loop *loop, const struct error *failure)
{
	pthread_mutex_lock(&loop->mutex);
	loop->is_ready = true;
	error_init(&loop->failure);
	if (failure != NULL)
		loop->failure = *failure;
	pthread_cond_broadcast(&loop->ready);
	pthread_mutex_unlock(&loop->mutex);
}

static void *
thread_main(void *ctx)
{
	loop_run(ctx);
	return NULL;
}

enum status
loop_start(struct loop *loop, struct error *err)
{
	char name[16];
	sigset_t all;
	sigset_t before;
	int rc;

	/* Signals are the main thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&loop->thread, NULL, thread_main, loop);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc != 0)
		return error_set(err, STATUS_INTERNAL, "thread: %s",
				 strerror(rc));
	(void)snprintf(name, sizeof(name), "http-%u", loop->index);
	(void)pthread_setname_np(loop->thread, name);
	loop->started = true;
	pthread_mutex_lock(&loop->mutex);
	while (!loop->is_ready)
		pthread_cond_wait(&loop->ready, &loop->mutex);
	pthread_mutex_unlock(&loop->mutex);
	if (loop->failure.code != STATUS_OK)
		return error_set(err, loop->failure.code, "%s",
				 loop->failure.text);
	return STATUS_OK;
}

void
loop_want(struct loop *loop, enum loop_phase phase)
{
	atomic_store(&loop->wanted, (int)phase);
	inbox_nudge(&loop->inbox);
}

void
loop_join(struct loop *loop)
{
	if (loop->started)
		pthread_join(loop->thread, NULL);
	loop->started = false;
}

static struct timespec
moment_in(int64_t ms)
{
	int64_t us = clock_stopwatch_us() + ms * 1000;

	return (struct timespec){ .tv_sec = us / 1000000,
				  .tv_nsec = us % 1000000 * 1000 };
}

bool
loop_wait_quiet(struct loop *loop, int64_t within_ms)
{
	const struct timespec due = moment_in(within_ms);
	int rc = 0;
	bool quiet;

	pthread_mutex_lock(&loop->mutex);
	while (!atomic_load(&loop->quiet) && rc == 0)
		rc = pthread_cond_timedwait(&loop->ready, &loop->mutex, &due);
	quiet = atomic_load(&loop->quiet);
	pthread_mutex_unlock(&loop->mutex);
	return quiet;
}

void
loop_linger(struct loop *loop, int64_t ms)
{
	const struct timespec due = moment_in(ms);
	int rc = 0;

	pthread_mutex_lock(&loop->mutex);
	while (rc == 0)
		rc = pthread_cond_timedwait(&loop->ready, &loop->mutex, &due);
	pthread_mutex_unlock(&loop->mutex);
}

bool
loop_is_alive(struct loop *loop, int64_t now_ms, int64_t period_ms)
{
	int64_t asked = atomic_load(&loop->asked_ms);

	if (asked == 0 || atomic_load(&loop->ticked_ms) >= asked) {
		atomic_store(&loop->asked_ms, now_ms);
		inbox_nudge(&loop->inbox);
		return true;
	}
	return now_ms - asked < period_ms;
}

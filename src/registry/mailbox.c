#include "mailbox.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"

enum {
	READS_MAX = 1024, /* of the past, that may wait */
	TURN_MS = 1000,   /* an idle thread still shows that it lives */
};

void
mailbox_init(struct mailbox *mailbox, size_t limit)
{
	pthread_condattr_t attr;

	mailbox->first = NULL;
	mailbox->last = &mailbox->first;
	mailbox->limit = limit;
	mailbox->queued = 0;
	mailbox->stopping = false;
	atomic_init(&mailbox->has_write, false);
	shares_init(&mailbox->reads, limit < READS_MAX ? limit : READS_MAX);
	pthread_mutex_init(&mailbox->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&mailbox->wake, &attr);
	pthread_condattr_destroy(&attr);
}

void
mailbox_fini(struct mailbox *mailbox)
{
	shares_fini(&mailbox->reads);
	pthread_cond_destroy(&mailbox->wake);
	pthread_mutex_destroy(&mailbox->mutex);
}

bool
mailbox_is_read(const struct job *job)
{
	return job->type == JOB_HISTORY || job->type == JOB_PAST;
}

/* Under the mutex. */
static enum status
take_place(struct mailbox *mailbox, const struct job *job, struct error *err)
{
	enum shares_verdict verdict;

	if (mailbox->stopping)
		return error_set(err, STATUS_BUSY, "the server stops");
	if (!mailbox_is_read(job)) {
		if (mailbox->queued >= mailbox->limit)
			return error_set(
			    err, STATUS_BUSY,
			    "too many writes are waiting; try again");
		mailbox->queued++;
		return STATUS_OK;
	}
	verdict = shares_enter(&mailbox->reads, job->asker);
	if (verdict == SHARES_OK)
		return STATUS_OK;
	return error_set(err, STATUS_BUSY,
			 verdict == SHARES_FULL
			     ? "too many reads of the past are waiting; try "
			       "again"
			     : "too many of your reads of the past are "
			       "waiting; try again");
}

enum status
mailbox_put(struct mailbox *mailbox, struct job *job, struct error *err)
{
	enum status rc;

	job->next = NULL;
	pthread_mutex_lock(&mailbox->mutex);
	rc = take_place(mailbox, job, err);
	if (rc == STATUS_OK) {
		*mailbox->last = job;
		mailbox->last = &job->next;
		if (!mailbox_is_read(job))
			atomic_store(&mailbox->has_write, true);
		pthread_cond_signal(&mailbox->wake);
	}
	pthread_mutex_unlock(&mailbox->mutex);
	return rc;
}

/* On the clock that the condition variable was given. */
static struct timespec
turn_deadline(void)
{
	const struct clock clock = clock_system();
	const int64_t at_ms = clock_mono_ms(&clock) + TURN_MS;

	return (struct timespec){ .tv_sec = at_ms / 1000,
				  .tv_nsec = at_ms % 1000 * 1000000 };
}

bool
mailbox_take(struct mailbox *mailbox, bool wait, struct job **jobs,
	     size_t limit, size_t *count)
{
	const struct timespec deadline = turn_deadline();
	bool more;

	*count = 0;
	pthread_mutex_lock(&mailbox->mutex);
	while (wait && mailbox->first == NULL && !mailbox->stopping) {
		if (pthread_cond_timedwait(&mailbox->wake, &mailbox->mutex,
					   &deadline) == ETIMEDOUT)
			break;
	}
	while (mailbox->first != NULL && *count < limit) {
		struct job *job = mailbox->first;

		mailbox->first = job->next;
		if (!mailbox_is_read(job) && job->type != JOB_ROLLBACK)
			mailbox->queued--;
		jobs[(*count)++] = job;
	}
	if (mailbox->first == NULL) {
		mailbox->last = &mailbox->first;
		atomic_store(&mailbox->has_write, false);
	}
	more = *count > 0 || !mailbox->stopping;
	pthread_mutex_unlock(&mailbox->mutex);
	return more;
}

void
mailbox_leave(struct mailbox *mailbox, const struct job *job)
{
	pthread_mutex_lock(&mailbox->mutex);
	if (mailbox_is_read(job))
		shares_leave(&mailbox->reads, job->asker);
	else if (job->type == JOB_ROLLBACK)
		mailbox->queued--;
	pthread_mutex_unlock(&mailbox->mutex);
}

void
mailbox_stop(struct mailbox *mailbox)
{
	pthread_mutex_lock(&mailbox->mutex);
	mailbox->stopping = true;
	pthread_cond_signal(&mailbox->wake);
	pthread_mutex_unlock(&mailbox->mutex);
}

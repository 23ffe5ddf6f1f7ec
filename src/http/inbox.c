#include "inbox.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum status
inbox_init(struct inbox *inbox, struct error *err)
{
	inbox->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (inbox->fd < 0)
		return error_set(err, STATUS_IO, "eventfd: %s",
				 strerror(errno));
	pthread_mutex_init(&inbox->mutex, NULL);
	inbox->first = NULL;
	inbox->last = &inbox->first;
	inbox->due = NULL;
	inbox->due_last = &inbox->due;
	atomic_init(&inbox->catalog, NULL);
	return STATUS_OK;
}

void
inbox_fini(struct inbox *inbox)
{
	if (inbox->last == NULL)
		return;
	catalog_unref(atomic_load(&inbox->catalog));
	pthread_mutex_destroy(&inbox->mutex);
	close(inbox->fd);
}

void
inbox_nudge(struct inbox *inbox)
{
	uint64_t one = 1;
	ssize_t n = write(inbox->fd, &one, sizeof(one));

	/* It can only fail when the loop is already told. */
	(void)n;
}

void
inbox_post(struct inbox *inbox, struct task *task)
{
	bool first;

	task->next = NULL;
	pthread_mutex_lock(&inbox->mutex);
	first = inbox->first == NULL;
	*inbox->last = task;
	inbox->last = &task->next;
	pthread_mutex_unlock(&inbox->mutex);
	if (first)
		inbox_nudge(inbox);
}

void
inbox_publish(struct inbox *inbox, const struct catalog *catalog)
{
	struct catalog *before =
	    atomic_exchange(&inbox->catalog, catalog_ref(catalog));

	catalog_unref(before);
	inbox_nudge(inbox);
}

struct catalog *
inbox_take_catalog(struct inbox *inbox)
{
	if (atomic_load(&inbox->catalog) == NULL)
		return NULL;
	return atomic_exchange(&inbox->catalog, NULL);
}

/* Behind those that are left of the last time. */
static void
take_tasks(struct inbox *inbox)
{
	pthread_mutex_lock(&inbox->mutex);
	if (inbox->first != NULL) {
		*inbox->due_last = inbox->first;
		inbox->due_last = inbox->last;
		inbox->first = NULL;
		inbox->last = &inbox->first;
	}
	pthread_mutex_unlock(&inbox->mutex);
}

void
inbox_run(struct inbox *inbox, const struct clock *clock)
{
	const int64_t until_ms = clock_mono_ms(clock) + INBOX_RUN_MS;
	uint64_t count;
	ssize_t n = read(inbox->fd, &count, sizeof(count));

	(void)n;
	take_tasks(inbox);
	while (inbox->due != NULL) {
		struct task *task = inbox->due;

		inbox->due = task->next;
		if (inbox->due == NULL)
			inbox->due_last = &inbox->due;
		task->run(task);
		if (clock_mono_ms(clock) >= until_ms)
			break;
	}
	if (inbox->due != NULL)
		inbox_nudge(inbox);
}

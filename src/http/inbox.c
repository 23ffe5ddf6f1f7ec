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

void
inbox_run(struct inbox *inbox)
{
	struct task *task;
	uint64_t count;
	ssize_t n = read(inbox->fd, &count, sizeof(count));

	(void)n;
	pthread_mutex_lock(&inbox->mutex);
	task = inbox->first;
	inbox->first = NULL;
	inbox->last = &inbox->first;
	pthread_mutex_unlock(&inbox->mutex);
	while (task != NULL) {
		struct task *next = task->next;

		task->run(task);
		task = next;
	}
}

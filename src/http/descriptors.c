#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "loop.h"

enum {
	HEADROOM = 1024, /* of many: 512 of them for sockets in transit */
	FILES = 6,       /* the database's, a backup's, the log's */
	LOOP_OWN = 8,    /* epoll sets, an eventfd, libevent's pipe */
	LOOK_UP_TO = 1024,
	LIMIT_UNKNOWN = 1024,
};

size_t
descriptors_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return LIMIT_UNKNOWN;
	if (limit.rlim_cur < limit.rlim_max) {
		struct rlimit raised = { limit.rlim_max, limit.rlim_max };

		if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
			limit = raised;
	}
	return limit.rlim_cur > INT_MAX ? INT_MAX : (size_t)limit.rlim_cur;
}

size_t
descriptors_in_use(void)
{
	size_t count = 0;

	for (int fd = 0; fd < LOOK_UP_TO; fd++)
		count += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
	return count;
}

size_t
descriptors_for_connections(size_t limit, size_t loops, size_t listeners)
{
	const size_t fixed =
	    descriptors_in_use() + FILES + loops * (LOOP_OWN + 2 * listeners);
	size_t headroom = limit / 4 < HEADROOM ? limit / 4 : HEADROOM;

	if (headroom < fixed)
		headroom = fixed;
	return limit > headroom ? limit - headroom : 1;
}

static int
compare(const void *a, const void *b)
{
	int x = *(const int *)a;
	int y = *(const int *)b;

	return (x > y) - (x < y);
}

void
descriptors_unshare(struct loop *loop)
{
	int keep[LOOP_LISTENERS_MAX + 2];
	unsigned from = STDERR_FILENO + 1;
	size_t count = 0;

	if (unshare(CLONE_FILES) != 0) {
		log_to(loop->service->log, LOG_WARN,
		       "the loops share one table of descriptors",
		       LOG_N("loop", loop->index));
		return;
	}
	keep[count++] = loop->inbox.fd;
	for (size_t i = 0; i < loop->socket_count; i++)
		keep[count++] = loop->sockets[i].fd;
	qsort(keep, count, sizeof(keep[0]), compare);
	for (size_t i = 0; i < count; i++) {
		unsigned fd = (unsigned)keep[i];

		if (fd > from)
			(void)close_range(from, fd - 1, 0);
		if (fd >= from)
			from = fd + 1;
	}
	(void)close_range(from, UINT_MAX, 0);
}

enum status
descriptors_check(struct error *err)
{
	int fds[LOOP_OWN];
	int failure = 0;

	for (size_t i = 0; i < LOOP_OWN; i++) {
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (fds[i] < 0)
			failure = errno;
	}
	for (size_t i = 0; i < LOOP_OWN; i++)
		descriptors_close(&fds[i], true);
	if (failure == 0)
		return STATUS_OK;
	return error_set(err, STATUS_IO, "a loop cannot open what it needs: %s",
			 strerror(failure));
}

void
descriptors_close(int *fd, bool owned)
{
	if (owned && *fd >= 0)
		close(*fd);
	*fd = -1;
}

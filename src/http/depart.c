#include "depart.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connection.h"
#include "loop.h"
#include "park.h"

enum status
depart_init(struct loop *loop, struct error *err)
{
	int pair[2];

	loop->dead_fd = -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		       pair) != 0)
		return error_set(err, STATUS_IO, "socketpair: %s",
				 strerror(errno));
	close(pair[1]);
	loop->dead_fd = pair[0];
	return STATUS_OK;
}

void
depart_fini(struct loop *loop)
{
	if (loop->dead_fd > 0)
		close(loop->dead_fd);
	loop->dead_fd = -1;
}

int
depart(struct connection *c)
{
	struct loop *loop = c->loop;
	int fd = fcntl(c->fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	MHD_suspend_connection(c->mhd);
	/* It stands in our epoll set by its descriptor and what that means now.
	 */
	park_unwatch(loop->park, c);
	if (dup3(loop->dead_fd, c->fd, O_CLOEXEC) < 0) {
		(void)park_watch(loop->park, c);
		close(fd);
		fd = -1;
	} else {
		connection_leave(c);
	}
	MHD_resume_connection(c->mhd);
	return fd;
}

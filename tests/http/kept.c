#include "kept.h"

#include <arpa/inet.h>
#include <check.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vitals.h"

enum {
	KEPT_FD = 9, /* one digit: the shell redirects it */
	BACKLOG = 4096,
};

int
kept_open(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t length = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&at, length), 0);
	ck_assert_int_eq(listen(fd, BACKLOG), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &length), 0);
	ck_assert_int_eq(dup2(fd, KEPT_FD), KEPT_FD);
	if (fd != KEPT_FD)
		close(fd);
	return ntohs(at.sin_port);
}

void
kept_close(void)
{
	close(KEPT_FD);
}

void
kept_pass(struct toggled *t)
{
	vitals_wrap(t, "export LISTEN_PID=$$ LISTEN_FDS=1\n"
		       "exec 3<&9 9<&-");
}

void
kept_serve(struct toggled *t)
{
	const char *const args[] = { "serve", "--database", t->database, NULL };

	toggled_start_as(t, args);
}

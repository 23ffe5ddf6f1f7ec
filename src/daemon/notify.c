#include "notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MESSAGE_BYTES = 512, US_PER_MS = 1000 };

static int64_t
watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");

	if (!usec || (pid && strtoll(pid, NULL, 10) != getpid()))
		return 0;
	return strtoll(usec, NULL, 10) / US_PER_MS;
}

void
notify_open(struct notify *notify)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t length = path ? strlen(path) : 0;

	*notify = (struct notify){ .fd = -1 };
	if (length < 2 || length >= sizeof(notify->address.sun_path) ||
	    (path[0] != '/' && path[0] != '@'))
		return;
	notify->address.sun_family = AF_UNIX;
	memcpy(notify->address.sun_path, path, length);
	/* An abstract name is written with '@' and starts with a NUL. */
	if (path[0] == '@')
		notify->address.sun_path[0] = '\0';
	notify->address_length =
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	notify->watchdog_ms = watchdog_ms();
	notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

void
notify_close(struct notify *notify)
{
	if (notify->fd >= 0)
		close(notify->fd);
	notify->fd = -1;
}

void
notify_send(const struct notify *notify, const char *fmt, ...)
{
	char message[MESSAGE_BYTES];
	va_list args;
	int n;

	if (notify->fd < 0)
		return;
	va_start(args, fmt);
	n = vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	if (n <= 0 || n >= MESSAGE_BYTES)
		return;
	/* A supervisor that does not listen is not our failure. */
	(void)sendto(notify->fd, message, (size_t)n, MSG_NOSIGNAL,
		     (const struct sockaddr *)&notify->address,
		     notify->address_length);
}

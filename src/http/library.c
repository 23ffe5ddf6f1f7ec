#include "library.h"

#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "connection.h"
#include "loop.h"
#include "prelude.h"

enum {
	NOTES_A_SECOND = 5, /* of the library's own log lines */
};

/* Mostly about clients, so only for those who debug, and only so many. */
static void note(void *cls, const char *fmt, va_list args) PRINTF_LIKE(2, 0);

static void
note(void *cls, const char *fmt, va_list args)
{
	struct loop *loop = cls;
	char text[256];

	if (!log_enabled(loop->service->log, LOG_DEBUG))
		return;
	if (loop_now_ms(loop) - loop->noted_ms >= 1000) {
		loop->noted_ms = loop_now_ms(loop);
		loop->notes = 0;
	}
	if (loop->notes++ >= NOTES_A_SECOND)
		return;
	(void)vsnprintf(text, sizeof(text), fmt, args);
	text[strcspn(text, "\n")] = '\0';
	log_to(loop->service->log, LOG_DEBUG, "libmicrohttpd",
	       LOG_S("text", text));
}

enum status
library_start(struct loop *loop, struct MHD_Daemon **out, struct error *err)
{
	const struct service *service = loop->service;
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
			 MHD_USE_TURBO | MHD_USE_NO_LISTEN_SOCKET;

	/* 0.9 would answer by itself where a Host is missing; 1.0 would pass
	 * over more. */
	loop->guards_gaps = library_passes_over(MHD_get_version());
	/* Without this flag it does not even format its messages, of which one
	 * is due for every client that is parked outside. */
	if (log_enabled(service->log, LOG_DEBUG))
		flags |= MHD_USE_ERROR_LOG;
	*out = MHD_start_daemon(
	    flags, 0, NULL, NULL, connection_handle, loop,
	    MHD_OPTION_EXTERNAL_LOGGER, note, loop, MHD_OPTION_CONNECTION_LIMIT,
	    service->loop_connections_max, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	    (size_t)PRELUDE_POOL_BYTES, MHD_OPTION_CONNECTION_TIMEOUT,
	    (service->idle_timeout_ms + 999) / 1000,
	    MHD_OPTION_STRICT_FOR_CLIENT, loop->guards_gaps ? 0 : 1,
	    MHD_OPTION_URI_LOG_CALLBACK, prelude_target, loop,
	    MHD_OPTION_UNESCAPE_CALLBACK, connection_unescape, loop,
	    MHD_OPTION_NOTIFY_CONNECTION, connection_notify, loop,
	    MHD_OPTION_NOTIFY_COMPLETED, connection_completed, loop,
	    MHD_OPTION_END);
	if (*out == NULL)
		return error_set(err, STATUS_INTERNAL,
				 "libmicrohttpd does not start");
	return STATUS_OK;
}

bool
library_passes_over(const char *version)
{
	return strncmp(version, "0.", 2) == 0;
}

int
library_epoll(struct MHD_Daemon *daemon)
{
	const union MHD_DaemonInfo *info =
	    MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);

	return info->epoll_fd;
}

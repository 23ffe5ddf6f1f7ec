/*
 * What a supervisor is told: systemd's notification protocol (sd_notify(3)),
 * one datagram a message, without its library. Without a supervisor every call
 * does nothing. Main thread.
 */
#ifndef SRC_DAEMON_NOTIFY_H
#define SRC_DAEMON_NOTIFY_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/attr.h"

struct notify {
	int fd; /* -1: nobody listens */
	struct sockaddr_un address;
	socklen_t address_length;
	int64_t watchdog_ms; /* how long silence is tolerated; 0: for ever */
};

/* From NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. */
void notify_open(struct notify *notify);
void notify_close(struct notify *notify);

/* "READY=1", "STOPPING=1", …; several lines in one message. */
void notify_send(const struct notify *notify, const char *fmt, ...)
    PRINTF_LIKE(2, 3);

#endif

/*
 * Listening sockets that a supervisor opened and passed: systemd's protocol
 * (sd_listen_fds(3)), without its library. They stay open while the program is
 * replaced, so a restart refuses nobody.
 */
#ifndef SRC_DAEMON_SOCKETS_H
#define SRC_DAEMON_SOCKETS_H

#include "base/attr.h"
#include "options.h"

/* From LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES, which are taken out of the
 * environment. Where `listen` names sockets (fd:NAME, fd:NUMBER), the names
 * become numbers; else those that were passed take the place of the file's
 * addresses. A socket that was passed and would not be served is an error:
 * clients would wait in its queue for ever. Before there are threads. */
enum status sockets_take(struct options *options, struct error *err) MUST_CHECK;

#endif

/*
 * The addresses to listen on, as they are written: "127.0.0.1:8016",
 * "[::1]:8016", ":8016" (every address), "localhost:0", "unix:/run/t.sock",
 * "fd:3", "fd:NAME" (a socket that was passed, see sockets.h).
 * "https://" in front of all but a unix socket: under TLS; "http://": as
 * without it.
 * Only their form; binding them is the server's part.
 */
#ifndef SRC_DAEMON_LISTEN_H
#define SRC_DAEMON_LISTEN_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/error.h"

/* Says what is allowed when `text` is no such address. */
enum status listen_check(const char *text, struct error *err) MUST_CHECK;

/* Is it served under TLS? */
bool listen_is_secure(const char *text);

/* What stands behind "fd:", borrowed; NULL when it is another address. */
const char *listen_inherited(const char *text);

/* Can only this machine reach it? `text` has passed listen_check. */
bool listen_is_local(const char *text);

#endif

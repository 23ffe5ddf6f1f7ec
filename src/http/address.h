/*
 * The addresses that the daemon listens on, as they stand in the configuration:
 * "127.0.0.1:8016", "[::1]:0", "localhost:8016", ":8016" (everywhere),
 * "unix:/path", "fd:3" (a listening socket that was inherited). "https://" in
 * front of one that is no unix socket: under TLS; "http://": as without it.
 */
#ifndef SRC_HTTP_ADDRESS_H
#define SRC_HTTP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/attr.h"
#include "base/error.h"

enum address_kind { ADDRESS_TCP, ADDRESS_UNIX, ADDRESS_INHERITED };

struct address {
	enum address_kind kind;
	struct sockaddr_storage socket;
	socklen_t length;
	int fd;   /* ADDRESS_INHERITED */
	bool tls; /* "https://" stands in front */
};

enum { ADDRESS_TEXT_BYTES = 160 };

enum status address_parse(const char *text, struct address *out,
			  struct error *err) MUST_CHECK;

/* Listening sockets for `count` loops in `fds`, nonblocking. A TCP address
 * gives each loop one of its own, so that the kernel spreads the connections;
 * of the other kinds there is one, fds[0], which all loops share (the rest are
 * -1). An inherited socket stays its owner's. Port 0 is resolved in
 * `address`. */
enum status address_listen(struct address *address, int *fds, size_t count,
			   struct error *err) MUST_CHECK;

/* "http://127.0.0.1:8016", "https://…", "unix:/path": how clients reach a bound
 * socket. */
void address_name(int fd, bool tls, char text[ADDRESS_TEXT_BYTES]);

#endif

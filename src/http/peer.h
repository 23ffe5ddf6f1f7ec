/*
 * Who is at the other end of a connection, in 20 bytes: a client that waits is
 * kept with its peer, so that limits and logs still know it. Plain values.
 */
#ifndef SRC_HTTP_PEER_H
#define SRC_HTTP_PEER_H

#include <stdint.h>
#include <sys/socket.h>

#include "base/attr.h"

enum peer_family { PEER_UNIX, PEER_IPV4, PEER_IPV6 };

struct peer {
	uint8_t address[16]; /* IPv4 in the first four */
	uint16_t port;       /* in network order */
	uint8_t family;      /* enum peer_family */
	uint8_t counted;     /* enum limits_place: among which (limits.h) */
};

enum { PEER_TEXT_BYTES = 64 };

void peer_from_sockaddr(struct peer *peer, const struct sockaddr_storage *from);

/* The length of the address written to `to`. */
socklen_t peer_to_sockaddr(const struct peer *peer,
			   struct sockaddr_storage *to) MUST_CHECK;

/* "127.0.0.1:51234", "[::1]:51234", "unix". */
void peer_format(const struct peer *peer, char text[PEER_TEXT_BYTES]);

/* "127.0.0.1", "::1", "unix". */
void peer_format_address(const struct peer *peer, char text[PEER_TEXT_BYTES]);

#endif

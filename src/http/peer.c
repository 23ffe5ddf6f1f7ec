#include "peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = { 0, 0, 0, 0, 0,    0,
					   0, 0, 0, 0, 0xff, 0xff };

void
peer_from_sockaddr(struct peer *peer, const struct sockaddr_storage *from)
{
	memset(peer, 0, sizeof(*peer));
	if (from->ss_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, from, sizeof(in));
		peer->family = PEER_IPV4;
		peer->port = in.sin_port;
		memcpy(peer->address, &in.sin_addr, 4);
	} else if (from->ss_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, from, sizeof(in6));
		peer->family = PEER_IPV6;
		peer->port = in6.sin6_port;
		memcpy(peer->address, &in6.sin6_addr, 16);
	}
}

socklen_t
peer_to_sockaddr(const struct peer *peer, struct sockaddr_storage *to)
{
	memset(to, 0, sizeof(*to));
	if (peer->family == PEER_IPV4) {
		struct sockaddr_in in = { .sin_family = AF_INET,
					  .sin_port = peer->port };

		memcpy(&in.sin_addr, peer->address, 4);
		memcpy(to, &in, sizeof(in));
		return sizeof(in);
	}
	if (peer->family == PEER_IPV6) {
		struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
					    .sin6_port = peer->port };

		memcpy(&in6.sin6_addr, peer->address, 16);
		memcpy(to, &in6, sizeof(in6));
		return sizeof(in6);
	}
	to->ss_family = AF_UNIX;
	return sizeof(to->ss_family);
}

void
peer_format(const struct peer *peer, char text[PEER_TEXT_BYTES])
{
	char host[INET6_ADDRSTRLEN] = "";
	unsigned port = ntohs(peer->port);
	bool mapped = peer->family == PEER_IPV6 &&
		      memcmp(peer->address, mapped_prefix, 12) == 0;

	if (peer->family == PEER_UNIX) {
		snprintf(text, PEER_TEXT_BYTES, "unix");
		return;
	}
	if (peer->family == PEER_IPV4 || mapped) {
		const uint8_t *four = peer->address + (mapped ? 12 : 0);

		inet_ntop(AF_INET, four, host, sizeof(host));
		snprintf(text, PEER_TEXT_BYTES, "%s:%u", host, port);
		return;
	}
	inet_ntop(AF_INET6, peer->address, host, sizeof(host));
	snprintf(text, PEER_TEXT_BYTES, "[%s]:%u", host, port);
}

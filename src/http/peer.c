#include "peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* IPv4 as it comes in at a socket for both. Left in this form, all of it would
 * be one network of IPv6. */
static bool
is_mapped(const struct in6_addr *address)
{
	static const uint8_t prefix[12] = { 0, 0, 0, 0, 0,    0,
					    0, 0, 0, 0, 0xff, 0xff };

	return memcmp(address, prefix, sizeof(prefix)) == 0;
}

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
		bool mapped;

		memcpy(&in6, from, sizeof(in6));
		mapped = is_mapped(&in6.sin6_addr);
		peer->family = mapped ? PEER_IPV4 : PEER_IPV6;
		peer->port = in6.sin6_port;
		memcpy(peer->address, in6.sin6_addr.s6_addr + (mapped ? 12 : 0),
		       mapped ? 4 : 16);
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
peer_format_address(const struct peer *peer, char text[PEER_TEXT_BYTES])
{
	if (peer->family == PEER_UNIX)
		snprintf(text, PEER_TEXT_BYTES, "unix");
	else
		inet_ntop(peer->family == PEER_IPV4 ? AF_INET : AF_INET6,
			  peer->address, text, PEER_TEXT_BYTES);
}

void
peer_format(const struct peer *peer, char text[PEER_TEXT_BYTES])
{
	char host[PEER_TEXT_BYTES - sizeof("[]:65535")] = "";
	unsigned port = ntohs(peer->port);

	peer_format_address(peer, text);
	if (peer->family == PEER_UNIX)
		return;
	snprintf(host, sizeof(host), "%s", text);
	if (peer->family == PEER_IPV4)
		snprintf(text, PEER_TEXT_BYTES, "%s:%u", host, port);
	else
		snprintf(text, PEER_TEXT_BYTES, "[%s]:%u", host, port);
}

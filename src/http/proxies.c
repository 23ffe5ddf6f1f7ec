#include "proxies.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "request.h"

enum {
	ADDRESS_BYTES = 16,
	IPV4_BITS = 32,
	IPV6_BITS = 128,
	TEXT_BYTES = INET6_ADDRSTRLEN + 16,
	NETWORKS_MAX = 256,
};

struct network {
	struct peer peer; /* its address */
	unsigned bits;    /* of it that count */
};

struct proxies {
	struct network *networks;
	size_t count;
};

/* A bare address, of either family. */
static bool
read_address(const char *text, struct peer *peer)
{
	struct sockaddr_storage storage = { .ss_family = AF_INET };
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
		memcpy(&storage, &in, sizeof(in));
	else if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1)
		memcpy(&storage, &in6, sizeof(in6));
	else
		return false;
	peer_from_sockaddr(peer, &storage);
	return true;
}

static bool
read_network(const char *text, struct network *network)
{
	char address[TEXT_BYTES] = "";
	const size_t length = strcspn(text, "/");
	unsigned long most;
	char *end = NULL;

	*network = (struct network){ .bits = 0 };
	network->peer.family = PEER_UNIX;
	if (strcmp(text, "unix") == 0)
		return true;
	if (length >= sizeof(address))
		return false;
	memcpy(address, text, length);
	if (!read_address(address, &network->peer))
		return false;
	most = network->peer.family == PEER_IPV4 ? IPV4_BITS : IPV6_BITS;
	network->bits = (unsigned)most;
	if (text[length] == '\0')
		return true;
	if (text[length + 1] < '0' || text[length + 1] > '9')
		return false;
	errno = 0;
	network->bits = (unsigned)strtoul(text + length + 1, &end, 10);
	return errno == 0 && *end == '\0' && network->bits <= most;
}

enum status
proxies_check(const char *text, struct error *err)
{
	struct network network;

	if (read_network(text, &network))
		return STATUS_OK;
	return error_set(err, STATUS_INVALID,
			 "trusted-proxy is '%s', allowed is an address, a "
			 "network such as 10.0.0.0/8 or fd00::/8, or unix",
			 text);
}

struct proxies *
proxies_new(const char *const *texts, size_t count)
{
	struct proxies *proxies;

	if (count == 0)
		return NULL;
	proxies = mem_zalloc(1, sizeof(*proxies));
	proxies->networks = mem_zalloc(count, sizeof(*proxies->networks));
	for (size_t i = 0; i < count; i++)
		if (read_network(texts[i], &proxies->networks[proxies->count]))
			proxies->count++;
	return proxies;
}

void
proxies_free(struct proxies *proxies)
{
	if (proxies == NULL)
		return;
	free(proxies->networks);
	free(proxies);
}

static bool
is_within(const struct network *network, const struct peer *peer)
{
	const unsigned whole = network->bits / 8;
	const unsigned rest = network->bits % 8;

	if (network->peer.family != peer->family)
		return false;
	if (peer->family == PEER_UNIX)
		return true;
	return memcmp(network->peer.address, peer->address, whole) == 0 &&
	       (rest == 0 ||
		((network->peer.address[whole] ^ peer->address[whole]) >>
		 (8 - rest)) == 0);
}

bool
proxies_trust(const struct proxies *proxies, const struct peer *peer)
{
	for (size_t i = 0; proxies != NULL && i < proxies->count; i++) {
		if (is_within(&proxies->networks[i], peer))
			return true;
	}
	return false;
}

static struct string
trim(struct string text)
{
	while (text.length > 0 && strchr(" \t", text.data[0]) != NULL) {
		text.data++;
		text.length--;
	}
	while (text.length > 0 &&
	       strchr(" \t", text.data[text.length - 1]) != NULL)
		text.length--;
	return text;
}

/* "1.2.3.4", "1.2.3.4:80", "::1", "[::1]", "[::1]:80", and the same in quotes.
 * Ports are nobody's business here. */
static bool
read_node(struct string node, struct peer *peer)
{
	char text[TEXT_BYTES];
	char *start = text;
	char *end;

	if (node.length >= 2 && node.data[0] == '"' &&
	    node.data[node.length - 1] == '"')
		node = (struct string){ node.data + 1, node.length - 2 };
	if (node.length == 0 || node.length >= sizeof(text))
		return false;
	memcpy(text, node.data, node.length);
	text[node.length] = '\0';
	if (text[0] == '[') {
		start = text + 1;
		end = strchr(start, ']');
		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return false;
		*end = '\0';
	} else {
		end = strchr(text, ':');
		if (end != NULL && strchr(end + 1, ':') == NULL)
			*end = '\0';
	}
	return read_address(start, peer);
}

/* The value of `for` in one element of Forwarded. A quoted value holds neither
 * of the marks, as far as it is an address. */
static bool
read_element(struct string element, struct peer *peer)
{
	while (element.length > 0) {
		const char *mark = memchr(element.data, ';', element.length);
		const size_t length = mark == NULL
					  ? element.length
					  : (size_t)(mark - element.data);
		struct string pair =
		    trim((struct string){ element.data, length });

		if (pair.length > 4 && strncasecmp(pair.data, "for=", 4) == 0)
			return read_node(
			    (struct string){ pair.data + 4, pair.length - 4 },
			    peer);
		if (mark == NULL)
			break;
		element.data += length + 1;
		element.length -= length + 1;
	}
	return false;
}

/* From the right, up to the first that is none of ours; what cannot be read
 * ends it. */
static bool
read_list(const struct proxies *proxies, const char *list,
	  bool (*read)(struct string element, struct peer *peer),
	  struct peer *client)
{
	size_t end = strlen(list);
	bool found = false;
	bool ours = true;

	while (ours) {
		size_t start = end;
		struct peer peer;

		while (start > 0 && list[start - 1] != ',')
			start--;
		if (!read(trim((struct string){ list + start, end - start }),
			  &peer))
			break;
		*client = peer;
		found = true;
		ours = start > 0 && proxies_trust(proxies, &peer);
		end = start > 0 ? start - 1 : 0;
	}
	return found;
}

bool
proxies_client(const struct proxies *proxies, const struct peer *peer,
	       const struct request *r, struct peer *client)
{
	const char *list;
	struct peer old;
	struct peer new;
	bool has_old = false;
	bool has_new = false;

	if (!proxies_trust(proxies, peer))
		return false;
	list = request_header(r, "X-Forwarded-For");
	if (list != NULL)
		has_old = read_list(proxies, list, read_node, &old);
	list = request_header(r, "Forwarded");
	if (list != NULL)
		has_new = read_list(proxies, list, read_element, &new);
	if (has_old && has_new &&
	    (old.family != new.family ||
	     memcmp(old.address, new.address, ADDRESS_BYTES) != 0))
		return false;
	if (!has_old && !has_new)
		return false;
	*client = has_old ? old : new;
	client->port = 0;
	return true;
}

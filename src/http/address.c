#include "address.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "peer.h"

enum { BACKLOG = 4096 };

static enum status
parse_unix(const char *path, struct address *out, struct error *err)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t length = strlen(path);

	if (length == 0 || length >= sizeof(un.sun_path))
		return error_set(err, STATUS_INVALID,
				 "the path of a unix socket has 1 to %zu bytes",
				 sizeof(un.sun_path) - 1);
	memcpy(un.sun_path, path, length);
	out->kind = ADDRESS_UNIX;
	memcpy(&out->socket, &un, sizeof(un));
	out->length = sizeof(un);
	return STATUS_OK;
}

static enum status
parse_inherited(const char *digits, struct address *out, struct error *err)
{
	char *end = NULL;
	long fd = strtol(digits, &end, 10);

	if (*digits == '\0' || *end != '\0' || fd < 0 || fd > 65535)
		return error_set(err, STATUS_INVALID,
				 "'fd:' wants the number of a descriptor");
	out->kind = ADDRESS_INHERITED;
	out->fd = (int)fd;
	return STATUS_OK;
}

/* Split "host:port" at the last colon; brackets around IPv6 are taken off. */
static bool
split(const char *text, char *host, size_t host_size, const char **port)
{
	const char *colon = strrchr(text, ':');
	const char *start = text;
	size_t length;

	if (colon == NULL || colon[1] == '\0')
		return false;
	length = (size_t)(colon - text);
	if (length >= 2 && text[0] == '[' && colon[-1] == ']') {
		start++;
		length -= 2;
	} else if (memchr(text, ':', length) != NULL) {
		return false;
	}
	if (length >= host_size)
		return false;
	memcpy(host, start, length);
	host[length] = '\0';
	*port = colon + 1;
	return true;
}

static enum status
parse_tcp(const char *text, struct address *out, struct error *err)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC,
				  .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	struct addrinfo *found = NULL;
	char host[256];
	const char *port = NULL;
	int rc;

	if (!split(text, host, sizeof(host), &port))
		return error_set(err, STATUS_INVALID,
				 "'%s' is no address: use HOST:PORT, "
				 "[IPV6]:PORT, unix:PATH or fd:NUMBER",
				 text);
	rc = getaddrinfo(host[0] == '\0' ? "::" : host, port, &hints, &found);
	if (rc != 0)
		return error_set(err, STATUS_INVALID, "'%s': %s", text,
				 gai_strerror(rc));
	out->kind = ADDRESS_TCP;
	memcpy(&out->socket, found->ai_addr, found->ai_addrlen);
	out->length = found->ai_addrlen;
	freeaddrinfo(found);
	return STATUS_OK;
}

enum status
address_parse(const char *text, struct address *out, struct error *err)
{
	memset(out, 0, sizeof(*out));
	out->fd = -1;
	if (strncmp(text, "https://", 8) == 0) {
		out->tls = true;
		text += 8;
	} else if (strncmp(text, "http://", 7) == 0) {
		text += 7;
	}
	if (strncmp(text, "unix:", 5) == 0 && out->tls)
		return error_set(err, STATUS_INVALID,
				 "a unix socket has no use for TLS");
	if (strncmp(text, "unix:", 5) == 0)
		return parse_unix(text + 5, out, err);
	if (strncmp(text, "fd:", 3) == 0)
		return parse_inherited(text + 3, out, err);
	return parse_tcp(text, out, err);
}

static enum status
failed(struct error *err, const char *what)
{
	return error_set(err, STATUS_IO, "%s: %s", what, strerror(errno));
}

/* A socket file that nobody listens on any more is in the way of bind. */
static void
remove_stale(const struct address *address)
{
	struct sockaddr_un un;
	struct stat st;
	int fd;

	memcpy(&un, &address->socket, sizeof(un));
	if (lstat(un.sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)&address->socket,
		    address->length) != 0 &&
	    errno == ECONNREFUSED)
		unlink(un.sun_path);
	close(fd);
}

static enum status
open_socket(struct address *address, bool share, int *out, struct error *err)
{
	const int on = 1;
	bool tcp = address->kind == ADDRESS_TCP;
	enum status rc = STATUS_IO;
	int fd = socket(address->socket.ss_family,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		failed(err, "socket");
		goto out;
	}
	if (tcp) {
		/* Inherited by what is accepted: our own sends of waiting
		 * clients' answers must not wait for an ACK. */
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	}
	if (share &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0) {
		failed(err, "SO_REUSEPORT");
		goto out;
	}
	if (bind(fd, (const struct sockaddr *)&address->socket,
		 address->length) != 0) {
		failed(err, "bind");
		goto out;
	}
	if (listen(fd, BACKLOG) != 0) {
		failed(err, "listen");
		goto out;
	}
	*out = fd;
	fd = -1;
	rc = STATUS_OK;
out:
	if (fd >= 0)
		close(fd);
	return rc;
}

/* Sockets that share a port would also share it with another daemon of the
 * same user, without a word. So the address is first taken alone. */
static enum status
claim(struct address *address, struct error *err)
{
	int fd = -1;
	enum status rc = open_socket(address, false, &fd, err);

	if (rc != STATUS_OK)
		return rc;
	address->length = sizeof(address->socket);
	if (getsockname(fd, (struct sockaddr *)&address->socket,
			&address->length) != 0)
		rc = failed(err, "getsockname");
	close(fd);
	return rc;
}

static enum status
listen_tcp(struct address *address, int *fds, size_t count, struct error *err)
{
	enum status rc;

	if (count == 1) {
		rc = open_socket(address, false, &fds[0], err);
	} else {
		rc = claim(address, err);
		for (size_t i = 0; i < count && rc == STATUS_OK; i++)
			rc = open_socket(address, true, &fds[i], err);
	}
	return rc;
}

static enum status
listen_inherited(struct address *address, int *fds, struct error *err)
{
	const int on = 1;
	int listening = 0;
	socklen_t size = sizeof(listening);
	int flags;

	if (getsockopt(address->fd, SOL_SOCKET, SO_ACCEPTCONN, &listening,
		       &size) != 0)
		return failed(err, "inherited socket");
	if (listening == 0)
		return error_set(err, STATUS_INVALID,
				 "descriptor %d does not listen", address->fd);
	/* As in open_socket; a unix socket refuses, and needs none. */
	(void)setsockopt(address->fd, IPPROTO_TCP, TCP_NODELAY, &on,
			 sizeof(on));
	flags = fcntl(address->fd, F_GETFL);
	if (flags < 0 || fcntl(address->fd, F_SETFL, flags | O_NONBLOCK) != 0)
		return failed(err, "inherited socket");
	fds[0] = address->fd;
	return STATUS_OK;
}

enum status
address_listen(struct address *address, int *fds, size_t count,
	       struct error *err)
{
	enum status rc = STATUS_INTERNAL;

	for (size_t i = 0; i < count; i++)
		fds[i] = -1;
	switch (address->kind) {
	case ADDRESS_TCP:
		rc = listen_tcp(address, fds, count, err);
		break;
	case ADDRESS_UNIX:
		remove_stale(address);
		rc = open_socket(address, false, &fds[0], err);
		break;
	case ADDRESS_INHERITED:
		rc = listen_inherited(address, fds, err);
		break;
	}
	for (size_t i = 0; i < count && rc != STATUS_OK; i++) {
		if (fds[i] >= 0 && address->kind != ADDRESS_INHERITED)
			close(fds[i]);
		fds[i] = -1;
	}
	return rc;
}

void
address_name(int fd, bool tls, char text[ADDRESS_TEXT_BYTES])
{
	struct sockaddr_storage at = { 0 };
	socklen_t length = sizeof(at);
	struct peer peer;

	text[0] = '\0';
	if (getsockname(fd, (struct sockaddr *)&at, &length) != 0)
		return;
	if (at.ss_family == AF_UNIX) {
		struct sockaddr_un un;

		memcpy(&un, &at, sizeof(un));
		snprintf(text, ADDRESS_TEXT_BYTES, "unix:%s", un.sun_path);
		return;
	}
	char host[PEER_TEXT_BYTES];

	peer_from_sockaddr(&peer, &at);
	peer_format(&peer, host);
	snprintf(text, ADDRESS_TEXT_BYTES, "%s://%s", tls ? "https" : "http",
		 host);
}

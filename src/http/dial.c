#include "dial.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static const char unix_prefix[] = "unix:";
static const char http_prefix[] = "http://";
static const char https_prefix[] = "https://";

/* getaddrinfo(3) takes larger ports and calls what is left of them. */
enum { PORT_DIGITS_MAX = 5, PORT_MAX = 65535 };

struct call {
	const char *server;
	int64_t timeout_ms;
	struct dialled *out;
};

static void
set_timeouts(int fd, int64_t ms)
{
	struct timeval tv = { .tv_sec = ms / 1000,
			      .tv_usec = ms % 1000 * 1000 };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
}

/* A connected socket, or -1 with errno set. */
static int
connect_address(const struct sockaddr *address, socklen_t length,
		int64_t timeout_ms)
{
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int saved;

	if (fd < 0)
		return -1;
	set_timeouts(fd, timeout_ms);
	if (connect(fd, address, length) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static enum status
connect_unix(struct call *call, const char *path, struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path))
		return error_set(err, STATUS_INVALID,
				 "the path of %s is too long", call->server);
	memcpy(address.sun_path, path, strlen(path) + 1);
	call->out->fd = connect_address((const struct sockaddr *)&address,
					sizeof(address), call->timeout_ms);
	if (call->out->fd < 0)
		return error_set(err, STATUS_BUSY, "cannot reach %s: %s",
				 call->server, strerror(errno));
	return STATUS_OK;
}

static bool
is_port(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits > 0 && digits <= PORT_DIGITS_MAX &&
	       text[digits] == '\0' && strtol(text, NULL, 10) <= PORT_MAX;
}

/* It goes into a header. */
static bool
is_printable(const char *text)
{
	while (*text > ' ' && *text < '\x7f')
		text++;
	return *text == '\0';
}

/* "HOST", "HOST:PORT", "[V6]:PORT" cut into its parts in place; false when it
 * is none of them. */
static bool
split_host(char *text, const char *implied, const char **host,
	   const char **port)
{
	char *end =
	    text[0] == '[' ? strchr(text, ']') : text + strcspn(text, ":");

	if (!end)
		return false;
	*host = text[0] == '[' ? text + 1 : text;
	if (*end == ']')
		*end++ = '\0';
	*port = *end == ':' ? end + 1 : implied;
	if (*end != ':' && *end != '\0')
		return false;
	*end = '\0';
	return **host && is_printable(*host) && is_port(*port);
}

static enum status
connect_host(struct call *call, const char *host, const char *port,
	     struct error *err)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	int rc = getaddrinfo(host, port, &hints, &list);

	if (rc != 0)
		return error_set(err, STATUS_BUSY, "cannot reach %s: %s",
				 call->server, gai_strerror(rc));
	for (const struct addrinfo *a = list; a && call->out->fd < 0;
	     a = a->ai_next) {
		call->out->fd = connect_address(a->ai_addr, a->ai_addrlen,
						call->timeout_ms);
	}
	if (call->out->fd < 0)
		error_set(err, STATUS_BUSY, "cannot reach %s: %s", call->server,
			  strerror(errno));
	freeaddrinfo(list);
	return call->out->fd < 0 ? STATUS_BUSY : STATUS_OK;
}

static enum status
invalid(const struct call *call, struct error *err)
{
	return error_set(err, STATUS_INVALID,
			 "'%s' is no server, allowed is http://HOST:PORT, "
			 "https://HOST:PORT or unix:/PATH",
			 call->server);
}

static enum status
connect_http(struct call *call, const char *text, const char *implied,
	     struct error *err)
{
	const char *host = NULL;
	const char *port = NULL;
	char parts[DIAL_AUTHORITY_BYTES];
	size_t length = strcspn(text, "/");

	if (length >= sizeof(parts) || strlen(text + length) > 1)
		return invalid(call, err);
	snprintf(call->out->authority, sizeof(parts), "%.*s", (int)length,
		 text);
	snprintf(parts, sizeof(parts), "%s", call->out->authority);
	if (!split_host(parts, implied, &host, &port))
		return invalid(call, err);
	snprintf(call->out->host, sizeof(parts), "%s", host);
	return connect_host(call, host, port, err);
}

enum status
dial(const char *server, int64_t timeout_ms, struct dialled *out,
     struct error *err)
{
	const size_t unix_length = sizeof(unix_prefix) - 1;
	const size_t http_length = sizeof(http_prefix) - 1;
	const size_t https_length = sizeof(https_prefix) - 1;
	struct call call = { server, timeout_ms, out };

	out->fd = -1;
	out->tls = strncmp(server, https_prefix, https_length) == 0;
	snprintf(out->host, sizeof(out->host), "localhost");
	snprintf(out->authority, sizeof(out->authority), "localhost");
	if (out->tls)
		return connect_http(&call, server + https_length, "443", err);
	if (strncmp(server, unix_prefix, unix_length) == 0)
		return connect_unix(&call, server + unix_length, err);
	if (strncmp(server, http_prefix, http_length) == 0)
		return connect_http(&call, server + http_length, "80", err);
	return invalid(&call, err);
}

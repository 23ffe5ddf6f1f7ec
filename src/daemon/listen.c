#include "listen.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { HOST_MAX = 256, PORT_DIGITS_MAX = 5, PORT_MAX = 65535 };

static const char secure_prefix[] = "https://";
static const char clear_prefix[] = "http://";
static const char unix_prefix[] = "unix:";
static const char inherited_prefix[] = "fd:";

bool
listen_is_secure(const char *text)
{
	return strncmp(text, secure_prefix, sizeof(secure_prefix) - 1) == 0;
}

/* The address behind the scheme. */
static const char *
bare(const char *text)
{
	const size_t length = sizeof(clear_prefix) - 1;

	if (listen_is_secure(text))
		return text + sizeof(secure_prefix) - 1;
	return strncmp(text, clear_prefix, length) == 0 ? text + length : text;
}

static bool
is_unix(const char *text)
{
	return strncmp(text, unix_prefix, sizeof(unix_prefix) - 1) == 0;
}

/* The characters of a FileDescriptorName= that need no thought here. */
static const char name_bytes[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "abcdefghijklmnopqrstuvwxyz"
				 "0123456789._-@";

const char *
listen_inherited(const char *text)
{
	size_t length = sizeof(inherited_prefix) - 1;

	text = bare(text);
	if (strncmp(text, inherited_prefix, length) != 0)
		return NULL;
	text += length;
	return *text && text[strspn(text, name_bytes)] == '\0' ? text : NULL;
}

static enum status
check_path(const char *path, struct error *err)
{
	size_t most = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

	if (path[0] != '/')
		return error_set(err, STATUS_INVALID,
				 "listen is 'unix:%s', allowed is an absolute "
				 "path: unix:/run/toggled/toggled.sock",
				 path);
	if (strlen(path) > most)
		return error_set(err, STATUS_INVALID,
				 "listen is 'unix:%s', allowed are paths of at "
				 "most %zu bytes",
				 path, most);
	return STATUS_OK;
}

static bool
is_port(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits > 0 && digits <= PORT_DIGITS_MAX &&
	       text[digits] == '\0' && strtol(text, NULL, 10) <= PORT_MAX;
}

/* The host in front of the last colon, without its brackets. False when the
 * text has no such form. */
static bool
split(const char *text, char host[HOST_MAX], const char **port)
{
	const char *colon = strrchr(text, ':');
	size_t length;
	bool is_bracketed;

	if (!colon || colon - text >= HOST_MAX)
		return false;
	length = (size_t)(colon - text);
	is_bracketed = text[0] == '[';
	if (is_bracketed && (length < 3 || text[length - 1] != ']'))
		return false;
	if (is_bracketed)
		snprintf(host, HOST_MAX, "%.*s", (int)length - 2, text + 1);
	else
		snprintf(host, HOST_MAX, "%.*s", (int)length, text);
	*port = colon + 1;
	return is_bracketed == (strchr(host, ':') != NULL);
}

enum status
listen_check(const char *text, struct error *err)
{
	char host[HOST_MAX];
	const char *port = NULL;
	const char *whole = text;

	text = bare(text);
	if (is_unix(text) && text != whole)
		return error_set(err, STATUS_INVALID,
				 "listen is '%s', but a unix socket is served "
				 "in clear text: unix:/PATH",
				 whole);
	if (is_unix(text))
		return check_path(text + sizeof(unix_prefix) - 1, err);
	if (listen_inherited(text))
		return STATUS_OK;
	if (!split(text, host, &port) || !is_port(port))
		return error_set(err, STATUS_INVALID,
				 "listen is '%s', allowed is ADDR:PORT "
				 "(127.0.0.1:8016), [ADDR]:PORT ([::1]:8016), "
				 ":PORT, fd:NAME, https:// in front of one of "
				 "these, or unix:/PATH",
				 whole);
	return STATUS_OK;
}

static bool
is_loopback(struct in_addr v4)
{
	return (ntohl(v4.s_addr) >> 24) == IN_LOOPBACKNET;
}

/* A name is not known to be anything before its number is. */
static bool
is_local_descriptor(const char *number)
{
	char *end = NULL;
	int fd = (int)strtol(number, &end, 10);
	struct sockaddr_storage at = { .ss_family = AF_UNSPEC };
	socklen_t length = sizeof(at);
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (*end || getsockname(fd, (struct sockaddr *)&at, &length))
		return false;
	memcpy(&v4, &at, sizeof(v4));
	memcpy(&v6, &at, sizeof(v6));
	return at.ss_family == AF_UNIX ||
	       (at.ss_family == AF_INET && is_loopback(v4.sin_addr)) ||
	       (at.ss_family == AF_INET6 &&
		IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr));
}

bool
listen_is_local(const char *text)
{
	char host[HOST_MAX];
	const char *port = NULL;
	struct in_addr v4;
	struct in6_addr v6;

	text = bare(text);
	if (is_unix(text))
		return true;
	if (listen_inherited(text))
		return is_local_descriptor(listen_inherited(text));
	if (!split(text, host, &port))
		return false;
	if (inet_pton(AF_INET, host, &v4) == 1)
		return is_loopback(v4);
	if (inet_pton(AF_INET6, host, &v6) == 1)
		return IN6_IS_ADDR_LOOPBACK(&v6);
	return strcmp(host, "localhost") == 0;
}

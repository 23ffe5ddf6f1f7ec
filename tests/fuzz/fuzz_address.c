/*
 * Addresses: where to listen, whom to call, and the sockets that a supervisor
 * passed. The form that the options accept is one that the server can bind, at
 * the port that is written; and the client calls the port that is written.
 *
 * Nothing is looked up and nobody is called: getaddrinfo and connect are ours.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "daemon/listen.h"
#include "daemon/option_table.h"
#include "daemon/sockets.h"
#include "http/address.h"
#include "http/dial.h"
#include "scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PORT_MAX = 65535, SOCKETS_FIRST = 3, SOCKETS_LAST = 18 };

static struct {
	const char *service; /* the last port that was looked up */
	char text[32];
	int called; /* the last one that was called; -1: nobody */
} net;

/* Every host is the loopback, every port what glibc makes of it. */
int
getaddrinfo(const char *restrict node, const char *restrict service,
	    const struct addrinfo *restrict hints,
	    struct addrinfo **restrict found)
{
	struct sockaddr_in *address = mem_zalloc(1, sizeof(*address));
	struct addrinfo *info = mem_zalloc(1, sizeof(*info));

	(void)hints;
	if (node[0] == '\0')
		finding("an empty host is looked up");
	(void)snprintf(net.text, sizeof(net.text), "%s", service);
	net.service = net.text;
	address->sin_family = AF_INET;
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address->sin_port = htons((uint16_t)strtoul(service, NULL, 10));
	info->ai_family = AF_INET;
	info->ai_addrlen = sizeof(*address);
	info->ai_addr = (struct sockaddr *)address;
	*found = info;
	return 0;
}

void
freeaddrinfo(struct addrinfo *info)
{
	free(info->ai_addr);
	free(info);
}

int
connect(int fd, __CONST_SOCKADDR_ARG any, socklen_t length)
{
	const struct sockaddr *address = any.__sockaddr__;
	struct sockaddr_in in;

	(void)fd;
	net.called = 0;
	if (address->sa_family == AF_INET && length == sizeof(in)) {
		memcpy(&in, address, sizeof(in));
		net.called = ntohs(in.sin_port);
	}
	errno = ECONNREFUSED;
	return -1;
}

/* The number at the end of the text; -1: it has none that is a port. */
static long
last_number(const char *text)
{
	const char *at = text + strlen(text);
	unsigned long n;

	while (at > text && at[-1] >= '0' && at[-1] <= '9')
		at--;
	errno = 0;
	n = strtoul(at, NULL, 10);
	return *at == '\0' || errno != 0 || n > PORT_MAX ? -1 : (long)n;
}

static void
check_listen(const char *text)
{
	struct sockaddr_in in;
	struct address address;
	struct error err;

	error_init(&err);
	(void)listen_is_local(text);
	net.service = NULL;
	if (listen_check(text, &err) != STATUS_OK) {
		if (strncmp(err.text, "listen is '", 11) != 0)
			finding("'%s' for '%s'", err.text, text);
		return;
	}
	/* A name becomes a number before it is bound. */
	if (listen_inherited(text) != NULL)
		return;
	if (address_parse(text, &address, &err) != STATUS_OK)
		finding("'%s' passed: %s", text, err.text);
	if (address.tls != listen_is_secure(text))
		finding("'%s' has TLS or has not", text);
	if (address.kind == ADDRESS_UNIX && !listen_is_local(text))
		finding("'%s' is not local", text);
	if (address.kind != ADDRESS_TCP)
		return;
	memcpy(&in, &address.socket, sizeof(in));
	if (ntohs(in.sin_port) != last_number(text))
		finding("'%s' is bound to %d", text, ntohs(in.sin_port));
}

static void
check_dial(const char *text)
{
	struct dialled out;
	struct error err;
	enum status rc;

	error_init(&err);
	net.called = -1;
	net.service = NULL;
	rc = dial(text, 100, &out, &err);
	if (rc != STATUS_INVALID && rc != STATUS_BUSY)
		finding("status %d for '%s'", (int)rc, text);
	if (rc == STATUS_INVALID && net.called != -1)
		finding("'%s' is called, though it is no server", text);
	if (rc == STATUS_BUSY && net.called == -1)
		finding("'%s' is not called", text);
	if (net.service != NULL && net.called != last_number(net.service))
		finding("'%s' is called at %d", text, net.called);
	if (rc == STATUS_BUSY && strpbrk(out.authority, "/\r\n") != NULL)
		finding("authority '%s'", out.authority);
}

/* LISTEN_FDS, LISTEN_FDNAMES, then addresses, line by line. */
static void
check_sockets(char *text)
{
	struct options *options = options_new(FOR_SERVE);
	const struct option *listen = option_find(FOR_SERVE, "listen", 6);
	enum source source = SOURCE_LINE;
	char pid[16];
	char *line;

	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	(void)setenv("LISTEN_PID", pid, 1);
	line = strsep(&text, "\n");
	(void)setenv("LISTEN_FDS", line, 1);
	line = strsep(&text, "\n");
	if (line != NULL)
		(void)setenv("LISTEN_FDNAMES", line, 1);
	for (line = strsep(&text, "\n"); line != NULL;
	     line = strsep(&text, "\n"))
		if (option_apply(options, listen, line, source, NULL) !=
		    STATUS_OK)
			source = SOURCE_FILE;
	if (sockets_take(options, NULL) == STATUS_OK) {
		for (size_t i = 0; i < options->listen.count; i++)
			if (listen_check(options->listen.items[i], NULL) !=
			    STATUS_OK)
				finding("'%s' is to be served",
					options->listen.items[i]);
	}
	if (getenv("LISTEN_PID") != NULL || getenv("LISTEN_FDS") != NULL)
		finding("the environment is left to others");
	options_free(options);
}

/* What a supervisor would have passed. */
static void
open_sockets(void)
{
	static bool are_open;

	for (int fd = SOCKETS_FIRST; !are_open && fd <= SOCKETS_LAST; fd++)
		if (fcntl(fd, F_GETFD) < 0 && dup2(STDERR_FILENO, fd) < 0)
			finding("no descriptor %d", fd);
	are_open = true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_copy(data, size);

	open_sockets();
	check_listen(text);
	check_dial(text);
	check_sockets(text);
	free(text);
	return 0;
}

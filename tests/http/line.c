#include "line.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { PATIENCE_S = 20 };

void
line_open(struct line *line, int port)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	int one = 1;

	bytes_init(&line->in);
	line->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)setsockopt(line->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	(void)setsockopt(line->fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
			 sizeof(patience));
	if (connect(line->fd, (const struct sockaddr *)&a, sizeof(a)) != 0)
		line_close(line);
}

void
line_close(struct line *line)
{
	if (line->fd >= 0)
		close(line->fd);
	line->fd = -1;
	bytes_fini(&line->in);
}

static bool
send_all(struct line *line, const struct bytes *request)
{
	size_t sent = 0;

	while (sent < request->length) {
		ssize_t n = send(line->fd, request->data + sent,
				 request->length - sent, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		sent += (size_t)n;
	}
	return true;
}

static long
status_in(const struct bytes *in)
{
	return strtol(in->data + strlen("HTTP/1.1 "), NULL, 10);
}

/* The length of the whole answer in `in`; 0: more is needed. */
static size_t
whole(const struct bytes *in, size_t *body_at)
{
	static const char name[] = "\r\nContent-Length:";
	const char *end;
	const char *length;

	if (in->length == 0)
		return 0;
	end = strstr(in->data, "\r\n\r\n");
	if (end == NULL)
		return 0;
	*body_at = (size_t)(end + 4 - in->data);
	if (status_in(in) == 204 || status_in(in) == 304)
		return *body_at;
	length = strcasestr(in->data, name);
	if (length == NULL || length > end)
		return 0;
	return *body_at + strtoul(length + sizeof(name) - 1, NULL, 10);
}

long
line_ask(struct line *line, const struct bytes *request, json_t **body)
{
	size_t body_at = 0;

	*body = NULL;
	if (line->fd < 0 || !send_all(line, request))
		return 0;
	bytes_clear(&line->in);
	for (;;) {
		size_t length = whole(&line->in, &body_at);
		char piece[8192];
		ssize_t n;

		if (length > 0 && line->in.length >= length)
			break;
		n = recv(line->fd, piece, sizeof(piece), 0);
		if (n <= 0)
			return 0;
		bytes_append(&line->in, piece, (size_t)n);
	}
	*body = json_loadb(line->in.data + body_at, line->in.length - body_at,
			   0, NULL);
	return status_in(&line->in);
}

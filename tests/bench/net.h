/*
 * Loopback sockets and just enough HTTP/1.1 to load a server: requests built
 * ahead, answers recognised by their head and Content-Length. Header only.
 *
 * The environment variable BENCH_HEADER adds one line to every request, for
 * example "Authorization: Bearer ...".
 */
#ifndef BENCH_NET_H
#define BENCH_NET_H

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/measure.h"

enum {
	NET_BACKLOG = 4096,
	NET_ANSWER_SECONDS = 30,
};

static inline void
net_set(int fd, int level, int name, int value)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)) != 0)
		measure_die("setsockopt: %s", strerror(errno));
}

static inline struct sockaddr_in
net_address(uint32_t host, uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(host),
		.sin_port = htons(port),
	};
}

/* A non-blocking listener on 127.0.0.1. `*port` 0 is replaced by the port that
 * was found, which further listeners may then share. */
static inline int
net_listen(uint16_t *port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_in addr = net_address(INADDR_LOOPBACK, *port);
	socklen_t length = sizeof(addr);

	if (fd < 0)
		measure_die("socket: %s", strerror(errno));
	net_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	net_set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	net_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0 ||
	    listen(fd, NET_BACKLOG) != 0 ||
	    getsockname(fd, (struct sockaddr *)&addr, &length) != 0)
		measure_die("listen on port %u: %s", *port, strerror(errno));
	*port = ntohs(addr.sin_port);
	return fd;
}

/* A blocking connection from the loopback address `host` (a port belongs to an
 * address, so several addresses hold more than 28,000 connections). It ends
 * with a reset: waiting out TIME_WAIT would use up the ports. */
static inline int
net_connect_from(uint32_t host, uint16_t port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in from = net_address(host, 0);
	struct sockaddr_in to = net_address(INADDR_LOOPBACK, port);
	struct linger reset = { .l_onoff = 1, .l_linger = 0 };

	if (fd < 0)
		measure_die("socket: %s", strerror(errno));
	net_set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (bind(fd, (struct sockaddr *)&from, sizeof(from)) != 0 ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		measure_die("connect to port %u: %s", port, strerror(errno));
	net_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	return fd;
}

/* As above from 127.0.0.1, for exchanges one at a time: an answer that does
 * not come ends the program. */
static inline int
net_connect(uint16_t port)
{
	int fd = net_connect_from(INADDR_LOOPBACK, port);
	struct timeval limit = { .tv_sec = NET_ANSWER_SECONDS };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

static inline void
net_unblock(int fd)
{
	if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		measure_die("fcntl: %s", strerror(errno));
}

/* How many descriptors one table may hold. */
static inline uint64_t
net_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		measure_die("getrlimit: %s", strerror(errno));
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_max;
}

/* A request as text. */
struct net_text {
	char *data; /* free with free(3) */
	size_t length;
};

/* `body` NULL: a request without one. */
static inline struct net_text
net_request(const char *method, const char *path, const char *body)
{
	static const char shape[] =
	    "%s %s HTTP/1.1\r\nHost: localhost\r\n%s%s%s";
	const char *line = getenv("BENCH_HEADER");
	struct net_text text = { NULL, 0 };
	char entity[96] = "\r\n";
	int n;

	if (body != NULL)
		snprintf(entity, sizeof(entity),
			 "Content-Type: application/json\r\n"
			 "Content-Length: %zu\r\n\r\n",
			 strlen(body));
	n = asprintf(&text.data, shape, method, path, line != NULL ? line : "",
		     line != NULL ? "\r\n" : "", entity);
	if (n < 0)
		abort();
	text.length = (size_t)n;
	if (body != NULL) {
		size_t more = strlen(body);

		text.data = mem_resize(text.data, text.length + more + 1, 1);
		memcpy(text.data + text.length, body, more + 1);
		text.length += more;
	}
	return text;
}

struct net_answer {
	int status;
	size_t head;  /* bytes up to and with the empty line */
	size_t total; /* head and body */
};

/* True when `data` holds a whole head; then `*a` is filled. */
static inline bool
net_answer_scan(const char *data, size_t length, struct net_answer *a)
{
	static const char name[] = "\r\ncontent-length:";
	const char *end = memmem(data, length, "\r\n\r\n", 4);
	const char *at = data;

	if (end == NULL || length < 13)
		return false;
	a->status =
	    (data[9] - '0') * 100 + (data[10] - '0') * 10 + data[11] - '0';
	a->head = (size_t)(end - data) + 4;
	a->total = a->head;
	for (; at < end; at++) {
		at = memchr(at, '\r', (size_t)(end - at));
		if (at == NULL)
			break;
		if (strncasecmp(at, name, sizeof(name) - 1) == 0) {
			a->total += strtoull(at + sizeof(name) - 1, NULL, 10);
			break;
		}
	}
	return true;
}

static inline void
net_send_all(int fd, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t n = send(fd, data, length, MSG_NOSIGNAL);

		if (n < 0)
			measure_die("send: %s", strerror(errno));
		data += n;
		length -= (size_t)n;
	}
}

/* Receives one answer into `*text` (its data may be freed; NUL-terminated). */
static inline struct net_answer
net_receive(int fd, struct net_text *text)
{
	struct net_answer answer = { 0 };
	size_t room = 16384;
	bool has_head = false;

	*text = (struct net_text){ mem_alloc(room), 0 };
	while (!has_head || text->length < answer.total) {
		ssize_t n;

		if (text->length + 1 >= room) {
			room *= 2;
			text->data = mem_resize(text->data, room, 1);
		}
		n = recv(fd, text->data + text->length, room - text->length - 1,
			 0);
		if (n <= 0)
			measure_die("no answer: %s",
				    n < 0 ? strerror(errno) : "closed");
		text->length += (size_t)n;
		text->data[text->length] = '\0';
		has_head = has_head ||
			   net_answer_scan(text->data, text->length, &answer);
	}
	return answer;
}

/* One request and its answer on a blocking connection. */
static inline struct net_answer
net_exchange(int fd, const struct net_text *request, struct net_text *reply)
{
	net_send_all(fd, request->data, request->length);
	return net_receive(fd, reply);
}

/* The same on a connection of its own; ends the program unless the status is
 * one of 2xx. */
static inline struct net_text
net_call(uint16_t port, const char *method, const char *path, const char *body)
{
	struct net_text request = net_request(method, path, body);
	struct net_text reply;
	struct net_answer answer;
	int fd = net_connect(port);

	answer = net_exchange(fd, &request, &reply);
	if (answer.status / 100 != 2)
		measure_die("%s %s: %s", method, path, reply.data);
	close(fd);
	free(request.data);
	return reply;
}

/* The number behind `"name":` in a JSON text; 0 when it is not there. */
static inline uint64_t
net_json_number(const char *data, size_t length, const char *name)
{
	const char *at = memmem(data, length, name, strlen(name));

	if (at == NULL)
		return 0;
	at += strlen(name);
	while (at < data + length && (*at == ' ' || *at == ':' || *at == '"'))
		at++;
	return at < data + length ? strtoull(at, NULL, 10) : 0;
}

#endif

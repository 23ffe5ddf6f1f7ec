/*
 * The edge: bytes to a whole server in this process, on a real socket, through
 * the real library. An input is a list of words: a byte below WORDS names a
 * text of the table, one from REPEAT on repeats the last text so often that a
 * buffer of known size is full, PAUSE lets the server read what there is, and
 * any other byte stands for itself.
 *
 * What has to hold: what comes back is a row of whole answers. The first is
 * ours, with Cache-Control, in however many pieces its request comes, as long
 * as there is no talk of chunks; those behind it too, but for the library's own
 * words (HACKING, "What cannot be had"), which end the connection. Whatever was
 * sent, the next request of another client is answered at once, the connection
 * is counted off when its client has gone, and the loop rests.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "http/server.h"
#include "scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	REPEAT = 0x80, /* to 0x80 + SIZES - 1 */
	PAUSE = 0xff,
	TEXT_MAX = 128 * 1024,
	LISTEN_MS = 30,
	GONE_MS = 3000,
	AT_ONCE_MS = 1000,
	BUSY_MS = 1500, /* of processor time for an input */
};

static const char *const words[] = {
	"GET /healthz HTTP/1.1\r\n",
	"PUT /v1/envs/default/toggles/a HTTP/1.1\r\n",
	"GET /v1/envs/default/changes?since=0&wait=1s HTTP/1.1\r\n",
	"GET /v1/envs/default/values?",
	" HTTP/1.1\r\n",
	"Host: h\r\n",
	"\r\n",
	"Cookie: ",
	"a=b; ",
	"&a=1",
	"A: b\r\n",
	"X: ",
	"x",
	"0",
	"Content-Length: 2\r\n",
	"Content-Length: 100000\r\n",
	"Transfer-Encoding: chunked\r\n",
	"Expect: 100-continue\r\n",
	"Connection: close\r\n",
	"2\r\n{}\r\n",
	"0\r\n\r\n",
	"2;",
	"{}",
	"\n",
	" ",
	"HEAD /nowhere HTTP/1.0\r\n",
	"GET ",
	"PRI * HTTP/2.0\r\n",
	"\r",
	"\x16\x03\x01",
};

/* Counts of cookies, parameters and fields at limits; bytes of half and whole
 * memories, of heads, of what a TCP segment holds. */
static const size_t sizes[] = {
	98,    112,   149,   150,   151,   255,   256,   257,   1448,
	4096,  7999,  8000,  8001,  8192,  15359, 15360, 15361, 16383,
	16384, 16385, 24576, 32767, 32768, 32769, 40000,
};

#define WORDS (sizeof(words) / sizeof(words[0]))
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

static struct server *server;
static struct registry *registry;
static int port;

static void
publish(void *ctx, const struct catalog *catalog)
{
	(void)ctx;
	server_publish(server, catalog);
}

static void
fail(void *ctx, const struct error *err)
{
	(void)ctx;
	finding("the store failed: %s", err->text);
}

static void
start(void)
{
	static const char *const listen_on[] = { "127.0.0.1:0" };
	struct server_config config = {
		.listen = listen_on,
		.listen_count = 1,
		.loops = 1,
		.connections_max = 100,
		.header_timeout_ms = 500,
		.body_timeout_ms = 500,
		.write_timeout_ms = 500,
		.idle_timeout_ms = 60000,
		.allow_unauthenticated = true,
		.clock = clock_system(),
		.log = log_new(STDERR_FILENO, LOG_ERROR, LOG_TEXT),
	};
	struct registry_config store = {
		.database = scratch_path("db"),
		.mode = STORE_CREATE,
		.mailbox_limit = 64,
		.group_limit = 8,
		.clock = config.clock,
		.log = config.log,
		.publish = publish,
		.fatal = fail,
	};
	struct error err;

	error_init(&err);
	if (server_open(&config, &server, &err) != STATUS_OK ||
	    registry_start(&store, &registry, &err) != STATUS_OK ||
	    server_start(server, registry, &err) != STATUS_OK)
		finding("no server: %s", err.text);
	port = atoi(strrchr(server_address(server, 0), ':') + 1);
}

static int
dial(void)
{
	const struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 ||
	    connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0)
		finding("connect: %s", strerror(errno));
	return fd;
}

/* What comes until nothing has come for `within_ms`; false: it was closed. The
 * fuzzer's own alarm, every few seconds, interrupts what waits. */
static bool
hear(int fd, int within_ms, struct bytes *out)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char buffer[4096];

	for (;;) {
		const int ready = poll(&p, 1, within_ms);
		ssize_t n = 0;

		if (ready == 0)
			return true;
		if (ready > 0)
			n = recv(fd, buffer, sizeof(buffer), 0);
		if ((ready < 0 || n < 0) && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes_append(out, buffer, (size_t)n);
	}
}

/* The value of a metric, asked for on a connection of its own. */
static long
ask(const char *name)
{
	static const char text[] =
	    "GET /metrics HTTP/1.1\r\nHost: localhost\r\n"
	    "Connection: close\r\n\r\n";
	const int64_t began_us = clock_stopwatch_us();
	struct bytes answer;
	const char *at;
	long value = -1;
	int fd = dial();

	bytes_init(&answer);
	if (send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL) < 0 ||
	    hear(fd, AT_ONCE_MS, &answer) || answer.length == 0)
		finding("another client gets no answer");
	if (clock_stopwatch_us() - began_us > AT_ONCE_MS * 1000)
		finding("another client's answer takes its time");
	bytes_append_char(&answer, '\0');
	at = strstr(answer.data, name);
	if (at != NULL)
		value = atol(at + strlen(name));
	bytes_fini(&answer);
	close(fd);
	return value;
}

static long
busy_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Answers one behind the other; what is cut off at the end is the client's own
 * doing. With `first` the first of them is ours. */
static void
judge(struct bytes *heard, bool first)
{
	char *at;

	bytes_append_char(heard, '\0');
	for (at = heard->data; *at != '\0';) {
		char *end = strstr(at, "\r\n\r\n");
		const char *length;
		size_t body;

		if (strncmp(at, "HTTP/1.1 ", 9) != 0)
			finding("this is no answer: %.200s", at);
		if (end == NULL)
			return;
		*end = '\0';
		length = strcasestr(at, "\r\nContent-Length: ");
		if (strncmp(at + 9, "100", 3) == 0)
			length = NULL;
		else if (strcasestr(at, "\r\nCache-Control: ") == NULL &&
			 (first ||
			  strcasestr(at, "\r\nConnection: close") == NULL))
			finding("nobody says who may keep this: %s", at);
		first = first && strncmp(at + 9, "100", 3) == 0;
		body = length == NULL ? 0 : (size_t)atol(length + 18);
		/* HEAD has a length and no body. */
		if (strncmp(end + 4, "HTTP/1.1 ", 9) == 0)
			body = 0;
		at = end + 4;
		if (strlen(at) < body)
			return;
		at += body;
	}
}

static void
say(int fd, struct bytes *text, struct bytes *heard, struct bytes *said)
{
	if (text->length > 0)
		(void)!send(fd, text->data, text->length, MSG_NOSIGNAL);
	for (size_t i = 0; i < text->length; i++)
		bytes_append_char(said,
				  (char)tolower((unsigned char)text->data[i]));
	bytes_clear(text);
	(void)hear(fd, LISTEN_MS, heard);
}

/* What was said, in small letters. */
static void
converse(const uint8_t *data, size_t size, struct bytes *heard,
	 struct bytes *said)
{
	const char *last = "x";
	struct bytes text;
	int fd = dial();

	bytes_init(&text);
	for (size_t i = 0; i < size && text.length < TEXT_MAX; i++) {
		const char byte = (char)data[i];

		if (data[i] < WORDS) {
			last = words[data[i]];
			bytes_append_str(&text, last);
		} else if (data[i] == PAUSE) {
			say(fd, &text, heard, said);
		} else if (data[i] >= REPEAT && data[i] < REPEAT + SIZES) {
			for (size_t n = sizes[data[i] - REPEAT];
			     n > 0 && text.length < TEXT_MAX; n--)
				bytes_append_str(&text, last);
		} else {
			bytes_append(&text, &byte, 1);
		}
	}
	say(fd, &text, heard, said);
	bytes_fini(&text);
	close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char open_name[] = "\ntoggled_connections_open ";
	struct bytes heard;
	struct bytes said;
	int64_t gone_us;
	long before;

	if (server == NULL)
		start();
	before = busy_ms();
	bytes_init(&heard);
	bytes_init(&said);
	converse(data, size, &heard, &said);
	judge(&heard, said.length == 0 ||
			  memmem(said.data, said.length, "chunked", 7) == NULL);
	bytes_fini(&said);
	bytes_fini(&heard);
	gone_us = clock_stopwatch_us() + GONE_MS * 1000;
	while (ask(open_name) != 1)
		if (clock_stopwatch_us() > gone_us)
			finding("a connection stays when its client has gone");
	if (busy_ms() - before > BUSY_MS)
		finding("%ld ms of processor time", busy_ms() - before);
	return 0;
}

/*
 * A socket and nothing between: for requests that no client library would send,
 * or not in such pieces.
 */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "harness.h"
#include "http/secure.h"

struct raw {
	struct toggled *t;
	int fd;
	struct secure *secure; /* NULL: clear text */
	bool is_ended;         /* the other side sends no more */
	struct bytes in;
	size_t taken; /* of `in` */
};

static void
raw_release(void *p)
{
	struct raw *raw = p;

	raw_close(raw);
	bytes_fini(&raw->in);
	free(raw);
}

/* The server's kernel makes its buffer as large as ten of our segments. */
static void
make_narrow(int fd)
{
	const int segment = 536;
	const int least = 2048;

	ck_assert_int_eq(
	    setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment)),
	    0);
	ck_assert_int_eq(
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)), 0);
}

static int
connect_to(const struct toggled *t, bool narrow)
{
	int rc;
	int fd;

	if (t->unix_path[0]) {
		struct sockaddr_un a = { .sun_family = AF_UNIX };

		snprintf(a.sun_path, sizeof(a.sun_path), "%s", t->unix_path);
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		rc = connect(fd, (const struct sockaddr *)&a, sizeof(a));
	} else {
		struct sockaddr_in a = {
			.sin_family = AF_INET,
			.sin_port = htons((uint16_t)t->port),
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		};
		int one = 1;

		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (narrow)
			make_narrow(fd);
		rc = connect(fd, (const struct sockaddr *)&a, sizeof(a));
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	}
	ck_assert_msg(rc == 0, "connect: %s", strerror(errno));
	return fd;
}

static struct raw *
raw_new(struct toggled *t, bool narrow, bool is_plain)
{
	struct raw *raw = mem_zalloc(1, sizeof(*raw));

	raw->t = t;
	raw->fd = connect_to(t, narrow);
	bytes_init(&raw->in);
	(void)toggled_own(t, raw, raw_release);
	if (t->ca_file && !is_plain) {
		raw->secure = secure_new(raw->fd, t->ca_file, NULL);
		ck_assert_msg(raw->secure != NULL, "no TLS");
	}
	return raw;
}

struct raw *
raw_open(struct toggled *t)
{
	return raw_new(t, false, false);
}

struct raw *
raw_open_plain(struct toggled *t)
{
	return raw_new(t, false, true);
}

struct raw *
raw_open_narrow(struct toggled *t)
{
	return raw_new(t, true, false);
}

bool
raw_send(struct raw *raw, const void *data, size_t length)
{
	const char *p = data;
	int64_t end = now_ms() + DEADLINE_ANSWER_MS;

	while (length > 0) {
		struct pollfd out = { .fd = raw->fd, .events = POLLOUT };
		ssize_t n;

		ck_assert_msg(poll(&out, 1, (int)(end - now_ms())) > 0,
			      "the other side does not read");
		n = raw->secure
			? secure_send(raw->secure, p, length)
			: send(raw->fd, p, length, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN)
			return false;
		if (n < 0)
			continue;
		p += n;
		length -= (size_t)n;
	}
	return true;
}

bool
raw_send_text(struct raw *raw, const char *text)
{
	return raw_send(raw, text, strlen(text));
}

static bool
is_acknowledged(void *ctx)
{
	struct raw *raw = ctx;
	int unsent = 0;

	return ioctl(raw->fd, SIOCOUTQ, &unsent) || unsent == 0;
}

bool
raw_send_pieces(struct raw *raw, const void *data, size_t length, size_t piece)
{
	const char *p = data;

	while (length > 0) {
		size_t n = length < piece ? length : piece;

		if (!raw_send(raw, p, n))
			return false;
		ck_assert(wait_until(is_acknowledged, raw, DEADLINE_ANSWER_MS));
		p += n;
		length -= n;
	}
	return true;
}

/* More input, waiting until `end`. False: nothing came before the deadline. */
static bool
more(struct raw *raw, int64_t end)
{
	char piece[16384];
	int64_t left = end - now_ms();
	struct pollfd in = { .fd = raw->fd, .events = POLLIN };
	ssize_t n;

	if (!(raw->secure && secure_has_more(raw->secure)) &&
	    poll(&in, 1, left > 0 ? (int)left : 0) <= 0)
		return false;
	n = raw->secure ? secure_receive(raw->secure, piece, sizeof(piece))
			: recv(raw->fd, piece, sizeof(piece), MSG_DONTWAIT);
	if (n > 0)
		bytes_append(&raw->in, piece, (size_t)n);
	else if (n == 0 || errno != EAGAIN)
		raw->is_ended = true;
	return true;
}

static bool
line_is(const char *line, const char *name)
{
	return strncasecmp(line, name, strlen(name)) == 0;
}

/* How the body of the head at `head` is delimited. */
struct framing {
	bool is_chunked;
	bool has_length;
	size_t length;
};

static struct framing
framing(const char *head, long status, bool no_body)
{
	struct framing f = { false, false, 0 };

	if (no_body || status == 204 || status == 304 || status < 200)
		return (struct framing){ false, true, 0 };
	for (const char *line = strstr(head, "\r\n"); line && line[2] != '\r';
	     line = strstr(line + 2, "\r\n")) {
		if (line_is(line + 2, "content-length:")) {
			f.has_length = true;
			f.length = strtoul(line + 17, NULL, 10);
		}
		if (line_is(line + 2, "transfer-encoding:"))
			f.is_chunked = true;
	}
	return f;
}

/* Decode chunks from `at`. 1: whole, *end is behind it; 0: more is needed. */
static bool
chunks(const struct bytes *in, size_t at, struct bytes *body, size_t *end)
{
	bytes_clear(body);
	for (;;) {
		char *stop;
		size_t size;
		const char *eol =
		    memmem(in->data + at, in->length - at, "\r\n", 2);

		if (!eol)
			return false;
		size = strtoul(in->data + at, &stop, 16);
		ck_assert_msg(stop != in->data + at, "bad chunk size");
		at = (size_t)(eol + 2 - in->data);
		if (in->length < at + size + 2)
			return false;
		bytes_append(body, in->data + at, size);
		at += size + 2;
		if (size == 0) {
			*end = at;
			return true;
		}
	}
}

/* The answer at raw->taken when it is whole; NULL: more is needed. */
static struct answer *
parse(struct raw *raw, bool no_body)
{
	struct bytes body;
	struct answer *answer = NULL;
	struct framing f;
	const char *head = raw->in.data ? raw->in.data + raw->taken : "";
	size_t have = raw->in.length - raw->taken;
	const char *stop = memmem(head, have, "\r\n\r\n", 4);
	size_t body_at;
	size_t end = 0;
	long status;

	bytes_init(&body);
	if (!stop)
		goto out;
	ck_assert_msg(strncmp(head, "HTTP/1.", 7) == 0, "no HTTP: %.80s", head);
	status = strtol(head + 8, NULL, 10);
	body_at = (size_t)(stop + 4 - raw->in.data);
	f = framing(head, status, no_body);
	if (f.is_chunked) {
		if (!chunks(&raw->in, body_at, &body, &end))
			goto out;
	} else {
		size_t left = raw->in.length - body_at;

		if (f.has_length ? left < f.length : !raw->is_ended)
			goto out;
		end = body_at + (f.has_length ? f.length : left);
		bytes_append(&body, raw->in.data + body_at, end - body_at);
	}
	answer = answer_new(raw->t);
	answer->status = status;
	answer->headers = mem_copy(head, (size_t)(stop + 2 - head));
	answer->length = body.length;
	answer->body = bytes_take(&body);
	raw->taken = end;
out:
	bytes_fini(&body);
	return answer;
}

static struct answer *
read_answer(struct raw *raw, bool no_body, int64_t deadline_ms)
{
	int64_t end = now_ms() + deadline_ms;
	struct answer *none;

	for (;;) {
		struct answer *answer = parse(raw, no_body);

		if (answer && answer->status >= 200)
			return answer;
		if (answer)
			continue;
		if (raw->is_ended)
			break;
		ck_assert_msg(more(raw, end), "no whole answer within %lld ms",
			      (long long)deadline_ms);
	}
	none = answer_new(raw->t);
	none->headers = mem_strdup("");
	none->body = mem_strdup("");
	return none;
}

struct answer *
raw_answer(struct raw *raw, int64_t deadline_ms)
{
	return read_answer(raw, false, deadline_ms);
}

struct answer *
raw_answer_head(struct raw *raw, int64_t deadline_ms)
{
	return read_answer(raw, true, deadline_ms);
}

bool
raw_is_closed(struct raw *raw, int64_t deadline_ms)
{
	int64_t end = now_ms() + deadline_ms;

	while (!raw->is_ended) {
		if (!more(raw, end))
			return false;
	}
	return true;
}

const char *
raw_rest(struct raw *raw, size_t *length, int64_t deadline_ms)
{
	char *rest;
	size_t n;

	ck_assert_msg(raw_is_closed(raw, deadline_ms),
		      "the other side did not hang up within %lld ms",
		      (long long)deadline_ms);
	n = raw->in.length - raw->taken;
	rest = mem_copy(n ? raw->in.data + raw->taken : "", n);
	raw->taken = raw->in.length;
	if (length)
		*length = n;
	return toggled_own(raw->t, rest, free);
}

const char *
raw_until(struct raw *raw, const char *text, int64_t deadline_ms)
{
	int64_t end = now_ms() + deadline_ms;

	for (;;) {
		const char *in = raw->in.data == NULL ? "" : raw->in.data;

		if (strstr(in, text) != NULL)
			return toggled_own(raw->t, mem_copy(in, raw->in.length),
					   free);
		ck_assert_msg(!raw->is_ended && more(raw, end),
			      "'%s' did not come%s; but %zu bytes: %.600s",
			      text, raw->is_ended ? ", it has ended" : "",
			      raw->in.length, in);
	}
}

void
raw_shutdown(struct raw *raw)
{
	shutdown(raw->fd, SHUT_WR);
}

void
raw_close(struct raw *raw)
{
	secure_free(raw->secure);
	raw->secure = NULL;
	if (raw->fd >= 0)
		close(raw->fd);
	raw->fd = -1;
}

void
raw_reset(struct raw *raw)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(raw->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	raw_close(raw);
}

struct secure *
raw_secure(const struct raw *raw)
{
	return raw->secure;
}

int
raw_fd(const struct raw *raw)
{
	return raw->fd;
}

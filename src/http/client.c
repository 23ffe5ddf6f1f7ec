/*
 * Sequential on purpose: connect, write the request, read the head, read the
 * body by one of HTTP's three framings. Every read is bounded by the socket's
 * timeout, the head by HEAD_MAX, a kept body by the caller's limit.
 */
#include "http/client.h"
#include "base/version.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/version.h"
#include "link.h"

enum {
	HEAD_MAX = 64 * 1024,
	CHUNK_LINE_MAX = 1024,
	PIECE_BYTES = 64 * 1024,
	OTHER_BODY_MAX = 1024 * 1024, /* kept of an answer that is no 2xx */
};

/* One exchange under way. `in` holds what was read and not yet used. */
struct exchange {
	const struct client_request *request;
	struct client_answer *answer;
	struct link link;
	struct bytes in;
	size_t used; /* of `in` */
	bool is_chunked;
	bool has_length;
	size_t length;
};

void
client_answer_init(struct client_answer *answer)
{
	answer->status = 0;
	bytes_init(&answer->body);
}

void
client_answer_fini(struct client_answer *answer)
{
	bytes_fini(&answer->body);
}

static enum status
broken(const struct exchange *x, struct error *err)
{
	if (errno == EAGAIN)
		return error_set(
		    err, STATUS_TIMEOUT, "%s did not answer within %lld s",
		    x->request->server,
		    (long long)(x->request->idle_timeout_ms / 1000));
	return error_set(err, STATUS_IO, "the connection to %s broke: %s",
			 x->request->server, strerror(errno));
}

static enum status
send_all(const struct exchange *x, const void *data, size_t length,
	 struct error *err)
{
	const char *p = data;

	while (length > 0) {
		ssize_t n = link_send(&x->link, p, length);

		if (n < 0 && errno != EINTR)
			return broken(x, err);
		if (n > 0) {
			p += n;
			length -= (size_t)n;
		}
	}
	return STATUS_OK;
}

/* A server that refuses a large body may answer and hang up before it has read
 * all of it: then the answer counts, not the failed send. */
static enum status
send_request(const struct exchange *x, struct error *err)
{
	const struct client_request *r = x->request;
	struct bytes head;
	enum status rc;

	bytes_init(&head);
	bytes_printf(&head,
		     "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n"
		     "User-Agent: toggled/" TOGGLED_VERSION
		     "\r\nAccept: application/json\r\n",
		     r->method, r->path, x->link.dialled.authority);
	if (r->token)
		bytes_printf(&head, "Authorization: Bearer %s\r\n", r->token);
	if (r->comment)
		bytes_printf(&head, "Change-Comment: %s\r\n", r->comment);
	if (r->content_type)
		bytes_printf(&head,
			     "Content-Type: %s\r\nContent-Length: %zu\r\n",
			     r->content_type, r->length);
	bytes_append_str(&head, "\r\n");
	rc = send_all(x, head.data, head.length, err);
	bytes_fini(&head);
	if (rc == STATUS_OK && r->content_type &&
	    send_all(x, r->body, r->length, NULL) == STATUS_TIMEOUT)
		rc = error_set(err, STATUS_TIMEOUT,
			       "%s does not read the request", r->server);
	return rc;
}

/* More input behind what is not used yet. `*ended`: there is no more. */
static enum status
fill(struct exchange *x, bool *ended, struct error *err)
{
	ssize_t n;

	if (x->used == x->in.length) {
		bytes_clear(&x->in);
		x->used = 0;
	}
	bytes_reserve(&x->in, PIECE_BYTES);
	do {
		n = link_receive(&x->link, x->in.data + x->in.length,
				 PIECE_BYTES);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return broken(x, err);
	x->in.length += (size_t)n;
	x->in.data[x->in.length] = '\0';
	*ended = n == 0;
	return STATUS_OK;
}

/* The same where the answer is not whole yet. */
static enum status
fill_more(struct exchange *x, struct error *err)
{
	bool ended = false;
	enum status rc = fill(x, &ended, err);

	if (rc == STATUS_OK && ended)
		rc = error_set(err, STATUS_IO,
			       "%s hung up in the middle of its answer",
			       x->request->server);
	return rc;
}

/* Length of what is unused up to and with `mark`; reads until it is there. */
static enum status
find(struct exchange *x, const char *mark, size_t most, size_t *length,
     struct error *err)
{
	enum status rc = STATUS_OK;
	const char *at = NULL;

	while (rc == STATUS_OK && !at) {
		size_t have = x->in.length - x->used;

		if (have > 0)
			at = memmem(x->in.data + x->used, have, mark,
				    strlen(mark));
		if (!at && have > most)
			return error_set(err, STATUS_IO,
					 "%s does not speak HTTP",
					 x->request->server);
		if (!at)
			rc = fill_more(x, err);
	}
	if (rc == STATUS_OK)
		*length = (size_t)(at - (x->in.data + x->used)) + strlen(mark);
	return rc;
}

/* The value of a header in a head, or NULL. */
static const char *
header(const char *head, const char *name)
{
	size_t length = strlen(name);
	const char *line = strstr(head, "\r\n");

	while (line && line[2] != '\r') {
		line += 2;
		if (strncasecmp(line, name, length) == 0 &&
		    line[length] == ':') {
			line += length + 1;
			return line + strspn(line, " \t");
		}
		line = strstr(line, "\r\n");
	}
	return NULL;
}

static enum status
read_head(struct exchange *x, struct error *err)
{
	size_t length = 0;
	const char *head;
	const char *value;
	enum status rc;

	do {
		x->used += length;
		rc = find(x, "\r\n\r\n", HEAD_MAX, &length, err);
		if (rc != STATUS_OK)
			return rc;
		head = x->in.data + x->used;
		if (strncmp(head, "HTTP/1.", 7) != 0 || head[8] != ' ')
			return error_set(err, STATUS_IO,
					 "%s does not speak HTTP",
					 x->request->server);
		x->answer->status = (unsigned)strtoul(head + 9, NULL, 10);
	} while (x->answer->status < 200);
	value = header(head, "Transfer-Encoding");
	x->is_chunked = value && strncasecmp(value, "chunked", 7) == 0;
	value = header(head, "Content-Length");
	x->has_length = value || x->answer->status == 204;
	x->length = value ? strtoul(value, NULL, 10) : 0;
	x->used += length;
	return STATUS_OK;
}

/* `length` unused bytes to where the body goes. */
static enum status
sink(struct exchange *x, size_t length, struct error *err)
{
	const struct client_request *r = x->request;
	const char *p = x->in.data + x->used;
	bool is_good = x->answer->status / 100 == 2;
	size_t limit = is_good ? r->limit : OTHER_BODY_MAX;

	x->used += length;
	if (!is_good || r->fd < 0) {
		if (length > limit - x->answer->body.length)
			return error_set(err, STATUS_TOO_LARGE,
					 "the answer of %s is larger than %zu "
					 "bytes",
					 r->server, limit);
		bytes_append(&x->answer->body, p, length);
		return STATUS_OK;
	}
	while (length > 0) {
		ssize_t n = write(r->fd, p, length);

		if (n < 0 && errno != EINTR)
			return error_set(err, STATUS_IO, "cannot write: %s",
					 strerror(errno));
		if (n > 0) {
			p += n;
			length -= (size_t)n;
		}
	}
	return STATUS_OK;
}

static enum status
read_length(struct exchange *x, size_t left, struct error *err)
{
	enum status rc = STATUS_OK;

	while (rc == STATUS_OK && left > 0) {
		size_t have = x->in.length - x->used;

		if (have > left)
			have = left;
		if (have == 0) {
			rc = fill_more(x, err);
			continue;
		}
		left -= have;
		rc = sink(x, have, err);
	}
	return rc;
}

static enum status
read_chunks(struct exchange *x, struct error *err)
{
	enum status rc;
	size_t size;

	do {
		size_t line = 0;
		char *end = NULL;

		rc = find(x, "\r\n", CHUNK_LINE_MAX, &line, err);
		if (rc != STATUS_OK)
			return rc;
		size = strtoul(x->in.data + x->used, &end, 16);
		if (end == x->in.data + x->used)
			return error_set(err, STATUS_IO,
					 "%s does not speak HTTP",
					 x->request->server);
		x->used += line;
		rc = read_length(x, size, err);
		if (rc == STATUS_OK && size > 0) {
			rc = find(x, "\r\n", 2, &line, err);
			x->used += 2;
		}
	} while (rc == STATUS_OK && size > 0);
	return rc;
}

static enum status
read_to_end(struct exchange *x, struct error *err)
{
	bool ended = false;
	enum status rc = STATUS_OK;

	while (rc == STATUS_OK && !ended) {
		rc = sink(x, x->in.length - x->used, err);
		if (rc == STATUS_OK)
			rc = fill(x, &ended, err);
	}
	return rc;
}

static enum status
read_body(struct exchange *x, struct error *err)
{
	if (x->is_chunked)
		return read_chunks(x, err);
	if (x->has_length)
		return read_length(x, x->length, err);
	return read_to_end(x, err);
}

enum status
client_fetch(const struct client_request *request, struct client_answer *answer,
	     struct error *err)
{
	struct exchange x = { .request = request, .answer = answer };
	enum status rc;

	bytes_init(&x.in);
	rc = link_open(&x.link, request->server, request->ca_file,
		       request->idle_timeout_ms, err);
	if (rc == STATUS_OK)
		rc = send_request(&x, err);
	if (rc == STATUS_OK)
		rc = read_head(&x, err);
	if (rc == STATUS_OK)
		rc = read_body(&x, err);
	link_close(&x.link);
	bytes_fini(&x.in);
	return rc;
}

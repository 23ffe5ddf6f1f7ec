#include "delivery.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/bytes.h"
#include "bridge.h"
#include "request_id.h"

enum {
	PIECES = 3,
	LINE_BYTES = REQUEST_ID_BYTES + 16,
	RECORD_BYTES = 16 * 1024, /* of TLS */
};

static size_t
write_line(const char *id, char line[LINE_BYTES])
{
	static const char name[] = "X-Request-Id: ";
	const size_t length = strlen(id);
	char *at = line;

	memcpy(at, name, sizeof(name) - 1);
	at += sizeof(name) - 1;
	memcpy(at, id, length);
	at += length;
	memcpy(at, "\r\n", 2);
	return (size_t)(at + 2 - line);
}

size_t
delivery_length(const struct delivery *d)
{
	char line[LINE_BYTES];

	return d->wire->length + write_line(d->id, line);
}

/* What is left of it; how many pieces that is. */
static int
pieces_from(const struct delivery *d, char *line, size_t sent,
	    struct iovec pieces[PIECES])
{
	struct blob *wire = d->wire;
	const char *end = memchr(wire->data, '\n', wire->length);
	const size_t start = (size_t)(end + 1 - wire->data);
	const struct iovec all[PIECES] = {
		{ wire->data, start },
		{ line, write_line(d->id, line) },
		{ wire->data + start, wire->length - start },
	};
	int count = 0;

	for (int i = 0; i < PIECES; i++) {
		const size_t skip =
		    sent < all[i].iov_len ? sent : all[i].iov_len;

		sent -= skip;
		if (skip < all[i].iov_len)
			pieces[count++] = (struct iovec){
				(char *)all[i].iov_base + skip,
				all[i].iov_len - skip,
			};
	}
	return count;
}

/* In one record, as far as it fits. */
static ssize_t
send_record(const struct delivery *d, const struct iovec *pieces, int count)
{
	char record[RECORD_BYTES];
	size_t length = 0;

	for (int i = 0; i < count; i++) {
		size_t n = pieces[i].iov_len;

		if (n > RECORD_BYTES - length)
			n = RECORD_BYTES - length;
		memcpy(record + length, pieces[i].iov_base, n);
		length += n;
	}
	return bridge_send(d->bridge, record, length);
}

static ssize_t
send_from(const struct delivery *d, size_t sent)
{
	char line[LINE_BYTES];
	struct iovec pieces[PIECES];
	const int count = pieces_from(d, line, sent, pieces);
	const struct msghdr message = { .msg_iov = pieces,
					.msg_iovlen = (size_t)count };

	if (d->bridge != NULL)
		return send_record(d, pieces, count);
	return sendmsg(d->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

bool
delivery_push(const struct delivery *d, size_t *sent)
{
	const size_t length = delivery_length(d);

	while (*sent < length) {
		ssize_t n = send_from(d, *sent);

		if (n > 0)
			*sent += (size_t)n;
		else if (n < 0 && errno == EINTR)
			continue;
		else
			return n < 0 && errno == EAGAIN;
	}
	return true;
}

/*
 * How much may be read behind the request line. Of the first request that the
 * library reads on a connection: what it has taken from the socket until now,
 * of which the kernel (received.h) or the bridge knows; as long as that is at
 * most half of its memory, its distance from the request line is within it. Of
 * those behind it: half of the memory, whose beginning is known by then. It is
 * zero beyond what was read, because the library wipes it between two requests.
 * On a unix socket nobody knows what was taken; but the first head was whole in
 * it before the library had it (reception.h), and is taken in one piece.
 */
#include "prelude.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>

#include "bridge.h"
#include "connection.h"
#include "head.h"
#include "loop.h"
#include "received.h"
#include "uri.h"

enum {
	HALF = PRELUDE_POOL_BYTES / 2,
	BEFORE_TARGET = 2,  /* a method has a letter, and a NUL behind it */
	VERSION_BYTES = 8,  /* "HTTP/1.1" */
	ENTRY_BYTES = 64,   /* for each field, cookie and parameter */
	ANSWER_BYTES = 2048 /* the most that an answer's head has */
};

/* In place of a head that is refused: the library misses a Host otherwise. */
static const char nothing[] = "Host:\r\n\r\n";

static bool
taken_bytes(const struct connection *c, uint64_t *out)
{
	uint64_t received;
	int unread = 0;

	if (c->bridge != NULL) {
		if (ioctl(c->fd, FIONREAD, &unread) != 0)
			return false;
		*out = bridge_passed(c->bridge) - (unsigned)unread;
		return true;
	}
	if (c->peer.family == PEER_UNIX) {
		*out = c->head_bytes;
		return c->head_bytes > 0;
	}
	if (!received_bytes(c->fd, &received))
		return false;
	*out = received - c->consumed;
	return true;
}

static size_t
readable(struct connection *c, const char *target, const char *at)
{
	const char *memory = target - BEFORE_TARGET;
	const char *end;
	uint64_t taken;

	if (c->memory != NULL) {
		if (memory < c->memory)
			c->memory = memory;
		end = c->memory + HALF;
	} else if (taken_bytes(c, &taken) && taken <= HALF) {
		c->memory = memory;
		end = memory + taken;
	} else {
		return 0;
	}
	return at < end ? (size_t)(end - at) : 0;
}

/* What only the request is to know: of tokens it has the one copy, which is
 * wiped (access_forget). */
static void
blank(char *fields, const struct head_fields *head)
{
	for (size_t i = 0; i < head->count; i++) {
		const struct request_pair *pair = &head->pairs[i];

		if (strcasecmp(pair->name.data, "Cookie") == 0)
			fields[pair->name.data - head->text] = 'x';
		if (strcasecmp(pair->name.data, "Authorization") == 0 ||
		    strcasecmp(pair->name.data, "X-API-Key") == 0)
			memset(fields + (pair->value.data - head->text), 'x',
			       pair->value.length);
	}
}

/* "7 " becomes " 7": the library skips blanks only there. */
static void
turn_blanks(char *fields, const struct head_fields *head)
{
	for (size_t i = 0; i < head->count; i++) {
		const struct request_pair *pair = &head->pairs[i];
		char *value = fields + (pair->value.data - head->text);
		size_t blanks = 0;

		if (strcasecmp(pair->name.data, "Content-Length") != 0 &&
		    strcasecmp(pair->name.data, "Transfer-Encoding") != 0)
			continue;
		while (value[pair->value.length + blanks] == ' ' ||
		       value[pair->value.length + blanks] == '\t')
			blanks++;
		memmove(value + blanks, value, pair->value.length);
		memset(value, ' ', blanks);
	}
}

/* The library sees an empty head. Where there is no room for a Host, it may
 * miss it in its own words. */
static void
hide(char *fields, size_t length)
{
	if (length >= sizeof(nothing) - 1)
		memcpy(fields, nothing, sizeof(nothing) - 1);
	else if (length >= 2)
		memcpy(fields, nothing + sizeof(nothing) - 3, 2);
}

/* `version` is the library's, cut off by a NUL where the line's end was, or two
 * where it cuts off both bytes of it. */
static void
read_fields(struct exchange *x, const char *version)
{
	struct request *r = &x->request;
	char *fields = (char *)(uintptr_t)version + VERSION_BYTES + 2;
	const size_t length = readable(x->connection, x->target, fields);
	struct head_fields head = {
		.before = (size_t)(fields - x->target),
	};

	if (length == 0 || strlen(version) != VERSION_BYTES ||
	    (fields[-1] != '\0' && fields[-1] != '\n'))
		return;
	switch (head_fields(fields, length, &r->arena, &head, &r->error)) {
	case HEAD_PARTIAL:
		return;
	case HEAD_WRONG:
		x->prelude = PRELUDE_WRONG;
		hide(fields, head.size);
		return;
	case HEAD_WHOLE:
		break;
	}
	r->headers = head.pairs;
	r->header_count = head.count;
	if (guard_headers(r->headers, r->header_count, version, &x->message,
			  &r->error) != STATUS_OK) {
		x->prelude = PRELUDE_WRONG;
		hide(fields, head.size);
		return;
	}
	x->prelude = PRELUDE_GOOD;
	x->fields_size = head.size;
	blank(fields, &head);
	turn_blanks(fields, &head);
}

void *
prelude_target(void *cls, const char *target, struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct exchange *x = connection_begin(cls, info->socket_context);
	char *query;

	x->target = target;
	x->target_length = target == NULL ? 0 : strlen(target);
	x->raw = arena_copy(&x->request.arena, target == NULL ? "" : target,
			    x->target_length);
	x->request.is_ofrep = uri_is_ofrep(x->raw);
	x->request.started_us = clock_stopwatch_us();
	if (target == NULL)
		return x;
	read_fields(x, target + x->target_length + 1);
	/* The library finds no parameters. */
	query = strchr((char *)(uintptr_t)target, '?');
	if (query != NULL)
		query[1] = '\0';
	return x;
}

static size_t
count_values(struct exchange *x, enum MHD_ValueKind kind)
{
	const int n =
	    MHD_get_connection_values(x->connection->mhd, kind, NULL, NULL);

	return n > 0 ? (size_t)n : 0;
}

/* All that the library keeps of a request, and the head of our answer, surely
 * have room: else the answer might be lost after what was asked for is done.
 * Of cookies it keeps a copy of the first line, and an entry for each. */
static enum status
check_room(struct exchange *x, struct error *err)
{
	const size_t cookies = count_values(x, MHD_COOKIE_KIND);
	size_t entries = count_values(x, MHD_HEADER_KIND) + cookies +
			 count_values(x, MHD_GET_ARGUMENT_KIND);
	const char *line =
	    cookies == 0 ? NULL : request_header(&x->request, "Cookie");
	const size_t copy = line == NULL ? 0 : strlen(line) + ENTRY_BYTES;

	if (x->target_length > HEAD_BYTES_MAX / 2 &&
	    x->header_size > HEAD_BYTES_MAX)
		return error_set(err, STATUS_URI_TOO_LONG,
				 "with its target of %zu bytes the head is "
				 "larger than %d bytes",
				 x->target_length, HEAD_BYTES_MAX);
	if (x->header_size > HEAD_BYTES_MAX ||
	    ENTRY_BYTES * entries + copy + ANSWER_BYTES > HALF)
		return error_set(err, STATUS_HEADERS_TOO_LARGE,
				 "the head is larger than %d bytes, or holds "
				 "too many fields, cookies or parameters",
				 HEAD_BYTES_MAX);
	return STATUS_OK;
}

struct collecting {
	struct request *request;
	size_t capacity;
};

static enum MHD_Result
collect(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_size,
	const char *value, size_t value_size)
{
	struct collecting *collecting = cls;
	struct request *r = collecting->request;

	(void)kind;
	if (r->header_count == collecting->capacity)
		return MHD_NO;
	r->headers[r->header_count++] = (struct request_pair){
		{ name, name_size },
		{ value == NULL ? "" : value, value_size },
	};
	return MHD_YES;
}

/* As the library has them. */
static void
collect_headers(struct exchange *x)
{
	struct request *r = &x->request;
	const size_t found = count_values(x, MHD_HEADER_KIND);
	struct collecting collecting = { r, found };

	r->header_count = 0;
	r->headers = arena_zalloc(&r->arena, found + 1, sizeof(*r->headers));
	(void)MHD_get_connection_values_n(x->connection->mhd, MHD_HEADER_KIND,
					  collect, &collecting);
}

/* Where the message ends is judged by what was sent; only handlers see values
 * without the blanks behind them. */
static void
trim_headers(struct request *r)
{
	for (size_t i = 0; i < r->header_count; i++) {
		struct string *value = &r->headers[i].value;
		const size_t length = guard_value_length(*value);

		if (length < value->length)
			*value =
			    (struct string){ arena_copy(&r->arena, value->data,
							length),
					     length };
	}
}

/* What the library has read is what was read before it. */
static bool
agrees(struct exchange *x, const char *method)
{
	const size_t line = (size_t)(x->target - method) + x->target_length +
			    1 + VERSION_BYTES + 2;

	return x->prelude == PRELUDE_GOOD &&
	       method + strlen(method) + 1 == x->target &&
	       x->header_size == line + x->fields_size &&
	       x->request.header_count == count_values(x, MHD_HEADER_KIND);
}

static enum status
check_late(struct exchange *x, const char *method,
	   struct guard_message *message, struct error *err)
{
	struct request *r = &x->request;
	const struct guard_layout layout = {
		.method = method,
		.target = x->target,
		.target_length = x->target_length,
		.version = x->version,
		.size = x->header_size,
	};
	enum status rc;

	collect_headers(x);
	rc = guard_headers(r->headers, r->header_count, x->version, message,
			   err);
	if (rc == STATUS_OK && r->loop->guards_gaps)
		rc = guard_gaps(&layout, r->headers, r->header_count, err);
	if (rc == STATUS_OK)
		trim_headers(r);
	return rc;
}

enum status
prelude_head(struct exchange *x, const char *method, const char *version,
	     struct guard_message *message, struct error *err)
{
	const union MHD_ConnectionInfo *size = MHD_get_connection_info(
	    x->connection->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	enum status rc = STATUS_OK;

	x->version = version;
	x->header_size = size->header_size;
	if (x->prelude == PRELUDE_WRONG) {
		*err = x->request.error;
		return err->code;
	}
	if (x->target == NULL || *version == '\0')
		return error_set(err, STATUS_INVALID,
				 "a request line is METHOD TARGET HTTP/1.1");
	if (agrees(x, method))
		*message = x->message;
	else
		rc = check_late(x, method, message, err);
	if (rc == STATUS_OK)
		rc = guard_start(method, x->raw, err);
	if (rc == STATUS_OK)
		rc = check_room(x, err);
	return rc;
}

/*
 * Headers and parameters that handlers read themselves, one a line:
 * Accept-Encoding, If-None-Match, Prefer, then ?since=, ?wait= and ?prefix=.
 * The daemon's own functions read them out of a request; what they come to is
 * held against the plainest reading of the specifications.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#include "http/coding.h"
#include "http/document_reply.h"
#include "http/poll.h"
#include "http/request_life.h"
#include "model/name.h"
#include "scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINES = 6, QUERIES = 3, PLAIN_BYTES = 5000, REVISION = 42 };

static const struct string names[LINES] = {
	{ "Accept-Encoding", 15 },
	{ "If-None-Match", 13 },
	{ "Prefer", 6 },
	{ "since", 5 },
	{ "wait", 4 },
	{ "prefix", 6 },
};

static void
build(const struct snapshot *snapshot, void *ctx, struct bytes *out)
{
	(void)snapshot;
	(void)ctx;
	for (int i = 0; i < PLAIN_BYTES; i++)
		bytes_append_char(out, (char)('a' + i * i % 23));
}

static const char *
find_header(const struct request *r, const char *name)
{
	for (size_t i = 0; i < r->reply.header_count; i++)
		if (strcmp(r->reply.headers[i].name, name) == 0)
			return r->reply.headers[i].value;
	return NULL;
}

/* "gzip", or with a weight: 1 yes, 0 no, -1 something else. */
static int
read_coding(const char *text)
{
	const char *weight = text + 4;
	size_t digits;

	if (strncasecmp(text, "gzip", 4) != 0)
		return -1;
	if (*weight == '\0')
		return 1;
	if (strncasecmp(weight, ";q=", 3) != 0)
		return -1;
	weight += 3;
	digits = strlen(weight);
	if (strcmp(weight, "1") == 0)
		return 1;
	if (strcmp(weight, "0") == 0)
		return 0;
	if (strncmp(weight, "0.", 2) != 0 || digits > 5 || digits < 3 ||
	    strspn(weight + 2, "0123456789") != digits - 2)
		return -1;
	return strspn(weight + 2, "0") < digits - 2;
}

static void
check_body(const struct request *r, struct arena *arena)
{
	char *out = arena_zalloc(arena, 1, PLAIN_BYTES + 1);
	z_stream z = { .next_in = (Bytef *)r->reply.body->data,
		       .avail_in = (uInt)r->reply.body->length,
		       .next_out = (Bytef *)out,
		       .avail_out = PLAIN_BYTES + 1 };
	struct bytes plain;

	bytes_init(&plain);
	build(NULL, NULL, &plain);
	if (inflateInit2(&z, 15 + 16) != Z_OK ||
	    inflate(&z, Z_FINISH) != Z_STREAM_END ||
	    z.total_out != plain.length ||
	    memcmp(out, plain.data, plain.length) != 0)
		finding("what was compressed is not the document");
	(void)inflateEnd(&z);
	bytes_fini(&plain);
}

static void
check_document(struct request *r, const char *accepts, const char *has)
{
	const struct document document = { .build = build,
					   .revision = REVISION };
	char tag[64] = "";
	int wanted;

	document_reply(r, NULL, &document);
	/* As where it is queued. */
	coding_settle(r);
	if (r->reply.status == 304) {
		if (has == NULL ||
		    (strstr(has, "0123456789abcdef.42") == NULL &&
		     strchr(has, '*') == NULL))
			finding("304 for %s", has == NULL ? "nothing" : has);
		return;
	}
	(void)strcpy(tag, find_header(r, "ETag"));
	if (has != NULL && strcmp(has, tag) == 0)
		finding("no 304 for %s", has);
	wanted = accepts == NULL ? 0 : read_coding(accepts);
	if (wanted >= 0 &&
	    (find_header(r, "Content-Encoding") != NULL) != (wanted == 1))
		finding("%s, but Accept-Encoding: %s",
			wanted == 1 ? "plain" : "gzip", accepts);
	if (find_header(r, "Content-Encoding") != NULL)
		check_body(r, &r->arena);
}

static void
check_cursor(const char *text, const struct cursor *cursor)
{
	struct cursor again;
	char written[64];

	(void)snprintf(written, sizeof(written), "%s%s%lld", cursor->epoch,
		       cursor->epoch[0] == '\0' ? "" : ".",
		       (long long)cursor->revision);
	if (cursor_decode(written, &again, NULL) != STATUS_OK ||
	    again.revision != cursor->revision ||
	    strcmp(again.epoch, cursor->epoch) != 0)
		finding("'%s' was read as '%s'", text, written);
	/* Zeros in front are nobody's, but harm nobody either. */
	if (strlen(text) == strlen(written) && strcmp(text, written) != 0)
		finding("'%s' was read as '%s'", text, written);
}

static void
check_poll(struct request *r)
{
	const char *since = request_query(r, "since");
	struct poll poll;

	if (!poll_decode(r, &poll)) {
		if (r->reply.status != 400 || r->reply.body == NULL)
			finding("refused with %u", r->reply.status);
		return;
	}
	if (poll.wait_ms < 0 || poll.wait_ms > WAIT_MAX_MS ||
	    poll.cursor.revision < 0)
		finding("waits %lld ms", (long long)poll.wait_ms);
	if (since != NULL && since[0] != '\0')
		check_cursor(since, &poll.cursor);
	if (poll.prefix.length > NAME_KEY_MAX)
		finding("a prefix of %zu bytes", poll.prefix.length);
}

/* The lines into headers and parameters; an empty one is not sent. */
static void
fill(struct request *r, char *text, struct request_pair pairs[LINES],
     const char *values[LINES])
{
	r->headers = pairs;
	r->query = pairs + LINES - QUERIES;
	for (size_t i = 0; i < LINES; i++) {
		const char *value = strsep(&text, "\n");

		values[i] = value == NULL || value[0] == '\0' ? NULL : value;
		pairs[i].name =
		    values[i] == NULL ? (struct string){ "-", 1 } : names[i];
		pairs[i].value =
		    (struct string){ value == NULL ? "" : value,
				     value == NULL ? 0 : strlen(value) };
	}
	r->header_count = LINES - QUERIES;
	r->query_count = QUERIES;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request_pair pairs[LINES];
	const char *values[LINES];
	struct request request;
	struct arena arena;

	arena_init(&arena);
	request_init(&request);
	request.catalog = catalog_new("0123456789abcdef", REVISION);
	fill(&request, arena_copy(&arena, data, size), pairs, values);
	check_document(&request, values[0], values[1]);
	request_fini(&request);
	request_init(&request);
	request.catalog = catalog_new("0123456789abcdef", REVISION);
	fill(&request, arena_copy(&arena, data, size), pairs, values);
	check_poll(&request);
	request_fini(&request);
	arena_fini(&arena);
	return 0;
}

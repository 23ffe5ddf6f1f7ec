#include "coding.h"

#include <string.h>
#include <strings.h>

#include "wire/cursor.h"

/* Is gzip named in Accept-Encoding, and not with q=0 (RFC 9110, 12.5.3)? */
bool
coding_is_taken(const struct request *r)
{
	const char *at = request_header(r, "Accept-Encoding");

	while (at != NULL && *at != '\0') {
		size_t item;

		at += strspn(at, " \t,");
		item = strcspn(at, ",");
		if (strncasecmp(at, "gzip", 4) == 0 &&
		    strchr(" \t;,", at[4]) != NULL) {
			const char *q = memchr(at, '=', item);

			return q == NULL || strncmp(q, "=0", 2) != 0 ||
			       (q[2] == '.' &&
				strspn(q + 3, "0") < strcspn(q + 3, " \t,;"));
		}
		at += item;
	}
	return false;
}

void
coding_mark(struct request *r)
{
	reply_header(r, "Content-Encoding", "gzip");
}

static struct reply_header *
find_header(struct request *r, const char *name)
{
	struct reply *reply = &r->reply;

	for (size_t i = 0; i < reply->header_count; i++) {
		if (strcmp(reply->headers[i].name, name) == 0)
			return &reply->headers[i];
	}
	return NULL;
}

/* "tag" becomes "tag-gzip". */
static void
add_suffix(struct request *r, struct reply_header *tag)
{
	const size_t length = strlen(tag->value);
	char *text = arena_alloc(&r->arena, length + sizeof(ETAG_GZIP));

	memcpy(text, tag->value, length - 1);
	memcpy(text + length - 1, ETAG_GZIP "\"", sizeof(ETAG_GZIP "\""));
	tag->value = text;
}

/* The client shows the tag of the coded form, and not that of the plain one. */
static bool
has_coded_form(struct request *r, const char *tag)
{
	const char *shown = request_header(r, "If-None-Match");
	const char *bare = arena_copy(&r->arena, tag + 1, strlen(tag) - 2);

	return shown != NULL && etag_form(shown, bare) == ETAG_CODED;
}

void
coding_settle(struct request *r)
{
	struct reply_header *tag = find_header(r, "ETag");

	if (tag == NULL || tag->value[0] != '"')
		return;
	if (r->reply.status == 304 ? has_coded_form(r, tag->value)
				   : find_header(r, "Content-Encoding") != NULL)
		add_suffix(r, tag);
}

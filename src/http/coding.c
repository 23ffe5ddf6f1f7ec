#include "coding.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "packing.h"
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

static const struct reply_header *
find_header(const struct request *r, const char *name)
{
	const struct reply *reply = &r->reply;

	for (size_t i = 0; i < reply->header_count; i++) {
		if (strcmp(reply->headers[i].name, name) == 0)
			return &reply->headers[i];
	}
	return NULL;
}

void
coding_put(struct request *r, struct blob *coded)
{
	reply_blob(r, r->reply.status, r->reply.content_type, blob_ref(coded));
	reply_header(r, "Content-Encoding", "gzip");
}

/* What is secret is not: its length would say something of it. */
static bool
has_forms(const struct request *r)
{
	const struct reply *reply = &r->reply;

	return reply->body != NULL && !reply->secret &&
	       reply->body->length > CODING_MIN_BYTES;
}

static bool
is_to_be_coded(const struct request *r)
{
	return has_forms(r) && !r->head_only && coding_is_taken(r) &&
	       find_header(r, "Content-Encoding") == NULL;
}

bool
coding_is_slow(const struct request *r)
{
	return is_to_be_coded(r) && r->reply.body->length > CODING_SLOW_BYTES;
}

static void
set_header(struct request *r, const char *name, const char *value)
{
	struct reply *reply = &r->reply;

	for (size_t i = 0; i < reply->header_count; i++) {
		if (strcmp(reply->headers[i].name, name) == 0) {
			reply->headers[i].value = value;
			return;
		}
	}
	reply_header(r, name, value);
}

/* Caches have to know what the reply depends on. */
static void
add_vary(struct request *r)
{
	static const char field[] = "Accept-Encoding";
	const struct reply_header *vary = find_header(r, "Vary");
	size_t length;
	char *both;

	if (vary == NULL) {
		reply_header(r, "Vary", field);
		return;
	}
	if (strstr(vary->value, field) != NULL)
		return;
	length = strlen(vary->value) + 2 + sizeof(field);
	both = arena_alloc(&r->arena, length);
	(void)snprintf(both, length, "%s, %s", vary->value, field);
	set_header(r, "Vary", both);
}

/* "tag" becomes "tag-gzip". */
static void
add_suffix(struct request *r, const char *tag)
{
	const size_t length = strlen(tag);
	char *text = arena_alloc(&r->arena, length + sizeof(ETAG_GZIP));

	memcpy(text, tag, length - 1);
	memcpy(text + length - 1, ETAG_GZIP "\"", sizeof(ETAG_GZIP "\""));
	set_header(r, "ETag", text);
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
	const struct reply_header *tag = find_header(r, "ETag");
	const bool is_short = !coding_is_slow(r);
	struct blob *coded = NULL;
	bool is_coded;

	if (has_forms(r) || (r->reply.status == 304 && tag != NULL))
		add_vary(r);
	if (is_short && is_to_be_coded(r))
		coded = packing_pack(r->reply.body);
	if (coded != NULL)
		coding_put(r, coded);
	blob_unref(coded);
	is_coded = find_header(r, "Content-Encoding") != NULL;
	if (is_coded)
		add_vary(r);
	tag = find_header(r, "ETag");
	if (tag == NULL || tag->value[0] != '"')
		return;
	if (r->reply.status == 304 ? has_coded_form(r, tag->value) : is_coded)
		add_suffix(r, tag->value);
}

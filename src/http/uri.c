#include "uri.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "guard.h"

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static enum status
decode(const char *raw, size_t length, bool plus, struct arena *arena,
       struct string *out, struct error *err)
{
	char *text = arena_alloc(arena, length + 1);
	size_t n = 0;

	for (size_t i = 0; i < length; i++) {
		char c = raw[i];

		if (c == '%') {
			bool whole = length - i > 2;
			int high = whole ? hex_digit(raw[i + 1]) : -1;
			int low = whole ? hex_digit(raw[i + 2]) : -1;

			if (high < 0 || low < 0)
				return error_set(err, STATUS_INVALID,
						 "the URL has a '%%' that is "
						 "not followed by two "
						 "hexadecimal digits");
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		if (c == '\0')
			return error_set(err, STATUS_INVALID,
					 "the URL holds a NUL");
		text[n++] = c;
	}
	text[n] = '\0';
	if (!utf8_is_valid(text, n))
		return error_set(err, STATUS_INVALID,
				 "the URL is not UTF-8 once it is decoded");
	*out = (struct string){ text, n };
	return STATUS_OK;
}

static enum status
decode_rest(const char *raw, const char *start, const char *end,
	    struct arena *arena, struct uri *out, struct error *err)
{
	struct string rest = { out->path.data + (start - raw), 0 };
	enum status rc = STATUS_OK;

	/* Where nothing was escaped, it is the end of the decoded path. */
	if (out->path.length != (size_t)(end - raw))
		rc = decode(start, (size_t)(end - start), false, arena, &rest,
			    err);
	out->rests[out->segment_count] = rest.data;
	return rc;
}

/* What a client makes of a base URL that ends in a slash, //ofrep/v1/...,
 * without that slash. */
static const char *
drop_base_slash(const char *raw, size_t *length, struct arena *arena)
{
	static const char doubled[] = "//ofrep/";
	const char *found = memmem(raw, *length, doubled, sizeof(doubled) - 1);
	size_t before;
	char *path;

	if (found == NULL)
		return raw;
	before = (size_t)(found - raw);
	path = arena_copy(arena, raw, *length);
	--*length;
	memmove(path + before, path + before + 1, *length - before);
	return path;
}

static enum status
decode_path(const char *target, size_t length, struct arena *arena,
	    struct uri *out, struct error *err)
{
	const char *raw = drop_base_slash(target, &length, arena);
	const char *end = raw + length;
	const char *at = raw;
	enum status rc = decode(raw, length, false, arena, &out->path, err);

	out->segment_count = 0;
	while (rc == STATUS_OK && at < end && *at == '/') {
		const char *start = at + 1;
		size_t n = 0;

		while (start + n < end && start[n] != '/')
			n++;
		if (out->segment_count == URI_SEGMENTS_MAX) {
			out->segment_count = 0;
			break;
		}
		rc = decode(start, n, false, arena,
			    &out->segments[out->segment_count], err);
		if (rc == STATUS_OK)
			rc = decode_rest(raw, start, end, arena, out, err);
		out->segment_count++;
		at = start + n;
	}
	return rc;
}

static enum status
decode_query(const char *raw, struct arena *arena, struct uri *out,
	     struct error *err)
{
	enum status rc = STATUS_OK;
	size_t count = 1;
	const char *at = raw;

	for (const char *p = raw; *p != '\0'; p++)
		count += *p == '&';
	if (count > URI_QUERY_MAX)
		return error_set(err, STATUS_INVALID,
				 "more than %d query parameters",
				 URI_QUERY_MAX);
	out->query = arena_zalloc(arena, count, sizeof(*out->query));
	while (rc == STATUS_OK && *at != '\0') {
		size_t length = strcspn(at, "&");
		size_t name = strcspn(at, "=&");
		struct request_pair *pair = &out->query[out->query_count];
		size_t skip = name < length ? name + 1 : length;

		if (length > 0) {
			rc = decode(at, name, true, arena, &pair->name, err);
			if (rc == STATUS_OK)
				rc = decode(at + skip, length - skip, true,
					    arena, &pair->value, err);
			out->query_count++;
		}
		at += length;
		at += *at == '&';
	}
	return rc;
}

enum status
uri_decode(const char *raw, struct arena *arena, struct uri *out,
	   struct error *err)
{
	size_t path = strcspn(raw, "?");
	enum status rc;

	memset(out, 0, sizeof(*out));
	rc = decode_path(raw, path, arena, out, err);
	if (rc == STATUS_OK && raw[path] == '?')
		rc = decode_query(raw + path + 1, arena, out, err);
	return rc;
}

/* The length of the scheme and its slashes; 0: the target has none of ours. */
static size_t
scheme_length(const char *raw)
{
	static const char *const schemes[] = { "http://", "https://" };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		const size_t length = strlen(schemes[i]);

		if (strncasecmp(raw, schemes[i], length) == 0)
			return length;
	}
	return 0;
}

enum status
uri_take_origin(const char **raw, struct arena *arena, const char **authority,
		struct error *err)
{
	const size_t scheme = scheme_length(*raw);
	const char *host = *raw + scheme;
	const size_t length = strcspn(host, "/?");
	const char *rest = host + length;
	char *path;

	*authority = NULL;
	if (scheme == 0)
		return STATUS_OK;
	*authority = arena_copy(arena, host, length);
	if (!guard_is_host(*authority))
		return error_set(err, STATUS_INVALID,
				 "the target's host is missing, names a user, "
				 "or is none");
	*raw = rest;
	if (*rest == '?') {
		path = arena_alloc(arena, strlen(rest) + 2);
		path[0] = '/';
		memcpy(path + 1, rest, strlen(rest) + 1);
		*raw = path;
	}
	return STATUS_OK;
}

bool
uri_is_ofrep(const char *raw)
{
	static const char environments[] = "/v1/envs/";
	static const char name[] = "/ofrep";
	const size_t scheme = scheme_length(raw);

	if (scheme > 0)
		raw += scheme + strcspn(raw + scheme, "/?");
	if (strncmp(raw, environments, sizeof(environments) - 1) == 0) {
		raw += sizeof(environments) - 1;
		raw += strcspn(raw, "/?");
	}
	/* drop_base_slash */
	if (raw[0] == '/' && raw[1] == '/')
		raw++;
	return strncmp(raw, name, sizeof(name) - 1) == 0 &&
	       strchr("/?", raw[sizeof(name) - 1]) != NULL;
}

#include "head.h"

#include <string.h>

#include "guard.h"

/* The next line, its CR LF cut off; NULL when there is none. */
static char *
take_line(char **at, char *end, size_t *length)
{
	char *line = *at;
	char *cr = memchr(line, '\r', (size_t)(end - line));

	if (cr == NULL || cr + 1 >= end || cr[1] != '\n')
		return NULL;
	*cr = '\0';
	*length = (size_t)(cr - line);
	*at = cr + 2;
	return line;
}

static bool
parse_start(char *line, size_t length, struct head *out)
{
	static const char version[] = " HTTP/1.1";
	const size_t tail = sizeof(version) - 1;
	char *target = line + 4;

	if (length < 5 + tail || memcmp(line, "GET /", 5) != 0 ||
	    strcmp(line + length - tail, version) != 0)
		return false;
	line[length - tail] = '\0';
	out->target = target;
	/* Neither a space nor a NUL is left in it. */
	return strlen(target) == length - tail - 4 &&
	       strchr(target, ' ') == NULL;
}

static bool
parse_header(char *line, size_t length, struct request_pair *out)
{
	char *colon = memchr(line, ':', length);
	char *value;

	if (colon == NULL)
		return false;
	*colon = '\0';
	value = colon + 1;
	value += strspn(value, " \t");
	out->name = (struct string){ line, (size_t)(colon - line) };
	out->value = (struct string){ value, (size_t)(line + length - value) };
	out->value.length = guard_value_length(out->value);
	value[out->value.length] = '\0';
	return strlen(value) == out->value.length;
}

bool
head_parse(char *text, size_t length, struct head *out)
{
	char *end = text + length;
	char *at = text;
	size_t size = 0;
	char *line;

	out->count = 0;
	*end = '\0';
	line = take_line(&at, end, &size);
	if (line == NULL || !parse_start(line, size, out))
		return false;
	for (line = take_line(&at, end, &size); line != NULL && size > 0;
	     line = take_line(&at, end, &size)) {
		if (out->count == HEAD_HEADERS_MAX ||
		    !parse_header(line, size, &out->headers[out->count]))
			return false;
		out->count++;
	}
	return line != NULL && at == end;
}

static enum head_verdict
wrong(struct error *err, const char *why)
{
	(void)error_set(err, STATUS_INVALID, "%s", why);
	return HEAD_WRONG;
}

/* Where most of it is the target, that is what is too long. */
static enum head_verdict
too_large(const struct head_fields *head, struct error *err)
{
	if (head->before > HEAD_BYTES_MAX / 2)
		(void)error_set(err, STATUS_URI_TOO_LONG,
				"with its target of %zu bytes the head is "
				"larger than %d bytes",
				head->before, HEAD_BYTES_MAX);
	else
		(void)error_set(err, STATUS_HEADERS_TOO_LARGE,
				"the head is larger than %d bytes, or has more "
				"than %d fields",
				HEAD_BYTES_MAX, GUARD_HEADERS_MAX);
	return HEAD_WRONG;
}

static enum head_verdict
find_end(const char *text, size_t length, struct head_fields *out,
	 struct error *err)
{
	size_t at = 0;
	const char *end;

	for (;; at = out->size) {
		end = memchr(text + at, '\n', length - at);
		if (end == NULL)
			break;
		out->size = (size_t)(end - text) + 1;
		if (out->before + out->size > HEAD_BYTES_MAX ||
		    out->count > GUARD_HEADERS_MAX)
			return too_large(out, err);
		if (out->size - at < 2 || end[-1] != '\r')
			return wrong(err,
				     "a line of the head ends without CR LF");
		if (out->size - at == 2)
			return HEAD_WHOLE;
		if (text[at] == ' ' || text[at] == '\t')
			return wrong(err, "a line of the head is folded");
		out->count++;
	}
	/* What is there may be too much already. */
	at += strnlen(text + at, length - at);
	if (out->before + at <= HEAD_BYTES_MAX)
		return HEAD_PARTIAL;
	out->size = at;
	return too_large(out, err);
}

enum head_verdict
head_fields(const char *text, size_t length, struct arena *arena,
	    struct head_fields *out, struct error *err)
{
	enum head_verdict verdict;
	char *copy;
	char *at;
	size_t line = 0;

	out->count = 0;
	out->size = 0;
	verdict = find_end(text, length, out, err);
	if (verdict != HEAD_WHOLE)
		return verdict;
	copy = arena_copy(arena, text, out->size);
	out->text = copy;
	out->pairs = arena_zalloc(arena, out->count + 1, sizeof(*out->pairs));
	at = copy;
	for (size_t i = 0; i < out->count; i++) {
		char *start = at;
		char *end = memchr(at, '\n', out->size - (size_t)(at - copy));

		line = (size_t)(end - start) - 1;
		start[line] = '\0';
		at = end + 1;
		if (!parse_header(start, line, &out->pairs[i]))
			return wrong(err, "a line of the head has no colon, or "
					  "holds a NUL");
	}
	return HEAD_WHOLE;
}

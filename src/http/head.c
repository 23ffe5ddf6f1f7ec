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

/* --- all of it -------------------------------------------------------------
 */

static const char no_line[] = "a request line is METHOD TARGET HTTP/1.1";

/* The parts of a request line, or of what has come of one. The version stands
 * behind the last blank, so that one in the target is seen as such. */
static void
cut_line(const char *line, size_t length, bool whole, struct arena *arena,
	 struct head_whole *out)
{
	const char *end = line + length;
	const char *blank = memchr(line, ' ', length);
	const char *target = blank == NULL ? end : blank + 1;
	const char *last =
	    whole ? memrchr(target, ' ', (size_t)(end - target)) : NULL;
	const char *version = last == NULL ? end : last + 1;

	out->method = arena_copy(
	    arena, line, (size_t)((blank == NULL ? end : blank) - line));
	out->target = arena_copy(
	    arena, target, (size_t)((last == NULL ? end : last) - target));
	out->version = arena_copy(arena, version, (size_t)(end - version));
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static enum status
check_version(const char *version, struct error *err)
{
	static const char name[] = "HTTP/";

	if (strlen(version) != 8 || memcmp(version, name, 5) != 0 ||
	    !is_digit(version[5]) || version[6] != '.' || !is_digit(version[7]))
		return error_set(err, STATUS_INVALID, no_line);
	if (version[5] != '1')
		return error_set(err, STATUS_VERSION,
				 "%s is not spoken here, only HTTP/1.1 and "
				 "HTTP/1.0",
				 version);
	return STATUS_OK;
}

/* A whole line, without its end. */
static enum status
check_line(const char *line, size_t length, const struct head_whole *head,
	   struct error *err)
{
	enum status rc;

	if (memchr(line, '\0', length) != NULL)
		return error_set(err, STATUS_INVALID,
				 "the request line holds a NUL");
	if (*head->version == '\0')
		return error_set(err, STATUS_INVALID, no_line);
	rc = guard_start(head->method, head->target, err);
	if (rc == STATUS_OK && *head->target == '\0')
		rc = error_set(err, STATUS_INVALID, no_line);
	return rc == STATUS_OK ? check_version(head->version, err) : rc;
}

/* A line that has no end yet may be none already: whoever speaks another
 * protocol waits for an answer now. */
static enum head_verdict
judge_begun(const char *line, size_t length, struct head_whole *head,
	    struct error *err)
{
	const char *blank = memchr(line, ' ', length);
	const struct string method = {
		line,
		blank == NULL ? length : (size_t)(blank - line),
	};

	/* Of an empty line, perhaps. */
	if (length == 0 || (length == 1 && *line == '\r'))
		return HEAD_PARTIAL;
	if (!guard_is_token(method))
		return wrong(err, "the method is no token");
	head->fields.before = length;
	return length > HEAD_BYTES_MAX ? too_large(&head->fields, err)
				       : HEAD_PARTIAL;
}

enum head_verdict
head_read(const char *text, size_t length, struct arena *arena,
	  struct head_whole *out, struct error *err)
{
	const size_t skip = length >= 2 && memcmp(text, "\r\n", 2) == 0 ? 2 : 0;
	const char *line = text + skip;
	const char *stop = memchr(line, '\n', length - skip);
	const char *fields = stop == NULL ? text + length : stop + 1;
	const size_t left = (size_t)(text + length - fields);
	const size_t size = (size_t)(fields - line) - (stop == NULL  ? 0
						       : stop > line ? 2
								     : 1);
	enum head_verdict verdict;

	memset(out, 0, sizeof(*out));
	cut_line(line, size, stop != NULL, arena, out);
	if (stop == NULL)
		return judge_begun(line, size, out, err);
	if (stop == line || stop[-1] != '\r')
		return wrong(err, "a line of the head ends without CR LF");
	if (check_line(line, size, out, err) != STATUS_OK)
		return HEAD_WRONG;
	out->fields.before = (size_t)(fields - line);
	verdict = head_fields(fields, left, arena, &out->fields, err);
	/* It counts no further than a NUL. */
	if (verdict == HEAD_PARTIAL &&
	    out->fields.before + left > HEAD_BYTES_MAX)
		verdict = too_large(&out->fields, err);
	if (verdict != HEAD_WHOLE)
		out->fields.count = 0;
	else if (guard_headers(out->fields.pairs, out->fields.count,
			       out->version, &out->message, err) != STATUS_OK)
		verdict = HEAD_WRONG;
	return verdict;
}

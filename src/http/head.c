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

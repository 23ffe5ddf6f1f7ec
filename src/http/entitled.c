#include "entitled.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "loop.h"
#include "model/ticket.h"
#include "model/token.h"

/* A line without its end; false: it was the last. */
static bool
take_line(const char **at, const char *end, struct string *line)
{
	const char *stop = memchr(*at, '\n', (size_t)(end - *at));

	if (stop == NULL)
		return false;
	*line = (struct string){ *at, (size_t)(stop - *at) };
	while (line->length > 0 && (line->data[line->length - 1] == '\r' ||
				    line->data[line->length - 1] == ' ' ||
				    line->data[line->length - 1] == '\t'))
		line->length--;
	*at = stop + 1;
	return line->length > 0;
}

/* What follows `name` at the start of `line`, and blanks; false: another. */
static bool
take_prefix(struct string line, const char *name, struct string *rest)
{
	size_t length = strlen(name);

	if (line.length < length || strncasecmp(line.data, name, length) != 0)
		return false;
	while (length < line.length &&
	       (line.data[length] == ' ' || line.data[length] == '\t'))
		length++;
	*rest = (struct string){ line.data + length, line.length - length };
	return true;
}

static bool
is_editor(struct loop *loop, struct string shown)
{
	const int64_t now_ms = clock_wall_ms(&loop->service->clock);
	struct credential credential;
	const struct definition *token;
	uint8_t secret;

	if (!credential_parse(shown.data, shown.length, &credential))
		return false;
	token = token_prove(loop_catalog(loop), &credential, now_ms, &secret);
	return token != NULL && token->token->role >= ROLE_EDITOR;
}

static bool
reads_only(struct string line)
{
	struct string rest;

	return take_prefix(line, "GET ", &rest) ||
	       take_prefix(line, "HEAD ", &rest) ||
	       take_prefix(line, "OPTIONS ", &rest);
}

bool
entitled_by_head(struct loop *loop, const char *head, size_t length)
{
	const char *end = head + length;
	struct string line;
	struct string value;

	if (!take_line(&head, end, &line))
		return false;
	if (!token_is_needed(loop_catalog(loop)))
		return !reads_only(line);
	while (take_line(&head, end, &line)) {
		if (take_prefix(line, "Authorization:", &value) &&
		    take_prefix(value, "Bearer ", &value) &&
		    is_editor(loop, value))
			return true;
		if (take_prefix(line, "X-API-Key:", &value) &&
		    is_editor(loop, value))
			return true;
	}
	return false;
}

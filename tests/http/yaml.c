/*
 * The text is cut into lines with their indents; a block is the run of lines
 * that are indented as its first one. "- name: value" becomes the line
 * "name: value" two columns further right.
 */
#include "yaml.h"

#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct line {
	size_t number;
	size_t indent;
	char *text; /* without indent */
};

struct reader {
	struct line *lines;
	size_t count;
	size_t at;
};

static json_t *read_block(struct reader *r);

static void
fail_at(const struct line *line, const char *what)
{
	ck_abort_msg("openapi.yaml, line %zu: %s: %s", line->number, what,
		     line->text);
}

static bool
is_skipped(const char *text)
{
	return *text == '\0' || *text == '#';
}

static void
add_line(struct reader *r, size_t number, char *text)
{
	size_t indent = strspn(text, " ");

	r->lines = realloc(r->lines, (r->count + 1) * sizeof(*r->lines));
	ck_assert_ptr_nonnull(r->lines);
	r->lines[r->count++] = (struct line){ number, indent, text + indent };
}

static struct line *
peek(struct reader *r)
{
	while (r->at < r->count && is_skipped(r->lines[r->at].text))
		r->at++;
	return r->at < r->count ? &r->lines[r->at] : NULL;
}

/* ">-" joins its lines by blanks, "|" keeps them. */
static json_t *
read_text(struct reader *r, size_t parent, char separator)
{
	char *out = calloc(1, 1);
	size_t length = 0;
	json_t *json;

	while (r->at < r->count) {
		const struct line *line = &r->lines[r->at];
		size_t more = strlen(line->text);

		if (more > 0 && line->indent <= parent)
			break;
		out = realloc(out, length + more + 2);
		ck_assert_ptr_nonnull(out);
		if (length > 0)
			out[length++] = separator;
		memcpy(out + length, line->text, more + 1);
		length += more;
		r->at++;
	}
	while (length > 0 && out[length - 1] == separator)
		out[--length] = '\0';
	json = json_string(out);
	free(out);
	return json;
}

static json_t *
read_plain(const struct line *line, const char *text)
{
	json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);

	if (json != NULL)
		return json;
	if (strchr("{[\"'&*!|>%@`", *text) != NULL)
		fail_at(line, "not read here");
	return json_string(text);
}

static json_t *
read_value(struct reader *r, const struct line *line, const char *text)
{
	const struct line *next;

	if (strcmp(text, ">-") == 0)
		return read_text(r, line->indent, ' ');
	if (strcmp(text, "|") == 0)
		return read_text(r, line->indent, '\n');
	if (*text != '\0')
		return read_plain(line, text);
	next = peek(r);
	if (next == NULL || next->indent <= line->indent)
		fail_at(line, "nothing below");
	return read_block(r);
}

/* The colon of "name: value" or "name:"; NULL when the text is no member. */
static char *
find_colon(char *text)
{
	char *end;

	if (*text == '{' || *text == '[')
		return NULL;
	if (*text == '"') {
		end = strchr(text + 1, '"');
		return end != NULL && end[1] == ':' ? end + 1 : NULL;
	}
	end = strstr(text, ": ");
	if (end == NULL && text[strlen(text) - 1] == ':')
		end = text + strlen(text) - 1;
	return end;
}

/* Cut the name off, without its quotes. */
static char *
take_name(struct line *line, char *colon)
{
	char *name = line->text;

	*colon = '\0';
	line->text = colon + 1 + strspn(colon + 1, " ");
	if (*name == '"') {
		colon[-1] = '\0';
		name++;
	}
	return name;
}

static json_t *
read_mapping(struct reader *r, size_t indent)
{
	json_t *object = json_object();

	for (;;) {
		struct line *line = peek(r);
		char *colon, *name;

		if (line == NULL || line->indent != indent)
			return object;
		colon = find_colon(line->text);
		if (colon == NULL)
			fail_at(line, "no member");
		r->at++;
		name = take_name(line, colon);
		if (json_object_get(object, name) != NULL)
			fail_at(line, "is there twice");
		json_object_set_new(object, name,
				    read_value(r, line, line->text));
	}
}

static bool
is_item(const struct line *line)
{
	return strncmp(line->text, "- ", 2) == 0;
}

static json_t *
read_sequence(struct reader *r, size_t indent)
{
	json_t *array = json_array();

	for (;;) {
		struct line *line = peek(r);

		if (line == NULL || line->indent != indent || !is_item(line))
			return array;
		line->text += 2;
		line->indent += 2;
		json_array_append_new(array, read_block(r));
	}
}

static json_t *
read_block(struct reader *r)
{
	struct line *line = peek(r);

	if (is_item(line))
		return read_sequence(r, line->indent);
	if (find_colon(line->text) != NULL)
		return read_mapping(r, line->indent);
	r->at++;
	return read_plain(line, line->text);
}

json_t *
yaml_load(const char *text)
{
	struct reader r = { NULL, 0, 0 };
	char *copy = strdup(text);
	char *rest = copy;
	size_t number = 0;
	json_t *json;

	while (rest != NULL) {
		char *line = strsep(&rest, "\n");

		add_line(&r, ++number, line);
	}
	ck_assert_ptr_nonnull(peek(&r));
	json = read_block(&r);
	if (peek(&r) != NULL)
		fail_at(peek(&r), "no block has this indent");
	free(r.lines);
	free(copy);
	return json;
}

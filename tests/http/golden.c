#include "golden.h"

#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "doc.h"

enum { HEADERS_MAX = 8, EPOCH_DIGITS = 16 };

/* The headers that are a part of the contract. */
static const char *const shown[] = {
	"Content-Type",
	"ETag",
	"Location",
	"Allow",
	"Retry-After",
	"Preference-Applied",
	"Access-Control-Allow-Origin",
	"Access-Control-Allow-Methods",
	"Access-Control-Expose-Headers",
};

/* A request as it stands in the file. */
struct asked {
	char *method;
	char *path;
	const char *headers[HEADERS_MAX + 1];
	char *body; /* NULL: none */
};

struct conversation {
	struct toggled *t;
	char epoch[EPOCH_DIGITS + 1];
	struct bytes out; /* the file as it would be written now */
};

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* --- masks -------------------------------------------------------------- */

static size_t
time_length(const char *text)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.dddZ";
	size_t i = 0;

	while (form[i] && (form[i] == 'd' ? isdigit((unsigned char)text[i])
					  : text[i] == form[i]))
		i++;
	return form[i] ? 0 : i;
}

static void
append_masked(struct conversation *c, const char *text)
{
	while (*text) {
		size_t length = time_length(text);

		if (length > 0) {
			bytes_append_str(&c->out, "TIME");
			text += length;
		} else if (begins(text, c->epoch)) {
			bytes_append_str(&c->out, "EPOCH");
			text += EPOCH_DIGITS;
		} else {
			bytes_append_char(&c->out, *text++);
		}
	}
}

static char *
put_epoch_in(struct conversation *c, const char *text)
{
	const char *at = strstr(text, "EPOCH");

	if (!at)
		return toggled_text(c->t, "%s", text);
	return put_epoch_in(c, toggled_text(c->t, "%.*s%s%s", (int)(at - text),
					    text, c->epoch, at + 5));
}

/* --- requests ----------------------------------------------------------- */

/* The lines with '>' from `*text` on, without that mark. */
static char *
take_request(struct conversation *c, const char **text)
{
	struct bytes request;
	char *copy;

	bytes_init(&request);
	while (**text == '>') {
		size_t length = strcspn(*text, "\n");
		size_t mark = length > 1 ? 2 : 1;

		bytes_append(&request, *text + mark, length - mark);
		bytes_append_char(&request, '\n');
		*text += length + 1;
	}
	copy = put_epoch_in(c, request.data);
	bytes_fini(&request);
	return copy;
}

static struct asked
cut_request(struct conversation *c, char *text)
{
	struct asked asked = { .method = strsep(&text, " ") };
	size_t count = 0;

	asked.path = strsep(&text, "\n");
	ck_assert_ptr_nonnull(asked.path);
	while (text && *text && *text != '\n') {
		ck_assert_uint_lt(count, HEADERS_MAX);
		asked.headers[count++] = strsep(&text, "\n");
	}
	if (text && *text == '\n')
		asked.body = toggled_text(c->t, "%.*s",
					  (int)strlen(text + 1) - 1, text + 1);
	return asked;
}

/* --- answers ------------------------------------------------------------ */

/* Each line of `text` with '<' in front. */
static void
append_lines(struct conversation *c, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		bytes_append_str(&c->out, length > 0 ? "< " : "<");
		append_masked(c,
			      toggled_text(c->t, "%.*s\n", (int)length, text));
		text += length + (text[length] == '\n');
	}
}

static void
append_body(struct conversation *c, struct answer *answer)
{
	const char *type = answer_header(c->t, answer, "Content-Type");
	char *pretty;

	if (!type || !*answer->body)
		return;
	bytes_append_str(&c->out, "<\n");
	if (!strstr(type, "json")) {
		append_lines(c, "(not shown)");
		return;
	}
	pretty = json_dumps(answer_json(answer),
			    JSON_INDENT(2) | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	append_lines(c, pretty);
	free(pretty);
}

/* All headers of that name, a doubled one too. */
static void
append_header(struct conversation *c, const char *headers, const char *name)
{
	size_t length = strlen(name);

	for (; *headers; headers = strchr(headers, '\n') + 1) {
		if (strncasecmp(headers, name, length) == 0 &&
		    headers[length] == ':')
			append_lines(
			    c, toggled_text(
				   c->t, "%s:%.*s", name,
				   (int)strcspn(headers + length + 1, "\r\n"),
				   headers + length + 1));
		if (!strchr(headers, '\n'))
			break;
	}
}

static void
append_answer(struct conversation *c, struct answer *answer)
{
	append_lines(c, toggled_text(c->t, "%ld", answer->status));
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		append_header(c, answer->headers, shown[i]);
	append_body(c, answer);
}

static void
learn_epoch(struct conversation *c)
{
	struct answer *answer = toggled_get(c->t, "/readyz");
	const char *epoch = json_text_at(answer_json(answer), "/epoch");

	ck_assert_uint_eq(strlen(epoch), EPOCH_DIGITS);
	memcpy(c->epoch, epoch, sizeof(c->epoch));
}

/* Have the conversation: requests and comments as they stand in the file, the
 * answers as they are now. */
static void
converse(struct conversation *c, const char *text)
{
	while (*text) {
		const char *start = text;
		struct asked asked;

		if (*text != '>') {
			text += strcspn(text, "\n");
			text += *text == '\n';
			if (*start != '<')
				bytes_append(&c->out, start,
					     (size_t)(text - start));
			continue;
		}
		asked = cut_request(c, take_request(c, &text));
		bytes_append(&c->out, start, (size_t)(text - start));
		append_answer(c, toggled_request(c->t, asked.method, asked.path,
						 asked.headers, asked.body));
	}
}

static void
write_file(const char *path, const struct bytes *text)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text->data, 1, text->length, file),
			  text->length);
	ck_assert_int_eq(fclose(file), 0);
}

/* The line at which two texts part, and what stands there. */
static void
compare(struct toggled *t, const char *path, const char *said, const char *is)
{
	size_t line = 1;

	while (*said && *said == *is) {
		line += *said == '\n';
		said++;
		is++;
	}
	ck_assert_msg(*said == *is, "%s:%zu: was '%s', is '%s'", path, line,
		      toggled_text(t, "%.*s", (int)strcspn(said, "\n"), said),
		      toggled_text(t, "%.*s", (int)strcspn(is, "\n"), is));
}

void
golden_replay(struct toggled *t, const char *path)
{
	struct conversation c = { .t = t };
	const char *text = doc_read(t, path);

	bytes_init(&c.out);
	learn_epoch(&c);
	converse(&c, text);
	if (getenv("GOLDEN_UPDATE"))
		write_file(path, &c.out);
	else
		compare(t, path, text, c.out.data);
	bytes_fini(&c.out);
}

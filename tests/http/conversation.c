/*
 * An answer becomes text at once, with what is random in it masked. It is
 * compared as text, or by meaning.h.
 */
#include "conversation.h"

#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

enum {
	HEADERS_MAX = 200,
	EPOCH_DIGITS = 16,
	CHAIN_DIGITS = 64,
	LOGINS_MAX = 16,
	REPEAT_MAX = 10000,
};

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

/* What is random, and what stands for it. */
struct mask {
	const char *value;
	const char *name;
};

struct conversation {
	struct toggled *t;
	struct mask masks[2 + 2 * LOGINS_MAX];
	size_t mask_count;
};

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static char *
own_text(struct conversation *c, struct bytes *text)
{
	return toggled_own(c->t, bytes_take(text), free);
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

static size_t
ticket_length(const char *text)
{
	return strspn(text, "0123456789abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ_-.~");
}

/* An opaque tag, "ETag: " and 16 hexadecimal digits in quotes. */
static size_t
hash_length(const char *text)
{
	static const char tag[] = "ETag: \"";
	size_t digits;

	if (!begins(text, tag))
		return 0;
	digits = strspn(text + strlen(tag), "0123456789abcdef");
	return digits == EPOCH_DIGITS && text[strlen(tag) + digits] == '"'
		   ? strlen(tag) + digits
		   : 0;
}

/* The hash of a change: "hash": " and 64 hexadecimal digits. */
static size_t
chain_length(const char *text)
{
	static const char member[] = "\"hash\": \"";
	size_t digits;

	if (!begins(text, member))
		return 0;
	digits = strspn(text + strlen(member), "0123456789abcdef");
	return digits == CHAIN_DIGITS ? strlen(member) + digits : 0;
}

/* What stands for the text at `*at`, which is left behind it; NULL: itself. */
static const char *
mask_at(const struct conversation *c, const char **at)
{
	static const char ticket[] = "ticket=";
	size_t length = time_length(*at);

	if (length > 0) {
		*at += length;
		return "TIME";
	}
	length = hash_length(*at);
	if (length > 0) {
		*at += length;
		return "ETag: \"HASH";
	}
	length = chain_length(*at);
	if (length > 0) {
		*at += length;
		return "\"hash\": \"HASH";
	}
	if (begins(*at, ticket)) {
		*at += strlen(ticket);
		*at += ticket_length(*at);
		return "ticket=TICKET";
	}
	for (size_t i = 0; i < c->mask_count; i++) {
		if (begins(*at, c->masks[i].value)) {
			*at += strlen(c->masks[i].value);
			return c->masks[i].name;
		}
	}
	return NULL;
}

static const char *
masked(struct conversation *c, const char *text)
{
	struct bytes out;

	bytes_init(&out);
	while (*text) {
		const char *mask = mask_at(c, &text);

		if (mask != NULL)
			bytes_append_str(&out, mask);
		else
			bytes_append_char(&out, *text++);
	}
	return own_text(c, &out);
}

static void
add_mask(struct conversation *c, const char *value, const char *name)
{
	ck_assert_uint_lt(c->mask_count, COUNT(c->masks));
	c->masks[c->mask_count++] = (struct mask){ value, name };
}

/* The answer to the making of a token. */
static void
learn_login(struct conversation *c, json_t *json)
{
	const char *name = json_string_value(json_object_get(json, "name"));
	const char *secret = json_string_value(json_object_get(json, "token"));
	const char *id = json_string_value(json_object_get(json, "id"));

	if (name == NULL || secret == NULL || id == NULL)
		return;
	/* The secret has the id in it, so it comes first. */
	add_mask(c, toggled_text(c->t, "%s", secret),
		 toggled_text(c->t, "TOKEN(%s)", name));
	add_mask(c, toggled_text(c->t, "%s", id),
		 toggled_text(c->t, "ID(%s)", name));
}

/* --- requests ----------------------------------------------------------- */

/* "(62,text)" at `*at`, over and over. */
static void
append_repeated(struct bytes *out, const char **at)
{
	char *text;
	long times = strtol(*at + 1, &text, 10);
	size_t length = strcspn(text, ")");

	ck_assert_msg(*text == ',' && text[length] == ')' && times > 0 &&
			  times <= REPEAT_MAX,
		      "REPEAT%.40s", *at);
	for (long i = 0; i < times; i++) {
		for (size_t n = 1; n < length; n++) {
			const bool ends = begins(text + n, "\\n");

			bytes_append_char(out, ends ? '\n' : text[n]);
			n += ends;
		}
	}
	*at = text + length + 1;
}

static char *
unmasked(struct conversation *c, const char *text)
{
	static const char repeat[] = "REPEAT";
	struct bytes out;

	bytes_init(&out);
	while (*text) {
		const struct mask *mask = NULL;

		for (size_t i = 0; i < c->mask_count; i++)
			if (begins(text, c->masks[i].name))
				mask = &c->masks[i];
		if (mask != NULL) {
			bytes_append_str(&out, mask->value);
			text += strlen(mask->name);
		} else if (begins(text, repeat)) {
			text += strlen(repeat);
			append_repeated(&out, &text);
		} else {
			bytes_append_char(&out, *text++);
		}
	}
	return own_text(c, &out);
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

/* All headers of that name, a doubled one too. */
static void
append_header(struct bytes *out, const char *headers, const char *name)
{
	size_t length = strlen(name);

	for (; *headers; headers = strchr(headers, '\n') + 1) {
		if (strncasecmp(headers, name, length) == 0 &&
		    headers[length] == ':')
			bytes_printf(out, "%s:%.*s\n", name,
				     (int)strcspn(headers + length + 1, "\r\n"),
				     headers + length + 1);
		if (!strchr(headers, '\n'))
			break;
	}
}

static void
append_body(struct conversation *c, struct answer *answer, struct bytes *out)
{
	const char *type = answer_header(c->t, answer, "Content-Type");
	json_t *json;
	char *pretty;

	if (!type || !*answer->body)
		return;
	if (!strstr(type, "json")) {
		bytes_append_str(out, "\n(not shown)\n");
		return;
	}
	/* What is random may be a member's name, and they are sorted. */
	learn_login(c, answer_json(answer));
	json = json_loads(masked(c, answer->body), JSON_DECODE_ANY, NULL);
	pretty =
	    json_dumps(json, JSON_INDENT(2) | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	bytes_printf(out, "\n%s\n", pretty);
	free(pretty);
	json_decref(json);
}

const char *
conversation_ask(struct conversation *c, const char *request)
{
	struct asked asked = cut_request(c, unmasked(c, request));
	struct answer *answer = toggled_request(c->t, asked.method, asked.path,
						asked.headers, asked.body);
	struct bytes out;

	if (answer->status == 0)
		return "no answer\n";
	bytes_init(&out);
	bytes_printf(&out, "%ld\n", answer->status);
	for (size_t i = 0; i < COUNT(shown); i++)
		append_header(&out, answer->headers, shown[i]);
	append_body(c, answer, &out);
	return masked(c, own_text(c, &out));
}

struct conversation *
conversation_open(struct toggled *t)
{
	struct conversation *c =
	    toggled_own(t, mem_zalloc(1, sizeof(*c)), free);
	const char *epoch = served_epoch(t);
	const char *version =
	    json_text_at(ask_json(t, "GET", "/version", NULL, 200), "/version");

	c->t = t;
	ck_assert_uint_eq(strlen(epoch), EPOCH_DIGITS);
	add_mask(c, toggled_text(t, "%s", epoch), "EPOCH");
	add_mask(c, toggled_text(t, "%s", version), "VERSION");
	return c;
}

/* --- files -------------------------------------------------------------- */

char *
conversation_take(struct toggled *t, const char **text, char mark)
{
	struct bytes lines;

	bytes_init(&lines);
	while (**text == mark) {
		size_t length = strcspn(*text, "\n");
		size_t skip = length > 1 ? 2 : 1;

		bytes_append(&lines, *text + skip, length - skip);
		bytes_append_char(&lines, '\n');
		*text += length;
		*text += **text == '\n';
	}
	return toggled_own(t, bytes_take(&lines), free);
}

void
conversation_put(struct bytes *out, char mark, const char *lines)
{
	while (*lines) {
		size_t length = strcspn(lines, "\n");

		bytes_append_char(out, mark);
		bytes_append_str(out, length > 0 ? " " : "");
		bytes_append(out, lines, length);
		bytes_append_char(out, '\n');
		lines += length + (lines[length] == '\n');
	}
}

void
conversation_write_file(const char *path, const struct bytes *text)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text->data, 1, text->length, file),
			  text->length);
	ck_assert_int_eq(fclose(file), 0);
}

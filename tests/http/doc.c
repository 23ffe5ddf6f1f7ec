#include "doc.h"

#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

enum { BLOCKS_MAX = 128, SCRIPT_SECONDS = 60, EPOCH_DIGITS = 16 };

static const char any[] = "…";

struct block {
	const char *text;
	const char *expected; /* NULL: nothing is said */
	size_t line;
};

struct doc {
	struct toggled *t;
	const char *path;
	struct block blocks[BLOCKS_MAX];
	size_t count;
};

static void
release(void *p)
{
	free(p);
}

const char *
doc_read(struct toggled *t, const char *path)
{
	FILE *file = fopen(path, "r");
	struct bytes text;
	char piece[4096];
	size_t n = 1;

	ck_assert_msg(file != NULL, "cannot read %s", path);
	bytes_init(&text);
	while (n > 0) {
		n = fread(piece, 1, sizeof(piece), file);
		bytes_append(&text, piece, n);
	}
	fclose(file);
	return toggled_own(t, bytes_take(&text), release);
}

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* The last block that leaves something running, NULL: none. */
static struct block *
waiting(struct doc *doc)
{
	for (size_t i = doc->count; i > 0; i--) {
		if (strstr(doc->blocks[i - 1].text, "&\n"))
			return &doc->blocks[i - 1];
	}
	return NULL;
}

static void
take_fence(struct doc *doc, const char *language, const char *text, size_t line)
{
	if (begins(language, "sh\n")) {
		ck_assert_uint_lt(doc->count, BLOCKS_MAX);
		doc->blocks[doc->count++] = (struct block){ text, NULL, line };
	} else if (begins(language, "json")) {
		struct block *block =
		    begins(language, "json waiting\n") ? waiting(doc)
		    : doc->count > 0 ? &doc->blocks[doc->count - 1]
				     : NULL;

		ck_assert_msg(block && !block->expected,
			      "%s:%zu: of which command?", doc->path, line);
		block->expected = text;
	}
}

static void
take_blocks(struct doc *doc, const char *text)
{
	const char *open = NULL;
	size_t line = 0;
	size_t opened = 0;

	while (*text) {
		const char *next = strchr(text, '\n');

		next = next ? next + 1 : text + strlen(text);
		line++;
		if (begins(text, "```") && !open) {
			open = text + 3;
			opened = line;
		} else if (begins(text, "```")) {
			const char *body = strchr(open, '\n') + 1;

			take_fence(doc, open,
				   toggled_text(doc->t, "%.*s",
						(int)(text - body), body),
				   opened);
			open = NULL;
		}
		text = next;
	}
	ck_assert_msg(!open, "%s:%zu: does not end", doc->path, opened);
}

/* --- running ------------------------------------------------------------ */

/* `text` with `to` wherever it has `from`. */
static const char *
replaced(struct doc *doc, const char *text, const char *from, const char *to)
{
	struct bytes out;

	bytes_init(&out);
	for (;;) {
		const char *at = strstr(text, from);

		if (!at)
			break;
		bytes_append(&out, text, (size_t)(at - text));
		bytes_append_str(&out, to);
		text = at + strlen(from);
	}
	bytes_append_str(&out, text);
	return toggled_own(doc->t, bytes_take(&out), release);
}

/* `text` with the address of the document replaced by the server's. */
static void
append_block(struct doc *doc, const char *text, struct bytes *out)
{
	bytes_append_str(
	    out, replaced(doc, text, "http://127.0.0.1:8016", doc->t->url));
}

static void
run_script(struct doc *doc)
{
	struct bytes script;

	bytes_init(&script);
	/* Jobs in the background end before the script does. */
	bytes_printf(&script,
		     "trap wait EXIT\n"
		     "cd '%s'\n"
		     "curl() { command curl -sS --fail-with-body \"$@\"; }\n"
		     "toggled() { '%s' \"$@\"; }\n",
		     doc->t->dir, doc->t->binary);
	for (size_t i = 0; i < doc->count; i++) {
		bytes_append_str(&script, "{\n");
		append_block(doc, doc->blocks[i].text, &script);
		bytes_printf(&script, "} >out.%zu 2>err.%zu\necho $? >rc.%zu\n",
			     i, i, i);
	}
	(void)toggled_write(doc->t, "script", script.data);
	bytes_fini(&script);
	ck_assert_msg(system(toggled_text(
			  doc->t, "timeout %d sh '%s' </dev/null",
			  SCRIPT_SECONDS, toggled_path(doc->t, "script"))) == 0,
		      "%s: the commands did not come to an end", doc->path);
}

/* --- comparing ---------------------------------------------------------- */

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
epoch_length(const char *text)
{
	return strspn(text, "0123456789abcdef") == EPOCH_DIGITS ? EPOCH_DIGITS
								: 0;
}

/* Equal but for times and epochs. */
static bool
is_like(const char *a, const char *b)
{
	while (*a && *b) {
		size_t a_time = time_length(a);
		size_t a_epoch = epoch_length(a);

		if (a_time > 0 && time_length(b) > 0) {
			a += a_time;
			b += a_time;
		} else if (a_epoch > 0 && epoch_length(b) > 0) {
			a += a_epoch;
			b += a_epoch;
		} else if (*a++ != *b++) {
			return false;
		}
	}
	return *a == *b;
}

static bool is_as_said(json_t *said, json_t *is);

static bool
has_members(json_t *said, json_t *is)
{
	bool open = json_object_get(said, any) != NULL;
	json_t *value;
	const char *name;
	size_t count = 0;

	json_object_foreach(said, name, value)
	{
		json_t *member = json_object_get(is, name);

		if (strcmp(name, any) == 0)
			continue;
		if (!member || !is_as_said(value, member))
			return false;
		count++;
	}
	return open || count == json_object_size(is);
}

static bool
has_items(json_t *said, json_t *is)
{
	size_t count = json_array_size(said);

	for (size_t i = 0; i < count; i++) {
		if (!is_as_said(json_array_get(said, i), json_array_get(is, i)))
			return false;
	}
	return count == json_array_size(is);
}

static bool
is_as_said(json_t *said, json_t *is)
{
	const char *text = json_string_value(said);

	if (!said || !is)
		return said == is;
	if (text && strcmp(text, any) == 0)
		return true;
	if (json_typeof(said) != json_typeof(is))
		return false;
	if (text)
		return is_like(text, json_string_value(is));
	if (json_is_object(said))
		return has_members(said, is);
	return json_is_array(said) ? has_items(said, is) : json_equal(said, is);
}

/* The next of several JSON values in a text, NULL at its end. */
static json_t *
next_value(const char **text)
{
	json_error_t error;
	json_t *json;

	*text += strspn(*text, " \t\r\n");
	if (!**text)
		return NULL;
	json =
	    json_loads(*text, JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY, &error);
	*text += json ? (size_t)error.position : strlen(*text);
	return json;
}

static bool
is_problem(json_t *json)
{
	const char *type = json_string_value(json_object_get(json, "type"));

	return type && begins(type, "urn:toggled:problem:");
}

static bool
fault(struct doc *doc, size_t i, const char *what, const char *output)
{
	const struct block *block = &doc->blocks[i];

	fprintf(stderr, "%s:%zu: %s\n%s---\n%s\n---\n%s\n", doc->path,
		block->line, what, block->expected ? block->expected : "",
		output,
		toggled_read(doc->t, toggled_text(doc->t, "err.%zu", i)));
	return false;
}

static bool
block_holds(struct doc *doc, size_t i)
{
	struct toggled *t = doc->t;
	const char *output = toggled_read(t, toggled_text(t, "out.%zu", i));
	const char *rc = toggled_read(t, toggled_text(t, "rc.%zu", i));
	const char *said = doc->blocks[i].expected;
	const char *is = output;
	bool fails = false;
	bool good = true;

	while (said && good) {
		json_t *a = next_value(&said);
		json_t *b = next_value(&is);

		fails = fails || is_problem(a);
		good = is_as_said(a, b);
		if (!a)
			said = NULL;
		json_decref(a);
		json_decref(b);
	}
	if (!good)
		return fault(doc, i, "it answers something else", output);
	if ((strcmp(rc, "0\n") != 0) != fails)
		return fault(doc, i, "a command failed", output);
	return true;
}

size_t
doc_run(struct toggled *t, const char *path)
{
	struct doc doc = { .t = t, .path = path };
	size_t faults = 0;

	take_blocks(&doc, doc_read(t, path));
	run_script(&doc);
	for (size_t i = 0; i < doc.count; i++)
		faults += block_holds(&doc, i) ? 0 : 1;
	ck_assert_msg(faults == 0, "%s: %zu of %zu blocks are wrong", path,
		      faults, doc.count);
	return doc.count;
}

void
doc_type(struct toggled *t, const char *path, const char *from, const char *to)
{
	struct doc doc = { .t = t, .path = path };
	size_t slips = 0;

	take_blocks(&doc, doc_read(t, path));
	for (size_t i = 0; i < doc.count && from; i++) {
		const char *text = doc.blocks[i].text;

		doc.blocks[i].text = replaced(&doc, text, from, to);
		slips += strcmp(text, doc.blocks[i].text) != 0 ? 1 : 0;
	}
	ck_assert_msg(!from || slips > 0, "%s does not say %s", path, from);
	run_script(&doc);
}

#include "wire/cursor.h"

#include <string.h>
#include <strings.h>

#include "wire/json.h"

/* Digits that fit into 63 bits whatever they are. */
enum { DIGITS_MAX = 18 };

static size_t
digit_count(const char *text)
{
	return strspn(text, "0123456789");
}

/* `length` digits, at most DIGITS_MAX. */
static int64_t
number_of(const char *digits, size_t length)
{
	int64_t number = 0;

	for (size_t i = 0; i < length; i++)
		number = number * 10 + (digits[i] - '0');
	return number;
}

/* All of `text` is a revision. */
static bool
parse_revision(const char *text, size_t length, int64_t *revision)
{
	if (length == 0 || length > DIGITS_MAX || digit_count(text) < length)
		return false;
	*revision = number_of(text, length);
	return true;
}

static bool
is_epoch(const char *text, size_t length)
{
	if (length == 0 || length >= EPOCH_BYTES)
		return false;
	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') &&
		    !(c >= 'A' && c <= 'Z'))
			return false;
	}
	return true;
}

/* "epoch.revision" or a revision. */
static bool
parse_cursor(const char *text, size_t length, struct cursor *out)
{
	const char *dot = memchr(text, '.', length);
	struct cursor cursor = { .epoch = "" };
	size_t epoch = 0;

	if (dot != NULL) {
		epoch = (size_t)(dot - text);
		if (!is_epoch(text, epoch))
			return false;
		memcpy(cursor.epoch, text, epoch);
		epoch++;
	}
	if (!parse_revision(text + epoch, length - epoch, &cursor.revision))
		return false;
	*out = cursor;
	return true;
}

static int
quoted(const char *text)
{
	return json_quoted((struct string){ text, strlen(text) });
}

enum status
cursor_decode(const char *text, struct cursor *out, struct error *err)
{
	if (text == NULL || text[0] == '\0') {
		*out = (struct cursor){ .epoch = "" };
		return STATUS_OK;
	}
	if (!parse_cursor(text, strlen(text), out))
		return error_set(err, STATUS_INVALID,
				 "'%.*s' is no cursor: a revision such as 42, "
				 "or the cursor of an earlier answer, was "
				 "expected",
				 quoted(text), text);
	return STATUS_OK;
}

/* To add a unit: add a row, and the form to the text of wait_decode. */
static const struct unit {
	const char *name;
	int64_t ms;
} units[] = {
	{ "", 1000 },
	{ "s", 1000 },
	{ "ms", 1 },
};

static bool
parse_wait(const char *text, int64_t *wait_ms)
{
	size_t digits = digit_count(text);
	int64_t count;

	if (digits == 0)
		return false;
	/* Longer than any wait is all that matters of a long number. */
	count = number_of(text, digits > 9 ? 9 : digits);
	if (digits > 9)
		count = WAIT_MAX_MS;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(text + digits, units[i].name) != 0)
			continue;
		count *= units[i].ms;
		*wait_ms = count < WAIT_MAX_MS ? count : WAIT_MAX_MS;
		return true;
	}
	return false;
}

enum status
wait_decode(const char *text, int64_t *wait_ms, struct error *err)
{
	if (text == NULL || text[0] == '\0') {
		*wait_ms = 0;
		return STATUS_OK;
	}
	if (!parse_wait(text, wait_ms))
		return error_set(err, STATUS_INVALID,
				 "'%.*s' is no wait: 30, 30s or 500ms was "
				 "expected",
				 quoted(text), text);
	return STATUS_OK;
}

static const char *
skip_space(const char *text)
{
	return text + strspn(text, " \t");
}

/* The end of the item that begins at `text`: the first of `stops` that does
 * not stand between quotes, or the end of the text. */
static const char *
item_end(const char *text, const char *stops)
{
	bool quoted = false;

	for (; *text != '\0'; text++) {
		if (*text == '"')
			quoted = !quoted;
		else if (quoted && *text == '\\' && text[1] != '\0')
			text++;
		else if (!quoted && strchr(stops, *text) != NULL)
			break;
	}
	return text;
}

static size_t
trimmed(const char *text, const char *end)
{
	while (end > text && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return (size_t)(end - text);
}

/* "wait=30" or "wait = \"30\"". */
static bool
parse_preference(const char *text, const char *end, int64_t *wait_ms)
{
	static const char name[] = "wait";
	char number[16];
	size_t length;

	if (strncasecmp(text, name, sizeof(name) - 1) != 0)
		return false;
	text = skip_space(text + sizeof(name) - 1);
	if (text >= end || *text != '=')
		return false;
	text = skip_space(text + 1);
	if (text >= end)
		return false;
	length = trimmed(text, end);
	if (length >= 2 && text[0] == '"' && text[length - 1] == '"') {
		text++;
		length -= 2;
	}
	if (length >= sizeof(number))
		return false;
	memcpy(number, text, length);
	number[length] = '\0';
	return parse_wait(number, wait_ms);
}

bool
prefer_decode_wait(const char *prefer, int64_t *wait_ms)
{
	if (prefer == NULL)
		return false;
	while (*prefer != '\0') {
		const char *end;

		prefer = skip_space(prefer);
		end = item_end(prefer, ",;");
		if (parse_preference(prefer, end, wait_ms))
			return true;
		end = item_end(end, ",");
		prefer = *end == ',' ? end + 1 : end;
	}
	return false;
}

struct tag {
	struct string text; /* without W/, quotes and ETAG_GZIP */
	bool weak;
	bool quoted;
	bool coded; /* it had ETAG_GZIP */
};

/* In a tag a backslash is a character like any other. */
static const char *
tag_end(const char *text)
{
	const char *quote = *text == '"' ? strchr(text + 1, '"') : NULL;

	return quote == NULL ? text + strcspn(text, ",")
			     : quote + strcspn(quote, ",");
}

/* One tag of a list. Returns where the next one begins, NULL at the end of the
 * list. */
static const char *
next_tag(const char *header, struct tag *tag)
{
	const size_t suffix = sizeof(ETAG_GZIP) - 1;
	struct string *text = &tag->text;
	const char *end;

	header += strspn(header, " \t,");
	if (*header == '\0')
		return NULL;
	tag->weak = strncmp(header, "W/", 2) == 0;
	if (tag->weak)
		header += 2;
	end = tag_end(header);
	*text = (struct string){ header, trimmed(header, end) };
	tag->quoted = text->length >= 2 && header[0] == '"' &&
		      header[text->length - 1] == '"';
	if (tag->quoted)
		*text = (struct string){ header + 1, text->length - 2 };
	tag->coded =
	    text->length > suffix &&
	    memcmp(text->data + text->length - suffix, ETAG_GZIP, suffix) == 0;
	if (tag->coded)
		text->length -= suffix;
	return end;
}

static bool
is_any(const struct tag *tag)
{
	return !tag->quoted && !tag->weak && string_is(tag->text, "*");
}

enum etag_form
etag_form(const char *header, const char *tag)
{
	enum etag_form form = ETAG_ABSENT;
	struct tag listed;

	if (header == NULL)
		return form;
	for (header = next_tag(header, &listed); header != NULL;
	     header = next_tag(header, &listed)) {
		if (!is_any(&listed) && !string_is(listed.text, tag))
			continue;
		if (!listed.coded)
			return ETAG_PLAIN;
		form = ETAG_CODED;
	}
	return form;
}

bool
etag_matches(const char *header, const char *tag)
{
	return etag_form(header, tag) != ETAG_ABSENT;
}

static size_t
items_at_most(const char *list)
{
	size_t count = 1;

	for (; *list != '\0'; list++)
		count += *list == ',';
	return count;
}

void
etag_revisions(const char *header, const char *epoch, struct arena *arena,
	       struct etag_revisions *out)
{
	const size_t most = items_at_most(header);
	int64_t *revisions = arena_zalloc(arena, most, sizeof(*revisions));
	struct cursor cursor;
	struct tag tag;

	*out = (struct etag_revisions){ .revisions = revisions };
	for (header = next_tag(header, &tag); header != NULL;
	     header = next_tag(header, &tag)) {
		if (is_any(&tag) && most == 1)
			out->any = true;
		if (tag.weak ||
		    !parse_cursor(tag.text.data, tag.text.length, &cursor))
			continue;
		if (cursor.epoch[0] == '\0' || strcmp(cursor.epoch, epoch) == 0)
			revisions[out->count++] = cursor.revision;
	}
}

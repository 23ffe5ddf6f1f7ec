/*
 * One walk over the text, a unit at a time: a character between the values, a
 * number, or one character of a string.
 */
#include "foreign.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MARK "\xef\xb7\x90" /* U+FDD0 */
#define REPLACEMENT "\xef\xbf\xbd"
#define LARGEST "1.7976931348623157e308"

enum { MARK_BYTES = 3, ESCAPE_BYTES = 6, MARK_CODE = 0xfdd0 };

struct walk {
	const char *text;
	size_t length;
	size_t at;
	struct bytes *out;
	bool in_string;
	bool differs;
};

static size_t
digits(const struct walk *walk, size_t at)
{
	size_t count = 0;

	while (at + count < walk->length &&
	       isdigit((unsigned char)walk->text[at + count]) != 0)
		count++;
	return count;
}

static bool
is_at(const struct walk *walk, size_t at, const char *set)
{
	return at < walk->length && walk->text[at] != '\0' &&
	       strchr(set, walk->text[at]) != NULL;
}

/* The length of the number at walk->at, 0 where there is none. */
static size_t
number_length(const struct walk *walk, bool *is_integer)
{
	size_t at = walk->at + is_at(walk, walk->at, "-");
	size_t count = digits(walk, at);

	*is_integer = true;
	if (count == 0 || (count > 1 && walk->text[at] == '0'))
		return 0;
	at += count;
	if (is_at(walk, at, ".")) {
		*is_integer = false;
		count = digits(walk, at + 1);
		if (count == 0)
			return 0;
		at += 1 + count;
	}
	if (is_at(walk, at, "eE")) {
		*is_integer = false;
		at += 1U + is_at(walk, at + 1, "+-");
		count = digits(walk, at);
		if (count == 0)
			return 0;
		at += count;
	}
	return at - walk->at;
}

static bool
fits(const char *integer)
{
	errno = 0;
	(void)strtoll(integer, NULL, 10);
	return errno == 0;
}

static void
put_number(struct walk *walk, size_t length, bool is_integer)
{
	struct bytes *out = walk->out;
	const size_t start = out->length;

	bytes_append(out, walk->text + walk->at, length);
	walk->at += length;
	if (is_integer && fits(out->data + start))
		return;
	if (isinf(strtod(out->data + start, NULL)) != 0) {
		const bool negative = out->data[start] == '-';

		out->length = start;
		bytes_append_str(out, negative ? "-" LARGEST : LARGEST);
		walk->differs = true;
	} else if (is_integer) {
		bytes_append_str(out, "e0");
		walk->differs = true;
	}
}

/* The code of the escape "\uXXXX" at `at`, or -1. */
static int
escape_code(const struct walk *walk, size_t at)
{
	char hex[5] = "";

	if (walk->length - at < ESCAPE_BYTES || walk->text[at] != '\\' ||
	    walk->text[at + 1] != 'u')
		return -1;
	for (size_t i = 0; i < 4; i++) {
		hex[i] = walk->text[at + 2 + i];
		if (isxdigit((unsigned char)hex[i]) == 0)
			return -1;
	}
	return (int)strtol(hex, NULL, 16);
}

static bool
is_surrogate(int code, int first)
{
	return code >= first && code < first + 0x400;
}

static void
put_as_it_is(struct walk *walk, size_t length)
{
	if (length > walk->length - walk->at)
		length = walk->length - walk->at;
	bytes_append(walk->out, walk->text + walk->at, length);
	walk->at += length;
}

static void
put_mark(struct walk *walk, char what, size_t length)
{
	bytes_append(walk->out, MARK, MARK_BYTES);
	bytes_append_char(walk->out, what);
	walk->at += length;
	walk->differs = true;
}

static void
step_escape(struct walk *walk)
{
	const int code = escape_code(walk, walk->at);

	if (code < 0)
		put_as_it_is(walk, 2);
	else if (code == 0)
		put_mark(walk, '0', ESCAPE_BYTES);
	else if (code == MARK_CODE)
		put_mark(walk, '1', ESCAPE_BYTES);
	else if (is_surrogate(code, 0xd800) &&
		 is_surrogate(escape_code(walk, walk->at + ESCAPE_BYTES),
			      0xdc00))
		put_as_it_is(walk, (size_t)2 * ESCAPE_BYTES);
	else if (is_surrogate(code, 0xd800) || is_surrogate(code, 0xdc00))
		put_mark(walk, '2', ESCAPE_BYTES);
	else
		put_as_it_is(walk, ESCAPE_BYTES);
}

static void
step(struct walk *walk)
{
	const char c = walk->text[walk->at];
	bool is_integer;
	size_t length;

	if (walk->in_string && c == '\\') {
		step_escape(walk);
		return;
	}
	if (walk->in_string && walk->length - walk->at >= MARK_BYTES &&
	    memcmp(walk->text + walk->at, MARK, MARK_BYTES) == 0) {
		put_mark(walk, '1', MARK_BYTES);
		return;
	}
	if (!walk->in_string && (c == '-' || isdigit((unsigned char)c) != 0)) {
		length = number_length(walk, &is_integer);
		if (length > 0)
			put_number(walk, length, is_integer);
		else
			put_as_it_is(walk, 1 + digits(walk, walk->at + 1));
		return;
	}
	walk->in_string ^= c == '"';
	put_as_it_is(walk, 1);
}

bool
foreign_rewrite(const char *text, size_t length, struct bytes *out)
{
	struct walk walk = { .text = text, .length = length, .out = out };

	while (walk.at < length)
		step(&walk);
	return walk.differs;
}

size_t
foreign_origin(const char *text, size_t length, size_t at)
{
	struct bytes out;
	struct walk walk = { .text = text, .length = length, .out = &out };

	bytes_init(&out);
	while (walk.at < length && out.length < at)
		step(&walk);
	bytes_fini(&out);
	return walk.at;
}

struct string
foreign_restore(struct string text, struct arena *arena,
		enum foreign_find *found)
{
	const char *rest = text.data;
	const char *end = text.data + text.length;
	const char *mark = memmem(rest, text.length, MARK, MARK_BYTES);
	struct string plain = { "", 0 };
	char *to;

	*found = FOREIGN_NOTHING;
	if (mark == NULL)
		return text;
	to = arena_alloc(arena, text.length + 1);
	plain.data = to;
	for (; mark != NULL;
	     mark = memmem(rest, (size_t)(end - rest), MARK, MARK_BYTES)) {
		to = mempcpy(to, rest, (size_t)(mark - rest));
		rest = mark + MARK_BYTES + 1;
		if (mark[MARK_BYTES] == '0') {
			*found = FOREIGN_NUL;
			*to++ = '\0';
		} else if (mark[MARK_BYTES] == '2') {
			*found = FOREIGN_HALF;
			to = mempcpy(to, REPLACEMENT, MARK_BYTES);
		} else {
			to = mempcpy(to, MARK, MARK_BYTES);
		}
	}
	to = mempcpy(to, rest, (size_t)(end - rest));
	*to = '\0';
	plain.length = (size_t)(to - plain.data);
	return plain;
}

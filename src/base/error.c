/*
 * Texts may quote what came from outside, whatever bytes that is, and go into
 * JSON: what is no UTF-8 in them becomes "?". They are cut where they do not
 * fit, never in the middle of a character. A prefix gives way to the text it
 * stands in front of, because the cause is what the reader needs.
 */
#include "base/error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

/* The longest prefix of `text` within `limit` bytes that ends between
 * characters. */
static size_t
cut(const char *text, size_t limit)
{
	size_t length = strnlen(text, limit + 1);

	if (length <= limit)
		return length;
	length = limit;
	while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
		length--;
	return length;
}

static void PRINTF_LIKE(3, 0)
    format(char *text, size_t size, const char *fmt, va_list args)
{
	char whole[2 * ERROR_TEXT_BYTES];
	size_t length;

	whole[0] = '\0';
	(void)vsnprintf(whole, sizeof(whole), fmt, args);
	utf8_mend(whole);
	length = cut(whole, size - 1);
	memcpy(text, whole, length);
	text[length] = '\0';
}

void
error_init(struct error *err)
{
	err->code = STATUS_OK;
	err->text[0] = '\0';
	err->place_count = 0;
}

enum status
error_set(struct error *err, enum status code, const char *fmt, ...)
{
	va_list args;

	if (err == NULL)
		return code;
	if (err->code != STATUS_OK)
		return err->code;
	err->code = code;
	va_start(args, fmt);
	format(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	return code;
}

static void
put_in_front(struct error *err, const char *prefix)
{
	static const char between[] = ": ";
	size_t tail = strlen(err->text) + 1;
	size_t middle = sizeof(between) - 1;
	size_t head;

	if (tail + middle >= sizeof(err->text))
		return;
	head = cut(prefix, sizeof(err->text) - tail - middle);
	if (head == 0)
		return;
	memmove(err->text + head + middle, err->text, tail);
	memcpy(err->text, prefix, head);
	memcpy(err->text + head, between, middle);
}

enum status
error_wrap(struct error *err, const char *fmt, ...)
{
	char prefix[ERROR_TEXT_BYTES];
	va_list args;

	if (err == NULL)
		return STATUS_INTERNAL;
	va_start(args, fmt);
	format(prefix, sizeof(prefix), fmt, args);
	va_end(args);
	/* Whoever wraps has failed, even if nobody said why. */
	if (err->code == STATUS_OK)
		return error_set(err, STATUS_INTERNAL, "%s", prefix);
	put_in_front(err, prefix);
	return err->code;
}

enum status
error_at(struct error *err, const char *pointer, const char *fmt, ...)
{
	struct error_place place;
	va_list args;
	size_t length;

	if (err == NULL)
		return STATUS_INVALID;
	length = cut(pointer, sizeof(place.pointer) - 1);
	memcpy(place.pointer, pointer, length);
	place.pointer[length] = '\0';
	va_start(args, fmt);
	format(place.detail, sizeof(place.detail), fmt, args);
	va_end(args);

	(void)error_set(err, STATUS_INVALID, "%s%s%s", place.pointer,
			length > 0 ? ": " : "", place.detail);
	if (err->place_count < ERROR_PLACES_MAX)
		err->places[err->place_count] = place;
	err->place_count++;
	return err->code;
}

#include "eval/pointer.h"

#include <stdio.h>
#include <string.h>

void
pointer_set(struct pointer *pointer, const char *text)
{
	pointer->length = strlen(text);
	if (pointer->length >= sizeof(pointer->text))
		pointer->length = sizeof(pointer->text) - 1;
	memcpy(pointer->text, text, pointer->length);
	pointer->text[pointer->length] = '\0';
}

size_t
pointer_push_name(struct pointer *pointer, struct string name)
{
	size_t before = pointer->length;
	size_t at = before;
	char *text = pointer->text;

	/* The longest that one character becomes is two. */
	if (at + 1 + 2 * name.length >= sizeof(pointer->text))
		return before;
	text[at++] = '/';
	for (size_t i = 0; i < name.length; i++) {
		char c = name.data[i];

		if (c == '~' || c == '/') {
			text[at++] = '~';
			c = c == '~' ? '0' : '1';
		}
		text[at++] = c;
	}
	text[at] = '\0';
	pointer->length = at;
	return before;
}

size_t
pointer_push_index(struct pointer *pointer, size_t index)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%zu", index);

	return pointer_push_name(pointer,
				 (struct string){ digits, (size_t)length });
}

void
pointer_cut(struct pointer *pointer, size_t length)
{
	pointer->length = length;
	pointer->text[length] = '\0';
}

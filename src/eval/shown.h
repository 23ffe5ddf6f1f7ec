/*
 * Names from outside in messages: cut to a length, never inside of a
 * character. printf("\"%.*s\"", SHOWN(name))
 */
#ifndef EVAL_SHOWN_H
#define EVAL_SHOWN_H

#include "model/value.h"

enum { SHOWN_BYTES = 48 };

static inline int
shown_length(struct string text)
{
	size_t length = text.length;

	if (length > SHOWN_BYTES) {
		length = SHOWN_BYTES;
		while (length > 0 &&
		       ((unsigned char)text.data[length] & 0xc0) == 0x80)
			length--;
	}
	return (int)length;
}

#define SHOWN(text) shown_length(text), (text).data

#endif

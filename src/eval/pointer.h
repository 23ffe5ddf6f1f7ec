/*
 * A JSON pointer (RFC 6901) that grows and shrinks while a tree is walked. One
 * that becomes too long stays at the last place that fits.
 */
#ifndef EVAL_POINTER_H
#define EVAL_POINTER_H

#include <stddef.h>

#include "model/value.h"

enum { POINTER_BYTES = 272 };

struct pointer {
	char text[POINTER_BYTES];
	size_t length;
};

void pointer_set(struct pointer *pointer, const char *text);

/* Append "/name" or "/index". Returns the length before, for pointer_cut. */
size_t pointer_push_name(struct pointer *pointer, struct string name);
size_t pointer_push_index(struct pointer *pointer, size_t index);

void pointer_cut(struct pointer *pointer, size_t length);

#endif

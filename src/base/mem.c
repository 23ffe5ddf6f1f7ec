#include "base/mem.h"

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void
exhausted(void)
{
	(void)fputs("toggled: out of memory\n", stderr);
	abort();
}

void *
mem_alloc(size_t size)
{
	void *p = malloc(size > 0 ? size : 1);

	if (p == NULL)
		exhausted();
	return p;
}

void *
mem_zalloc(size_t count, size_t size)
{
	void *p = calloc(count > 0 ? count : 1, size > 0 ? size : 1);

	if (p == NULL)
		exhausted();
	return p;
}

void *
mem_resize(void *p, size_t count, size_t size)
{
	void *moved;

	if (size > 0 && count > SIZE_MAX / size)
		exhausted();
	moved = realloc(p, count * size > 0 ? count * size : 1);
	if (moved == NULL)
		exhausted();
	return moved;
}

char *
mem_strdup(const char *s)
{
	return mem_copy(s, strlen(s));
}

char *
mem_copy(const void *data, size_t length)
{
	char *copy;

	if (length == SIZE_MAX)
		exhausted();
	copy = mem_alloc(length + 1);
	if (length > 0)
		memcpy(copy, data, length);
	copy[length] = '\0';
	return copy;
}

void
mem_trim(void)
{
	(void)malloc_trim(0);
}

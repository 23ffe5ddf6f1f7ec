/*
 * A run of bytes that somebody else owns, and how two of them compare.
 *
 * The bytes are mostly UTF-8, need no NUL at the end and may hold one; `data`
 * may be NULL where `length` is 0. Any thread.
 */
#ifndef BASE_STRING_H
#define BASE_STRING_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct string {
	const char *data;
	size_t length;
};

static inline bool
string_equal(struct string a, struct string b)
{
	return a.length == b.length &&
	       (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

static inline bool
string_is(struct string a, const char *word)
{
	return string_equal(a, (struct string){ word, strlen(word) });
}

static inline bool
string_starts_with(struct string a, struct string prefix)
{
	return a.length >= prefix.length &&
	       string_equal((struct string){ a.data, prefix.length }, prefix);
}

/* By bytes, a prefix before what goes on: negative, 0 or positive. */
static inline int
string_compare(struct string a, struct string b)
{
	const size_t common = a.length < b.length ? a.length : b.length;
	const int order = common == 0 ? 0 : memcmp(a.data, b.data, common);

	if (order != 0)
		return order;
	return (a.length > b.length) - (a.length < b.length);
}

#endif

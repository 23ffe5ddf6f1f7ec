#include "life.h"

#include <stdio.h>
#include <string.h>

_Static_assert(
    (int)KIND_LIFE == (int)KIND_COUNT,
    "a kind that leaves the store took the number of one that does not");

const struct string life_key = { "life", 4 };

static const char member[] = "\"since\":";

struct string
life_encode(int64_t revision, char text[LIFE_TEXT_BYTES])
{
	const int length = snprintf(text, LIFE_TEXT_BYTES, "%s%lld", member,
				    (long long)revision);

	return (struct string){ text, (size_t)length };
}

int64_t
life_decode(struct string text)
{
	const size_t begin = sizeof(member) - 1;
	int64_t revision = 0;

	if (text.length <= begin || text.length >= LIFE_TEXT_BYTES ||
	    memcmp(text.data, member, begin) != 0)
		return 0;
	for (size_t i = begin; i < text.length; i++) {
		if (text.data[i] < '0' || text.data[i] > '9' ||
		    revision > INT64_MAX / 100)
			return 0;
		revision = revision * 10 + (text.data[i] - '0');
	}
	return revision;
}

#include "request_id.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/random.h"

static bool
is_sane(char c)
{
	static const char marks[] = "-_.:/+=";

	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
	       (c != '\0' && strchr(marks, c) != NULL);
}

bool
request_id_take(const char *given, char id[REQUEST_ID_BYTES])
{
	size_t length = 0;

	if (given == NULL)
		return false;
	while (length < REQUEST_ID_BYTES - 1 && is_sane(given[length]))
		length++;
	if (length == 0 || given[length] != '\0')
		return false;
	memcpy(id, given, length + 1);
	return true;
}

/* printf is slow for every request. */
void
request_id_make(struct random *random, char id[REQUEST_ID_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	uint64_t n = random_below(random, UINT64_MAX);

	for (size_t i = 0; i < REQUEST_ID_MADE; i++, n >>= 4)
		id[i] = digits[n & 15];
	id[REQUEST_ID_MADE] = '\0';
}

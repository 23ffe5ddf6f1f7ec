#include "model/name.h"

#include <string.h>

static bool
is_alphanumeric(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9');
}

/* Letters, digits and what stands in `marks`. */
static bool
is_made_of(const char *name, size_t length, const char *marks)
{
	for (size_t i = 0; i < length; i++) {
		if (is_alphanumeric(name[i]))
			continue;
		/* strchr would find the NUL behind the marks. */
		if (name[i] == '\0' || strchr(marks, name[i]) == NULL)
			return false;
	}
	return true;
}

bool
name_is_key(const char *name, size_t length)
{
	return length >= 1 && length <= NAME_KEY_MAX &&
	       is_made_of(name, length, "._:~-");
}

bool
name_is_environment(const char *name, size_t length)
{
	return length >= 1 && length <= NAME_ENVIRONMENT_MAX &&
	       name[0] != '.' && is_made_of(name, length, "._-");
}

bool
name_is_token(const char *name, size_t length)
{
	if (length < 1 || length > NAME_IDEMPOTENCY_MAX)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (name[i] < ' ' || name[i] > '~')
			return false;
	}
	return true;
}

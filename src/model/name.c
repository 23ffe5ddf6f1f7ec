#include "model/name.h"

#include <string.h>

#include "base/utf8.h"

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
name_is_reserved(const char *name, size_t length)
{
	return length >= 1 && name[0] == '.';
}

bool
name_is_access(const char *name, size_t length)
{
	if (length < 1 || length > NAME_ACCESS_MAX ||
	    !utf8_is_valid(name, length))
		return false;
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)name[i] < ' ' || name[i] == '\x7f')
			return false;
	}
	return true;
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

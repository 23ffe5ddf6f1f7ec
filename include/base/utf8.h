/*
 * UTF-8 (RFC 3629): what text from outside has to be.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Well formed: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool utf8_is_valid(const char *data, size_t length);

/* Make a NUL-terminated text well formed, in place: '?' for each byte that
 * belongs to no character. */
void utf8_mend(char *text);

#endif

/*
 * Files of the source tree that are compiled into the binary. The build writes
 * the arrays; each ends with an entry whose name is NULL.
 */
#ifndef BASE_EMBEDDED_H
#define BASE_EMBEDDED_H

#include <stddef.h>

struct embedded_file {
	const char *name; /* without its folder */
	const char *text; /* NUL-terminated */
	size_t length;
};

extern const struct embedded_file embedded_migrations[]; /* in order */
extern const struct embedded_file embedded_assets[];

#endif

/*
 * What is said beside an answer that went well: "warnings":[{"code","pointer",
 * "detail"}]. The first few are kept, so that a change of ten thousand toggles
 * is not answered with as many.
 *
 * A zeroed one is empty. It owns its texts; one thread at a time.
 */
#ifndef MODEL_WARNINGS_H
#define MODEL_WARNINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/bytes.h"

enum { WARNINGS_MAX = 8 };

struct warning {
	const char *code; /* for machines; a literal */
	char *pointer;    /* into the request; "": none, or all of it */
	char *detail;     /* for people */
};

struct warnings {
	struct warning items[WARNINGS_MAX];
	size_t count;
};

void warnings_fini(struct warnings *warnings);

bool warnings_are_full(const struct warnings *warnings);

/* `code` has to live on. More than WARNINGS_MAX are dropped. */
void warnings_add(struct warnings *warnings, const char *code,
		  const char *pointer, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* "warnings":[…] without a comma before or behind it; nothing where there are
 * none. */
void warnings_put(const struct warnings *warnings, struct bytes *out);

#endif

/*
 * The libraries that we run with. Which versions those are is asked of the
 * libraries themselves: a system brings newer ones under a program that was
 * built before them.
 *
 * Immutable; any thread.
 */
#ifndef SRC_DAEMON_LIBRARIES_H
#define SRC_DAEMON_LIBRARIES_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/log.h"

struct library {
	const char *name; /* NULL ends the list */
	const char *(*version)(void);
	const char *tested; /* versions, with blanks between */
};

/* Those of this program. */
extern const struct library libraries[];

/* Does the whole suite run with the version that is loaded? */
bool library_is_tested(const struct library *library) MUST_CHECK;

/* One event with all of them, and a warning for each that was never tested. */
void libraries_log(const struct library *rows, struct log *log);

#endif

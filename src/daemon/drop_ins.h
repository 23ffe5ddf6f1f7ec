/*
 * What stands beside a configuration file: every .conf in the folder FILE.d,
 * which packages and other programs put there instead of editing what is yours.
 * Each is read like the file itself, in the order of their names by bytes, and
 * what stands in a later one counts. Hidden files are none, nor is a folder
 * that is not there.
 *
 * Ownership: drop_ins own the paths they hold. Main thread.
 */
#ifndef SRC_DAEMON_DROP_INS_H
#define SRC_DAEMON_DROP_INS_H

#include <stddef.h>

#include "base/attr.h"
#include "base/error.h"

struct drop_ins {
	char *folder;
	char **paths;
	size_t count;
};

/* Those of the file at `path`. On failure there are none. */
enum status drop_ins_find(struct drop_ins *drop_ins, const char *path,
			  struct error *err) MUST_CHECK;
void drop_ins_fini(struct drop_ins *drop_ins);

#endif

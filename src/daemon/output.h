/*
 * A file that is there whole or not at all: written as FILE.part, synced, then
 * renamed to FILE. "-" and NULL are stdout; it, pipes and devices are written
 * as they stand, and have no path.
 */
#ifndef SRC_DAEMON_OUTPUT_H
#define SRC_DAEMON_OUTPUT_H

#include <stddef.h>

#include "base/attr.h"
#include "base/error.h"

struct output {
	int fd;
	const char *name; /* for messages, borrowed */
	char *path;       /* NULL: nothing to rename */
	char *part;
};

enum status output_open(struct output *output, const char *path,
			struct error *err) MUST_CHECK;

/* For a writer that makes the file by itself: no descriptor; whatever stands at
 * output->part is removed. What is no file is refused. */
enum status output_prepare(struct output *output, const char *path,
			   struct error *err) MUST_CHECK;

enum status output_write(struct output *output, const void *data, size_t length,
			 struct error *err) MUST_CHECK;

/* The file gets its name, durably. */
enum status output_commit(struct output *output, struct error *err) MUST_CHECK;

/* Remove what was not committed; release. */
void output_close(struct output *output);

#endif

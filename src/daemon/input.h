/*
 * A file read whole into memory, up to a limit.
 */
#ifndef SRC_DAEMON_INPUT_H
#define SRC_DAEMON_INPUT_H

#include <stddef.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/error.h"

/* Appends the file at `path` ("-": stdin) to `text`, without the mark that
 * some editors put in front of UTF-8. */
enum status input_read(const char *path, size_t limit, struct bytes *text,
		       struct error *err) MUST_CHECK;

#endif

/*
 * What fuzz targets with files share: a directory of the process's own, in
 * memory where there is such a place, removed at the end. And the words of a
 * target that found something.
 */
#ifndef TESTS_FUZZ_SCRATCH_H
#define TESTS_FUZZ_SCRATCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

/* Says what is wrong and aborts. */
_Noreturn void finding(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* The path of a file in the directory, borrowed until the next call. */
const char *scratch_path(const char *name);

/* The files in the directory, all of them, are removed. */
void scratch_clear(void);

void scratch_write(const char *path, const void *data, size_t length);

/* Appends the file. */
void scratch_read(const char *path, struct bytes *out);

#endif

/*
 * A new database: only where there cannot have been one, and whole or not at
 * all.
 */
#ifndef STORE_BIRTH_H
#define STORE_BIRTH_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/embedded.h"
#include "base/error.h"

/* `path` is a plain one (store_plain_path) at which nothing is. What lies
 * beside it and bears its name is named and refused: a log that SQLite would
 * read into the new file in any case, anything else (a copy, what a restore has
 * kept) unless `anew`. */
enum status birth_check(const char *path, bool anew,
			struct error *err) MUST_CHECK;

/* Make it, with the schema that `migrations` lead to, for its owner only, on
 * the disk. Where another process has just made one that one stands. */
enum status birth_make(const char *path, const struct embedded_file *migrations,
		       struct error *err) MUST_CHECK;

#endif

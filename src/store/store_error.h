/*
 * From SQLite's result codes to our status: the only place that judges them.
 */
#ifndef STORE_STORE_ERROR_H
#define STORE_STORE_ERROR_H

#include <sqlite3.h>
#include <stdbool.h>

#include "base/error.h"

/* The status that stands for `code` (extended or not) when the system said
 * `system_errno` (0: nothing). */
enum status store_error_status(int code, int system_errno);

/* The code says that what is on the disk is unknown: stop writing. */
bool store_error_is_fatal(int code);

/* Report `code`, which `db` (may be NULL) has just returned while `doing`. */
enum status store_error_set(struct error *err, sqlite3 *db, int code,
			    const char *doing);

#endif

/*
 * Reading a database and leaving no trace: the file stays as it is, to the
 * byte, and nothing is made beside it.
 */
#ifndef STORE_READING_H
#define STORE_READING_H

#include "base/attr.h"
#include "base/embedded.h"
#include "base/error.h"

struct store;

/* Connect `store` (its path is set, a plain one) for reading. It holds the lock
 * of a reader until store_close; STATUS_BUSY: somebody serves it. */
enum status reading_connect(struct store *store, struct error *err) MUST_CHECK;

/* Where its schema is an older one, go on with a copy that nobody else sees and
 * that is gone with the connection, brought up to date. */
enum status reading_renew(struct store *store,
			  const struct embedded_file *migrations,
			  struct error *err) MUST_CHECK;

#endif

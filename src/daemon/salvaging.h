/*
 * What `toggled export --salvage` writes: the form of an export, without places
 * of the history. Each thing that is lost is a line on stderr.
 */
#ifndef SRC_DAEMON_SALVAGING_H
#define SRC_DAEMON_SALVAGING_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/error.h"

/* `*whole`: nothing was lost. */
enum status salvaging_run(const char *database, const char *environment,
			  struct bytes *out, bool *whole,
			  struct error *err) MUST_CHECK;

#endif

/*
 * Files that other users of the machine may change, or read where there are
 * secrets in them: said at the start, because whoever can write the database or
 * the configuration needs no token.
 */
#ifndef SRC_DAEMON_EXPOSED_H
#define SRC_DAEMON_EXPOSED_H

#include "base/log.h"
#include "options.h"

/* One warning a file and reason. What is not there is passed over. */
void exposed_warn(const struct options *options, struct log *log);

#endif

/*
 * The key of the tickets in a file of its own beside the database,
 * DATABASE.ticket-key: so that a URL stays good over a restart, and a backup,
 * which is a copy of the database alone, is not enough to make one.
 */
#ifndef SRC_DAEMON_TICKET_FILE_H
#define SRC_DAEMON_TICKET_FILE_H

#include "base/log.h"
#include "model/ticket.h"

/* Its path; freed by the caller. */
char *ticket_file_path(const char *database) MUST_CHECK;

/* Read the key, or draw one and keep it where there is none. What cannot be
 * read or kept is logged: the key then lives as long as the process. */
void ticket_file_open(const char *database, struct log *log,
		      struct ticket_key *key);

#endif

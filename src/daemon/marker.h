/*
 * What is known of a database beside itself: that it was served, and that there
 * were access tokens. So a database that is gone (a disk that is not mounted, a
 * name with a slip in it) is told from one that never was, and an empty one
 * does not open a door that was closed.
 *
 * A small file in the state directory, one for each path of a database:
 * --state-dir, else the directory that systemd names in STATE_DIRECTORY, else
 * that of the database. That it is there says the first, its text the second.
 * Main thread, but for marker_leave.
 */
#ifndef SRC_DAEMON_MARKER_H
#define SRC_DAEMON_MARKER_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/error.h"
#include "options.h"
#include "store/store.h"

struct marker {
	char *database; /* from the root on; owned */
	char *path;     /* of the marker; owned */
	bool is_there;
	bool had_tokens;
};

/* Derive its place, and read it. What cannot be read counts as there, with
 * tokens. */
void marker_open(struct marker *marker, const struct options *options);

/* How the database may be opened by who makes one where there is none.
 * STATUS_NOT_FOUND: there was one, or it cannot be known; `options->create`
 * overrules that. */
enum status marker_mode(const struct marker *marker,
			const struct options *options, enum store_mode *mode,
			struct error *err) MUST_CHECK;

/* It is served, with tokens or without. Nothing is done where the marker says
 * so already. */
enum status marker_leave(const struct marker *marker, bool has_tokens,
			 struct error *err) MUST_CHECK;

/* The same in one for a command that makes a database. */
enum status marker_judge(const struct options *options, enum store_mode *mode,
			 struct error *err) MUST_CHECK;

void marker_close(struct marker *marker);

#endif

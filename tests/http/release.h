/*
 * The releases as tests/compat remembers them: a folder each, with store.sql (a
 * database as that release wrote it) and recordings *.http of what it answered,
 * answers.http on that store and the others on a fresh one.
 *
 * Thread: that of the `struct toggled`, which owns what is returned.
 */
#ifndef TESTS_HTTP_RELEASE_H
#define TESTS_HTTP_RELEASE_H

#include "harness.h"

/* The release in the making, and the one before it. tests/compat/begin moves
 * both. */
#define RELEASE "0.4"
#define RELEASE_BEFORE "0.3"

/* Those that were made, oldest first. */
extern const char *const releases[];
enum { RELEASES = 3 };

/* Make the database out of the text of a release. */
void release_load_store(struct toggled *t, const char *release);

/* All recordings of all releases, "0.2/feed.http", in order: how many, and the
 * i-th. */
int release_recordings(void);
const char *release_recording(struct toggled *t, int i);

/* Serve what the recording was made on. */
void release_serve(struct toggled *t, const char *recording);

/* The release of which TOGGLED_PREVIOUS is the binary, "0.2"; NULL: there is
 * none. */
const char *release_of_previous(struct toggled *t);

#endif

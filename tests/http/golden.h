/*
 * Golden answers: the wire as older clients know it. A file is a conversation
 * with a server, see conversation.h. An answer that differs is a change of the
 * contract: see "Compatibility" in docs/API.md for which ones are allowed. With
 * GOLDEN_UPDATE set the files are written anew instead.
 */
#ifndef TESTS_HTTP_GOLDEN_H
#define TESTS_HTTP_GOLDEN_H

#include "harness.h"

/* Have the conversation with the running server; fails the test at the first
 * line that is another. */
void golden_replay(struct toggled *t, const char *path);

#endif

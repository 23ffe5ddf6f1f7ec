/*
 * A listening socket that outlives the programs that serve it, as systemd's
 * socket activation keeps one. The test is the supervisor.
 *
 * Ownership: one at a time; its descriptor has a number that the shell knows.
 */
#ifndef TESTS_HTTP_KEPT_H
#define TESTS_HTTP_KEPT_H

#include "harness.h"

/* Listen on a free port of 127.0.0.1, which is returned. Before toggled_new,
 * which might take the descriptor's number. */
int kept_open(void);
void kept_close(void);

/* From now on `t` is started with the socket passed. Once, before kept_serve.
 */
void kept_pass(struct toggled *t);

/* Start it; it takes the socket. */
void kept_serve(struct toggled *t);

#endif

/*
 * A guarded server with many of everything, and two admins: 300 toggles t0…
 * with rules over the segments s0…, a plain toggle `a`, environments e0…,
 * tokens, and a history of changes to t0, t1 and t2.
 *
 * Ownership and failure as in scene.h.
 */
#ifndef TESTS_HTTP_FULL_WORLD_H
#define TESTS_HTTP_FULL_WORLD_H

#include "scene.h"

struct world {
	struct toggled *t;
	const char *admins[2]; /* the headers that show them */
	const char *id;        /* of a token that may go */
	int tokens;
	int64_t revision; /* before the last changes */
};

struct world world_open(void);

/* It still serves, ends well, and its database is whole. */
void world_close(struct world *w);

/* `text` with {n}, {id} and {rev} put in: n, w->id, w->revision. */
const char *world_text(struct world *w, const char *text, int n);

/* ask_with of the first admin. */
struct answer *world_ask(struct world *w, const char *method, const char *path,
			 const char *body, long status);

/* A further token; its id is the world's from now on. */
void world_add_token(struct world *w);

#endif

/*
 * Requests that are held back by their last byte: the server has judged the
 * head, and what is to happen happens when the byte comes. So many requests can
 * be let go at once, and things can happen between a head and its body.
 *
 * Ownership and failure as in harness.h.
 */
#ifndef TESTS_HTTP_HELD_H
#define TESTS_HTTP_HELD_H

#include "harness.h"

struct held {
	struct raw *raw;
	char last;
};

/* All but the last byte. `header` is one line without its end, or NULL; `body`
 * NULL: none, and what is held back is the end of the head. */
struct held held_begin(struct toggled *t, const char *header,
		       const char *method, const char *path, const char *body);

/* Let it go. */
void held_release(struct held *held);

/* The status of its answer; its connection is closed. */
long held_finish(struct held *held);

#endif

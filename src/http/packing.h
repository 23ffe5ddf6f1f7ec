/*
 * Large replies are compressed a slice at a time, so that nothing holds a loop:
 * their connections are suspended until it is done. One package after the
 * other, in the order in which they came; replies with the same body share one.
 * While there are many, further replies go out as they are.
 *
 * Thread: the loop's.
 */
#ifndef SRC_HTTP_PACKING_H
#define SRC_HTTP_PACKING_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/bytes.h"

struct exchange;
struct loop;
struct packing;

enum {
	PACKING_SLICE_MS = 2, /* of work in one go */
	PACKING_MAX = 8,      /* packages that wait or are worked on */
};

struct packing *packing_new(struct loop *loop) MUST_CHECK;

/* Nothing waits any more. NULL is allowed. */
void packing_free(struct packing *packing);

/* Compress the body of its reply, which has been filled, and queue it then; the
 * caller suspends its connection. False: it goes out as it is. */
bool packing_add(struct packing *packing, struct exchange *x) MUST_CHECK;

/* The whole of `plain` at once; NULL where nothing is gained. */
struct blob *packing_pack(const struct blob *plain) MUST_CHECK;

#endif

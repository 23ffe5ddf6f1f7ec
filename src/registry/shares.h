/*
 * How many may wait at a time, in all and for each who asks, so that one of
 * them cannot keep the others out: a quarter of the places at most.
 *
 * Not for concurrent use; the registry has a mutex around it.
 */
#ifndef SRC_REGISTRY_SHARES_H
#define SRC_REGISTRY_SHARES_H

#include <stddef.h>

#include "base/attr.h"
#include "base/map.h"
#include "base/string.h"

struct shares {
	struct map counts; /* who -> how many, as a pointer */
	size_t limit;
	size_t count;
};

enum shares_verdict { SHARES_OK, SHARES_FULL, SHARES_USED_UP };

void shares_init(struct shares *shares, size_t limit);
void shares_fini(struct shares *shares);

/* Take a place, if there is one. Who is nobody in particular (length 0) has no
 * share and may fill all of them. */
enum shares_verdict shares_enter(struct shares *shares,
				 struct string who) MUST_CHECK;
void shares_leave(struct shares *shares, struct string who);

#endif

/*
 * The fast path of OFREP's bulk call: which entity tag an evaluation of this
 * body at this revision had, so that an unchanged client is told 304 without
 * evaluating anything. One a loop, on its thread only; a fixed size, the newest
 * wins its place.
 *
 * Environments with a rule that reads the time are never remembered: their
 * results move without a change.
 */
#ifndef SRC_HTTP_OFREP_CACHE_H
#define SRC_HTTP_OFREP_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "model/snapshot.h"

struct ofrep_cache;

struct ofrep_cache *ofrep_cache_new(void) MUST_CHECK;
void ofrep_cache_free(struct ofrep_cache *cache);

/* The tag of `body`'s answer at `snapshot` with that event stream in it; false
 * when it is not known. */
bool ofrep_cache_find(const struct ofrep_cache *cache,
		      const struct snapshot *snapshot, struct string body,
		      struct string stream, uint64_t *tag);

void ofrep_cache_put(struct ofrep_cache *cache, const struct snapshot *snapshot,
		     struct string body, struct string stream, uint64_t tag);

#endif

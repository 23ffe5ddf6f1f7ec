/*
 * What there was then: the first half of a rollback, read in steps between the
 * writes. The second half holds it against what there is when its turn comes.
 *
 * Of what is the same as now only the revision is noted. It may be different by
 * the time of the second half, which then reads it: what has been read stays
 * true, since the past does not change.
 *
 * Lives on the registry's thread.
 */
#ifndef SRC_REGISTRY_THEN_H
#define SRC_REGISTRY_THEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/map.h"
#include "model/catalog.h"
#include "registry/registry.h"
#include "store/store.h"

/* One thing that was there. Strings lie in the arena. */
struct then_item {
	enum kind kind;
	struct string key;
	int64_t revision;
	bool is_read; /* the rest is known */
	int64_t at_ms;
	struct string actor;
	struct string text;
};

struct then {
	struct store *store;
	struct past_query query;
	struct store_past *past; /* NULL: not begun, or over */
	struct arena arena;
	struct then_item *items; /* by kind, then as they lie in the log */
	size_t count;
	size_t capacity;
	struct map numbers;         /* kind and key -> number of the item + 1 */
	struct point newest;        /* of the environment; 0: it never was */
	struct point to;            /* what the moment was found to mean */
	struct clock_step step;     /* makes a time doubtful; 0: none */
	bool existed;               /* the environment, at that moment … */
	int64_t life;               /* … in a life that began with this */
	const struct snapshot *now; /* for the step at hand; NULL: nothing */
	bool is_done;
	struct error error; /* why it could not be read; STATUS_OK: it was */
};

/* Of a JOB_ROLLBACK: owned by the caller; the job has to live as long. */
struct then *then_new(struct store *store, const struct job *job) MUST_CHECK;
void then_free(struct then *then);

/* Go on for some `rows`. True: that was all; `error` tells how it ended. */
bool then_step(struct then *then, int rows, const struct catalog *now);

/* What was there under that key; NULL: nothing. */
const struct then_item *then_find(const struct then *then, enum kind kind,
				  struct string key);

/* All of an item, as it is stored. */
enum status then_read(struct then *then, const struct then_item *item,
		      store_item_fn fn, void *ctx,
		      struct error *err) MUST_CHECK;

#endif

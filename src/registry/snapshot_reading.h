/*
 * An environment as of an older revision, read and compiled in steps between
 * the writes. The snapshot that comes of it is good for looking things up and
 * for evaluating: it has no order by revision and knows of nothing that was
 * removed.
 *
 * Lives on the registry's thread.
 */
#ifndef SRC_REGISTRY_SNAPSHOT_READING_H
#define SRC_REGISTRY_SNAPSHOT_READING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/map.h"
#include "model/snapshot.h"
#include "store/store.h"

struct snapshot_reading {
	struct store *store;
	struct store_past *past;
	struct past_query query; /* its strings are the owner's */
	void **entries;          /* by kind and key; NULL: not there */
	size_t count;            /* of places */
	size_t segment_count;    /* segments that are there */
	struct definition *settings;
	struct map rules;     /* segment -> its parsed rule, in `kept` */
	struct arena kept;    /* as long as toggles are compiled */
	struct arena scratch; /* of one definition */
};

void snapshot_reading_begin(struct snapshot_reading *reading,
			    struct store *store,
			    const struct past_query *query);

enum status snapshot_reading_step(struct snapshot_reading *reading, int rows,
				  bool *done, struct error *err) MUST_CHECK;

/* When all has been read. STATUS_NOT_FOUND: there was no such environment. */
enum status snapshot_reading_finish(struct snapshot_reading *reading,
				    struct snapshot **snapshot,
				    struct error *err) MUST_CHECK;

/* Release up to `count` of the definitions; false: there are more. Once it was
 * true, snapshot_reading_end has little to do. */
bool snapshot_reading_release(struct snapshot_reading *reading, size_t count);
void snapshot_reading_end(struct snapshot_reading *reading);

#endif

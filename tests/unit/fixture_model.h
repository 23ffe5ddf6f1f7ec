/*
 * Small definitions, changes and snapshots for the tests of the layers above
 * the model. Everything returned is owned by the caller.
 */
#ifndef UNIT_FIXTURE_MODEL_H
#define UNIT_FIXTURE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "model/catalog.h"
#include "model/snapshot.h"

struct string fixture_string(const char *text);

/* A boolean toggle that is off, a segment, or an environment's settings. */
struct definition *fixture_definition(enum kind kind, const char *key,
				      int64_t revision);

/* An environment with settings, as the change `revision` makes it. */
struct snapshot *fixture_environment(const char *name, int64_t revision);

/* `*snapshot` moves on by a change of one toggle, `removed` or set. */
void fixture_change(struct snapshot **snapshot, const char *key,
		    int64_t revision, bool removed);

/* `*catalog` moves on. */
void fixture_publish(struct catalog **catalog, const struct snapshot *snapshot);

#endif

/*
 * The loader: snapshots out of the store, compiled and ready to serve. Used at
 * the start; what stood at an older revision is read in steps
 * (snapshot_reading.h).
 */
#ifndef SRC_REGISTRY_LOADER_H
#define SRC_REGISTRY_LOADER_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "model/snapshot.h"
#include "store/store.h"
#include "wire/definition.h"

/* Borrows the snapshot. */
typedef void (*loader_fn)(struct snapshot *snapshot, void *ctx);

/* The environments that exist as of revision `at` (INT64_MAX: now), once each;
 * `environment` with length 0: all. */
enum status loader_run(struct store *store, struct string environment,
		       int64_t at, loader_fn fn, void *ctx,
		       struct error *err) MUST_CHECK;

/* One definition out of its stored text. What fails here was stored damaged:
 * STATUS_CORRUPT. */
enum status loader_definition(const struct stored_item *item,
			      const struct definition_scope *scope,
			      struct arena *scratch, struct definition **out,
			      struct error *err) MUST_CHECK;

#endif

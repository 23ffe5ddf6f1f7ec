/*
 * The catalog: what the registry publishes. All environments' snapshots at one
 * head revision of one life (epoch) of the store. Immutable and counted.
 */
#ifndef MODEL_CATALOG_H
#define MODEL_CATALOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/tree.h"
#include "model/snapshot.h"

enum { EPOCH_BYTES = 17 }; /* 16 hexadecimal digits and a NUL */

struct catalog {
	atomic_uint refs;
	char epoch[EPOCH_BYTES];
	bool is_restored; /* this life began with the changes of another */
	int64_t head;     /* revision of the newest change in the store */
	struct tree *snapshots; /* by environment */
};

extern const struct tree_ops catalog_by_environment; /* key: struct string * */

struct catalog *catalog_new(const char *epoch, int64_t head) MUST_CHECK;

/* A catalog with `snapshot` in the place of its environment and a new head;
 * takes a reference of its own to `snapshot`. An environment that has no
 * settings (it was removed) leaves the catalog. */
struct catalog *catalog_with(const struct catalog *base,
			     const struct snapshot *snapshot,
			     int64_t head) MUST_CHECK;

struct catalog *catalog_ref(const struct catalog *catalog);

/* Any thread; NULL is allowed. */
void catalog_unref(struct catalog *catalog);

/* Borrowed while the catalog is referenced; NULL when there is none. */
struct snapshot *catalog_find(const struct catalog *catalog,
			      const char *environment, size_t length);

/* The same for a name that came from outside: what is reserved is not there. */
struct snapshot *catalog_find_public(const struct catalog *catalog,
				     const char *environment, size_t length);

#endif

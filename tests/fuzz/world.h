/*
 * The registry without its thread: a store, the catalog out of it, and groups
 * of jobs, one after the other. Time is `now_ms`, and stands still.
 */
#ifndef TESTS_FUZZ_WORLD_H
#define TESTS_FUZZ_WORLD_H

#include <stdint.h>

#include "base/bytes.h"
#include "registry/group.h"
#include "registry/registry.h"
#include "store/store.h"

struct world {
	struct store *store;
	struct catalog *catalog; /* as committed */
	struct group group;
	int64_t now_ms;
};

enum { WORLD_GROUP = 8 };

/* Everything or an error; then nothing is open. */
enum status world_open(struct world *world, const char *path,
		       struct error *err) MUST_CHECK;
void world_close(struct world *world);

/* Stage a write or a rollback; world_commit gives it its verdict. A group that
 * is full, or that holds the job's Idempotency-Key, is committed first. */
void world_stage(struct world *world, struct job *job);
void world_commit(struct world *world);

/* A change from a body of POST /changes; has to succeed. */
void world_change(struct world *world, const char *environment,
		  const char *body);

/* The environment is made from {}; has to succeed. */
void world_environment(struct world *world, const char *environment);

/* Appends one line for each thing of the snapshot: kind, key, its stored text
 * and, with `stamps`, its revision. */
void world_dump(const struct snapshot *snapshot, bool stamps,
		struct bytes *out);

#endif

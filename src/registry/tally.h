/*
 * What the registry has done. Its thread counts, any thread reads.
 */
#ifndef SRC_REGISTRY_TALLY_H
#define SRC_REGISTRY_TALLY_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "registry/registry.h"

struct tally {
	atomic_uint_least64_t sizes[REGISTRY_BUCKETS];
	atomic_uint_least64_t times[REGISTRY_BUCKETS];
	atomic_uint_least64_t commits, changes, commit_us;
	atomic_uint_least64_t failed, refused, turned_away, reads_refused;
	atomic_int_least64_t head, oldest;
};

/* A transaction of `changes` that took `us`. */
void tally_commit(struct tally *tally, size_t changes, uint64_t us);

void tally_read(const struct tally *tally, struct registry_counts *counts);

#endif

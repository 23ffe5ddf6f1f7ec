/*
 * What the loop's side of usage (usage.c) and the readers' (usage_read.c)
 * share.
 *
 * The loop's thread changes the ledgers under the mutex and reads them without;
 * others read under the mutex. Counters are the exception: the loop writes them
 * at any time, so they are atomic.
 */
#ifndef SRC_FEED_USAGE_PRIVATE_H
#define SRC_FEED_USAGE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "feed/usage.h"
#include "mark.h"
#include "tally.h"

struct ledger {
	struct snapshot *snapshot; /* the newest that was seen; a reference */
	struct tallies tallies;
	atomic_uint_least64_t reasons[REASON_COUNT];
	atomic_int_least64_t handed_out_ms;
	struct marks marks;
};

struct usage {
	int64_t since_ms;
	atomic_uint_least64_t overflow;
	pthread_mutex_t mutex;
	struct map ledgers;
	/* The loop's thread's alone. */
	size_t toggles; /* tallies in all ledgers */
	struct ledger *current;
	bool is_newest; /* the snapshot that is evaluated is the ledger's */
	int64_t now_ms;
};

/* Of an environment, or NULL. */
static inline struct ledger *
usage_find_ledger(const struct usage *usage, struct string environment)
{
	return map_find(&usage->ledgers, environment.data, environment.length);
}

#endif

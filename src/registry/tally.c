#include "tally.h"

const int64_t registry_size_bounds[REGISTRY_BUCKETS] = {
	1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, INT64_MAX,
};

const int64_t registry_time_bounds_us[REGISTRY_BUCKETS] = {
	100,   250,   500,    1000,    2500,    5000,
	10000, 50000, 250000, 1000000, 5000000, INT64_MAX,
};

static size_t
find_bucket(const int64_t bounds[REGISTRY_BUCKETS], uint64_t value)
{
	size_t bucket = 0;

	while (value > (uint64_t)bounds[bucket])
		bucket++;
	return bucket;
}

void
tally_commit(struct tally *tally, size_t changes, uint64_t us)
{
	const size_t size = find_bucket(registry_size_bounds, changes);
	const size_t time = find_bucket(registry_time_bounds_us, us);

	atomic_fetch_add(&tally->sizes[size], 1);
	atomic_fetch_add(&tally->times[time], 1);
	atomic_fetch_add(&tally->commits, 1);
	atomic_fetch_add(&tally->changes, changes);
	atomic_fetch_add(&tally->commit_us, us);
}

void
tally_read(const struct tally *tally, struct registry_counts *counts)
{
	for (size_t i = 0; i < REGISTRY_BUCKETS; i++) {
		counts->sizes[i] = atomic_load(&tally->sizes[i]);
		counts->times[i] = atomic_load(&tally->times[i]);
	}
	counts->commits = atomic_load(&tally->commits);
	counts->changes = atomic_load(&tally->changes);
	counts->commit_us = atomic_load(&tally->commit_us);
	counts->failed = atomic_load(&tally->failed);
	counts->refused = atomic_load(&tally->refused);
	counts->turned_away = atomic_load(&tally->turned_away);
	counts->reads_refused = atomic_load(&tally->reads_refused);
	counts->head = atomic_load(&tally->head);
	counts->oldest = atomic_load(&tally->oldest);
}

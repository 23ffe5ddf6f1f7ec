#include "counters.h"

const int64_t counters_bounds_us[COUNTERS_BUCKETS] = {
	50,    100,   250,    500,     1000,    2500,
	10000, 50000, 250000, 1000000, 5000000, INT64_MAX,
};

void
counters_request(struct counters *counters, size_t route, unsigned status,
		 int64_t us)
{
	size_t class = status / 100 - 1;
	size_t bucket = 0;

	if (class >= COUNTERS_CLASSES)
		return;
	if (route >= COUNTERS_ROUTES)
		route = COUNTERS_ROUTES - 1;
	counters_add(&counters->requests[route][class], 1);
	if (us < 0)
		return;
	while (us > counters_bounds_us[bucket])
		bucket++;
	counters_add(&counters->latency[bucket], 1);
	counters_add(&counters->latency_sum_us, (uint64_t)us);
}

static void
add(uint64_t *to, const atomic_uint_least64_t *from)
{
	*to += atomic_load_explicit(from, memory_order_relaxed);
}

void
counters_gather(const struct counters *counters, struct counters_sum *sum)
{
#define X(name, falls, help) add(&sum->name, &counters->name);
	COUNTERS_TABLE(X)
#undef X
	for (size_t r = 0; r < COUNTERS_ROUTES; r++)
		for (size_t c = 0; c < COUNTERS_CLASSES; c++)
			add(&sum->requests[r][c], &counters->requests[r][c]);
	for (size_t b = 0; b < COUNTERS_BUCKETS; b++)
		add(&sum->latency[b], &counters->latency[b]);
	add(&sum->latency_sum_us, &counters->latency_sum_us);
}

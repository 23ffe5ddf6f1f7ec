#include "counters.h"

/* The most frequent first: they are looked for in this order. */
const unsigned counters_codes[COUNTERS_CODES] = {
	200, 304, 201, 204, 400, 401, 403, 404, 405, 408,
	409, 412, 413, 414, 415, 429, 431, 500, 501, 503,
	505, 507, 100, 206, 406, 417, 422, 428, 0,
};

const int64_t counters_bounds_us[COUNTERS_BUCKETS] = {
	50,    100,   250,    500,     1000,    2500,
	10000, 50000, 250000, 1000000, 5000000, INT64_MAX,
};

static size_t
find_code(unsigned status)
{
	size_t i = 0;

	while (counters_codes[i] != status && counters_codes[i] != 0)
		i++;
	return i;
}

void
counters_request(struct counters *counters, size_t route, unsigned status,
		 int64_t us)
{
	size_t bucket = 0;

	if (route >= COUNTERS_ROUTES)
		route = COUNTERS_ROUTES - 1;
	counters_add(&counters->requests[route][find_code(status)], 1);
	if (us < 0)
		return;
	while (us > counters_bounds_us[bucket])
		bucket++;
	counters_add(&counters->latency[route][bucket], 1);
	counters_add(&counters->latency_sum_us[route], (uint64_t)us);
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
	for (size_t r = 0; r < COUNTERS_ROUTES; r++) {
		for (size_t c = 0; c < COUNTERS_CODES; c++)
			add(&sum->requests[r][c], &counters->requests[r][c]);
		for (size_t b = 0; b < COUNTERS_BUCKETS; b++)
			add(&sum->latency[r][b], &counters->latency[r][b]);
		add(&sum->latency_sum_us[r], &counters->latency_sum_us[r]);
	}
}

/*
 * What a loop has done, for /metrics. Each loop writes its own; any thread may
 * read. Relaxed atomics with one writer: an increment is a load and a store,
 * without a locked instruction.
 *
 * To add one: a row in COUNTERS_TABLE.
 */
#ifndef SRC_HTTP_COUNTERS_H
#define SRC_HTTP_COUNTERS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum {
	COUNTERS_ROUTES = 96, /* a route's number: its place in the router; the
				 last one is "no route" */
	COUNTERS_CODES = 29,  /* see counters_codes */
	COUNTERS_BUCKETS = 12,
};

/* name, whether it falls as well as rises, what it counts */
#define COUNTERS_TABLE(X)                                                      \
	X(connections_open, 1, "connections that are open")                    \
	X(connections_resting, 1,                                              \
	  "connections without a request, outside libmicrohttpd")              \
	X(connections_accepted, 0, "connections accepted")                     \
	X(connections_refused, 0, "connections refused at a limit")            \
	X(connections_reserved, 0, "connections let in beyond the limit")      \
	X(connections_evicted, 0, "connections ended to make room")            \
	X(connections_reaped, 0, "connections closed for being too slow")      \
	X(polls_outside, 1, "clients that wait outside libmicrohttpd")         \
	X(polls_suspended, 1, "clients that wait inside libmicrohttpd")        \
	X(polls_woken, 0, "waiting clients answered because of a change")      \
	X(polls_expired, 0, "waiting clients answered because time passed")    \
	X(polls_hung_up, 0, "clients that left while they waited")             \
	X(streams, 1, "event streams that are open")                           \
	X(bodies_refused, 0, "request bodies that found no room")              \
	X(contexts_refused, 0, "waits whose context found no room")            \
	X(evaluation_steps, 0, "steps that evaluating took")                   \
	X(evaluation_steps_costly, 0, "of them beyond what is free")           \
	X(evaluations_refused, 0, "answers refused for what they would cost")  \
	X(bytes_sent, 0, "bytes of bodies sent")

/* The status codes that are told apart; 0 stands for all others. */
extern const unsigned counters_codes[COUNTERS_CODES];

/* Upper bounds of the latency buckets in microseconds; the last is infinite. */
extern const int64_t counters_bounds_us[COUNTERS_BUCKETS];

struct counters {
#define X(name, falls, help) atomic_uint_least64_t name;
	COUNTERS_TABLE(X)
#undef X
	atomic_uint_least64_t requests[COUNTERS_ROUTES][COUNTERS_CODES];
	atomic_uint_least64_t latency[COUNTERS_ROUTES][COUNTERS_BUCKETS];
	atomic_uint_least64_t latency_sum_us[COUNTERS_ROUTES];
};

/* The same as plain numbers, summed over loops. */
struct counters_sum {
#define X(name, falls, help) uint64_t name;
	COUNTERS_TABLE(X)
#undef X
	uint64_t requests[COUNTERS_ROUTES][COUNTERS_CODES];
	uint64_t latency[COUNTERS_ROUTES][COUNTERS_BUCKETS];
	uint64_t latency_sum_us[COUNTERS_ROUTES];
};

static inline void
counters_add(atomic_uint_least64_t *counter, uint64_t n)
{
	uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, now + n, memory_order_relaxed);
}

static inline void
counters_sub(atomic_uint_least64_t *counter, uint64_t n)
{
	uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, now - n, memory_order_relaxed);
}

/* An answered request; `us` < 0: it waited, its time says nothing. */
void counters_request(struct counters *counters, size_t route, unsigned status,
		      int64_t us);

/* Add a loop's counters to `sum`. */
void counters_gather(const struct counters *counters, struct counters_sum *sum);

#endif

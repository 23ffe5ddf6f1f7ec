#include "metrics.h"

#include <inttypes.h>
#include <string.h>

#include "base/version.h"
#include "exposition.h"
#include "loop.h"
#include "model/name.h"
#include "process.h"

static void
put_loops(struct bytes *out, const struct counters_sum *sum)
{
#define X(name, falls, help)                                                   \
	exposition_count(                                                      \
	    out, (falls) ? "toggled_" #name : "toggled_" #name "_total",       \
	    (falls) ? "gauge" : "counter", help, sum->name);
	COUNTERS_TABLE(X)
#undef X
	exposition_count(out, "toggled_waiters", "gauge",
			 "clients that wait for a change, however",
			 sum->polls_outside + sum->polls_suspended +
			     sum->streams);
}

/* `method="GET",route="/healthz"` */
static void
put_route(struct bytes *out, const struct service *service, size_t number)
{
	const struct route *route = router_route(service->router, number);

	bytes_printf(out, "method=\"%s\",route=\"%s\"",
		     route == NULL ? "" : method_name(route->method),
		     route == NULL ? "none" : route->pattern);
}

static void
put_code(struct bytes *out, const char *name, const char *labels, size_t code,
	 uint64_t count)
{
	if (counters_codes[code] != 0)
		bytes_printf(out, "%s{%s,code=\"%u\"} %" PRIu64 "\n", name,
			     labels, counters_codes[code], count);
	else
		bytes_printf(out, "%s{%s,code=\"other\"} %" PRIu64 "\n", name,
			     labels, count);
}

/* Only what was asked for: most routes never are. */
static void
put_requests(struct bytes *out, const struct service *service,
	     const struct counters_sum *sum)
{
	static const char name[] = "toggled_http_requests_total";

	exposition_head(out, name, "counter", "requests answered");
	for (size_t r = 0; r < COUNTERS_ROUTES; r++) {
		struct bytes labels;

		bytes_init(&labels);
		put_route(&labels, service, r);
		for (size_t c = 0; c < COUNTERS_CODES; c++)
			if (sum->requests[r][c] > 0)
				put_code(out, name, labels.data, c,
					 sum->requests[r][c]);
		bytes_fini(&labels);
	}
}

static void
put_latency(struct bytes *out, const struct service *service,
	    const struct counters_sum *sum)
{
	static const char name[] = "toggled_http_request_duration_seconds";

	exposition_head(
	    out, name, "histogram",
	    "time to answer, of requests that did not wait for a change");
	for (size_t r = 0; r < COUNTERS_ROUTES; r++) {
		const struct histogram histogram = {
			.bounds = counters_bounds_us,
			.buckets = sum->latency[r],
			.count = COUNTERS_BUCKETS,
			.sum = sum->latency_sum_us[r],
			.unit = 1e-6,
		};
		struct bytes labels;

		if (histogram_total(&histogram) == 0)
			continue;
		bytes_init(&labels);
		put_route(&labels, service, r);
		exposition_histogram(out, name, labels.data, &histogram);
		bytes_fini(&labels);
	}
}

static void
put_commits(struct bytes *out, const struct registry_counts *counts)
{
	static const char sizes[] = "toggled_commit_changes";
	static const char times[] = "toggled_commit_duration_seconds";
	const struct histogram by_size = {
		.bounds = registry_size_bounds,
		.buckets = counts->sizes,
		.count = REGISTRY_BUCKETS,
		.sum = counts->changes,
		.unit = 1,
	};
	const struct histogram by_time = {
		.bounds = registry_time_bounds_us,
		.buckets = counts->times,
		.count = REGISTRY_BUCKETS,
		.sum = counts->commit_us,
		.unit = 1e-6,
	};

	exposition_head(out, sizes, "histogram",
			"changes that share a transaction");
	exposition_histogram(out, sizes, "", &by_size);
	exposition_head(out, times, "histogram",
			"time of a transaction, synced and published");
	exposition_histogram(out, times, "", &by_time);
	exposition_count(out, "toggled_commits_failed_total", "counter",
			 "transactions that the disk or the database refused",
			 counts->failed);
}

static void
put_limits(struct bytes *out, const struct service *service)
{
	const struct limits *limits = service->limits;

	exposition_count(out, "toggled_connections_max", "gauge",
			 "connections that may be open",
			 limits_connections_max(limits));
	exposition_count(out, "toggled_large_body_bytes", "gauge",
			 "bytes of large request bodies in memory",
			 limits_body_bytes(limits));
	exposition_count(out, "toggled_large_body_max_bytes", "gauge",
			 "how many there may be", limits_body_bytes_max());
	exposition_count(out, "toggled_context_bytes", "gauge",
			 "bytes of contexts that clients wait with",
			 contexts_bytes(service->contexts));
	exposition_count(out, "toggled_context_max_bytes", "gauge",
			 "how many there may be", CONTEXTS_ALL);
}

static void
put_past_reads(struct bytes *out, const struct registry_counts *counts)
{
	exposition_count(out, "toggled_past_reads", "gauge",
			 "reads of the past that wait or are worked on",
			 counts->reads);
	exposition_count(out, "toggled_past_reads_max", "gauge",
			 "how many may wait", counts->read_limit);
	exposition_count(out, "toggled_past_reads_refused_total", "counter",
			 "reads of the past that found no place",
			 counts->reads_refused);
	exposition_count(out, "toggled_past_reads_shared_total", "counter",
			 "reads of the past that another's result answered",
			 counts->reads_shared);
	exposition_count(out, "toggled_past_reads_dropped_total", "counter",
			 "reads of the past that nobody waited for any more",
			 counts->reads_dropped);
}

static void
put_registry(struct bytes *out, const struct registry_counts *counts)
{
	put_commits(out, counts);
	exposition_count(
	    out, "toggled_history_oldest_revision", "gauge",
	    "oldest revision that history, at= and rollback can reach",
	    (uint64_t)counts->oldest);
	exposition_real(out, "toggled_clock_behind_seconds", "gauge",
			"by how much the wall clock is behind the newest "
			"change, where it is more than 5 s",
			(double)counts->clock_behind_ms / 1000);
	exposition_count(out, "toggled_clock_steps_total", "counter",
			 "times that it came to be behind",
			 counts->clock_steps);
	exposition_count(out, "toggled_store_writable", "gauge",
			 "0: the last write failed, and so would the next",
			 counts->cannot_write ? 0 : 1);
	exposition_count(out, "toggled_writes_refused_total", "counter",
			 "jobs of the registry that failed", counts->refused);
	exposition_count(out, "toggled_mailbox_jobs", "gauge",
			 "jobs that wait for the registry", counts->queued);
	exposition_count(out, "toggled_mailbox_jobs_max", "gauge",
			 "how many may wait", counts->queue_limit);
	exposition_count(out, "toggled_mailbox_refused_total", "counter",
			 "jobs that found the mailbox full",
			 counts->turned_away);
	put_past_reads(out, counts);
}

static void
put_catalog(struct bytes *out, const struct service *service,
	    const struct catalog *catalog)
{
	const struct snapshot *snapshot;
	const int64_t now_ms = clock_wall_ms(&service->clock);
	int64_t newest = 0;
	int64_t newest_ms = 0;
	struct tree_walk walk;
	uint64_t environments = 0;
	uint64_t toggles = 0;

	tree_walk_from(&walk, catalog->snapshots, &catalog_by_environment,
		       NULL);
	while ((snapshot = tree_walk_next(&walk)) != NULL) {
		/* The revision is the order, times may fall. */
		if (snapshot->revision > newest) {
			newest = snapshot->revision;
			newest_ms = snapshot->at_ms;
		}
		if (name_is_reserved(snapshot->environment.data,
				     snapshot->environment.length))
			continue;
		environments++;
		toggles += tree_count(snapshot->toggles);
	}
	exposition_count(out, "toggled_revision", "gauge",
			 "revision that is served: that of the newest change",
			 (uint64_t)catalog->head);
	exposition_real(out, "toggled_snapshot_timestamp_seconds", "gauge",
			"time of the newest change", (double)newest_ms / 1000);
	exposition_real(
	    out, "toggled_snapshot_age_seconds", "gauge",
	    "time since the newest change",
	    now_ms < newest_ms ? 0 : (double)(now_ms - newest_ms) / 1000);
	exposition_count(out, "toggled_environments", "gauge", "environments",
			 environments);
	exposition_count(out, "toggled_toggles", "gauge",
			 "toggles in all environments", toggles);
}

static void
put_process(struct bytes *out, const struct service *service,
	    uint64_t connections)
{
	/* Tables of the loops' own are not in the main thread's. */
	const bool tables = service->descriptor_tables;
	struct process process;

	process_look(&process, connections);
	if (tables) {
		process.descriptors += connections;
		process.descriptors_max *= service->loop_count;
	}
	exposition_real(out, "process_start_time_seconds", "gauge",
			"when the process started",
			(double)service->started_ms / 1000);
	exposition_real(out, "process_cpu_seconds_total", "counter",
			"processor time used", process.cpu_seconds);
	exposition_count(out, "process_resident_memory_bytes", "gauge",
			 "memory in use", process.resident_bytes);
	exposition_count(out, "process_virtual_memory_bytes", "gauge",
			 "address space in use", process.virtual_bytes);
	exposition_count(out, "process_open_fds", "gauge",
			 "open file descriptors", process.descriptors);
	exposition_count(out, "process_max_fds", "gauge",
			 "file descriptors that may be open",
			 process.descriptors_max);
}

void
metrics_encode(const struct service *service, const struct catalog *catalog,
	       struct bytes *out)
{
	const struct registry_counts counts =
	    registry_counts(service->registry);
	struct counters_sum sum;

	memset(&sum, 0, sizeof(sum));
	for (unsigned i = 0; i < service->loop_count; i++)
		counters_gather(&service->loops[i]->counters, &sum);
	exposition_head(out, "toggled_build_info", "gauge", "what runs");
	bytes_append_str(out, "toggled_build_info{version=\"" TOGGLED_VERSION
			      "\"} 1\n");
	put_limits(out, service);
	put_loops(out, &sum);
	put_requests(out, service, &sum);
	put_latency(out, service, &sum);
	put_registry(out, &counts);
	put_catalog(out, service, catalog);
	exposition_count(out, "toggled_log_lines_lost_total", "counter",
			 "lines of the log that nobody read in time, or that "
			 "could not be written",
			 log_lost(service->log));
	put_process(out, service, sum.connections_open);
}

#include "metrics.h"
#include "base/version.h"

#include <inttypes.h>
#include <string.h>

#include "loop.h"

enum { US_PER_SECOND = 1000000 };

static void
head(struct bytes *out, const char *name, const char *type, const char *help)
{
	bytes_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name,
		     type);
}

static void
put_number(struct bytes *out, const char *name, const char *type,
	   const char *help, uint64_t value)
{
	head(out, name, type, help);
	bytes_printf(out, "%s %" PRIu64 "\n", name, value);
}

static void
put_seconds(struct bytes *out, const char *name, const char *type,
	    const char *help, uint64_t us)
{
	head(out, name, type, help);
	bytes_printf(out, "%s %" PRIu64 ".%06" PRIu64 "\n", name,
		     us / US_PER_SECOND, us % US_PER_SECOND);
}

static void
put_loops(struct bytes *out, const struct counters_sum *sum)
{
#define X(name, falls, help)                                                   \
	put_number(out,                                                        \
		   (falls) ? "toggled_" #name : "toggled_" #name "_total",     \
		   (falls) ? "gauge" : "counter", help, sum->name);
	COUNTERS_TABLE(X)
#undef X
}

static void
put_requests(struct bytes *out, const struct service *service,
	     const struct counters_sum *sum)
{
	static const char name[] = "toggled_http_requests_total";

	head(out, name, "counter", "answered requests");
	for (size_t i = 0; i < COUNTERS_ROUTES; i++) {
		const struct route *route = router_route(service->router, i);

		for (size_t c = 0; c < COUNTERS_CLASSES; c++) {
			if (sum->requests[i][c] == 0)
				continue;
			bytes_printf(out,
				     "%s{method=\"%s\",route=\"%s\","
				     "code=\"%zuxx\"} %" PRIu64 "\n",
				     name,
				     route == NULL ? ""
						   : method_name(route->method),
				     route == NULL ? "none" : route->pattern,
				     c + 1, sum->requests[i][c]);
		}
	}
}

static void
put_latency(struct bytes *out, const struct counters_sum *sum)
{
	static const char name[] = "toggled_http_request_seconds";
	uint64_t total = 0;

	head(out, name, "histogram",
	     "time to answer, of requests that did not wait in the feed");
	for (size_t i = 0; i < COUNTERS_BUCKETS; i++) {
		total += sum->latency[i];
		if (i + 1 < COUNTERS_BUCKETS)
			bytes_printf(
			    out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name,
			    (double)counters_bounds_us[i] / US_PER_SECOND,
			    total);
		else
			bytes_printf(out,
				     "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n",
				     name, total);
	}
	bytes_printf(out, "%s_sum %.6f\n%s_count %" PRIu64 "\n", name,
		     (double)sum->latency_sum_us / US_PER_SECOND, name, total);
}

static void
put_registry(struct bytes *out, const struct registry_counts *counts)
{
	put_number(out, "toggled_revision", "gauge",
		   "revision of the newest change", (uint64_t)counts->head);
	head(out, "toggled_commit_changes", "summary",
	     "changes in a transaction");
	bytes_printf(out,
		     "toggled_commit_changes_sum %" PRIu64
		     "\ntoggled_commit_changes_count %" PRIu64 "\n",
		     counts->changes, counts->commits);
	put_seconds(out, "toggled_commit_seconds_total", "counter",
		    "time spent in transactions", counts->commit_us);
	put_seconds(out, "toggled_commit_slowest_seconds", "gauge",
		    "the longest transaction since the start",
		    counts->slowest_us);
	put_number(out, "toggled_writes_refused_total", "counter",
		   "jobs of the registry that failed", counts->refused);
	put_number(out, "toggled_mailbox_jobs", "gauge",
		   "jobs that wait for the registry", counts->queued);
}

static void
put_catalog(struct bytes *out, const struct catalog *catalog)
{
	const struct snapshot *snapshot;
	struct tree_walk walk;
	uint64_t toggles = 0;

	tree_walk_from(&walk, catalog->snapshots, &catalog_by_environment,
		       NULL);
	while ((snapshot = tree_walk_next(&walk)) != NULL)
		toggles += tree_count(snapshot->toggles);
	put_number(out, "toggled_environments", "gauge", "environments",
		   tree_count(catalog->snapshots));
	put_number(out, "toggled_toggles", "gauge",
		   "toggles in all environments", toggles);
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
	head(out, "toggled_build_info", "gauge", "what runs");
	bytes_append_str(out, "toggled_build_info{version=\"" TOGGLED_VERSION
			      "\"} 1\n");
	put_loops(out, &sum);
	put_requests(out, service, &sum);
	put_latency(out, &sum);
	put_registry(out, &counts);
	put_catalog(out, catalog);
}

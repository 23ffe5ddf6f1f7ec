/*
 * Durable changes a second: N connections, each flipping a toggle of its own as
 * fast as it is answered, while one reader sends a paced GET each millisecond.
 * The reader first runs alone, so its p99 with and without writes stand side by
 * side. The group (changes in a commit) comes from the server's /metrics.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "bench/load.h"
#include "bench/proc.h"

enum { CONNECTIONS_MAX = 4096 };

static const char *const bodies[2] = {
	"{\"state\":\"ENABLED\"}",
	"{\"state\":\"DISABLED\"}",
};

struct writer {
	struct net_text *flips; /* two for each connection */
};

struct reader {
	uint16_t port;
	const char *path;
	atomic_bool stop;
	struct samples us;
};

static const struct net_text *
next_flip(size_t index, uint64_t turn, void *ctx)
{
	const struct writer *w = ctx;

	return &w->flips[index * 2 + (turn + 1) % 2];
}

/* Toggles write-0 .. write-(count - 1), all ENABLED, and their requests. */
static void
writer_prepare(struct writer *w, uint16_t port, const char *prefix,
	       size_t count)
{
	w->flips = mem_zalloc(count * 2, sizeof(*w->flips));
	for (size_t i = 0; i < count * 2; i++) {
		char path[512];

		snprintf(path, sizeof(path), "%s/toggles/write-%zu", prefix,
			 i / 2);
		if (i % 2 == 0)
			free(net_call(port, "PUT", path, "{}").data);
		w->flips[i] = net_request("PATCH", path, bodies[i % 2]);
	}
}

static void *
reader_run(void *ctx)
{
	struct reader *r = ctx;
	struct net_text request = net_request("GET", r->path, NULL);
	int fd = net_connect(r->port);

	while (!atomic_load(&r->stop)) {
		struct net_text reply;
		uint64_t start = measure_now_ns();

		net_exchange(fd, &request, &reply);
		samples_add(&r->us, (double)(measure_now_ns() - start) / 1e3);
		free(reply.data);
		measure_pause(1);
	}
	close(fd);
	free(request.data);
	return NULL;
}

/* p99 of paced reads, and `load` meanwhile; without a load for `ms`. */
static double
reads_during(struct reader *r, struct load *load, uint64_t ms)
{
	pthread_t thread;
	double p99;

	atomic_store(&r->stop, false);
	if (pthread_create(&thread, NULL, reader_run, r) != 0)
		measure_die("no thread");
	if (load != NULL)
		load_run(load);
	else
		measure_pause((int)ms);
	atomic_store(&r->stop, true);
	pthread_join(thread, NULL);
	p99 = samples_quantile(&r->us, 0.99);
	samples_fini(&r->us);
	return p99;
}

/* Sum and count of the histogram of changes in a commit; zero where the server
 * has no such thing. */
struct groups {
	double changes;
	double commits;
};

static double
metric(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	while (at != NULL && at > text && at[-1] != '\n')
		at = strstr(at + 1, name);
	if (at == NULL)
		return 0;
	at += strcspn(at, " \n");
	return strtod(at, NULL);
}

static struct groups
groups_read(uint16_t port)
{
	struct net_text text = net_call(port, "GET", "/metrics", NULL);
	struct groups groups = {
		.changes = metric(text.data, "toggled_commit_changes_sum"),
		.commits = metric(text.data, "toggled_commit_changes_count"),
	};

	free(text.data);
	return groups;
}

static double
average_group(struct groups before, struct groups after)
{
	double commits = after.commits - before.commits;

	return commits > 0 ? (after.changes - before.changes) / commits : 0;
}

static void
report(const char *label, struct load *load, double group,
       const double reads[2])
{
	double a_second = (double)load->answered / load->seconds;
	double p99 = samples_quantile(&load->us, 0.99);

	printf("writes label=%s connections=%zu a_second=%.0f p50_us=%.0f "
	       "p99_us=%.0f group=%.2f reads_alone_p99_us=%.0f "
	       "reads_p99_us=%.0f failed=%llu changes=%llu\n",
	       label, load->connections, a_second,
	       samples_quantile(&load->us, 0.5), p99, group, reads[0], reads[1],
	       (unsigned long long)load->failed,
	       (unsigned long long)load->answered);
	printf("# %s: %.0f durable changes a second over %zu connections, %.1f "
	       "in a commit, p99 %.2f ms; p99 of reads %.2f ms, without "
	       "writes %.2f ms\n",
	       label, a_second, load->connections, group, p99 / 1e3,
	       reads[1] / 1e3, reads[0] / 1e3);
}

int
main(int argc, char **argv)
{
	const char *label = "toggled";
	const char *prefix = "/v1/envs/default";
	char path[512];
	uint64_t port = 0;
	uint64_t connections = 64;
	uint64_t ms = 4000;
	struct writer writer;
	struct reader reader = { .path = path };
	struct load load = { .next = next_flip, .ctx = &writer };
	struct groups before;
	double group;
	double reads[2];
	const struct option_row rows[] = {
		{ "label", OPTION_TEXT, &label, "name in the output" },
		{ "port", OPTION_NUMBER, &port, "of the server" },
		{ "prefix", OPTION_TEXT, &prefix, "/v1/envs/default" },
		{ "connections", OPTION_NUMBER, &connections, "64" },
		{ "ms", OPTION_NUMBER, &ms, "of writes (4000)" },
		{ NULL, OPTION_FLAG, NULL, NULL },
	};

	options_read(rows, argc, argv);
	if (connections < 1 || connections > CONNECTIONS_MAX)
		measure_die("1 to %d connections", CONNECTIONS_MAX);
	snprintf(path, sizeof(path), "%s/toggles/write-0", prefix);
	reader.port = (uint16_t)port;
	load.port = (uint16_t)port;
	load.connections = connections;
	load.ms = ms;
	writer_prepare(&writer, load.port, prefix, connections);
	reads[0] = reads_during(&reader, NULL, ms / 2);
	before = groups_read(load.port);
	reads[1] = reads_during(&reader, &load, ms);
	group = average_group(before, groups_read(load.port));
	report(label, &load, group, reads);
	samples_fini(&load.us);
	for (size_t i = 0; i < connections * 2; i++)
		free(writer.flips[i].data);
	free(writer.flips);
	return EXIT_SUCCESS;
}

/*
 * Filling and flipping: --fill N creates toggles fill-0 .. fill-(N-1) through
 * POST .../changes in bodies under the size limit; --flips N flips one of them
 * N times, one after the other, and says what a flip costs: its latency (the
 * disk's share included) and the server's processor time (without it).
 */
#include "bench/net.h"
#include "bench/proc.h"

#include "base/bytes.h"

enum {
	BODY_BYTES = 900000,
	TOGGLE_BYTES = 512, /* at most, with its key */
};

static void
post_changes(uint16_t port, const char *prefix, struct bytes *body)
{
	char path[512];

	bytes_append_str(body, "}}");
	snprintf(path, sizeof(path), "%s/changes", prefix);
	free(net_call(port, "POST", path, body->data).data);
	bytes_clear(body);
}

/* Toggles as they are in the field: on for some plans, else a percentage. */
static void
fill(uint16_t port, const char *prefix, uint64_t count)
{
	struct bytes body;

	bytes_init(&body);
	for (uint64_t i = 0; i < count; i++) {
		bytes_append_str(&body,
				 body.length == 0 ? "{\"toggles\":{" : ",");
		bytes_printf(
		    &body,
		    "\"fill-%llu\":{\"state\":\"ENABLED\",\"variants\":{\"on\":"
		    "true,\"off\":false},\"defaultVariant\":\"off\","
		    "\"targeting\":{\"if\":[{\"in\":[{\"var\":\"plan\"},"
		    "[\"gold\",\"plan-%llu\"]]},\"on\",null]},"
		    "\"description\":\"toggle number %llu\"}",
		    (unsigned long long)i, (unsigned long long)(i % 97),
		    (unsigned long long)i);
		if (body.length + TOGGLE_BYTES > BODY_BYTES)
			post_changes(port, prefix, &body);
	}
	if (body.length > 0)
		post_changes(port, prefix, &body);
	bytes_fini(&body);
}

static void
flip(const char *label, uint16_t port, const char *prefix, uint64_t count,
     const struct proc_group *server)
{
	struct samples us = { 0 };
	struct net_text requests[2];
	char path[512];
	int fd = net_connect(port);
	uint64_t cpu;

	snprintf(path, sizeof(path), "%s/toggles/fill-0", prefix);
	requests[0] = net_request("PATCH", path, "{\"state\":\"DISABLED\"}");
	requests[1] = net_request("PATCH", path, "{\"state\":\"ENABLED\"}");
	cpu = proc_cpu_ns(server);
	for (uint64_t i = 0; i < count; i++) {
		struct net_text reply;
		uint64_t start = measure_now_ns();
		struct net_answer answer =
		    net_exchange(fd, &requests[i % 2], &reply);

		if (answer.status != 200)
			measure_die("flip: %s", reply.data);
		samples_add(&us, (double)(measure_now_ns() - start) / 1e3);
		free(reply.data);
	}
	cpu = proc_cpu_ns(server) - cpu;
	printf("flip label=%s flips=%llu p50_us=%.0f p99_us=%.0f cpu_us=%.1f "
	       "rss=%llu\n",
	       label, (unsigned long long)count, samples_quantile(&us, 0.5),
	       samples_quantile(&us, 0.99), (double)cpu / 1e3 / (double)count,
	       (unsigned long long)proc_memory(server, "Rss"));
	samples_fini(&us);
	close(fd);
	free(requests[0].data);
	free(requests[1].data);
}

int
main(int argc, char **argv)
{
	const char *label = "toggled";
	const char *prefix = "/v1/envs/default";
	const char *pids = NULL;
	uint64_t port = 0;
	uint64_t toggles = 0;
	uint64_t flips = 0;
	struct proc_group server;
	const struct option_row rows[] = {
		{ "label", OPTION_TEXT, &label, "name in the output" },
		{ "port", OPTION_NUMBER, &port, "of the server" },
		{ "prefix", OPTION_TEXT, &prefix, "/v1/envs/default" },
		{ "fill", OPTION_NUMBER, &toggles, "toggles to create" },
		{ "flips", OPTION_NUMBER, &flips, "flips to measure" },
		{ "pids", OPTION_TEXT, &pids, "the server's" },
		{ NULL, OPTION_FLAG, NULL, NULL },
	};

	options_read(rows, argc, argv);
	server = proc_group_parse(pids);
	fill((uint16_t)port, prefix, toggles);
	if (flips > 0)
		flip(label, (uint16_t)port, prefix, flips, &server);
	return EXIT_SUCCESS;
}

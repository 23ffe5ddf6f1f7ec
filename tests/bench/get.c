/*
 * Requests a second over keep-alive connections, one and the same request each
 * time: GET, or POST with a body.
 */
#include <pthread.h>

#include "bench/load.h"
#include "bench/proc.h"

enum { THREADS_MAX = 16 };

static const struct net_text *
same_request(size_t index, uint64_t turn, void *ctx)
{
	(void)index;
	(void)turn;
	return ctx;
}

static void *
thread_run(void *ctx)
{
	load_run(ctx);
	return NULL;
}

static void
run_all(struct load *loads, size_t count)
{
	pthread_t threads[THREADS_MAX];

	for (size_t i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, thread_run, &loads[i]) !=
		    0)
			measure_die("no thread");
	for (size_t i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

struct sums {
	struct samples us;
	uint64_t answered;
	uint64_t failed;
	double a_second;
};

static struct sums
add_up(struct load *loads, size_t count)
{
	struct sums sums = { .answered = 0 };

	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < loads[i].us.count; j++)
			samples_add(&sums.us, loads[i].us.at[j]);
		sums.answered += loads[i].answered;
		sums.failed += loads[i].failed;
		sums.a_second += (double)loads[i].answered / loads[i].seconds;
		samples_fini(&loads[i].us);
	}
	return sums;
}

static void
save_answer(const char *path, struct net_text reply)
{
	FILE *file = fopen(path, "w");

	if (file == NULL)
		measure_die("%s: %s", path, strerror(errno));
	fwrite(reply.data, 1, reply.length, file);
	fclose(file);
	free(reply.data);
}

static void
report(const char *label, struct sums *sums, uint64_t cpu_ns)
{
	double us = (double)cpu_ns / 1e3 / (double)sums->answered;
	double p99 = samples_quantile(&sums->us, 0.99);

	printf("get label=%s a_second=%.0f p50_us=%.1f p99_us=%.1f cpu_us=%.2f "
	       "failed=%llu\n",
	       label, sums->a_second, samples_quantile(&sums->us, 0.5), p99, us,
	       (unsigned long long)sums->failed);
	printf("# %s: %.0f requests a second, p99 %.2f ms, server %.1f us "
	       "each\n",
	       label, sums->a_second, p99 / 1e3, us);
}

int
main(int argc, char **argv)
{
	const char *label = "server";
	const char *method = "GET";
	const char *path = "/";
	const char *body = NULL;
	const char *save = NULL;
	const char *pids = NULL;
	uint64_t port = 0;
	uint64_t connections = 64;
	uint64_t thread_count = 1;
	uint64_t ms = 2000;
	struct load loads[THREADS_MAX];
	struct proc_group server;
	struct net_text request;
	struct sums sums;
	uint64_t cpu;
	const struct option_row rows[] = {
		{ "label", OPTION_TEXT, &label, "name in the output" },
		{ "port", OPTION_NUMBER, &port, "of the server" },
		{ "method", OPTION_TEXT, &method, "GET" },
		{ "path", OPTION_TEXT, &path, "/" },
		{ "body", OPTION_TEXT, &body, "none" },
		{ "connections", OPTION_NUMBER, &connections, "a thread (64)" },
		{ "threads", OPTION_NUMBER, &thread_count, "1" },
		{ "ms", OPTION_NUMBER, &ms, "how long (2000)" },
		{ "pids", OPTION_TEXT, &pids, "the server's, with commas" },
		{ "save", OPTION_TEXT, &save,
		  "only write one answer to this file" },
		{ NULL, OPTION_FLAG, NULL, NULL },
	};

	options_read(rows, argc, argv);
	if (thread_count < 1 || thread_count > THREADS_MAX)
		measure_die("1 to %d threads", THREADS_MAX);
	if (save != NULL) {
		save_answer(save, net_call((uint16_t)port, method, path, body));
		return EXIT_SUCCESS;
	}
	server = proc_group_parse(pids);
	request = net_request(method, path, body);
	for (size_t i = 0; i < thread_count; i++)
		loads[i] = (struct load){
			.port = (uint16_t)port,
			.connections = connections,
			.ms = ms,
			.next = same_request,
			.ctx = &request,
		};
	cpu = proc_cpu_ns(&server);
	run_all(loads, thread_count);
	sums = add_up(loads, thread_count);
	report(label, &sums, proc_cpu_ns(&server) - cpu);
	samples_fini(&sums.us);
	free(request.data);
	return EXIT_SUCCESS;
}

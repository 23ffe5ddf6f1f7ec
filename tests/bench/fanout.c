/*
 * One change to many waiting clients: parks N long polls, publishes once, and
 * notes when each client has its last byte; then all poll again with the cursor
 * the answer gave them, for as many rounds as wanted.
 *
 *   main thread:  connect -> settle -> [publish -> all answered -> poll again
 *                 -> settle] x rounds -> close -> settle
 *   loaders:      watch, read, note the time (pollers.h)
 *
 * The load must not be the bottleneck: a client is a record without a buffer,
 * an answer is one recv, and with --lazy a loader lets a millisecond pass
 * between two looks at its sockets, so that wake-ups do not compete with the
 * server for the processors. Nobody polls again before all were answered.
 */
#include "bench/pollers.h"
#include "bench/proc.h"

enum {
	ROUND_SECONDS = 60,
	LAZY_CLIENTS = 10000,
};

struct fanout {
	const char *label;
	const char *path;
	const char *publish_method;
	const char *publish_path;
	const char *publish_body[2];
	const char *save;
	uint64_t rounds;
	uint64_t idle_ms;
	struct proc_group server;
	struct pollers pollers;
};

enum figure {
	LAST_MS,
	P99_MS,
	P50_MS,
	FIRST_MS,
	WAKE_US,
	REPOLL_US,
	FIGURES,
};

static const char *const figure_names[FIGURES] = {
	"last_ms", "p99_ms", "p50_ms", "first_ms", "wake_us", "repoll_us",
};

struct memory {
	uint64_t rss;
	uint64_t pss;
	uint64_t kernel;
};

static struct memory
memory_now(const struct fanout *f)
{
	return (struct memory){
		.rss = proc_memory(&f->server, "Rss"),
		.pss = proc_memory(&f->server, "Pss"),
		.kernel = proc_slab_bytes() + proc_socket_bytes(),
	};
}

/* Every client polls; returns when the server has all of it. */
static void
fanout_poll_all(struct fanout *f)
{
	pollers_turn(&f->pollers);
	proc_settle(&f->server);
}

static void
fanout_await(struct fanout *f)
{
	struct pollers *p = &f->pollers;
	uint64_t limit = measure_now_ns() + ROUND_SECONDS * 1000000000ull;

	while (pollers_answered(p) + pollers_lost(p) < p->clients) {
		if (measure_now_ns() > limit)
			measure_die("%s: %zu of %zu clients were answered "
				    "within %d s",
				    f->label, pollers_answered(p), p->clients,
				    ROUND_SECONDS);
		measure_pause(2);
	}
}

static void
collect(const struct pollers *p, uint64_t start, double *figures)
{
	struct samples ms = { 0 };

	for (size_t i = 0; i < p->loader_count; i++) {
		const struct loader *l = &p->loaders[i];

		for (size_t j = 0; j < l->count; j++)
			if (l->done_ns[j] >= start)
				samples_add(
				    &ms, (double)(l->done_ns[j] - start) / 1e6);
	}
	figures[LAST_MS] = samples_quantile(&ms, 1);
	figures[P99_MS] = samples_quantile(&ms, 0.99);
	figures[P50_MS] = samples_quantile(&ms, 0.5);
	figures[FIRST_MS] = samples_quantile(&ms, 0);
	samples_fini(&ms);
}

static double
cpu_us(const struct fanout *f, uint64_t since)
{
	return (double)(proc_cpu_ns(&f->server) - since) / 1e3 /
	       (double)f->pollers.clients;
}

static void
fanout_round(struct fanout *f, unsigned round, double *figures)
{
	struct net_text request = net_request(
	    f->publish_method, f->publish_path, f->publish_body[round % 2]);
	int fd = net_connect(f->pollers.port);
	struct net_text reply;
	struct net_answer answer;
	uint64_t cpu;
	uint64_t start;

	measure_pause(20);
	cpu = proc_cpu_ns(&f->server);
	start = measure_now_ns();
	net_send_all(fd, request.data, request.length);
	fanout_await(f);
	answer = net_receive(fd, &reply);
	figures[WAKE_US] = cpu_us(f, cpu);
	if (answer.status / 100 != 2)
		measure_die("publish: %s", reply.data);
	collect(&f->pollers, start, figures);
	cpu = proc_cpu_ns(&f->server);
	fanout_poll_all(f);
	figures[REPOLL_US] = cpu_us(f, cpu);
	close(fd);
	free(request.data);
	free(reply.data);
}

/* Write the answer a waiting client gets to a file, as it came: the floor then
 * writes the very same bytes. */
static void
fanout_save(struct fanout *f)
{
	struct loader one = { .pollers = &f->pollers };
	struct client c = { .cursor = f->pollers.first_cursor };
	struct net_text reply;
	FILE *file = fopen(f->save, "w");

	if (file == NULL)
		measure_die("%s: %s", f->save, strerror(errno));
	c.fd = net_connect(f->pollers.port);
	client_poll(&one, &c);
	proc_settle(&f->server);
	free(net_call(f->pollers.port, f->publish_method, f->publish_path,
		      f->publish_body[1])
		 .data);
	net_receive(c.fd, &reply);
	fwrite(reply.data, 1, reply.length, file);
	fclose(file);
	close(c.fd);
	free(reply.data);
}

/* The poll's path holds "%R" where the cursor goes; then the present revision
 * is asked for first, so that the clients wait and do not catch up. Where
 * changes alternate, the even one is the state before the first round. */
static void
fanout_prepare(struct fanout *f)
{
	struct net_text poll = net_request("GET", f->path, NULL);
	char *at = strstr(poll.data, "%R");
	char zero[1024];
	char *mark;
	struct net_text reply;

	f->pollers.request[0] = poll.data;
	if (f->publish_body[1] != f->publish_body[0])
		free(net_call(f->pollers.port, f->publish_method,
			      f->publish_path, f->publish_body[0])
			 .data);
	if (at == NULL)
		return;
	f->pollers.has_cursor = true;
	*at = '\0';
	f->pollers.request[1] = at + 2;
	snprintf(zero, sizeof(zero), "%s", f->path);
	mark = strstr(zero, "%R");
	mark[0] = '0';
	memmove(mark + 1, mark + 2, strlen(mark + 2) + 1);
	reply = net_call(f->pollers.port, "GET", zero, NULL);
	f->pollers.first_cursor =
	    net_json_number(reply.data, reply.length, "\"revision\"");
	free(reply.data);
}

static void
print_figures(const struct fanout *f, const char *what, unsigned round,
	      const double *figures)
{
	printf("%s label=%s clients=%zu turn=%u", what, f->label,
	       f->pollers.clients, round);
	for (size_t i = 0; i < FIGURES; i++)
		printf(" %s=%.3f", figure_names[i], figures[i]);
}

static double
per_client(const struct fanout *f, uint64_t after, uint64_t before)
{
	return after > before
		   ? (double)(after - before) / (double)f->pollers.clients
		   : 0;
}

/* Slabs hold both ends of a connection, so the kernel's share is halved. */
static void
print_summary(struct fanout *f, const struct memory m[3], double idle,
	      const double *median)
{
	print_figures(f, "fanout", (unsigned)f->rounds, median);
	printf(" rss=%llu rss_client=%.0f pss_client=%.0f later_client=%.0f "
	       "kernel_client=%.0f idle_percent=%.3f answer_bytes=%zu lost=%zu "
	       "failed=%zu\n",
	       (unsigned long long)m[2].rss, per_client(f, m[1].rss, m[0].rss),
	       per_client(f, m[1].pss, m[0].pss),
	       per_client(f, m[2].pss, m[0].pss),
	       per_client(f, m[1].kernel, m[0].kernel) / 2, idle,
	       atomic_load(&f->pollers.loaders[0].answer_bytes),
	       pollers_lost(&f->pollers), pollers_failed(&f->pollers));
	printf("# %s: %zu clients: last byte to the last one after %.1f ms "
	       "(p50 %.1f, p99 %.1f; median of %llu); server %.1f us a wake, "
	       "%.1f us a poll, %.0f bytes a waiting client (%.0f later), "
	       "idle %.2f %% CPU\n",
	       f->label, f->pollers.clients, median[LAST_MS], median[P50_MS],
	       median[P99_MS], (unsigned long long)f->rounds, median[WAKE_US],
	       median[REPOLL_US], per_client(f, m[1].pss, m[0].pss),
	       per_client(f, m[2].pss, m[0].pss), idle);
}

static double
idle_percent(const struct fanout *f)
{
	uint64_t cpu = proc_cpu_ns(&f->server);

	if (f->idle_ms == 0)
		return 0;
	measure_pause((int)f->idle_ms);
	return (double)(proc_cpu_ns(&f->server) - cpu) / 1e4 /
	       (double)f->idle_ms;
}

static void
fanout_run(struct fanout *f)
{
	struct samples all[FIGURES] = { { 0 } };
	struct memory m[3] = { memory_now(f) };
	double figures[FIGURES];
	double idle;

	pollers_start(&f->pollers);
	fanout_poll_all(f);
	m[1] = memory_now(f);
	idle = idle_percent(f);
	for (unsigned round = 1; round <= f->rounds; round++) {
		fanout_round(f, round, figures);
		print_figures(f, "round", round, figures);
		putchar('\n');
		for (size_t i = 0; i < FIGURES; i++)
			samples_add(&all[i], figures[i]);
	}
	m[2] = memory_now(f);
	for (size_t i = 0; i < FIGURES; i++) {
		figures[i] = samples_quantile(&all[i], 0.5);
		samples_fini(&all[i]);
	}
	print_summary(f, m, idle, figures);
	pollers_stop(&f->pollers);
	proc_settle(&f->server);
}

int
main(int argc, char **argv)
{
	struct fanout *f = mem_zalloc(1, sizeof(*f));
	const char *pids = NULL;
	uint64_t port = 0;
	uint64_t clients = 1000;
	uint64_t threads = 0;
	const struct option_row rows[] = {
		{ "label", OPTION_TEXT, &f->label, "name in the output" },
		{ "port", OPTION_NUMBER, &port, "of the server" },
		{ "clients", OPTION_NUMBER, &clients, "who wait (1000)" },
		{ "rounds", OPTION_NUMBER, &f->rounds, "changes (5)" },
		{ "threads", OPTION_NUMBER, &threads,
		  "loaders (as few as the descriptors allow)" },
		{ "path", OPTION_TEXT, &f->path,
		  "of the poll; %R is the cursor" },
		{ "method", OPTION_TEXT, &f->publish_method, "of the change" },
		{ "publish", OPTION_TEXT, &f->publish_path,
		  "path of the change" },
		{ "body", OPTION_TEXT, &f->publish_body[0], "of even changes" },
		{ "body2", OPTION_TEXT, &f->publish_body[1], "of odd changes" },
		{ "pids", OPTION_TEXT, &pids, "the server's, with commas" },
		{ "idle", OPTION_NUMBER, &f->idle_ms,
		  "ms to watch the server idle" },
		{ "lazy", OPTION_FLAG, &f->pollers.lazy,
		  "1 ms between looks (always from 10000 clients on)" },
		{ "save", OPTION_TEXT, &f->save,
		  "only write one answer to this file" },
		{ NULL, OPTION_FLAG, NULL, NULL },
	};

	f->label = "server";
	f->path = "/poll";
	f->publish_method = "POST";
	f->publish_path = "/publish";
	f->publish_body[0] = "{}";
	f->rounds = 5;
	options_read(rows, argc, argv);
	if (f->publish_body[1] == NULL)
		f->publish_body[1] = f->publish_body[0];
	f->pollers.port = (uint16_t)port;
	f->pollers.clients = clients;
	f->pollers.loader_count = threads;
	if (clients >= LAZY_CLIENTS)
		f->pollers.lazy = true;
	f->server = proc_group_parse(pids);
	fanout_prepare(f);
	if (f->save != NULL)
		fanout_save(f);
	else
		fanout_run(f);
	free(f->pollers.request[0]);
	free(f);
	return EXIT_SUCCESS;
}

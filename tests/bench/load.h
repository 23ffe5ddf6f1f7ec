/*
 * A closed loop over keep-alive connections: each sends its next request when
 * the answer to the last one is complete. Header only; one thread a `struct
 * load`, which borrows the request that `next` returns until the answer is in.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <sys/epoll.h>

#include "bench/net.h"

enum {
	LOAD_EVENTS = 128,
	LOAD_INPUT_BYTES = 16384,
};

/* The request number `turn` of connection `index`. */
typedef const struct net_text *(*load_next_fn)(size_t index, uint64_t turn,
					       void *ctx);

struct load_conn {
	int fd;
	uint64_t turn;
	uint64_t start_ns;
	size_t got;
	struct net_answer answer;
	bool has_head;
	char input[LOAD_INPUT_BYTES];
};

struct load {
	uint16_t port;
	size_t connections;
	uint64_t ms; /* how long */
	load_next_fn next;
	void *ctx;
	/* results */
	struct samples us;
	uint64_t answered;
	uint64_t failed; /* of those, not 2xx */
	double seconds;
};

static inline void
load_send(struct load *load, struct load_conn *c, size_t index)
{
	const struct net_text *text = load->next(index, c->turn++, load->ctx);

	c->got = 0;
	c->has_head = false;
	c->start_ns = measure_now_ns();
	if (send(c->fd, text->data, text->length, MSG_NOSIGNAL) !=
	    (ssize_t)text->length)
		measure_die("send: %s", strerror(errno));
}

/* True when the answer is complete. Bytes of a body that do not fit are
 * counted and forgotten. */
static inline bool
load_receive(struct load_conn *c)
{
	size_t at = c->has_head ? 0 : c->got;
	ssize_t n =
	    recv(c->fd, c->input + at, LOAD_INPUT_BYTES - at, MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return false;
	if (n <= 0)
		measure_die("connection lost: %s",
			    n < 0 ? strerror(errno) : "closed");
	c->got += (size_t)n;
	if (!c->has_head)
		c->has_head = net_answer_scan(c->input, c->got, &c->answer);
	if (!c->has_head && c->got == LOAD_INPUT_BYTES)
		measure_die("an answer with an endless head");
	return c->has_head && c->got >= c->answer.total;
}

static inline void
load_ready(struct load *load, struct load_conn *c, size_t index, uint64_t end)
{
	uint64_t now;

	if (!load_receive(c))
		return;
	now = measure_now_ns();
	samples_add(&load->us, (double)(now - c->start_ns) / 1e3);
	load->answered++;
	if (c->answer.status / 100 != 2)
		load->failed++;
	if (now < end)
		load_send(load, c, index);
	else
		c->start_ns = 0;
}

static inline size_t
load_busy(const struct load_conn *conns, size_t count)
{
	size_t busy = 0;

	for (size_t i = 0; i < count; i++)
		busy += conns[i].start_ns != 0;
	return busy;
}

/* Runs for `ms`, then takes the answers that are due. */
static inline void
load_run(struct load *load)
{
	struct load_conn *conns = mem_zalloc(load->connections, sizeof(*conns));
	struct epoll_event events[LOAD_EVENTS];
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	uint64_t start = measure_now_ns();
	uint64_t end = start + load->ms * 1000000u;

	for (size_t i = 0; i < load->connections; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.u64 = i };

		conns[i].fd = net_connect(load->port);
		epoll_ctl(epoll, EPOLL_CTL_ADD, conns[i].fd, &event);
		load_send(load, &conns[i], i);
	}
	while (measure_now_ns() < end || load_busy(conns, load->connections)) {
		int n = epoll_wait(epoll, events, LOAD_EVENTS,
				   NET_ANSWER_SECONDS * 1000);

		if (n == 0)
			measure_die("no answer within %d s",
				    NET_ANSWER_SECONDS);
		for (int i = 0; i < n; i++)
			load_ready(load, &conns[events[i].data.u64],
				   events[i].data.u64, end);
	}
	load->seconds = (double)(measure_now_ns() - start) / 1e9;
	for (size_t i = 0; i < load->connections; i++)
		close(conns[i].fd);
	close(epoll);
	free(conns);
}

#endif

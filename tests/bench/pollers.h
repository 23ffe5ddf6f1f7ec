/*
 * Many clients that wait: a long poll each, sent again on command. Header only.
 *
 * A loader is a thread that owns a share of the clients, a descriptor table
 * (so N clients need N / RLIMIT_NOFILE loaders, not a higher limit) and a
 * source address. A client is a record without a buffer.
 *
 * A turn is one poll of every client. The owner says which turn it is; the
 * loaders send the polls of that turn and count the answers to it. An answer
 * that carries no newer cursor (the server's wait was over) is polled again at
 * once and does not count. A client whose connection ends stays lost.
 */
#ifndef BENCH_POLLERS_H
#define BENCH_POLLERS_H

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/epoll.h>

#include "bench/net.h"

enum {
	POLLERS_EVENTS = 512,
	POLLERS_INPUT_BYTES = 262144,
	POLLERS_LOADERS_MAX = 16,
	POLLERS_SPARE_DESCRIPTORS = 200,
	POLLERS_SOURCE_NET = 0x7f000100, /* 127.0.1.0: one address a loader */
};

struct client {
	int fd;        /* -1: lost */
	bool has_news; /* the present answer carries a newer cursor */
	size_t left;   /* bytes of an answer that are still to come */
	char *head;    /* a head that came in pieces, else NULL */
	size_t had;    /* bytes in `head` */
	uint64_t cursor;
};

struct pollers;

struct loader {
	struct pollers *pollers;
	pthread_t thread;
	uint32_t source;
	int epoll;
	int empty; /* an epoll set without members: a timer */
	struct client *clients;
	size_t count;
	uint64_t *done_ns; /* when each client had its last byte */
	char *input;
	unsigned turn;
	atomic_uint sent_turn;
	atomic_size_t answered;
	atomic_size_t lost;
	atomic_size_t answer_bytes;
	atomic_size_t failed; /* answers that were not 200 */
};

struct pollers {
	/* set before pollers_start */
	uint16_t port;
	size_t clients;
	size_t loader_count; /* 0: as few as the descriptors allow */
	bool lazy;           /* let 1 ms pass between two looks */
	char *request[2];    /* before and behind the cursor */
	bool has_cursor;     /* else request[0] is all of it */
	uint64_t first_cursor;
	/* state */
	struct loader loaders[POLLERS_LOADERS_MAX];
	atomic_uint turn;
	atomic_bool stop;
};

static inline void
client_lost(struct loader *l, struct client *c)
{
	close(c->fd);
	c->fd = -1;
	atomic_fetch_add(&l->lost, 1);
}

static inline void
client_poll(struct loader *l, struct client *c)
{
	const struct pollers *p = l->pollers;
	char request[2048];
	int n;

	if (c->fd < 0)
		return;
	if (p->has_cursor)
		n = snprintf(request, sizeof(request), "%s%llu%s",
			     p->request[0], (unsigned long long)c->cursor,
			     p->request[1]);
	else
		n = snprintf(request, sizeof(request), "%s", p->request[0]);
	c->left = 0;
	if (send(c->fd, request, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) != n)
		client_lost(l, c);
}

static inline void
client_answered(struct loader *l, struct client *c)
{
	if (!c->has_news) {
		client_poll(l, c);
		return;
	}
	l->done_ns[c - l->clients] = measure_now_ns();
	atomic_fetch_add(&l->answered, 1);
}

/* Takes what a head and the first bytes behind it say; false when the head is
 * not whole yet. */
static inline bool
client_head(struct loader *l, struct client *c, const char *data, size_t n)
{
	const struct pollers *p = l->pollers;
	struct net_answer answer;
	uint64_t cursor = c->cursor + 1;

	if (!net_answer_scan(data, n, &answer))
		return false;
	if (answer.status != 200)
		atomic_fetch_add(&l->failed, 1);
	c->left = answer.total > n ? answer.total - n : 0;
	if (p->has_cursor)
		cursor = net_json_number(data + answer.head, n - answer.head,
					 "\"revision\"");
	c->has_news = cursor > c->cursor;
	if (c->has_news) {
		c->cursor = cursor;
		atomic_store_explicit(&l->answer_bytes, answer.total,
				      memory_order_relaxed);
	}
	return true;
}

/* The rare case: a head in several segments is put together first. */
static inline bool
client_piece(struct loader *l, struct client *c, const char *data, size_t n)
{
	bool whole;

	c->head = mem_resize(c->head, c->had + n, 1);
	memcpy(c->head + c->had, data, n);
	c->had += n;
	whole = client_head(l, c, c->head, c->had);
	if (whole) {
		free(c->head);
		c->head = NULL;
		c->had = 0;
	}
	return whole;
}

static inline void
client_ready(struct loader *l, struct client *c, uint32_t events)
{
	bool whole;
	ssize_t n;

	do {
		n = recv(c->fd, l->input, POLLERS_INPUT_BYTES, MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			client_lost(l, c);
			return;
		}
		if (c->left > 0) {
			c->left -= (size_t)n < c->left ? (size_t)n : c->left;
			whole = true;
		} else if (c->head != NULL) {
			whole = client_piece(l, c, l->input, (size_t)n);
		} else {
			whole = client_head(l, c, l->input, (size_t)n) ||
				client_piece(l, c, l->input, (size_t)n);
		}
	} while (!whole || c->left > 0);
	client_answered(l, c);
	if (events & (EPOLLHUP | EPOLLRDHUP))
		client_lost(l, c);
}

static inline void
loader_connect(struct loader *l)
{
	for (size_t i = 0; i < l->count; i++) {
		struct client *c = &l->clients[i];
		struct epoll_event event = {
			.events = EPOLLIN | EPOLLRDHUP | (uint32_t)EPOLLET,
			.data.ptr = c,
		};

		c->cursor = l->pollers->first_cursor;
		c->fd = net_connect_from(l->source, l->pollers->port);
		net_unblock(c->fd);
		if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &event) != 0)
			measure_die("epoll_ctl: %s", strerror(errno));
		client_poll(l, c);
	}
}

/* Send the polls of the turn that main called. */
static inline void
loader_turn(struct loader *l, unsigned turn)
{
	l->turn = turn;
	atomic_store(&l->answered, 0);
	if (turn == 1)
		loader_connect(l);
	else
		for (size_t i = 0; i < l->count; i++)
			client_poll(l, &l->clients[i]);
	atomic_store(&l->sent_turn, turn);
}

static inline void *
loader_run(void *ctx)
{
	struct loader *l = ctx;
	struct epoll_event events[POLLERS_EVENTS];

	if (unshare(CLONE_FILES) != 0)
		measure_die("unshare: %s", strerror(errno));
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->empty = epoll_create1(EPOLL_CLOEXEC);
	while (!atomic_load(&l->pollers->stop)) {
		unsigned turn = atomic_load(&l->pollers->turn);
		int n;

		if (turn != l->turn)
			loader_turn(l, turn);
		n = epoll_wait(l->epoll, events, POLLERS_EVENTS, 2);
		for (int i = 0; i < n; i++) {
			struct client *c = events[i].data.ptr;

			if (c->fd >= 0)
				client_ready(l, c, events[i].events);
		}
		if (l->pollers->lazy && n > 0 && n < POLLERS_EVENTS)
			epoll_wait(l->empty, events, 1, 1);
	}
	for (size_t i = 0; i < l->count; i++)
		if (l->clients[i].fd >= 0)
			close(l->clients[i].fd);
	return NULL;
}

/* Starts the loaders; nobody polls before the first turn. */
static inline void
pollers_start(struct pollers *p)
{
	size_t room = net_descriptor_limit() - POLLERS_SPARE_DESCRIPTORS;

	if (p->loader_count == 0)
		p->loader_count = p->clients / room + 1;
	if (p->loader_count > POLLERS_LOADERS_MAX ||
	    p->clients > room * p->loader_count)
		measure_die("%zu clients need more than %zu tables of %zu "
			    "descriptors",
			    p->clients, p->loader_count, room);
	for (size_t i = 0; i < p->loader_count; i++) {
		struct loader *l = &p->loaders[i];

		l->pollers = p;
		l->source = POLLERS_SOURCE_NET + 1 + (uint32_t)i;
		l->count = p->clients / p->loader_count +
			   (i < p->clients % p->loader_count);
		l->clients = mem_zalloc(l->count, sizeof(*l->clients));
		l->done_ns = mem_zalloc(l->count, sizeof(*l->done_ns));
		l->input = mem_alloc(POLLERS_INPUT_BYTES);
		if (pthread_create(&l->thread, NULL, loader_run, l) != 0)
			measure_die("no thread");
	}
}

/* The next turn: returns when every client has sent its poll. */
static inline void
pollers_turn(struct pollers *p)
{
	unsigned turn = atomic_load(&p->turn) + 1;

	atomic_store(&p->turn, turn);
	for (size_t i = 0; i < p->loader_count; i++)
		while (atomic_load(&p->loaders[i].sent_turn) != turn)
			measure_pause(1);
}

static inline size_t
pollers_lost(struct pollers *p)
{
	size_t lost = 0;

	for (size_t i = 0; i < p->loader_count; i++)
		lost += atomic_load(&p->loaders[i].lost);
	return lost;
}

static inline size_t
pollers_answered(struct pollers *p)
{
	size_t answered = 0;

	for (size_t i = 0; i < p->loader_count; i++)
		answered += atomic_load(&p->loaders[i].answered);
	return answered;
}

static inline size_t
pollers_failed(struct pollers *p)
{
	size_t failed = 0;

	for (size_t i = 0; i < p->loader_count; i++)
		failed += atomic_load(&p->loaders[i].failed);
	return failed;
}

/* All connections end. */
static inline void
pollers_stop(struct pollers *p)
{
	atomic_store(&p->stop, true);
	for (size_t i = 0; i < p->loader_count; i++) {
		pthread_join(p->loaders[i].thread, NULL);
		free(p->loaders[i].clients);
		free(p->loaders[i].done_ns);
		free(p->loaders[i].input);
	}
}

#endif

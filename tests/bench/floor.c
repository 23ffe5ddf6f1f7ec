/*
 * The floor: the least a server can do for a long poll. Threads with an epoll
 * set and a SO_REUSEPORT listener each; GET /poll waits; POST /publish writes
 * the same ready bytes to all who wait; anything else is answered with another
 * piece of ready bytes. Nothing is durable, routed or validated: what a real
 * server takes longer than this is the price of what it does.
 *
 * With --tables each thread owns a descriptor table, so that a process holds
 * RLIMIT_NOFILE connections a thread. The wake-up descriptors and listeners
 * are opened before the tables part, so every thread can reach all of them.
 *
 * A connection is one small record; what is left of a half request lives in
 * `half`, which exists only then.
 */
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "bench/net.h"

enum {
	EVENTS = 512,
	INPUT_BYTES = 65536,
	THREADS_MAX = 64,
	NOT_PARKED = -1,
};

struct conn {
	int fd;
	int slot; /* in loop->parked, or NOT_PARKED */
	const struct net_text *out;
	size_t sent; /* of *out */
	char *half;
	size_t half_length;
};

struct floor;

struct loop {
	struct floor *floor;
	int listener;
	int wake;
	int epoll;
	struct conn **parked;
	size_t parked_count;
	size_t parked_room;
	char *input;
};

struct floor {
	struct net_text poll_answer;
	struct net_text static_answer;
	struct loop loops[THREADS_MAX];
	size_t loop_count;
	bool own_tables;
};

static void
park(struct loop *loop, struct conn *c)
{
	if (c->slot != NOT_PARKED)
		return;
	if (loop->parked_count == loop->parked_room) {
		loop->parked_room =
		    loop->parked_room == 0 ? 1024 : loop->parked_room * 2;
		loop->parked = mem_resize(loop->parked, loop->parked_room,
					  sizeof(*loop->parked));
	}
	c->slot = (int)loop->parked_count;
	loop->parked[loop->parked_count++] = c;
}

static void
unpark(struct loop *loop, struct conn *c)
{
	struct conn *last;

	if (c->slot == NOT_PARKED)
		return;
	last = loop->parked[--loop->parked_count];
	loop->parked[c->slot] = last;
	last->slot = c->slot;
	c->slot = NOT_PARKED;
}

/* Every connection watches EPOLLOUT, edge-triggered, from its first day, so a
 * full socket buffer needs no system call more than a roomy one. */
static void
flush(struct conn *c)
{
	while (c->out != NULL) {
		ssize_t n =
		    send(c->fd, c->out->data + c->sent,
			 c->out->length - c->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0)
			return;
		c->sent += (size_t)n;
		if (c->sent == c->out->length)
			c->out = NULL;
	}
}

static void
answer(struct conn *c, const struct net_text *text)
{
	c->out = text;
	c->sent = 0;
	flush(c);
}

static void
broadcast(struct loop *loop)
{
	size_t count = loop->parked_count;

	loop->parked_count = 0;
	for (size_t i = 0; i < count; i++) {
		struct conn *c = loop->parked[i];

		c->slot = NOT_PARKED;
		answer(c, &loop->floor->poll_answer);
	}
}

static void
publish(struct loop *from)
{
	struct floor *floor = from->floor;
	uint64_t one = 1;

	for (size_t i = 0; i < floor->loop_count; i++)
		if (&floor->loops[i] != from &&
		    write(floor->loops[i].wake, &one, sizeof(one)) < 0)
			measure_die("eventfd: %s", strerror(errno));
	broadcast(from);
}

static bool
starts_with(const char *data, size_t length, const char *word)
{
	size_t n = strlen(word);

	return length >= n && memcmp(data, word, n) == 0;
}

/* Bytes of the whole request at the front of `data`, 0 when it is not whole.
 * A request and an answer announce their body in the same way. */
static size_t
request_length(const char *data, size_t length)
{
	struct net_answer shape;

	if (!net_answer_scan(data, length, &shape) || shape.total > length)
		return 0;
	return shape.total;
}

static void
serve_request(struct loop *loop, struct conn *c, const char *data, size_t n)
{
	if (starts_with(data, n, "GET /poll")) {
		park(loop, c);
		return;
	}
	if (starts_with(data, n, "POST /publish"))
		publish(loop);
	answer(c, &loop->floor->static_answer);
}

/* Serve every whole request in `data`; keep the rest. */
static void
serve_input(struct loop *loop, struct conn *c, const char *data, size_t length)
{
	size_t n = request_length(data, length);

	while (n > 0) {
		serve_request(loop, c, data, n);
		data += n;
		length -= n;
		n = request_length(data, length);
	}
	free(c->half);
	c->half = length > 0 ? mem_copy(data, length) : NULL;
	c->half_length = length;
}

static void
drop(struct loop *loop, struct conn *c)
{
	unpark(loop, c);
	close(c->fd);
	free(c->half);
	free(c);
}

static void
conn_ready(struct loop *loop, struct conn *c, uint32_t events)
{
	size_t have = c->half_length;
	ssize_t n;

	if (events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP)) {
		drop(loop, c);
		return;
	}
	flush(c);
	if (!(events & EPOLLIN))
		return;
	if (have > 0)
		memcpy(loop->input, c->half, have);
	n = recv(c->fd, loop->input + have, INPUT_BYTES - have, MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN) ||
	    (n > 0 && have + (size_t)n == INPUT_BYTES)) {
		drop(loop, c);
		return;
	}
	if (n > 0)
		serve_input(loop, c, loop->input, have + (size_t)n);
}

static void
watch(struct loop *loop, int fd, uint32_t events, void *who)
{
	struct epoll_event event = { .events = events, .data.ptr = who };

	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		measure_die("epoll_ctl: %s", strerror(errno));
}

static void
accept_some(struct loop *loop)
{
	for (int i = 0; i < 64; i++) {
		int fd = accept4(loop->listener, NULL, NULL,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);
		struct conn *c;

		if (fd < 0 && (errno == EMFILE || errno == ENFILE))
			measure_die("no descriptor left; try --tables");
		if (fd < 0)
			return;
		c = mem_zalloc(1, sizeof(*c));
		c->fd = fd;
		c->slot = NOT_PARKED;
		watch(loop, fd,
		      EPOLLIN | EPOLLOUT | EPOLLRDHUP | (uint32_t)EPOLLET, c);
	}
}

static void
take_wake(struct loop *loop)
{
	uint64_t count;

	if (read(loop->wake, &count, sizeof(count)) > 0)
		broadcast(loop);
}

static void *
loop_run(void *ctx)
{
	struct loop *loop = ctx;
	struct epoll_event events[EVENTS];

	if (loop->floor->own_tables && unshare(CLONE_FILES) != 0)
		measure_die("unshare: %s", strerror(errno));
	loop->input = mem_alloc(INPUT_BYTES);
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	watch(loop, loop->listener, EPOLLIN, &loop->listener);
	watch(loop, loop->wake, EPOLLIN, &loop->wake);
	for (;;) {
		int n = epoll_wait(loop->epoll, events, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			void *who = events[i].data.ptr;

			if (who == &loop->listener)
				accept_some(loop);
			else if (who == &loop->wake)
				take_wake(loop);
			else
				conn_ready(loop, who, events[i].events);
		}
	}
	return NULL;
}

/* The bytes of a whole HTTP answer: a file's, or those of a plain one. */
static struct net_text
answer_load(const char *path)
{
	struct net_text text = { NULL, 0 };
	FILE *file;
	size_t room = 1 << 20;

	if (path == NULL) {
		text.data = mem_strdup("HTTP/1.1 200 OK\r\n"
				       "Content-Type: application/json\r\n"
				       "Content-Length: 2\r\n\r\n{}");
		text.length = strlen(text.data);
		return text;
	}
	file = fopen(path, "r");
	if (file == NULL)
		measure_die("%s: %s", path, strerror(errno));
	text.data = mem_alloc(room);
	text.length = fread(text.data, 1, room, file);
	fclose(file);
	return text;
}

static void
loop_prepare(struct floor *floor, struct loop *loop, uint16_t *port)
{
	loop->floor = floor;
	loop->listener = net_listen(port);
	loop->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (loop->wake < 0)
		measure_die("eventfd: %s", strerror(errno));
}

int
main(int argc, char **argv)
{
	struct floor *floor = mem_zalloc(1, sizeof(*floor));
	uint64_t port = 0;
	uint64_t threads = 2;
	const char *poll_path = NULL;
	const char *static_path = NULL;
	pthread_t thread;
	uint16_t bound;
	const struct option_row rows[] = {
		{ "port", OPTION_NUMBER, &port, "0 finds a free one" },
		{ "threads", OPTION_NUMBER, &threads, "loops (2)" },
		{ "tables", OPTION_FLAG, &floor->own_tables,
		  "a descriptor table for each loop" },
		{ "answer", OPTION_TEXT, &poll_path,
		  "file with the HTTP answer for who waits" },
		{ "static", OPTION_TEXT, &static_path,
		  "file with the HTTP answer for all else" },
		{ NULL, OPTION_FLAG, NULL, NULL },
	};

	options_read(rows, argc, argv);
	if (threads < 1 || threads > THREADS_MAX)
		measure_die("1 to %d threads", THREADS_MAX);
	net_descriptor_limit();
	floor->poll_answer = answer_load(poll_path);
	floor->static_answer = answer_load(static_path);
	floor->loop_count = threads;
	bound = (uint16_t)port;
	for (size_t i = 0; i < threads; i++)
		loop_prepare(floor, &floor->loops[i], &bound);
	printf("floor: ready on http://127.0.0.1:%u\n", bound);
	fflush(stdout);
	for (size_t i = 1; i < threads; i++)
		if (pthread_create(&thread, NULL, loop_run, &floor->loops[i]) !=
		    0)
			measure_die("no thread");
	loop_run(&floor->loops[0]);
	return EXIT_SUCCESS;
}

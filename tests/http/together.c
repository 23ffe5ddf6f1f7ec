/*
 * A client is a thread with a `struct line`. It writes down the first status
 * that was another than expected, which crowd_stop reads after the join.
 */
#include "together.h"

#include <check.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/mem.h"
#include "line.h"
#include "vitals.h"

enum {
	TIMES = 9,
	TURN_MS = 4, /* of the scheduler */
	FIRST_MS = 60000,
	CLIENT_STACK = 256 * 1024,
	MEMORY_DEADLINE_MS = 5000,
};

/* --- one -------------------------------------------------------------------
 */

static int
by_size(const void *a, const void *b)
{
	const double x = *(const double *)a;
	const double y = *(const double *)b;

	return (x > y) - (x < y);
}

static const char *
body_of(const struct question *q, int64_t n)
{
	return q->bodies[1] == NULL ? q->bodies[0] : q->bodies[n % 2];
}

static double
nth_ms(struct toggled *t, const struct question *q, int64_t n)
{
	const char *const headers[] = { q->header, NULL };
	const int64_t began = clock_stopwatch_us();
	struct answer *answer =
	    toggled_request(t, q->method, q->path, headers, body_of(q, n));
	const double took = (double)(clock_stopwatch_us() - began) / 1000;

	ck_assert_msg(q->status == 0 || answer->status == q->status,
		      "%s %s: expected %ld, got %ld %.600s", q->method, q->path,
		      q->status, answer->status, answer->body);
	return took;
}

double
ask_once_ms(struct toggled *t, const struct question *q)
{
	return nth_ms(t, q, 0);
}

double
question_ms(struct toggled *t, const struct question *q)
{
	double took[TIMES];

	for (int i = 0; i < TIMES; i++)
		took[i] = nth_ms(t, q, i);
	qsort(took, TIMES, sizeof(took[0]), by_size);
	return took[TIMES / 4];
}

static double
base_ms(double alone)
{
	return alone > TURN_MS ? alone : TURN_MS;
}

bool
is_ratio(double beside, double alone, double most)
{
	return beside <= most * base_ms(alone);
}

void
expect_ratio(const char *what, double beside, double alone, double most)
{
	const double base = base_ms(alone);

	printf("%s: %.2f ms, alone %.2f ms\n", what, beside, alone);
	ck_assert_msg(VITALS_SANITIZED || is_ratio(beside, alone, most),
		      "%s: %.1f ms is more than %.1f times %.1f ms", what,
		      beside, most, base);
}

struct memory {
	struct toggled *t;
	double most_kib;
};

static bool
is_little(void *ctx)
{
	const struct memory *memory = ctx;

	return (double)vitals_rss_kib(memory->t) <= memory->most_kib;
}

void
expect_memory(struct toggled *t, const char *what, int64_t before_kib,
	      double most)
{
	struct memory memory = { t, most * (double)before_kib };
	bool little = wait_until(is_little, &memory,
				 VITALS_SANITIZED ? 0 : MEMORY_DEADLINE_MS);
	const int64_t now = vitals_rss_kib(t);

	printf("%s: %" PRId64 " KiB, before %" PRId64 " KiB\n", what, now,
	       before_kib);
	ck_assert_msg(VITALS_SANITIZED || little,
		      "%s: %" PRId64 " KiB is more than %.2f times %" PRId64
		      " KiB",
		      what, now, most, before_kib);
}

/* --- many ------------------------------------------------------------------
 */

struct client {
	struct crowd *crowd;
	const struct question *question;
	int64_t rounds; /* 0: until the crowd stops */
	_Atomic int64_t answers;
	long wrong;  /* the first status that was not expected, or -1 */
	long status; /* the last one */
	json_t *json;
	pthread_t thread;
};

struct crowd {
	int port;
	atomic_bool stop;
	pthread_barrier_t begin;
	struct client *clients;
	int count;
};

static void
write_request(const struct question *q, const char *body, struct bytes *out)
{
	bytes_clear(out);
	bytes_printf(out, "%s %s HTTP/1.1\r\nHost: localhost\r\n", q->method,
		     q->path);
	if (q->header != NULL)
		bytes_printf(out, "%s\r\n", q->header);
	if (body != NULL)
		bytes_printf(out,
			     "Content-Type: application/json\r\n"
			     "Content-Length: %zu\r\n",
			     strlen(body));
	bytes_printf(out, "\r\n%s", body == NULL ? "" : body);
}

static void
client_ask(struct client *c, struct line *line, struct bytes *request)
{
	const struct question *q = c->question;

	write_request(q, body_of(q, c->answers), request);
	if (line->fd < 0)
		line_open(line, c->crowd->port);
	json_decref(c->json);
	c->status = line_ask(line, request, &c->json);
	if (c->status == 0)
		line_close(line);
	if (q->status != 0 && c->status != q->status && c->wrong < 0)
		c->wrong = c->status;
	atomic_fetch_add(&c->answers, 1);
}

static void *
client_run(void *ctx)
{
	struct client *c = ctx;
	struct line line = { .fd = -1 };
	struct bytes request;

	bytes_init(&request);
	line_open(&line, c->crowd->port);
	pthread_barrier_wait(&c->crowd->begin);
	for (int64_t n = 0;
	     c->rounds == 0 ? !atomic_load(&c->crowd->stop) : n < c->rounds;
	     n++)
		client_ask(c, &line, &request);
	line_close(&line);
	bytes_fini(&request);
	return NULL;
}

static struct crowd *
crowd_open(struct toggled *t, int clients, const struct question *questions,
	   int kinds, int64_t rounds)
{
	struct crowd *crowd =
	    toggled_own(t, mem_zalloc(1, sizeof(*crowd)), free);
	pthread_attr_t attr;

	crowd->port = t->port;
	crowd->count = clients;
	crowd->clients = toggled_own(
	    t, mem_zalloc((size_t)clients, sizeof(struct client)), free);
	ck_assert_int_eq(pthread_attr_init(&attr), 0);
	ck_assert_int_eq(pthread_attr_setstacksize(&attr, CLIENT_STACK), 0);
	ck_assert_int_eq(
	    pthread_barrier_init(&crowd->begin, NULL, (unsigned)clients), 0);
	for (int i = 0; i < clients; i++) {
		struct client *c = &crowd->clients[i];

		c->crowd = crowd;
		c->question = &questions[i % kinds];
		c->rounds = rounds;
		c->wrong = -1;
		ck_assert_int_eq(
		    pthread_create(&c->thread, &attr, client_run, c), 0);
	}
	(void)pthread_attr_destroy(&attr);
	return crowd;
}

static void
crowd_join(struct crowd *crowd)
{
	atomic_store(&crowd->stop, true);
	for (int i = 0; i < crowd->count; i++)
		pthread_join(crowd->clients[i].thread, NULL);
	(void)pthread_barrier_destroy(&crowd->begin);
}

struct crowd *
crowd_begin(struct toggled *t, int clients, const struct question *questions,
	    int kinds)
{
	return crowd_open(t, clients, questions, kinds, 0);
}

bool
crowd_has_begun(const struct crowd *crowd)
{
	for (int i = 0; i < crowd->count; i++)
		if (atomic_load(&crowd->clients[i].answers) == 0)
			return false;
	return true;
}

static bool
has_begun(void *ctx)
{
	return crowd_has_begun(ctx);
}

struct crowd *
crowd_start(struct toggled *t, int clients, const struct question *questions,
	    int kinds)
{
	struct crowd *crowd = crowd_begin(t, clients, questions, kinds);

	ck_assert_msg(wait_until(has_begun, crowd, FIRST_MS),
		      "of %d clients some had no answer", clients);
	return crowd;
}

int64_t
crowd_stop(struct crowd *crowd)
{
	int64_t answers = 0;

	crowd_join(crowd);
	for (int i = 0; i < crowd->count; i++) {
		struct client *c = &crowd->clients[i];

		ck_assert_msg(c->wrong < 0, "%s %s: expected %ld, got %ld",
			      c->question->method, c->question->path,
			      c->question->status, c->wrong);
		json_decref(c->json);
		answers += c->answers;
	}
	return answers;
}

static void
release_json(void *json)
{
	json_decref(json);
}

struct answer *
ask_at_once(struct toggled *t, const struct question *questions, int count)
{
	struct crowd *crowd = crowd_open(t, count, questions, count, 1);
	struct answer *answers = toggled_own(
	    t, mem_zalloc((size_t)count, sizeof(struct answer)), free);

	crowd_join(crowd);
	for (int i = 0; i < count; i++) {
		struct client *c = &crowd->clients[i];

		answers[i].status = c->status;
		answers[i].json = c->json;
		if (c->json != NULL)
			(void)toggled_own(t, c->json, release_json);
	}
	return answers;
}

/*
 * Restarts under load, the listening socket kept open by a supervisor (as
 * systemd does): clients that read over and over and send a read again when its
 * connection breaks never find nobody there, and all who wait are answered each
 * time. This process is the supervisor.
 *
 * RESTARTS: how many (4).
 */
#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "kept.h"
#include "line.h"
#include "scene.h"

enum {
	RESTARTS = 4,
	READERS = 8,
	WAITERS = 200,
	LOAD_READS = 200, /* between two restarts */
	RETRIES = 3,
	RESTART_SECONDS = 20,
};

struct reader {
	int port;
	atomic_bool *stop;
	_Atomic int64_t reads;
	int64_t again; /* sent a second time */
	int64_t lost;
	pthread_t thread;
};

static int
restarts(void)
{
	const char *text = getenv("RESTARTS");

	return text == NULL ? RESTARTS : (int)strtol(text, NULL, 10);
}

/* A GET may be sent again: it changes nothing. */
static bool
read_once(struct reader *reader, struct line *line, struct bytes *request)
{
	for (int i = 0; i < RETRIES; i++) {
		json_t *body;
		long status;

		if (line->fd < 0)
			line_open(line, reader->port);
		status = line_ask(line, request, &body);
		json_decref(body);
		if (status == 200)
			return true;
		reader->again++;
		line_close(line);
	}
	return false;
}

static void *
read_on(void *ctx)
{
	struct reader *reader = ctx;
	struct bytes request;
	struct line line = { .fd = -1 };

	bytes_init(&request);
	bytes_append_str(&request,
			 "GET " ENV
			 "/toggles HTTP/1.1\r\nHost: localhost\r\n\r\n");
	while (!atomic_load(reader->stop)) {
		atomic_fetch_add(&reader->reads, 1);
		reader->lost += !read_once(reader, &line, &request);
	}
	line_close(&line);
	bytes_fini(&request);
	return NULL;
}

static int64_t
reads_of(struct reader *readers)
{
	int64_t reads = 0;

	for (int i = 0; i < READERS; i++)
		reads += atomic_load(&readers[i].reads);
	return reads;
}

struct load {
	struct reader *readers;
	int64_t expected;
};

static bool
has_read(void *ctx)
{
	const struct load *load = ctx;

	return reads_of(load->readers) >= load->expected;
}

/* Who waits when the program is told to end is answered by it. */
static void
restart_once(struct toggled *t, struct reader *readers, int64_t revision)
{
	const char *request =
	    toggled_text(t,
			 "GET " ENV "/changes?since=%d&wait=60s HTTP/1.1\r\n"
			 "Host: localhost\r\n\r\n",
			 (int)revision);
	struct raw *crowd[WAITERS];
	struct load load;

	for (int i = 0; i < WAITERS; i++) {
		crowd[i] = raw_open(t);
		ck_assert(raw_send_text(crowd[i], request));
	}
	wait_for_waiters(t, WAITERS);
	load = (struct load){ readers, reads_of(readers) + LOAD_READS };
	ck_assert(wait_until(has_read, &load, SOON_MS));
	toggled_hang_up(t);
	ck_assert_int_eq(toggled_stop(t, SIGTERM), 0);
	kept_serve(t);
	for (int i = 0; i < WAITERS; i++) {
		ck_assert_int_eq(raw_answer(crowd[i], SOON_MS)->status, 200);
		raw_close(crowd[i]);
	}
	ck_assert_int_eq(head_revision(t), revision);
}

START_TEST(test_restart_when_under_load_then_no_retried_read_is_lost)
{
	const int port = kept_open();
	struct toggled *t = toggled_new();
	struct reader readers[READERS];
	atomic_bool stop = false;
	int64_t reads = 0;
	int64_t again = 0;

	kept_pass(t);
	kept_serve(t);
	ck_assert_int_eq(t->port, port);
	put_toggle(t, "a", "{}");
	for (int i = 0; i < READERS; i++) {
		readers[i] = (struct reader){ .port = port, .stop = &stop };
		ck_assert_int_eq(pthread_create(&readers[i].thread, NULL,
						read_on, &readers[i]),
				 0);
	}
	for (int i = 0; i < restarts(); i++)
		restart_once(
		    t, readers,
		    put_toggle(t, "a",
			       toggled_text(t, "{\"owner\":\"%d\"}", i)));
	atomic_store(&stop, true);
	for (int i = 0; i < READERS; i++) {
		pthread_join(readers[i].thread, NULL);
		ck_assert_int_eq(readers[i].lost, 0);
		ck_assert_int_gt(readers[i].reads, 0);
		reads += readers[i].reads;
		again += readers[i].again;
	}
	printf("%d restarts, %d waiters each: %lld reads, %lld sent again, "
	       "none lost\n",
	       restarts(), WAITERS, (long long)reads, (long long)again);
	scene_close(t);
	kept_close();
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_set_timeout(tc, restarts() * RESTART_SECONDS);
	tcase_add_test(
	    tc, test_restart_when_under_load_then_no_retried_read_is_lost);
}

int
main(void)
{
	return scene_main("restart", add);
}

/*
 * Another release takes over while clients go on: the listening socket is kept
 * by a supervisor, writers send each change until it is acknowledged, under the
 * same Idempotency-Key, and followers poll with their cursor. From the release
 * before to this one and back, by SIGTERM and by SIGKILL.
 *
 * Nothing else than a broken connection or 503 may come to a writer; what was
 * acknowledged is there, once, as it was sent; no cursor dies.
 *
 * TOGGLED_PREVIOUS names the other binary (`make compat`); without it this one
 * takes its own place.
 */
#include <check.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kept.h"
#include "line.h"
#include "scene.h"
#include "trial.h"

enum {
	AUTHORS = 4,
	FOLLOWERS = 4,
	WRITES = 60,      /* acknowledged between two swaps, at least */
	WRITE_MS = 30000, /* until a write has to be acknowledged */
	CASE_SECONDS = 240,
};

/* Who serves, and how it ends. */
static const struct {
	bool is_previous;
	int signal;
} turns[] = {
	{ true, SIGTERM },  { false, SIGTERM }, { true, SIGKILL },
	{ false, SIGKILL }, { true, SIGTERM },  { false, SIGTERM },
};

struct author {
	int number; /* odd ones write two toggles at a time */
	int port;
	const atomic_bool *stop;
	atomic_int *acknowledged;
	int again; /* times that a write was sent once more */
	struct journal journal;
	char fault[300];
	pthread_t thread;
};

struct reader {
	const atomic_bool *stop;
	struct follower follower;
	pthread_t thread;
};

struct swap {
	struct toggled *t;
	char link[PATH_MAX]; /* to the binary that serves */
	char binaries[2][PATH_MAX];
	atomic_bool stop;
	atomic_int acknowledged;
	struct author authors[AUTHORS];
	struct follower followers[FOLLOWERS];
	struct reader readers[FOLLOWERS];
	struct journal journal;
	int expected; /* acknowledged */
};

/* Until it is acknowledged: whoever takes over knows its key. */
static void
write_until_done(struct author *a, struct line *line, struct bytes *request,
		 struct journal_write *w)
{
	const int64_t end = now_ms() + WRITE_MS;

	for (;; a->again++) {
		json_t *body;
		long status;

		if (line->fd < 0)
			line_open(line, a->port);
		status = line_ask(line, request, &body);
		if (status != 0 && status != 503)
			w->revision = crew_write_revision(
			    w, status, body, a->fault, sizeof(a->fault));
		json_decref(body);
		if (w->revision != 0 || a->fault[0] != '\0')
			return;
		line_close(line);
		if (now_ms() < end)
			continue;
		(void)snprintf(a->fault, sizeof(a->fault), "%s: given up",
			       w->name);
		return;
	}
}

static void *
write_on(void *ctx)
{
	struct author *a = ctx;
	struct line line = { .fd = -1 };
	struct bytes request;

	bytes_init(&request);
	for (int n = 0; !atomic_load(a->stop) && a->fault[0] == '\0'; n++) {
		struct journal_write w = { .is_pair = a->number % 2 == 1,
					   .value = n };

		(void)snprintf(w.name, sizeof(w.name), "w%d-%d", a->number, n);
		(void)snprintf(w.key, sizeof(w.key), "w%d", a->number);
		crew_write_request(&w, &request);
		write_until_done(a, &line, &request, &w);
		journal_add_write(&a->journal, &w);
		atomic_fetch_add(a->acknowledged, 1);
	}
	line_close(&line);
	bytes_fini(&request);
	return NULL;
}

/* With its cursor to whoever serves. */
static void *
follow_on(void *ctx)
{
	struct reader *r = ctx;
	struct follower *f = &r->follower;

	while (!atomic_load(r->stop) && f->fault[0] == '\0') {
		(void)crew_follow(f);
		if (strcmp(f->fault, "follower: 503") == 0)
			f->fault[0] = '\0';
	}
	return NULL;
}

static struct swap *
open_swap(void)
{
	const int port = kept_open();
	struct toggled *t = toggled_new();
	struct swap *s = toggled_own(t, calloc(1, sizeof(*s)), free);
	const char *previous = getenv("TOGGLED_PREVIOUS");

	s->t = t;
	snprintf(s->binaries[0], sizeof(s->binaries[0]), "%s", t->binary);
	ck_assert_ptr_nonnull(
	    realpath(previous == NULL ? t->binary : previous, s->binaries[1]));
	snprintf(s->link, sizeof(s->link), "%s", toggled_path(t, "current"));
	snprintf(t->binary, sizeof(t->binary), "%s", s->link);
	kept_pass(t);
	for (int i = 0; i < AUTHORS; i++)
		s->authors[i] =
		    (struct author){ .number = i,
				     .port = port,
				     .stop = &s->stop,
				     .acknowledged = &s->acknowledged };
	for (int i = 0; i < FOLLOWERS; i++) {
		s->readers[i].stop = &s->stop;
		s->readers[i].follower.port = port;
		s->readers[i].follower.state = json_object();
	}
	return s;
}

static void
serve_with(struct swap *s, bool is_previous)
{
	(void)unlink(s->link);
	ck_assert_int_eq(symlink(s->binaries[is_previous], s->link), 0);
	kept_serve(s->t);
}

static void
start_crew(struct swap *s)
{
	for (int i = 0; i < AUTHORS; i++)
		ck_assert_int_eq(pthread_create(&s->authors[i].thread, NULL,
						write_on, &s->authors[i]),
				 0);
	for (int i = 0; i < FOLLOWERS; i++)
		ck_assert_int_eq(pthread_create(&s->readers[i].thread, NULL,
						follow_on, &s->readers[i]),
				 0);
}

/* The followers' polls end with the program. */
static void
end_crew(struct swap *s)
{
	atomic_store(&s->stop, true);
	for (int i = 0; i < AUTHORS; i++) {
		struct author *a = &s->authors[i];

		pthread_join(a->thread, NULL);
		ck_assert_msg(a->fault[0] == '\0', "%s", a->fault);
		journal_join(&s->journal, &a->journal);
	}
	scene_stop(s->t);
	for (int i = 0; i < FOLLOWERS; i++) {
		struct follower *f = &s->readers[i].follower;

		pthread_join(s->readers[i].thread, NULL);
		ck_assert_msg(f->fault[0] == '\0', "%s", f->fault);
		journal_join(&s->journal, &f->journal);
		s->followers[i] = *f;
	}
}

static bool
has_written(void *ctx)
{
	struct swap *s = ctx;

	return atomic_load(&s->acknowledged) >= s->expected;
}

static void
let_it_work(struct swap *s)
{
	s->expected = atomic_load(&s->acknowledged) + WRITES;
	ck_assert_msg(wait_until(has_written, s, SOON_MS),
		      "only %d writes of %d", atomic_load(&s->acknowledged),
		      s->expected);
}

static void
close_swap(struct swap *s)
{
	for (int i = 0; i < AUTHORS; i++)
		journal_fini(&s->authors[i].journal);
	for (int i = 0; i < FOLLOWERS; i++) {
		json_decref(s->followers[i].state);
		journal_fini(&s->followers[i].journal);
	}
	journal_fini(&s->journal);
	toggled_free(s->t);
	kept_close();
}

START_TEST(test_swap_when_clients_go_on_then_nothing_is_lost_or_doubled)
{
	struct swap *s = open_swap();
	int again = 0;
	int64_t head;

	serve_with(s, turns[0].is_previous);
	start_crew(s);
	for (int i = 1; i < COUNT(turns); i++) {
		let_it_work(s);
		toggled_hang_up(s->t);
		ck_assert_int_eq(
		    toggled_stop(s->t, turns[i - 1].signal),
		    turns[i - 1].signal == SIGTERM ? 0 : 128 + SIGKILL);
		serve_with(s, turns[i].is_previous);
	}
	let_it_work(s);
	end_crew(s);
	trial_verify(s->t);
	/* Each of them reads all of it. */
	for (int i = 0; i < 2; i++) {
		serve_with(s, i == 0);
		head = head_revision(s->t);
		s->journal.entry_count = 0;
		trial_read_history(s->t, &s->journal, 0);
		trial_judge(&s->journal, head, s->binaries[i == 0]);
		trial_catch_up(s->t, s->followers, FOLLOWERS, head,
			       s->binaries[i == 0]);
		scene_stop(s->t);
	}
	for (int i = 0; i < AUTHORS; i++)
		again += s->authors[i].again;
	printf("%d swaps%s: %d writes acknowledged, %d sent again, head "
	       "%" PRId64 "\n",
	       COUNT(turns) - 1,
	       strcmp(s->binaries[0], s->binaries[1]) == 0
		   ? " of one binary with itself"
		   : "",
	       atomic_load(&s->acknowledged), again, head);
	close_swap(s);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_set_timeout(tc, CASE_SECONDS);
	tcase_add_test(
	    tc, test_swap_when_clients_go_on_then_nothing_is_lost_or_doubled);
}

int
main(void)
{
	return scene_main("swap", add);
}

/*
 * The threads of the crash test: writers that go on until their connection
 * breaks, and followers of the feed that keep their cursor and state from one
 * life of the program to the next.
 *
 * Each keeps a journal of its own; the test joins them when the threads have
 * ended. Nothing here asserts: `fault` says what should not have happened.
 */
#ifndef TESTS_HTTP_CRASH_CREW_H
#define TESTS_HTTP_CRASH_CREW_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/bytes.h"
#include "journal.h"

struct writer {
	int number; /* odd ones write two toggles at a time */
	int round;
	int port;
	int64_t value; /* of its last write, over all rounds */
	atomic_int *acknowledged;
	struct journal journal;
	char fault[300];
	pthread_t thread;
};

struct follower {
	int port;
	char cursor[64]; /* "": it has nothing yet */
	int64_t revision;
	json_t *state; /* toggles by key */
	int fulls;     /* how often it was sent everything */
	struct journal journal;
	char fault[300];
	pthread_t thread;
};

/* The HTTP request of a write. */
void crew_write_request(const struct journal_write *write,
			struct bytes *request);

/* The answer to it: its revision; 0 and a fault when it is none. */
int64_t crew_write_revision(const struct journal_write *write, long status,
			    json_t *body, char *fault, size_t fault_size);

/* Take over what a feed answer says. False: a fault. */
bool crew_apply(struct follower *follower, json_t *delta);

/* For pthread_create; until the connection breaks, or a fault. */
void *crew_write(void *ctx);
void *crew_follow(void *ctx);

#endif

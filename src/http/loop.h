/*
 * A loop: one thread, one event_base, one libmicrohttpd daemon, one feed and
 * the clients that wait in it. Everything here belongs to that thread, but the
 * inbox, the counters, the usage and the atomics.
 *
 * Life: loop_new on the main thread, loop_start (returns when it runs or has
 * failed), loop_drain, loop_stop, loop_free.
 */
#ifndef SRC_HTTP_LOOP_H
#define SRC_HTTP_LOOP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "base/random.h"
#include "counters.h"
#include "feed/feed.h"
#include "inbox.h"
#include "model/catalog.h"
#include "room.h"
#include "service.h"

struct bridges;
struct connection;
struct connection_origin;
struct evaluator;
struct event;
struct event_base;
struct exchange;
struct listener;
struct lobby;
struct MHD_Daemon;
struct packing;
struct park;
struct usage;

/* SERVING, then in this order; each is entered once. */
enum loop_phase { LOOP_SERVING, LOOP_DRAINING, LOOP_STOPPING };

enum { LOOP_LISTENERS_MAX = 16 };

/* A socket of the loop's to accept from. */
struct loop_socket {
	int fd;
	bool owned; /* not shared with other loops: to be closed */
	bool tls;
};

struct loop {
	const struct service *service;
	unsigned index;
	struct loop_socket sockets[LOOP_LISTENERS_MAX];
	size_t socket_count;
	struct inbox inbox;
	struct counters counters;
	struct usage *usage;
	atomic_int wanted; /* enum loop_phase, set by the main thread */
	atomic_bool quiet; /* draining, and no connection is left */
	atomic_int_least64_t ticked_ms; /* monotonic time of its last turn */
	atomic_int_least64_t asked_ms;  /* when it was last nudged for one */

	pthread_t thread;
	bool started;
	pthread_mutex_t mutex;
	pthread_cond_t ready;
	bool is_ready; /* under the mutex, with its result: */
	struct error failure;

	/* From here on: its thread's alone. */
	enum loop_phase phase;
	struct event_base *base;
	struct MHD_Daemon *daemon;
	struct event *inbox_event;
	struct event *http_event;  /* the daemon's epoll descriptor */
	struct event *drive_timer; /* when the daemon wants to run */
	struct event *feed_event;  /* more answers are to be given */
	struct event *feed_timer;  /* somebody's wait may have passed */
	int64_t now_ms;            /* monotonic, as of this turn */
	int64_t noted_ms;          /* start of the second … */
	unsigned notes;            /* … in which it logged so many lines */
	int64_t drive_due_ms;      /* INT64_MAX: the timer is not armed */
	int64_t feed_due_ms;
	struct listener *listeners;
	struct catalog *catalog; /* what the feed was told last */
	struct feed *feed;
	struct evaluator *evaluator;
	struct packing *packing;
	struct park *park;
	struct bridges *bridges; /* NULL: no address is under TLS */
	struct room room;
	int dead_fd;     /* of depart.c */
	size_t departed; /* since memory was given back */
	struct lobby *lobby;
	struct random random;
	struct connection *connections; /* those with libmicrohttpd */
	struct connection *arriving;    /* it has not begun with them yet */
	struct exchange *chunked;       /* their bodies come in chunks */
	int64_t chunked_due_us;         /* not to be looked at before */
	struct event *reap_timer;
	bool reaping;           /* the timer is armed */
	struct exchange *spare; /* finished ones, to be used again */
	size_t spare_count;
	size_t jobs;      /* exchanges that are suspended while work is done */
	bool guards_gaps; /* library_passes_over */
};

struct loop *loop_new(const struct service *service, unsigned index,
		      struct error *err) MUST_CHECK;

/* NULL is allowed; the thread must have ended. */
void loop_free(struct loop *loop);

enum status loop_start(struct loop *loop, struct error *err) MUST_CHECK;

/* Any thread: enter the next phase, soon. */
void loop_want(struct loop *loop, enum loop_phase phase);

/* Wait for the thread to end, after loop_want(LOOP_STOPPING). */
void loop_join(struct loop *loop);

/* The loop's thread from here on. */

/* The newest catalog; borrowed. The feed knows it too when this returns. */
struct catalog *loop_catalog(struct loop *loop);

/* Let libmicrohttpd work until it has nothing to do. Never from inside one of
 * its callbacks. Call after a resume or an added connection. */
void loop_drive(struct loop *loop);

/* Somebody waits at most `wait_ms` from now on: be there to answer. */
void loop_expect(struct loop *loop, int64_t wait_ms);

/* Give a connected socket to libmicrohttpd, which owns it from now on; it is
 * counted already, and counted off when it ends, unless it is a bridge's.
 * loop_drive is the caller's. */
void loop_admit(struct loop *loop, int fd,
		const struct connection_origin *origin);

/* The loop ends when it shall stop and nothing is under way: to be called where
 * `jobs` may have become 0. */
void loop_end_when_done(struct loop *loop);

/* An event has come: read the clock, say that the loop is alive. */
void loop_tick(struct loop *loop);

/* Monotonic milliseconds as of this turn. */
int64_t loop_now_ms(const struct loop *loop);

#endif

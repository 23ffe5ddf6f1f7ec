/*
 * The feed: who waits for what. One feed a loop, used on that loop's thread
 * only. It knows neither HTTP nor SQL: a waiter is a small record embedded in
 * whatever holds the client, and an answer is a shared blob handed to a
 * callback.
 *
 * Waiters with the same topic stand in one channel and share one answer, built
 * once: all of them have seen everything up to the last change of what they
 * selected, so the delta is the same whatever their cursors are. A change wakes
 * only the channels whose selection it touches.
 *
 * What is done for many is done a few at a time: whom a change wakes, whose
 * wait has passed and who is told that the server stops are all answered for
 * FEED_RUN_MS in one go, at least one of them.
 *
 * Deadlines stand on a wheel of FEED_TICK_MS slots; a waiter costs no timer.
 */
#ifndef FEED_FEED_H
#define FEED_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "model/catalog.h"
#include "wire/cursor.h"

enum {
	FEED_TICK_MS = 50,
	FEED_RUN_MS = 5, /* of answers in one go: then others are served */
};

struct feed;
struct channel;

enum topic_form {
	TOPIC_CHANGES, /* definitions: the delta */
	TOPIC_VALUES,  /* plain values for a context: the whole map */
	TOPIC_FLAGS, /* OFREP's bulk answer for a context: built by the owner */
	/* That anything changed, the environment's settings too: what of it is
	 * shown is the owner's. */
	TOPIC_STATE,
};

/* What a client waits for. Two equal topics share a channel, whatever their
 * accounts are: it is charged to that of the first, once for all. */
struct topic {
	enum topic_form form;
	struct string environment;
	struct string prefix;  /* length 0: all */
	struct string context; /* canonical JSON object, or length 0 */
	struct string stream;  /* TOPIC_FLAGS: the event stream that the answer
				  names; length 0: none */
	uint64_t account;      /* whom evaluating it is charged to, for the
				  evaluator;      0: nobody */
	bool terse;            /* TOPIC_FLAGS: errors quote nothing of a rule */
};

/* Embedded in the owner's record: zeroed before the first use. */
struct waiter {
	struct channel *channel;     /* NULL: not waiting */
	struct waiter *next, **link; /* in its channel, or among the woken */
	struct waiter *slot_next, **slot_link; /* on the wheel */
	int64_t since; /* it has seen everything up to here */
	uint32_t due;  /* tick at which it expires */
};

enum answer_reason {
	ANSWER_CHANGED, /* something it selected changed */
	ANSWER_EXPIRED, /* its wait has passed: an empty delta */
	ANSWER_DRAINED, /* the server stops: an empty delta */
	ANSWER_GONE,    /* its environment was removed; body is NULL */
	ANSWER_COSTLY,  /* the evaluator builds none now; body is NULL */
	ANSWER_STOPPED, /* the server stops, and there is no time to build an
			   answer; body is NULL */
	ANSWER_ENDED,   /* feed_end; body is NULL */
};

/* `waiter` is no longer waiting when this is called; it may be freed or wait
 * again inside the call. `body` is borrowed; blobs of equal answers are the
 * same pointer. `revision` is the one that the body carries. */
typedef void (*feed_answer_fn)(struct waiter *waiter, struct blob *body,
			       int64_t revision, enum answer_reason reason,
			       void *ctx);

/* Does this change of an environment touch a topic of the forms that need an
 * evaluation? And its answer. Installed by the layer that evaluates; NULL:
 * every change touches, the answer is document_values without a context. */
struct feed_evaluator {
	bool (*touches)(const struct topic *topic,
			const struct snapshot *before,
			const struct snapshot *after, void *ctx);
	/* NULL: it would cost more than its account may spend now. */
	struct blob *(*build)(const struct topic *topic,
			      const struct snapshot *snapshot,
			      const char *epoch, void *ctx);
	/* Is its account one that has spent too much? Then all others are
	 * answered first. NULL: there are none. */
	bool (*goes_last)(const struct topic *topic, void *ctx);
	void *ctx;
};

struct feed_config {
	struct clock clock;
	uint64_t seed; /* of the jitter */
	feed_answer_fn answer;
	void *ctx;
	struct feed_evaluator evaluator;
};

struct feed *feed_new(const struct feed_config *config) MUST_CHECK;

/* Nobody may wait any more. NULL is allowed. */
void feed_free(struct feed *feed);

/* What a client with that cursor needs now. */
enum feed_need {
	FEED_FULL,    /* everything: a new client, another life of the store, a
			 cursor ahead of it, or too old for a delta */
	FEED_DELTA,   /* something it selected changed since */
	FEED_NOTHING, /* it is up to date and may wait */
};

enum feed_need feed_need(const struct catalog *catalog,
			 const struct snapshot *snapshot, struct string prefix,
			 const struct cursor *cursor);

/* Hold `waiter` until something in `topic` changes after `since` or until
 * `wait_ms` has passed, of which up to a sixteenth is taken off at random. The
 * topic is copied. The caller has checked, against the catalog given to
 * feed_publish last or a newer one, that nothing newer is there. */
void feed_wait(struct feed *feed, struct waiter *waiter,
	       const struct topic *topic, int64_t since, int64_t wait_ms);

/* The client has gone. Harmless when it does not wait. */
void feed_cancel(struct feed *feed, struct waiter *waiter);

/* A newer catalog: decide whom it wakes. Takes a reference of its own. The
 * answers are given by feed_run. */
void feed_publish(struct feed *feed, const struct catalog *catalog);

/* Answer up to `budget` woken waiters, or fewer when FEED_RUN_MS have passed;
 * true when more are to be answered, so that a loop can serve others in
 * between. */
bool feed_run(struct feed *feed, size_t budget);

/* Answer those whose wait has passed, for FEED_RUN_MS at most. Returns the
 * milliseconds until it should be called again: 0 when more are due, -1 when
 * nobody waits. */
int64_t feed_tick(struct feed *feed);

/* The server stops: wake everybody. The answers are given by feed_run. */
void feed_drain(struct feed *feed);

/* No more time for that: answer everybody now, with ANSWER_STOPPED. */
void feed_abandon(struct feed *feed);

/* Nobody who waits now may wait any longer: all of them are woken, and feed_run
 * tells them so. */
void feed_end(struct feed *feed);

struct feed_counts {
	size_t waiting;
	size_t channels;
	uint64_t woken;   /* since the start, by a change */
	uint64_t expired; /* since the start */
};

struct feed_counts feed_counts(const struct feed *feed);

/* Visit every waiter of an environment, in no order. */
void feed_each(const struct feed *feed, struct string environment,
	       void (*fn)(const struct waiter *waiter,
			  const struct topic *topic, void *ctx),
	       void *ctx);

#endif

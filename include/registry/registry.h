/*
 * The registry: the one writer. A thread of its own takes jobs from a bounded
 * mailbox, holds each against what is there, commits all waiting writes in one
 * transaction and gives each its own verdict, then publishes the new catalog
 * once. It is also the only reader of the store: history and the past go
 * through it, so no loop ever waits for a disk.
 *
 * A read of the past never stands before a write: it is done in slices of a few
 * milliseconds between the commits. Equal questions that wait at the same time
 * are answered with one result.
 *
 * Order of events for a write: validated, on disk, published to every loop,
 * then its job is done. So whoever was told of a write can read it anywhere.
 */
#ifndef REGISTRY_REGISTRY_H
#define REGISTRY_REGISTRY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "model/catalog.h"
#include "model/change.h"
#include "model/principal.h"
#include "model/warnings.h"
#include "store/store.h"
#include "wire/edit.h"

struct registry;
struct then;

enum job_type {
	JOB_WRITE,    /* edits, all or nothing */
	JOB_ROLLBACK, /* as it was at a moment, as a new change */
	JOB_HISTORY,  /* past changes */
	JOB_PAST,     /* a snapshot as of a moment */
	JOB_BACKUP,   /* a consistent copy of the database */
};

/* A condition on the definition that a single edit touches. */
struct precondition {
	bool must_exist;     /* If-Match: * */
	bool must_not_exist; /* If-None-Match: * */
	/* If-Match: it has one of these; none at all cannot hold. NULL: no
	 * matter. */
	const int64_t *revisions;
	size_t revision_count;
	bool is_there; /* else STATUS_NOT_FOUND: a PATCH of one toggle */
};

struct write_order {
	struct edit *edits;
	size_t count;
	struct precondition precondition; /* only with one edit */
	bool
	    create_environment; /* edits one KIND_ENVIRONMENT that may be new */
	bool lenient;           /* broken targeting is stored and reported */
};

/* What of a history is asked for: what came after a moment, up to another. */
struct moment_range {
	const struct moment *since; /* NULL: from the beginning */
	const struct moment *until; /* NULL: to the newest */
};

/* The change that a moment was found to mean: the newest one of the environment
 * by then; revision 0: there was none yet. */
struct point {
	int64_t revision;
	int64_t at_ms;
};

struct rollback_order {
	struct moment to;
	int64_t now_ms;            /* the wall clock, when it was asked */
	int64_t not_before;        /* refuse what is older; 0: nothing */
	const struct string *keys; /* toggles; none: everything */
	size_t key_count;
};

struct past_order {
	struct moment at;
	int64_t not_before; /* the first revision who asks may know; 0: all */
	bool is_of_keys;    /* only the settings and these; else everything */
	enum kind kind;
	const struct string *keys;
	size_t key_count;
	bool with_segments; /* and all segments: to evaluate */
};

enum verdict {
	VERDICT_CREATED = 1, /* a change; the single definition was not there */
	VERDICT_CHANGED,
	VERDICT_UNCHANGED, /* nothing to do: no revision */
};

/* One question or order. Its owner fills the upper part, submits it and leaves
 * it alone until `done` is called on the registry's thread; the strings and
 * values it points to have to live until then. job_fini releases the results.
 */
struct job {
	enum job_type type;
	void (*done)(struct job *job);
	void *owner;

	/* Who asks. A write is held against it again when it is staged: zero is
	 * nobody, who may write only while there is no token. */
	struct principal by;
	struct string environment;
	struct string actor;
	struct string comment;
	bool dry_run;
	struct string idempotency_key; /* length 0: none */
	uint8_t fingerprint[SHA256_BYTES];
	union {
		struct write_order write;
		struct rollback_order rollback;
		struct {
			struct history_query history;
			struct moment_range range;
		};
		struct past_order past;
	};

	/* Reads of the past (JOB_HISTORY, JOB_PAST): whose share of those that
	 * may wait it counts to; length 0: nobody's in particular. */
	struct string asker;

	/* Results. */
	enum status status;
	enum verdict verdict;
	int64_t revision;      /* of the change; else the environment's */
	struct change *change; /* writes: with before and after */
	/* What is said beside a change that is made. */
	struct warnings warnings;
	/* What is there: with STATUS_PRECONDITION, and where one definition was
	 * written that is as it was before. */
	struct definition *current;
	struct snapshot *snapshot; /* JOB_PAST */
	struct point to;           /* JOB_ROLLBACK, but not of a repeated one */
	struct point since, until; /* JOB_HISTORY, of its range */
	struct change **changes;   /* JOB_HISTORY */
	size_t change_count;
	bool has_more_changes; /* which were asked for, but are too much text */
	/* JOB_BACKUP: a new file beside the database; the owner removes it. */
	char *path;

	/* The registry's own. */
	struct job *next;
	int64_t submitted_ms; /* monotonic */
	atomic_bool is_abandoned;
	struct then *then; /* JOB_ROLLBACK: what was read for it */

	/* Also the places of what a lenient write stored. Last, because it is
	 * large and not cleared with the rest. */
	struct error error;
};

void job_init(struct job *job, enum job_type type);
void job_fini(struct job *job);

struct registry_config {
	const char *database; /* path */
	enum store_mode mode;
	bool is_guarded;      /* nobody gets in without a token, though there
				 may be none */
	size_t mailbox_limit; /* jobs; more are refused with STATUS_BUSY */
	size_t group_limit;   /* changes in one transaction */
	int64_t history_ms;   /* older history is forgotten; 0: none is */
	struct clock clock;
	struct log *log;
	/* Called on the registry's thread (first from registry_start's) with a
	 * borrowed catalog, before the jobs of its commit are done. */
	void (*publish)(void *ctx, const struct catalog *catalog);
	/* The store is dead: called once, on the registry's thread. The process
	 * is to exit and recover from the disk. */
	void (*fatal)(void *ctx, const struct error *err);
	void *ctx;
};

/* Open the store, rebuild the state, make the environment `default` where there
 * is none (and `.access`, where it is guarded), publish, start the thread. */
enum status registry_start(const struct registry_config *config,
			   struct registry **registry,
			   struct error *err) MUST_CHECK;

/* Finish what is in the mailbox, close the store. NULL is allowed. */
void registry_stop(struct registry *registry);

/* Any thread. STATUS_BUSY: the mailbox is full or the registry stops; `done` is
 * then not called. Reads of the past have a limit of their own, of which one
 * asker has a share. */
enum status registry_submit(struct registry *registry, struct job *job,
			    struct error *err) MUST_CHECK;

/* Nobody waits any more for the answer of a job that was submitted and is not
 * done: a read of the past, or a backup, is given up, if it takes longer than a
 * moment, and done with STATUS_BUSY. A write is not. Any thread that keeps the
 * job alive meanwhile. */
void registry_abandon(struct job *job);

/* For the metrics; any thread. */
enum { REGISTRY_BUCKETS = 12 }; /* of a histogram */

/* Upper bounds of the buckets; the last is infinite. */
extern const int64_t registry_size_bounds[REGISTRY_BUCKETS];
extern const int64_t registry_time_bounds_us[REGISTRY_BUCKETS];

struct registry_counts {
	uint64_t commits;     /* transactions */
	uint64_t changes;     /* in them */
	uint64_t commit_us;   /* time spent in them */
	uint64_t failed;      /* transactions that the store refused */
	uint64_t refused;     /* jobs that failed */
	uint64_t turned_away; /* jobs that found the mailbox full */
	uint64_t sizes[REGISTRY_BUCKETS]; /* transactions by changes */
	uint64_t times[REGISTRY_BUCKETS]; /* transactions by their time */
	size_t queued;                    /* writes that wait now */
	size_t queue_limit;
	size_t reads; /* of the past, that wait or are worked on */
	size_t read_limit;
	uint64_t reads_refused; /* there were too many, or too many of one */
	uint64_t reads_shared;  /* answered with another's result */
	uint64_t reads_dropped; /* nobody waited any more */
	int64_t head;
	int64_t oldest;          /* the oldest revision that may be asked for */
	int64_t clock_behind_ms; /* the wall clock the newest change; 0: not */
	uint64_t clock_steps;    /* how often it came to be */
	bool cannot_write;       /* the last attempt failed */
	char write_error[256];   /* why, for who may know; else "" */
	int64_t ticked_ms; /* monotonic time when it last got on with a job */
};

struct registry_counts registry_counts(struct registry *registry);

#endif

/*
 * A question about the past: what one job or several equal ones wait for,
 * worked on in small steps. It keeps copies of everything it needs of them,
 * because each of them may be gone before it is done.
 *
 * Lives on the registry's thread.
 */
#ifndef SRC_REGISTRY_PAST_READ_H
#define SRC_REGISTRY_PAST_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "model/catalog.h"
#include "page_reading.h"
#include "registry/registry.h"
#include "snapshot_reading.h"
#include "store/store.h"

struct asker;

enum past_read_phase { PAST_READ_WAITS, PAST_READ_IS_BEGUN, PAST_READ_IS_OVER };

struct past_read {
	struct past_read *next; /* the archive's */
	enum job_type type;     /* JOB_HISTORY, JOB_PAST or JOB_ROLLBACK */
	enum past_read_phase phase;
	struct asker *asker;      /* whose share of the time it takes */
	struct job *jobs, **last; /* that wait for it */
	/* Equal questions have equal names; length 0: it has no equal. */
	struct bytes name;
	struct arena arena; /* the strings of the queries */
	struct error error; /* how it ended */
	union {
		struct {
			struct history_query query;
			struct page_reading page;
		};
		struct {
			struct past_query past;
			struct snapshot_reading reading;
			struct snapshot *snapshot;
		};
	};
};

/* What the job asks, as of now. On failure job->error says why, and NULL. */
struct past_read *past_read_new(struct store *store,
				struct job *job) MUST_CHECK;

/* Release up to `rows` of what it holds. True: all of it; it is freed. */
bool past_read_free(struct past_read *question, size_t rows);

/* One more that waits for it. */
void past_read_add(struct past_read *question, struct job *job);

/* Go on for some `rows`. True: it is over. */
bool past_read_step(struct past_read *question, struct store *store, int rows,
		    const struct catalog *now);

/* Put what it came to into one of its jobs; the last in the list is the last to
 * be answered. */
void past_read_answer(struct past_read *question, struct job *job);

#endif

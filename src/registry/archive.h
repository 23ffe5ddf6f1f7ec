/*
 * The archive: reads of the past, between the writes. Questions wait here and
 * are worked on in slices of at most some milliseconds; who writes waits for
 * the slice at hand, never for a question.
 *
 * Equal questions are one, as long as the first is not answered. The work is
 * shared out by askers: the next step goes to the one who has had the fewest,
 * to the oldest of his questions. What an incident needs comes first: the
 * reading for a rollback. What nobody waits for any more is dropped, but for
 * that of a rollback, which is a write.
 *
 * Lives on the registry's thread.
 */
#ifndef SRC_REGISTRY_ARCHIVE_H
#define SRC_REGISTRY_ARCHIVE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"
#include "base/map.h"
#include "model/catalog.h"
#include "pulse.h"
#include "registry/registry.h"
#include "store/store.h"

struct asker;
struct past_read;

struct archive {
	struct store *store;
	struct clock clock;
	struct pulse *pulse;
	/* A job has its answer; a rollback what it needs to be staged. */
	void (*done)(void *ctx, struct job *job);
	/* Somebody writes: end the slice. */
	bool (*is_urgent)(void *ctx);
	void *ctx;

	struct job *fresh, **last_fresh; /* not looked at yet */
	struct past_read *first, **last; /* oldest first */
	size_t begun;                    /* of them */
	struct map by_name;              /* questions that may be joined */
	struct map askers;               /* by id */
	struct past_read *over;          /* to be released in slices */
	atomic_uint_least64_t shared, dropped;
};

/* Fill in store, clock, pulse, done, is_urgent and ctx, then this. */
void archive_init(struct archive *archive);
void archive_fini(struct archive *archive);

/* A job waits from now on. What it asks is settled by the next slice, on top of
 * what was committed before that. */
void archive_put(struct archive *archive, struct job *job);

/* There is something to do. */
bool archive_is_busy(const struct archive *archive);

/* One slice. `now` is what stands. */
void archive_step(struct archive *archive, const struct catalog *now);

/* The store failed: everybody is told so. */
void archive_refuse(struct archive *archive, const struct error *err);

#endif

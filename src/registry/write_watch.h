/*
 * Can anything be written? Known from the last attempt: once one has failed, it
 * is tried every PROBE_MS with a transaction that changes nothing, until one
 * goes through, so that it is said for as long as it is so and no longer, also
 * where nobody writes meanwhile.
 *
 * The registry's thread tries; what it knows may be read by any thread.
 */
#ifndef SRC_REGISTRY_WRITE_WATCH_H
#define SRC_REGISTRY_WRITE_WATCH_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/store.h"

enum { WRITE_WHY_BYTES = 256 };

struct write_watch {
	struct clock clock;
	struct log *log;
	struct store *store;
	int64_t probe_ms; /* monotonic time of the next */
	atomic_bool fails;
	pthread_mutex_t mutex; /* of: */
	char why[WRITE_WHY_BYTES];
};

/* Is there room at all? Nothing is written for that. */
void write_watch_init(struct write_watch *watch, struct store *store,
		      const struct clock *clock, struct log *log);
void write_watch_fini(struct write_watch *watch);

/* Something was written, or could not be. */
void write_watch_note(struct write_watch *watch, enum status status,
		      const struct error *err);

/* Try again, if it is time. */
void write_watch_look(struct write_watch *watch);

/* Why nothing can be written, cut to fit; false: something can. Any thread. */
bool write_watch_why(struct write_watch *watch, char why[WRITE_WHY_BYTES]);

#endif

/*
 * Retention: the registry's thread forgets old history in short steps between
 * its commits. Nothing of it is visible but that the past ends earlier.
 */
#ifndef SRC_REGISTRY_RETENTION_H
#define SRC_REGISTRY_RETENTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "store/store.h"

struct retention {
	struct store *store;
	struct clock clock;
	struct log *log;
	int64_t keep_ms; /* 0: for ever */
	int64_t look_ms; /* monotonic time of the next look */
	int64_t oldest;  /* when the last look ended */
	bool is_busy;    /* there is more to do at once */
};

void retention_init(struct retention *retention, struct store *store,
		    const struct clock *clock, struct log *log,
		    int64_t keep_ms);

/* One step, if one is due. A failure ends this look; the next one tries again.
 */
enum status retention_step(struct retention *retention,
			   struct error *err) MUST_CHECK;

#endif

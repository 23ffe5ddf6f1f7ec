/*
 * A look asks the store, once a minute, whether something has grown old; while
 * something has, the thread takes a step a turn. A step is a few hundred small
 * writes to pages in memory and no sync, so the write that waits behind it
 * hardly does.
 */
#include "retention.h"

enum { LOOK_EVERY_MS = 60 * 1000, STEP_ITEMS = 32 };

void
retention_init(struct retention *retention, struct store *store,
	       const struct clock *clock, struct log *log, int64_t keep_ms)
{
	*retention = (struct retention){ .store = store,
					 .clock = *clock,
					 .log = log,
					 .keep_ms = keep_ms,
					 .look_ms = clock_mono_ms(clock),
					 .oldest = store_oldest(store) };
}

static void
end_look(struct retention *retention, int64_t now_ms)
{
	const int64_t oldest = store_oldest(retention->store);

	retention->is_busy = false;
	retention->look_ms = now_ms + LOOK_EVERY_MS;
	if (oldest > retention->oldest)
		log_to(retention->log, LOG_INFO, "history pruned",
		       LOG_N("oldest", oldest));
	retention->oldest = oldest;
}

enum status
retention_step(struct retention *retention, struct error *err)
{
	const int64_t now_ms = clock_mono_ms(&retention->clock);
	const int64_t wall_ms = clock_wall_ms(&retention->clock);
	bool done = false;
	enum status rc;

	if (retention->keep_ms == 0 ||
	    (!retention->is_busy && now_ms < retention->look_ms))
		return STATUS_OK;
	rc = store_prune(retention->store, wall_ms - retention->keep_ms,
			 wall_ms, STEP_ITEMS, &done, err);
	retention->is_busy = true;
	if (rc != STATUS_OK || done)
		end_look(retention, now_ms);
	return rc;
}

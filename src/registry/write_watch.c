#include "write_watch.h"

#include <stdio.h>
#include <string.h>

enum { PROBE_MS = 5000 };

static void
set(struct write_watch *watch, const char *why)
{
	pthread_mutex_lock(&watch->mutex);
	(void)snprintf(watch->why, sizeof(watch->why), "%.*s",
		       WRITE_WHY_BYTES - 1, why);
	pthread_mutex_unlock(&watch->mutex);
	atomic_store(&watch->fails, *why != '\0');
}

void
write_watch_note(struct write_watch *watch, enum status status,
		 const struct error *err)
{
	const bool failed = atomic_load(&watch->fails);

	if (status == STATUS_OK && !failed)
		return;
	watch->probe_ms = clock_mono_ms(&watch->clock) + PROBE_MS;
	set(watch, status == STATUS_OK ? "" : err->text);
	if (status == STATUS_OK)
		log_to(watch->log, LOG_INFO, "writes go through again");
	else if (!failed)
		log_to(watch->log, LOG_ERROR,
		       "nothing can be written: every change is refused until "
		       "that is mended",
		       LOG_S("detail", err->text));
}

void
write_watch_init(struct write_watch *watch, struct store *store,
		 const struct clock *clock, struct log *log)
{
	struct error err;
	enum status status;

	watch->clock = *clock;
	watch->log = log;
	watch->store = store;
	atomic_store(&watch->fails, false);
	error_init(&err);
	status = store_check_room(store, &err);
	write_watch_note(watch, status, &err);
}

void
write_watch_look(struct write_watch *watch)
{
	struct error err;
	enum status status;

	if (!atomic_load(&watch->fails) || store_is_dead(watch->store) ||
	    clock_mono_ms(&watch->clock) < watch->probe_ms)
		return;
	error_init(&err);
	status = store_probe(watch->store, &err);
	write_watch_note(watch, status, &err);
}

bool
write_watch_why(struct write_watch *watch, char why[WRITE_WHY_BYTES])
{
	why[0] = '\0';
	if (!atomic_load(&watch->fails))
		return false;
	pthread_mutex_lock(&watch->mutex);
	memcpy(why, watch->why, WRITE_WHY_BYTES);
	pthread_mutex_unlock(&watch->mutex);
	return why[0] != '\0';
}

void
write_watch_fini(struct write_watch *watch)
{
	pthread_mutex_destroy(&watch->mutex);
}

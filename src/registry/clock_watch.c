#include "clock_watch.h"

enum {
	/* Daemons that keep a clock move it slowly for less than that. */
	BEHIND_MS = STORE_STEP_MS,
	SAY_AGAIN_MS = 60 * 60 * 1000, /* while it lasts */
	SAY_EACH_MS = 60 * 1000,       /* a clock may jump back and forth */
};

void
clock_watch_init(struct clock_watch *watch, const struct store *store,
		 const struct clock *clock, struct log *log)
{
	watch->clock = *clock;
	watch->log = log;
	watch->store = store;
	watch->said_ms = 0;
	watch->is_said = false;
	atomic_init(&watch->behind_ms, 0);
	atomic_init(&watch->steps, 0);
}

static void
say_behind(struct clock_watch *watch, int64_t behind_ms)
{
	const int64_t now_ms = clock_mono_ms(&watch->clock);
	const int64_t pause = watch->is_said ? SAY_AGAIN_MS : SAY_EACH_MS;
	char newest[CLOCK_TEXT_BYTES];

	if (watch->said_ms > 0 && now_ms - watch->said_ms < pause)
		return;
	clock_format(store_newest_at(watch->store), newest);
	log_to(watch->log, LOG_WARN,
	       "the wall clock is behind the newest change: it is wrong now, "
	       "or was then; times of changes do not rise with their "
	       "revisions",
	       LOG_N("seconds", behind_ms / 1000),
	       LOG_N("revision", store_head(watch->store)),
	       LOG_S("at", newest));
	watch->said_ms = now_ms;
	watch->is_said = true;
}

void
clock_watch_look(struct clock_watch *watch)
{
	const int64_t behind_ms =
	    store_newest_at(watch->store) - clock_wall_ms(&watch->clock);

	if (behind_ms > BEHIND_MS) {
		if (atomic_exchange(&watch->behind_ms, behind_ms) == 0)
			atomic_fetch_add(&watch->steps, 1);
		say_behind(watch, behind_ms);
		return;
	}
	if (atomic_exchange(&watch->behind_ms, 0) != 0 && watch->is_said)
		log_to(watch->log, LOG_INFO,
		       "the wall clock is not behind the newest change any "
		       "more",
		       LOG_N("revision", store_head(watch->store)));
	watch->is_said = false;
}

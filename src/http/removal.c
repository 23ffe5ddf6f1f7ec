#include "removal.h"

#include <inttypes.h>

#include "loop.h"
#include "usages.h"

enum { RECENT_MS = 3600 * 1000, MINUTE_MS = 60 * 1000 };

static void
look_at(struct request *r, const struct edit *edit)
{
	const struct definition *toggle =
	    edit->kind == KIND_TOGGLE && edit->verb == EDIT_REMOVE
		? snapshot_find(r->snapshot, KIND_TOGGLE, edit->key.data,
				edit->key.length)
		: NULL;
	struct usage_sum sum;
	int64_t ago_ms;

	if (toggle == NULL)
		return;
	usages_gather(r->loop->service, r->snapshot->environment, toggle, &sum);
	ago_ms = request_now_ms(r) - sum.last_ms;
	if (sum.last_ms == 0 || ago_ms >= RECENT_MS)
		return;
	warnings_add(&r->job->warnings, "in-use", edit->pointer,
		     "'%.*s' was evaluated %" PRId64
		     " minutes ago: clients that still ask for it get the "
		     "default in their code",
		     (int)edit->key.length, edit->key.data,
		     ago_ms < 0 ? 0 : ago_ms / MINUTE_MS);
}

void
removal_warn(struct request *r)
{
	const struct write_order *write = &r->job->write;

	for (size_t i = 0;
	     i < write->count && !warnings_are_full(&r->job->warnings); i++)
		look_at(r, &write->edits[i]);
}

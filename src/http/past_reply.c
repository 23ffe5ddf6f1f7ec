#include "past_reply.h"

#include <inttypes.h>

#include "base/clock.h"
#include "bounds.h"
#include "order.h"

/* Which revision a moment was found to mean: the newest of the environment by
 * then. */
static void
say_moment(struct request *r, const struct snapshot *snapshot)
{
	char at[CLOCK_TEXT_BYTES];

	clock_format(snapshot->at_ms, at);
	reply_headerf(r, "Toggled-At", "%" PRId64 ";time=\"%s\"",
		      snapshot->revision, at);
}

static void
reply_past(struct request *r)
{
	if (bounds_show(r, r->job) && !order_refused(r)) {
		r->past(r, r->job->snapshot);
		say_moment(r, r->job->snapshot);
	}
	/* Not kept until the answer has been sent: it may be large. */
	snapshot_unref(r->job->snapshot);
	r->job->snapshot = NULL;
}

enum step
past_reply(struct request *r, const struct past_order *order,
	   void (*reply)(struct request *r, const struct snapshot *snapshot))
{
	const struct moment *at;

	if (!request_moment(r, "at", &at))
		return STEP_REPLY;
	if (at == NULL) {
		reply(r, r->snapshot);
		return STEP_REPLY;
	}
	request_job(r, JOB_PAST);
	r->job->environment = r->params[0];
	r->job->past = *order;
	r->job->past.at = *at;
	r->job->past.not_before = bounds_first(r);
	if (!bounds_admit(r, at))
		return STEP_REPLY;
	r->past = reply;
	return request_submit(r, reply_past);
}

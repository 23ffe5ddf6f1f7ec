#include "past_reply.h"

#include "bounds.h"
#include "order.h"
#include "wire/edit.h"

static void
reply_past(struct request *r)
{
	if (bounds_show(r, r->job) && !order_refused(r))
		r->past(r, r->job->snapshot);
	/* Not kept until the answer has been sent: it may be large. */
	snapshot_unref(r->job->snapshot);
	r->job->snapshot = NULL;
}

enum step
past_reply(struct request *r, const struct past_order *order,
	   void (*reply)(struct request *r, const struct snapshot *snapshot))
{
	const char *at = request_query(r, "at");

	if (at == NULL) {
		reply(r, r->snapshot);
		return STEP_REPLY;
	}
	request_job(r, JOB_PAST);
	r->job->environment = r->params[0];
	r->job->past = *order;
	if (moment_decode(at, "at", &r->job->past.at, &r->error) != STATUS_OK) {
		reply_error(r, &r->error);
		return STEP_REPLY;
	}
	if (!bounds_admit(r, &r->job->past.at))
		return STEP_REPLY;
	r->past = reply;
	return request_submit(r, reply_past);
}

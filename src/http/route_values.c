/* $T/values: plain values for a context, as a long poll. */
#include <string.h>

#include "context.h"
#include "document_reply.h"
#include "evaluator.h"
#include "poll.h"
#include "request.h"
#include "wire/values.h"

static void
reply_values(struct request *r, const struct value *data, struct string prefix)
{
	struct eval_context context = evaluator_counted(
	    r->evaluator, r->snapshot, data, request_account(r));
	struct bytes body;
	int64_t wait_ms;

	bytes_init(&body);
	document_values(r->snapshot, r->catalog->epoch, &context, prefix,
			&body);
	if (!evaluator_afford(r->evaluator, &wait_ms)) {
		bytes_fini(&body);
		request_refuse_effort(r, wait_ms);
		return;
	}
	reply_json(r, 200, &body);
	reply_etag(r, r->snapshot->revision);
}

static enum step
values(struct request *r)
{
	static const char *const reserved[] = { "since", "wait", "prefix",
						NULL };
	struct topic topic = { .form = TOPIC_VALUES,
			       .environment = r->params[0] };
	struct value data;
	struct poll poll;

	if (!poll_decode(r, &poll) || !context_decode(r, reserved, &data))
		return STEP_REPLY;
	/* The answer is always the whole map: what it costs to be behind is one
	 * answer that may be the same as the last. */
	if (poll.wait_ms == 0 || r->head_only ||
	    feed_need(r->catalog, r->snapshot, poll.prefix, &poll.cursor) !=
		FEED_NOTHING) {
		if (!request_is_trial(r))
			reply_values(r, &data, poll.prefix);
		return STEP_REPLY;
	}
	evaluator_confirm(r->evaluator, r->snapshot, poll.prefix);
	topic.prefix = poll.prefix;
	topic.context = evaluator_text(r->evaluator, &data);
	return request_wait(r, &topic, poll.cursor.revision, poll.wait_ms,
			    NULL);
}

const struct route routes_values[] = {
	{ METHOD_GET, "/v1/envs/{env}/values", values,
	  ROUTE_ENVIRONMENT | ROUTE_EVALUATE },
	{ METHOD_POST, "/v1/envs/{env}/values", values,
	  ROUTE_ENVIRONMENT | ROUTE_EVALUATE },
	{ METHOD_GET, NULL, NULL, 0 },
};

/* $T/values: plain values for a context, as a long poll. */
#include <string.h>

#include "context.h"
#include "document_reply.h"
#include "evaluator.h"
#include "loop.h"
#include "poll.h"
#include "request.h"
#include "wire/values.h"

static bool
has_values(const struct request *r, int64_t revision, const struct blob *body,
	   char tag[VALUES_TAG_BYTES])
{
	values_tag(r->loop->catalog->epoch, revision, body, tag);
	return etag_matches(request_header(r, "If-None-Match"), tag);
}

/* Takes `body`. */
static void
reply_tagged(struct request *r, int64_t revision, struct blob *body)
{
	char tag[VALUES_TAG_BYTES];

	if (has_values(r, revision, body, tag)) {
		blob_unref(body);
		reply_empty(r, 304);
	} else {
		reply_blob(r, 200, "application/json", body);
	}
	reply_headerf(r, "ETag", "\"%s\"", tag);
	reply_header(r, "Cache-Control", "no-cache");
}

/* NULL: the reply is filled. */
static struct blob *
evaluate_values(struct request *r, const struct value *data,
		struct string prefix)
{
	struct eval_context context = evaluator_counted(
	    r->evaluator, r->snapshot, data, request_account(r));
	struct bytes body;
	int64_t wait_ms;

	bytes_init(&body);
	document_values(r->snapshot, r->catalog->epoch, &context, prefix,
			&body);
	if (evaluator_afford(r->evaluator, &wait_ms))
		return blob_from_bytes(&body);
	bytes_fini(&body);
	request_refuse_effort(r, wait_ms);
	return NULL;
}

/* By its tag: the whole map, or 304 for who has it. */
static void
values_answered(struct request *r, struct blob *body, int64_t revision,
		enum answer_reason reason)
{
	if (reason == ANSWER_GONE || body == NULL)
		reply_fail(r, STATUS_NOT_FOUND, "the environment was removed");
	else
		reply_tagged(r, revision, blob_ref(body));
}

static enum step
wait_for_change(struct request *r, const struct poll *poll,
		const struct value *data, int64_t since,
		void (*answered)(struct request *r, struct blob *body,
				 int64_t revision, enum answer_reason reason))
{
	const struct topic topic = {
		.form = TOPIC_VALUES,
		.environment = r->params[0],
		.prefix = poll->prefix,
		.context = evaluator_text(r->evaluator, data),
	};

	evaluator_confirm(r->evaluator, r->snapshot, poll->prefix);
	return request_wait(r, &topic, since, poll->wait_ms, answered);
}

static enum step
values(struct request *r)
{
	static const char *const reserved[] = { "since", "wait", "prefix",
						NULL };
	struct value data;
	struct poll poll;
	char tag[VALUES_TAG_BYTES];
	struct blob *body;
	bool waits;

	if (!poll_decode(r, &poll) || !context_decode(r, reserved, &data))
		return STEP_REPLY;
	waits = poll.wait_ms > 0 && !r->head_only;
	/* The answer is always the whole map: what it costs to be behind is one
	 * answer that may be the same as the last. */
	if (waits && feed_need(r->catalog, r->snapshot, poll.prefix,
			       &poll.cursor) == FEED_NOTHING)
		return wait_for_change(r, &poll, &data, poll.cursor.revision,
				       NULL);
	if (request_is_trial(r))
		return STEP_REPLY;
	body = evaluate_values(r, &data, poll.prefix);
	if (body == NULL)
		return STEP_REPLY;
	if (waits && has_values(r, r->snapshot->revision, body, tag)) {
		blob_unref(body);
		return wait_for_change(r, &poll, &data, r->snapshot->revision,
				       values_answered);
	}
	reply_tagged(r, r->snapshot->revision, body);
	return STEP_REPLY;
}

const struct route routes_values[] = {
	{ METHOD_GET, "/v1/envs/{env}/values", values,
	  ROUTE_ENVIRONMENT | ROUTE_EVALUATE },
	{ METHOD_POST, "/v1/envs/{env}/values", values,
	  ROUTE_ENVIRONMENT | ROUTE_EVALUATE },
	{ METHOD_GET, NULL, NULL, 0 },
};

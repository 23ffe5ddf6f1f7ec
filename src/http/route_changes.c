/* $T/changes: the feed, and changes of many definitions at once. */
#include <inttypes.h>
#include <string.h>

#include "await.h"
#include "document_reply.h"
#include "evaluator.h"
#include "order.h"
#include "poll.h"
#include "removal.h"
#include "request.h"
#include "wire/cursor.h"
#include "wire/document.h"
#include "wire/edit.h"

struct delta {
	const char *epoch;
	struct string prefix;
	int64_t since;
};

static void
build_delta(const struct snapshot *snapshot, void *ctx, struct bytes *out)
{
	const struct delta *delta = ctx;

	document_changes(snapshot, delta->epoch, delta->prefix, delta->since,
			 out);
}

/* What is new for a cursor; 0: everything. */
static void
reply_delta(struct request *r, struct string prefix, int64_t since)
{
	struct delta delta = { r->catalog->epoch, prefix, since };
	struct bytes name;

	bytes_init(&name);
	bytes_printf(&name, "changes %" PRId64 " %s", since, prefix.data);
	document_reply(r, r->snapshot,
		       &(struct document){ .name = name.data,
					   .build = build_delta,
					   .ctx = &delta,
					   .revision = r->snapshot->revision,
					   .unconditional = since != 0 });
	bytes_fini(&name);
}

static void
reply_nothing(struct request *r, int64_t since)
{
	const int64_t revision =
	    since > r->snapshot->revision ? since : r->snapshot->revision;
	struct bytes body;

	bytes_init(&body);
	document_no_changes(r->catalog->epoch, revision, &body);
	reply_json(r, 200, &body);
	reply_etag(r, revision);
}

/* For who asks without a cursor. */
static void
reply_all(struct request *r, const struct snapshot *snapshot)
{
	const char *prefix = request_query(r, "prefix");

	(void)snapshot;
	if (prefix == NULL)
		prefix = "";
	evaluator_hand_out(r->evaluator, r->snapshot);
	reply_delta(r, (struct string){ prefix, strlen(prefix) }, 0);
}

static enum step
follow(struct request *r)
{
	static const char *const known[] = { "since", "wait", "prefix", NULL };
	struct poll poll;

	if (!request_known_query(r, known) || !poll_decode(r, &poll))
		return STEP_REPLY;
	evaluator_hand_out(r->evaluator, r->snapshot);
	if (request_query(r, "since") == NULL)
		return await_document(r, r->snapshot,
				      &(struct awaited){
					  .revision = r->snapshot->revision,
					  .prefix = poll.prefix,
					  .wait_ms = poll.wait_ms,
					  .reply = reply_all,
				      });
	switch (feed_need(r->catalog, r->snapshot, poll.prefix, &poll.cursor)) {
	case FEED_FULL:
		reply_delta(r, poll.prefix, 0);
		return STEP_REPLY;
	case FEED_DELTA:
		reply_delta(r, poll.prefix, poll.cursor.revision);
		return STEP_REPLY;
	case FEED_NOTHING:
		break;
	}
	if (poll.wait_ms == 0 || r->head_only) {
		reply_nothing(r, poll.cursor.revision);
		return STEP_REPLY;
	}
	return request_wait(r,
			    &(struct topic){ .form = TOPIC_CHANGES,
					     .environment = r->params[0],
					     .prefix = poll.prefix },
			    poll.cursor.revision, poll.wait_ms, NULL);
}

static enum step
change(struct request *r)
{
	static const char *const known[] = { "dryRun", "lenient", NULL };
	struct edit_list list;
	struct value body;

	if (!request_known_query(r, known) || !order_begin(r, JOB_WRITE) ||
	    !request_flag(r, "lenient", &r->job->write.lenient) ||
	    !request_json(r, &body))
		return STEP_REPLY;
	if (edit_decode_changes(&body, &r->arena, &list, &r->error) !=
	    STATUS_OK) {
		reply_error(r, &r->error);
		return STEP_REPLY;
	}
	if (!order_comment(r, list.comment))
		return STEP_REPLY;
	r->job->write.edits = list.edits;
	r->job->write.count = list.count;
	removal_warn(r);
	return request_submit(r, order_reply_change);
}

const struct route routes_changes[] = {
	{ METHOD_GET, "/v1/envs/{env}/changes", follow,
	  ROUTE_ENVIRONMENT | ROUTE_CLIENT },
	{ METHOD_POST, "/v1/envs/{env}/changes", change,
	  ROUTE_ENVIRONMENT | ROUTE_WRITE | ROUTE_LARGE_BODY },
	{ METHOD_GET, NULL, NULL, 0 },
};

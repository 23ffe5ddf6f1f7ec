/*
 * The flagd document: what flagd and in-process providers synchronise from.
 * Route shapes as flagd's own: GET /v1/flags[/{selector}], where a selector is
 * "flagSetId=NAME" or the environment's name; the header Flagd-Selector does
 * the same.
 */
#include <string.h>
#include <strings.h>

#include "await.h"
#include "document_reply.h"
#include "evaluator.h"
#include "model/name.h"
#include "request.h"
#include "selector.h"
#include "wire/document.h"

static void
build(const struct snapshot *snapshot, void *ctx, struct bytes *out)
{
	(void)ctx;
	document_flagd(snapshot, out);
}

static void
reply_flags(struct request *r, const struct snapshot *snapshot,
	    const char *vary)
{
	evaluator_hand_out(r->evaluator, snapshot);
	document_reply(r, snapshot,
		       &(struct document){ .name = "flagd",
					   .build = build,
					   .revision = snapshot->revision,
					   .vary = vary });
}

static void
reply_of_environment(struct request *r, const struct snapshot *snapshot)
{
	reply_flags(r, snapshot, NULL);
}

static void
reply_selected(struct request *r, const struct snapshot *snapshot)
{
	reply_flags(r, snapshot,
		    "Accept-Encoding, Flagd-Selector, Authorization, "
		    "X-API-Key");
}

static enum step
follow(struct request *r, const struct snapshot *snapshot,
       void (*reply)(struct request *r, const struct snapshot *snapshot))
{
	/* Who waits for the next one has this one. */
	evaluator_hand_out(r->evaluator, snapshot);
	return await_document(r, snapshot,
			      &(struct awaited){
				  .revision = snapshot->revision,
				  .prefix = { "", 0 },
				  .reply = reply,
			      });
}

static enum step
flags_of_environment(struct request *r)
{
	return follow(r, r->snapshot, reply_of_environment);
}

static enum step
flags(struct request *r)
{
	const struct snapshot *snapshot =
	    selector_find(r, r->params[0], STATUS_NOT_FOUND);

	if (snapshot == NULL)
		return STEP_REPLY;
	return follow(r, snapshot, reply_selected);
}

const struct route routes_flagd[] = {
	{ METHOD_GET, "/v1/flags", flags, ROUTE_CLIENT },
	{ METHOD_GET, "/v1/flags/{selector}", flags, ROUTE_CLIENT },
	{ METHOD_GET, "/v1/envs/{env}/flags", flags_of_environment,
	  ROUTE_ENVIRONMENT | ROUTE_CLIENT },
	{ METHOD_GET, NULL, NULL, 0 },
};

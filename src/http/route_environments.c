/* /v1/envs: environments. */
#include <string.h>

#include "access.h"
#include "document_reply.h"
#include "model/name.h"
#include "order.h"
#include "request.h"
#include "wire/document.h"

/* What it shows depends on the token. To all who see everything it shows the
 * same, as of the head; to others not even how far the head is. */
static enum step
list(struct request *r)
{
	static const char *const known[] = { NULL };
	const bool sees_all = access_sees_all(r);
	struct bytes body;
	struct blob *blob;
	uint64_t tag;

	if (!request_known_query(r, known))
		return STEP_REPLY;
	bytes_init(&body);
	document_environments(r->catalog, request_token(r), &body);
	blob = blob_from_bytes(&body);
	tag = content_tag(blob);
	if (sees_all ? client_has(r, r->catalog->head)
		     : client_has_content(r, tag)) {
		blob_unref(blob);
		reply_empty(r, 304);
	} else {
		reply_blob(r, 200, "application/json", blob);
	}
	if (sees_all)
		reply_etag(r, r->catalog->head);
	else
		reply_content_tag(r, tag);
	reply_header(r, "Cache-Control", "private, no-cache");
	return STEP_REPLY;
}

static enum step
get(struct request *r)
{
	static const char *const known[] = { NULL };
	const struct definition *settings = r->snapshot->settings;

	if (!request_known_query(r, known))
		return STEP_REPLY;
	if (client_has(r, settings->revision))
		reply_empty(r, 304);
	else
		reply_blob(
		    r, 200, "application/json",
		    blob_new(settings->text.data, settings->text.length));
	reply_etag(r, settings->revision);
	reply_header(r, "Cache-Control", "no-cache");
	return STEP_REPLY;
}

static enum step
put(struct request *r)
{
	static const char *const known[] = { "dryRun", NULL };
	const struct string name = r->params[0];

	if (!request_known_query(r, known))
		return STEP_REPLY;
	if (!name_is_environment(name.data, name.length)) {
		reply_fail(r, STATUS_INVALID,
			   "an environment's name is 1 to %d characters out of "
			   "A-Z a-z 0-9 . _ - and does not begin with a dot",
			   NAME_ENVIRONMENT_MAX);
		return STEP_REPLY;
	}
	return order_one(r, EDIT_PUT, KIND_ENVIRONMENT, name);
}

static enum step
drop(struct request *r)
{
	static const char *const known[] = { "name", "dryRun", NULL };
	const char *name = request_query(r, "name");

	if (!request_known_query(r, known))
		return STEP_REPLY;
	if (name != NULL && strcmp(name, r->params[0].data) != 0) {
		reply_fail(r, STATUS_INVALID,
			   "name is '%s', but the environment is '%s'", name,
			   r->params[0].data);
		return STEP_REPLY;
	}
	return order_one(r, EDIT_REMOVE, KIND_ENVIRONMENT, r->params[0]);
}

const struct route routes_environments[] = {
	{ METHOD_GET, "/v1/envs", list, 0 },
	{ METHOD_GET, "/v1/envs/{env}", get, ROUTE_ENVIRONMENT },
	{ METHOD_PUT, "/v1/envs/{env}", put,
	  ROUTE_WRITE | ROUTE_ADMIN | ROUTE_BODY_OPTIONAL },
	{ METHOD_DELETE, "/v1/envs/{env}", drop,
	  ROUTE_ENVIRONMENT | ROUTE_WRITE | ROUTE_ADMIN | ROUTE_BODY_OPTIONAL },
	{ METHOD_GET, NULL, NULL, 0 },
};

#include "intake.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "access.h"
#include "connection.h"
#include "cors.h"
#include "encoded.h"
#include "field.h"
#include "guard.h"
#include "loop.h"
#include "model/name.h"
#include "prelude.h"
#include "proxies.h"
#include "request_id.h"
#include "site.h"
#include "wire/json.h"

enum {
	DISCARD_MAX = 16 << 20, /* of a refused body is read, to be polite */
	HINTS_MAX = 8,          /* names that a hint lists */
};

/* The target's path and query, wherever it says that they are. */
static enum status
read_target(struct exchange *x, struct uri *uri, struct error *err)
{
	struct request *r = &x->request;
	enum status rc =
	    uri_take_origin(&x->raw, &r->arena, &x->authority, err);

	if (rc != STATUS_OK)
		return rc;
	if (*x->raw == '\0' && x->authority != NULL)
		x->raw = r->method == METHOD_OPTIONS ? "*" : "/";
	return uri_decode(x->raw, &r->arena, uri, err);
}

static void
reply_allowed(struct request *r, unsigned allowed)
{
	struct bytes list;

	bytes_init(&list);
	router_allow(allowed, &list);
	if (r->method != METHOD_OPTIONS)
		reply_fail(r, STATUS_METHOD,
			   "%s is not possible here; what is: %s",
			   request_method_name(r), list.data);
	reply_headerf(r, "Allow", "%s", list.data);
	if (r->is_ofrep && r->method == METHOD_OPTIONS)
		cors_preflight(r, list.data);
	bytes_fini(&list);
}

/* False: the reply is filled, 404, 405 or the answer to OPTIONS. */
static bool
find_route(struct exchange *x, const struct uri *uri)
{
	struct request *r = &x->request;
	const struct router *router = r->loop->service->router;
	struct router_match match;

	router_find(router, r->method, uri, &match);
	r->is_ofrep = r->is_ofrep || (match.flags & ROUTE_OFREP) != 0;
	if (match.route != NULL) {
		r->route = match.route;
		x->route_number = match.number;
		memcpy(r->params, match.params, sizeof(r->params));
		return true;
	}
	if (match.allowed == 0 && strcmp(x->raw, "*") != 0) {
		reply_fail(r, STATUS_NOT_FOUND,
			   "there is nothing at %s; GET /openapi.yaml lists "
			   "what there is",
			   r->path.data);
	} else if (r->method == METHOD_OPTIONS) {
		reply_empty(r, 204);
		reply_allowed(r, match.allowed);
	} else {
		reply_allowed(r, match.allowed);
	}
	return false;
}

/* The media types that are read as JSON. curl -d says it sends a form. */
static bool
is_json_type(const char *type)
{
	size_t length = strcspn(type, "; \t");

	if (length == 0)
		return true;
	if (length == 16 && strncasecmp(type, "application/json", 16) == 0)
		return true;
	if (length == 33 &&
	    strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0)
		return true;
	return length > 17 && strncasecmp(type, "application/", 12) == 0 &&
	       strncasecmp(type + length - 5, "+json", 5) == 0;
}

static bool
check_rights_and_body(struct exchange *x, const struct guard_message *message)
{
	struct request *r = &x->request;
	const char *type = request_header(r, "Content-Type");
	bool has_body = message->chunked || message->length > 0;

	x->body_limit = (r->route->flags & ROUTE_LARGE_BODY) != 0
			    ? LIMIT_CHANGE_BYTES
			    : LIMIT_DEFINITION_BYTES;
	if (!access_admit(x) || !site_admit(x) || !request_unique_query(r))
		return false;
	if (has_body && type != NULL && !is_json_type(type)) {
		reply_fail(r, STATUS_MEDIA_TYPE,
			   "the body is '%.80s', but only JSON is read "
			   "(application/json)",
			   type);
		return false;
	}
	if (has_body && encoded_new(request_header(r, "Content-Encoding"),
				    &x->encoded, &r->error) != STATUS_OK) {
		reply_error(r, &r->error);
		reply_header(r, "Accept-Encoding", ENCODED_TAKEN);
		return false;
	}
	if (message->length > x->body_limit) {
		reply_fail(r, STATUS_TOO_LARGE,
			   "the body has %" PRIu64 " bytes, the limit is %zu",
			   message->length, x->body_limit);
		return false;
	}
	return true;
}

enum intake_verdict
intake_header(struct exchange *x, const char *method, const char *version)
{
	struct request *r = &x->request;
	struct guard_message message = { 0 };
	struct uri uri;
	struct error err;
	enum status rc;

	error_init(&err);
	request_take_method(r, method);
	r->path = (struct string){ "", 0 };
	rc = prelude_head(x, method, version, &message, &err);
	r->id_given = request_id_take(request_header(r, "X-Request-Id"), r->id);
	if (!r->id_given)
		request_id_make(&r->loop->random, r->id);
	if (rc != STATUS_OK) {
		r->error = err;
		reply_error(r, &r->error);
		return INTAKE_REFUSE;
	}
	x->chunked = message.chunked;
	x->closing = message.close;
	r->reply.close = message.chunked;
	if (read_target(x, &uri, &err) != STATUS_OK ||
	    fields_settle(r->headers, r->header_count, &r->arena, &err) !=
		STATUS_OK) {
		r->error = err;
		reply_error(r, &r->error);
	} else {
		x->is_forwarded =
		    proxies_client(r->loop->service->proxies,
				   &x->connection->peer, r, &x->client);
		r->path = uri.path;
		r->query = uri.query;
		r->query_count = uri.query_count;
		if (find_route(x, &uri) && check_rights_and_body(x, &message))
			return INTAKE_GO;
	}
	/* The body of a refused request is read and thrown away, so that the
	 * client gets to read the answer and keeps its connection; but not
	 * where it waits for our consent or has very much to say. */
	if (message.expects || message.length > DISCARD_MAX)
		return INTAKE_REFUSE;
	x->body_limit = DISCARD_MAX;
	return INTAKE_GO;
}

/* Can who asks for it make it, and means to change something? */
static bool
may_make(const struct request *r)
{
	const struct token *token = request_token(r);
	const struct string name = r->params[0];

	return (r->route->flags & ROUTE_WRITE) != 0 &&
	       name_is_environment(name.data, name.length) &&
	       (token == NULL || token->role >= ROLE_ADMIN);
}

void
intake_no_environment(struct request *r)
{
	const struct token *token = request_token(r);
	const bool makes = may_make(r);
	const char *names[LIMIT_ENVIRONMENTS + 1];
	const struct snapshot *snapshot;
	struct tree_walk walk;
	struct bytes list;
	const char *hint;
	size_t count = 0;

	bytes_init(&list);
	tree_walk_from(&walk, loop_catalog(r->loop)->snapshots,
		       &catalog_by_environment, NULL);
	for (snapshot = tree_walk_next(&walk);
	     snapshot != NULL && count < LIMIT_ENVIRONMENTS;
	     snapshot = tree_walk_next(&walk)) {
		const struct string name = snapshot->environment;

		if (name_is_reserved(name.data, name.length) ||
		    (token != NULL &&
		     !token_sees(token, name.data, name.length)))
			continue;
		names[count++] = name.data;
		if (count <= HINTS_MAX)
			bytes_printf(&list, "%s%s", count > 1 ? ", " : "",
				     name.data);
	}
	names[count] = NULL;
	hint = json_hint(names, r->params[0].data, r->params[0].length);
	if (hint != NULL)
		reply_fail(r, STATUS_NOT_FOUND,
			   "there is no environment '%s', did you mean '%s'?",
			   r->params[0].data, hint);
	else
		reply_fail(r, STATUS_NOT_FOUND,
			   "there is no environment '%s'; there is %s%s%s%s",
			   r->params[0].data,
			   list.data == NULL ? "none" : list.data,
			   count > HINTS_MAX ? ", and others" : "",
			   makes ? "; to make it: PUT /v1/envs/" : "",
			   makes ? r->params[0].data : "");
	bytes_fini(&list);
}

/* What was removed has a past, which is an admin's to see and to bring back. */
static bool
may_be_gone(const struct request *r)
{
	const struct string name = r->params[0];

	return (r->route->flags & ROUTE_REMOVED) != 0 && access_is_admin(r) &&
	       name_is_environment(name.data, name.length);
}

bool
intake_environment(struct request *r)
{
	if ((r->route->flags & ROUTE_ENVIRONMENT) == 0)
		return true;
	r->snapshot = catalog_find_public(r->catalog, r->params[0].data,
					  r->params[0].length);
	if (r->snapshot != NULL || may_be_gone(r))
		return true;
	intake_no_environment(r);
	return false;
}

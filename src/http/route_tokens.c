/*
 * /v1/tokens: who is let in. A secret is shown once, in the answer to the
 * request that made it; so these requests cannot be repeated under an
 * Idempotency-Key.
 */
#include <inttypes.h>
#include <string.h>

#include "loop.h"
#include "model/name.h"
#include "model/token.h"
#include "order.h"
#include "request.h"
#include "wire/token.h"

static int64_t
now_ms(const struct request *r)
{
	return clock_wall_ms(&r->loop->service->clock);
}

/* The token of the path; NULL: the reply is filled. */
static const struct definition *
find(struct request *r)
{
	const struct string id = r->params[0];
	const struct definition *token =
	    token_find(r->catalog, id.data, id.length);

	if (token == NULL)
		reply_fail(r, STATUS_NOT_FOUND, "there is no token '%s'",
			   id.data);
	return token;
}

static enum step
list(struct request *r)
{
	static const char *const known[] = { NULL };
	struct bytes body;

	if (!request_known_query(r, known))
		return STEP_REPLY;
	bytes_init(&body);
	document_tokens(r->catalog, &body);
	reply_json(r, 200, &body);
	return STEP_REPLY;
}

static enum step
get(struct request *r)
{
	static const char *const known[] = { NULL };
	const struct definition *token;

	if (!request_known_query(r, known))
		return STEP_REPLY;
	token = find(r);
	if (token != NULL)
		reply_blob(r, 200, "application/json",
			   blob_new(token->text.data, token->text.length));
	return STEP_REPLY;
}

/* An order that stays where it is until the registry is done; false: the reply
 * is filled. */
static bool
begin(struct request *r, struct token_order **order)
{
	static const char *const known[] = { NULL };
	static const struct string environment = {
		NAME_ACCESS_ENVIRONMENT, sizeof(NAME_ACCESS_ENVIRONMENT) - 1
	};

	if (!request_known_query(r, known) || !order_begin(r, JOB_WRITE))
		return false;
	if (r->job->idempotency_key.length > 0) {
		reply_fail(r, STATUS_INVALID,
			   "Idempotency-Key is not taken here: a secret is "
			   "shown once");
		return false;
	}
	r->job->environment = environment;
	*order = arena_zalloc(&r->arena, 1, sizeof(**order));
	return true;
}

static enum step
submit(struct request *r, struct token_order *order,
       void (*then)(struct request *r))
{
	enum step step;

	r->job->write.edits = order->edits;
	r->job->write.count = order->count;
	step = request_submit(r, then);
	if (step == STEP_REPLY)
		token_order_wipe(order);
	return step;
}

/* The order that begins with these edits. */
static struct token_order *
order_of(struct request *r)
{
	char *edits = (char *)r->job->write.edits;

	return (
	    struct token_order *)(void *)(edits -
					  offsetof(struct token_order, edits));
}

static const struct definition *
made_token(const struct change *change)
{
	for (size_t i = 0; i < change->count; i++) {
		if (change->items[i].kind == KIND_TOKEN)
			return change->items[i].after;
	}
	return NULL;
}

/* The one time that the secret is shown. */
static void
reply_secret(struct request *r, unsigned status)
{
	struct token_order *order = order_of(r);
	const struct definition *token;
	struct bytes body;

	if (!order_refused(r)) {
		token = made_token(r->job->change);
		bytes_init(&body);
		document_new_token(order->secret, token, &body);
		reply_blob(r, status, "application/json",
			   blob_new(body.data, body.length));
		r->reply.secret = true;
		/* The blob is a copy. */
		explicit_bzero(body.data, body.length);
		bytes_fini(&body);
	}
	token_order_wipe(order);
}

static void
reply_created(struct request *r)
{
	reply_secret(r, 201);
	if (r->reply.status == 201)
		reply_headerf(r, "Location", "/v1/tokens/%s", order_of(r)->id);
}

static enum step
create(struct request *r)
{
	struct token_order *order = NULL;
	struct value body;

	if (!begin(r, &order) || !request_json(r, &body))
		return STEP_REPLY;
	if (token_order_create(&body, now_ms(r), &r->arena, order, &r->error) !=
	    STATUS_OK) {
		reply_error(r, &r->error);
		return STEP_REPLY;
	}
	r->job->write.create_environment = true;
	return submit(r, order, reply_created);
}

static void
reply_rotated(struct request *r)
{
	reply_secret(r, 200);
}

static enum step
rotate(struct request *r)
{
	struct token_order *order = NULL;
	const struct definition *token;

	if (!begin(r, &order))
		return STEP_REPLY;
	token = find(r);
	if (token == NULL)
		return STEP_REPLY;
	token_order_rotate(token, now_ms(r), &r->arena, order);
	/* The secret that stays is the newest one only as of this revision. */
	r->job->write.precondition.revisions = &token->revision;
	r->job->write.precondition.revision_count = 1;
	return submit(r, order, reply_rotated);
}

static void
reply_revoked(struct request *r)
{
	struct bytes body;

	if (order_refused(r))
		return;
	bytes_init(&body);
	bytes_printf(
	    &body, "{\"id\":\"%s\",\"removed\":true,\"revision\":%" PRId64 "}",
	    order_of(r)->id, r->job->revision);
	reply_json(r, 200, &body);
}

static enum step
revoke(struct request *r)
{
	struct token_order *order = NULL;
	const struct definition *token;

	if (!begin(r, &order))
		return STEP_REPLY;
	token = find(r);
	if (token == NULL)
		return STEP_REPLY;
	token_order_revoke(token, order);
	return submit(r, order, reply_revoked);
}

#define WRITE (ROUTE_ADMIN | ROUTE_WRITE)

const struct route routes_tokens[] = {
	{ METHOD_GET, "/v1/tokens", list, ROUTE_ADMIN },
	{ METHOD_POST, "/v1/tokens", create, WRITE },
	{ METHOD_GET, "/v1/tokens/{id}", get, ROUTE_ADMIN },
	{ METHOD_DELETE, "/v1/tokens/{id}", revoke,
	  WRITE | ROUTE_BODY_OPTIONAL },
	{ METHOD_POST, "/v1/tokens/{id}/rotate", rotate,
	  WRITE | ROUTE_BODY_OPTIONAL },
	{ METHOD_GET, NULL, NULL, 0 },
};

/*
 * OFREP, at the root and under an environment: one flag, all flags, and all
 * flags as a long poll (Prefer: wait with If-None-Match).
 *
 * The entity tag of a bulk answer is a hash of its body, so it covers the
 * context: a client that changes its context is never told 304 for the old one.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "access.h"
#include "document_reply.h"
#include "evaluator.h"
#include "loop.h"
#include "model/name.h"
#include "model/ticket.h"
#include "ofrep_cache.h"
#include "request.h"
#include "selector.h"
#include "stream.h"
#include "wire/cursor.h"
#include "wire/ofrep.h"

/* The environment: of the path, or as the header Flagd-Selector says. */
static const struct snapshot *
find_snapshot(struct request *r, enum status missing)
{
	if (r->snapshot == NULL)
		r->snapshot =
		    selector_find(r, (struct string){ "", 0 }, missing);
	return r->snapshot;
}

/* Who may read no definition is told none by an error either. */
static bool
is_terse(const struct request *r)
{
	const struct token *token = request_token(r);

	return token != NULL && token->role <= ROLE_EVALUATE;
}

static bool
take_context(struct request *r, struct string key, struct value *context)
{
	struct bytes body;

	if (ofrep_decode_context(
		(struct string){ r->body.data, r->body.length },
		evaluator_arena(r->evaluator), context, &r->error) == STATUS_OK)
		return true;
	bytes_init(&body);
	ofrep_encode_error(key, "INVALID_CONTEXT", r->error.text, &body);
	reply_json(r, 400, &body);
	return false;
}

/* --- one flag ----------------------------------------------------------- */

static enum step
reply_flag(struct request *r, struct string key)
{
	const struct definition *toggle;
	struct eval_context context;
	struct evaluation evaluation;
	int64_t wait_ms;
	struct value data;
	struct bytes body;

	if (find_snapshot(r, STATUS_NOT_FOUND) == NULL ||
	    !take_context(r, key, &data))
		return STEP_REPLY;
	toggle = snapshot_find(r->snapshot, KIND_TOGGLE, key.data, key.length);
	context = evaluator_counted(r->evaluator, r->snapshot, &data,
				    request_account(r));
	context.terse = is_terse(r);
	evaluate(toggle, &context, &evaluation);
	if (!evaluator_afford(r->evaluator, &wait_ms)) {
		request_refuse_effort(r, wait_ms);
		return STEP_REPLY;
	}
	bytes_init(&body);
	ofrep_encode_flag(r->snapshot, key, toggle, &evaluation, &body);
	reply_json(r, ofrep_status(&evaluation), &body);
	return STEP_REPLY;
}

static enum step
flag_at_root(struct request *r)
{
	return reply_flag(r, r->params[0]);
}

static enum step
flag_of_environment(struct request *r)
{
	return reply_flag(r, r->params[1]);
}

/* --- all flags ---------------------------------------------------------- */

static void
set_tag(struct request *r, uint64_t tag)
{
	reply_content_tag(r, tag);
	reply_header(r, "Cache-Control", "no-cache");
}

/* An event told the client of a state that is not this one: it may not be told
 * that nothing has changed. */
static bool
was_told_otherwise(const struct request *r)
{
	const char *told = request_query(r, "flagConfigEtag");
	char now[EPOCH_BYTES + 24];

	if (told == NULL)
		return false;
	(void)snprintf(now, sizeof(now), "%s.%" PRId64, r->catalog->epoch,
		       r->snapshot->revision);
	return !etag_matches(told, now);
}

/* May the client be told that it has the answer with this tag? */
static bool
is_current(const struct request *r, uint64_t tag)
{
	return client_has_content(r, tag) && !was_told_otherwise(r);
}

/* `known`: the client may be told that it has this answer, if it has. */
static void
reply_bulk(struct request *r, struct blob *body, bool known)
{
	const uint64_t tag = content_tag(body);

	if (known && client_has_content(r, tag)) {
		blob_unref(body);
		reply_empty(r, 304);
	} else {
		reply_blob(r, 200, "application/json", body);
	}
	set_tag(r, tag);
}

/* There is no such environment. OFREP knows no 404 for all flags, and it is not
 * the context's fault. */
static void
refuse_bulk(struct request *r)
{
	struct bytes body;

	bytes_init(&body);
	ofrep_encode_error((struct string){ "", 0 }, "GENERAL", r->error.text,
			   &body);
	reply_json(r, 400, &body);
}

static void
bulk_answered(struct request *r, struct blob *body, int64_t revision,
	      enum answer_reason reason)
{
	(void)revision;
	if (reason == ANSWER_GONE || body == NULL) {
		reply_fail(r, STATUS_NOT_FOUND, "the environment was removed");
		/* At the root the next request says so too. */
		if (r->params[0].data == NULL)
			refuse_bulk(r);
		return;
	}
	/* Nobody waits who was told otherwise. */
	reply_bulk(r, blob_ref(body), true);
}

/* The path of the event stream to advertise, with a ticket for the client's
 * token; length 0 where the environment's settings say that there is none. */
static struct string
stream_path(struct request *r)
{
	const struct definition *settings = r->snapshot->settings;
	const struct string name = r->snapshot->environment;
	const struct token *token = request_token(r);
	char ticket[TICKET_LENGTH + 1] = "";
	struct string path = { "", 0 };
	struct bytes text;

	if (settings == NULL || !settings->enabled)
		return path;
	if (token != NULL)
		ticket_make(&r->loop->service->ticket_key, token, r->secret,
			    name, ticket);
	bytes_init(&text);
	bytes_printf(&text, "/v1/envs/%.*s/ofrep/v1/sse%s%s", (int)name.length,
		     name.data, token == NULL ? "" : "?ticket=", ticket);
	path.data = arena_copy(&r->arena, text.data, text.length);
	path.length = text.length;
	bytes_fini(&text);
	return path;
}

/* NULL: the reply is filled. */
static struct blob *
evaluate_all(struct request *r, const struct value *data, struct string stream)
{
	struct eval_context context = evaluator_counted(
	    r->evaluator, r->snapshot, data, request_account(r));
	struct bytes out;
	int64_t wait_ms;

	context.terse = is_terse(r);
	bytes_init(&out);
	ofrep_encode_bulk(r->snapshot, &context, stream, &out);
	if (evaluator_afford(r->evaluator, &wait_ms))
		return blob_from_bytes(&out);
	bytes_fini(&out);
	request_refuse_effort(r, wait_ms);
	return NULL;
}

/* Prefer: wait makes an unchanged answer wait for a change. */
static enum step
wait_for_change(struct request *r, const struct value *data,
		struct string stream, int64_t wait_ms)
{
	struct topic topic = {
		.form = TOPIC_FLAGS,
		.environment = r->snapshot->environment,
		.context = evaluator_text(r->evaluator, data),
		.stream = stream,
		.terse = is_terse(r),
	};

	/* Who waits holds no snapshot. */
	topic.environment.data = arena_copy(&r->arena, topic.environment.data,
					    topic.environment.length);
	reply_header(r, "Preference-Applied", "wait");
	return request_wait(r, &topic, r->snapshot->revision, wait_ms,
			    bulk_answered);
}

static enum step
reply_flags(struct request *r)
{
	const struct string body = { r->body.data, r->body.length };
	const char *prefer = request_header(r, "Prefer");
	struct ofrep_cache *cache = evaluator_ofrep_cache(r->evaluator);
	int64_t wait_ms = 0;
	struct string stream;
	struct value data;
	struct blob *answer;
	bool known;
	uint64_t tag;

	if (find_snapshot(r, STATUS_INVALID) == NULL) {
		if (r->reply.status == 400)
			refuse_bulk(r);
		return STEP_REPLY;
	}
	stream = stream_path(r);
	if (prefer != NULL)
		(void)prefer_decode_wait(prefer, &wait_ms);
	known = ofrep_cache_find(cache, r->snapshot, body, stream, &tag) &&
		is_current(r, tag);
	if (known)
		evaluator_confirm(r->evaluator, r->snapshot,
				  (struct string){ "", 0 });
	if (known && wait_ms == 0) {
		reply_empty(r, 304);
		set_tag(r, tag);
		return STEP_REPLY;
	}
	if (!take_context(r, (struct string){ "", 0 }, &data))
		return STEP_REPLY;
	if (known)
		return wait_for_change(r, &data, stream, wait_ms);
	answer = evaluate_all(r, &data, stream);
	if (answer == NULL)
		return STEP_REPLY;
	tag = content_tag(answer);
	ofrep_cache_put(cache, r->snapshot, body, stream, tag);
	if (wait_ms > 0 && is_current(r, tag)) {
		blob_unref(answer);
		return wait_for_change(r, &data, stream, wait_ms);
	}
	reply_bulk(r, answer, !was_told_otherwise(r));
	return STEP_REPLY;
}

/* --- notifications ------------------------------------------------------- */

static enum step
events(struct request *r)
{
	if (r->head_only) {
		reply_empty(r, 200);
		r->reply.content_type = "text/event-stream";
	} else {
		stream_open(r);
	}
	return STEP_REPLY;
}

#define ONE (ROUTE_OFREP | ROUTE_EVALUATE | ROUTE_BODY_OPTIONAL)

const struct route routes_ofrep[] = {
	{ METHOD_POST, "/ofrep/v1/evaluate/flags", reply_flags, ONE },
	{ METHOD_POST, "/ofrep/v1/evaluate/flags/", reply_flags, ONE },
	{ METHOD_POST, "/ofrep/v1/evaluate/flags/{key...}", flag_at_root, ONE },
	{ METHOD_POST, "/v1/envs/{env}/ofrep/v1/evaluate/flags", reply_flags,
	  ONE | ROUTE_ENVIRONMENT },
	{ METHOD_POST, "/v1/envs/{env}/ofrep/v1/evaluate/flags/", reply_flags,
	  ONE | ROUTE_ENVIRONMENT },
	{ METHOD_POST, "/v1/envs/{env}/ofrep/v1/evaluate/flags/{key...}",
	  flag_of_environment, ONE | ROUTE_ENVIRONMENT },
	{ METHOD_GET, "/v1/envs/{env}/ofrep/v1/sse", events,
	  ROUTE_OFREP | ROUTE_EVALUATE | ROUTE_ENVIRONMENT | ROUTE_TICKET },
	{ METHOD_GET, NULL, NULL, 0 },
};

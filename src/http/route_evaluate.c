/*
 * $T/evaluate: what does, or did, a context get, and why. For people; services
 * use the feed or OFREP.
 */
#include <string.h>

#include "access.h"
#include "base/map.h"
#include "document_reply.h"
#include "eval/trace.h"
#include "evaluator.h"
#include "past_reply.h"
#include "request.h"
#include "wire/definition.h"
#include "wire/json.h"

enum {
	MS_PER_SECOND = 1000,
	PATHS_BYTES_MAX = 16 << 20, /* what all paths of an answer may take */
};

/* The body: {"context","keys"?}. */
struct inquiry {
	struct value context;
	const struct value *keys; /* NULL: all */
	bool explain;
	struct arena path; /* that is being recorded */
	size_t path_bytes; /* of those before it */
};

static bool
keys_are_fine(struct request *r, const struct value *keys)
{
	if (keys->type != VALUE_ARRAY) {
		error_at(&r->error, "/keys", "must be an array, not %s",
			 value_type_name(keys));
		return false;
	}
	for (size_t i = 0; i < keys->array.count; i++) {
		if (keys->array.items[i].type == VALUE_STRING)
			continue;
		error_at(&r->error, json_pointer_index(&r->arena, "/keys", i),
			 "must be a string, not %s",
			 value_type_name(&keys->array.items[i]));
	}
	return r->error.place_count == 0;
}

static bool
take_inquiry(struct request *r, struct inquiry *inquiry)
{
	static const char *const known[] = { "context", "keys", NULL };
	const struct value *context;
	struct value body;

	if (!request_foreign_json(r, &r->arena, &body))
		return false;
	if (body.type != VALUE_OBJECT) {
		error_at(&r->error, "", "must be an object, not %s",
			 value_type_name(&body));
		goto bad;
	}
	if (!json_known_members(&body, known, "", &r->arena, &r->error))
		goto bad;
	inquiry->context = (struct value){ .type = VALUE_OBJECT };
	context = value_get(&body, "context");
	if (context != NULL && context->type == VALUE_OBJECT) {
		inquiry->context = *context;
	} else if (context != NULL && context->type != VALUE_NULL) {
		error_at(&r->error, "/context", "must be an object, not %s",
			 value_type_name(context));
		goto bad;
	}
	inquiry->keys = value_get(&body, "keys");
	if (inquiry->keys != NULL && !keys_are_fine(r, inquiry->keys))
		goto bad;
	return true;
bad:
	reply_error(r, &r->error);
	return false;
}

static void
put_text(struct bytes *out, const char *name, const char *text)
{
	bytes_printf(out, ",\"%s\":", name);
	value_encode_string(text, strlen(text), out);
}

/* Recording takes many times as long and as much memory as evaluating, so
 * there is an end to it. */
static struct trace *
begin_path(struct inquiry *inquiry)
{
	if (!inquiry->explain || inquiry->path_bytes > PATHS_BYTES_MAX)
		return NULL;
	return trace_new(&inquiry->path);
}

static void
put_path(struct inquiry *inquiry, const struct trace *trace, struct bytes *out)
{
	struct value path = trace_result(trace);

	bytes_append_str(out, ",\"path\":");
	value_encode(&path, out);
	inquiry->path_bytes += inquiry->path.used_bytes;
	arena_reset(&inquiry->path);
}

/* Where no rule was looked at, somebody has said so. */
static void
put_explanation(struct inquiry *inquiry, const struct definition *toggle,
		struct bytes *out)
{
	struct served served;
	struct bytes text;

	if (!definition_served(toggle, &inquiry->path, &served))
		return;
	bytes_init(&text);
	bytes_printf(&text, "served by hand since %lld by %.*s",
		     (long long)served.since, (int)served.by.length,
		     served.by.data);
	put_text(out, "explanation", text.data);
	bytes_fini(&text);
	arena_reset(&inquiry->path);
}

static void
put_result(struct eval_context *context, struct inquiry *inquiry,
	   struct string key, const struct definition *toggle,
	   struct bytes *out)
{
	struct evaluation result;

	context->trace = begin_path(inquiry);
	evaluate(toggle, context, &result);
	value_encode_string(key.data, key.length, out);
	bytes_printf(out, ":{\"reason\":\"%s\"", reason_name(result.reason));
	if (result.variant >= 0) {
		const struct variant *v = &toggle->variants[result.variant];

		bytes_append_str(out, ",\"value\":");
		bytes_append(out, v->json.data, v->json.length);
		bytes_append_str(out, ",\"variant\":");
		value_encode_string(v->name.data, v->name.length, out);
	}
	if (result.error != EVAL_ERROR_NONE) {
		put_text(out, "errorCode", eval_error_name(result.error));
		put_text(out, "errorDetails", result.detail);
	}
	if (toggle != NULL)
		bytes_printf(out, ",\"revision\":%lld",
			     (long long)toggle->revision);
	if (context->trace != NULL)
		put_path(inquiry, context->trace, out);
	if (inquiry->explain && result.reason == REASON_STATIC &&
	    toggle != NULL && toggle->is_held)
		put_explanation(inquiry, toggle, out);
	bytes_append_char(out, '}');
}

/* Each once, however often it is named: what that costs would have no limit. */
static void
put_named(struct eval_context *context, struct inquiry *inquiry,
	  const struct snapshot *snapshot, struct bytes *out)
{
	const struct value *keys = inquiry->keys;
	struct map named;

	map_init(&named);
	for (size_t i = 0; i < keys->array.count; i++) {
		const struct string key = keys->array.items[i].string;

		if (map_put(&named, key.data, key.length, inquiry) != NULL)
			continue;
		if (i > 0)
			bytes_append_char(out, ',');
		put_result(
		    context, inquiry, key,
		    snapshot_find(snapshot, KIND_TOGGLE, key.data, key.length),
		    out);
	}
	map_fini(&named);
}

static void
put_all(struct eval_context *context, struct inquiry *inquiry,
	const struct snapshot *snapshot, struct bytes *out)
{
	const struct definition *toggle;
	struct snapshot_walk walk;
	bool first = true;

	snapshot_walk_from(&walk, snapshot, KIND_TOGGLE,
			   (struct string){ "", 0 });
	while ((toggle = snapshot_walk_next(&walk)) != NULL) {
		if (!first)
			bytes_append_char(out, ',');
		first = false;
		put_result(context, inquiry, toggle->key, toggle, out);
	}
}

/* Rules that read the time are held against the time that was asked for. */
static void
set_time(const struct request *r, const struct snapshot *snapshot,
	 struct eval_context *context)
{
	if (snapshot == r->snapshot)
		return;
	context->now_s = (r->job->past.at.is_time ? r->job->past.at.at_ms
						  : snapshot->at_ms) /
			 MS_PER_SECOND;
}

static void
reply_inquiry(struct request *r, const struct snapshot *snapshot)
{
	struct inquiry inquiry = { .keys = NULL };
	struct eval_context context;
	struct bytes out;
	int64_t wait_ms;

	if (!take_inquiry(r, &inquiry) ||
	    !request_flag(r, "explain", &inquiry.explain))
		return;
	context = evaluator_context(r->evaluator, snapshot, &inquiry.context,
				    request_account(r));
	set_time(r, snapshot, &context);
	arena_init(&inquiry.path);
	bytes_init(&out);
	bytes_printf(&out, "{\"revision\":%lld,\"epoch\":\"%s\",\"results\":{",
		     (long long)snapshot->revision, r->catalog->epoch);
	if (inquiry.keys != NULL)
		put_named(&context, &inquiry, snapshot, &out);
	else
		put_all(&context, &inquiry, snapshot, &out);
	bytes_append_str(&out, "}}");
	arena_fini(&inquiry.path);
	if (evaluator_afford(r->evaluator, &wait_ms)) {
		reply_json(r, 200, &out);
	} else {
		bytes_fini(&out);
		request_refuse_effort(r, wait_ms);
	}
}

/* What of the past the answer needs. False: the reply is filled. */
static bool
take_order(struct request *r, struct past_order *order)
{
	struct inquiry inquiry = { .keys = NULL };
	struct string *keys;

	if (!take_inquiry(r, &inquiry))
		return false;
	if (inquiry.keys == NULL)
		return true;
	keys = arena_zalloc(&r->arena, inquiry.keys->array.count + 1,
			    sizeof(*keys));
	for (size_t i = 0; i < inquiry.keys->array.count; i++)
		keys[i] = inquiry.keys->array.items[i].string;
	order->is_of_keys = true;
	order->kind = KIND_TOGGLE;
	order->keys = keys;
	order->key_count = inquiry.keys->array.count;
	return true;
}

/* The past is for those who may read: a service needs what is now, and a past
 * environment is made anew for its asker. */
static enum step
inquire(struct request *r)
{
	static const char *const known[] = { "at", "explain", NULL };
	struct past_order order = { .with_segments = true };

	if (!request_known_query(r, known))
		return STEP_REPLY;
	if (request_query(r, "at") == NULL) {
		reply_inquiry(r, r->snapshot);
		return STEP_REPLY;
	}
	if (!access_role(r, ROLE_VIEWER) || !take_order(r, &order))
		return STEP_REPLY;
	return past_reply(r, &order, reply_inquiry);
}

const struct route routes_evaluate[] = {
	{ METHOD_POST, "/v1/envs/{env}/evaluate", inquire,
	  ROUTE_ENVIRONMENT | ROUTE_CLIENT },
	{ METHOD_GET, NULL, NULL, 0 },
};

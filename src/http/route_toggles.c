/* $T/toggles and $T/segments: definitions, one or all, now or in the past. */
#include <string.h>

#include "await.h"
#include "document_reply.h"
#include "model/name.h"
#include "order.h"
#include "past_reply.h"
#include "request.h"
#include "usage_reply.h"
#include "wire/document.h"
#include "wire/json.h"

enum { HINT_CANDIDATES = 512 };

static struct string
optional(const char *text)
{
	return text == NULL ? (struct string){ "", 0 }
			    : (struct string){ text, strlen(text) };
}

/* --- all of them -------------------------------------------------------- */

struct listing {
	const char *epoch;
	struct selection selection;
};

static void
build_listing(const struct snapshot *snapshot, void *ctx, struct bytes *out)
{
	const struct listing *listing = ctx;

	document_toggles(snapshot, listing->epoch, &listing->selection, out);
}

static struct selection
selected(const struct request *r)
{
	return (struct selection){
		.prefix = optional(request_query(r, "prefix")),
		.tag = optional(request_query(r, "tag")),
	};
}

static void
reply_listing(struct request *r, const struct snapshot *snapshot)
{
	struct listing listing = {
		.epoch = r->catalog->epoch,
		.selection = selected(r),
	};
	struct bytes name;

	bytes_init(&name);
	/* No key and no tag has a space, so the two cannot be confused. */
	bytes_printf(&name, "toggles %s %s", listing.selection.prefix.data,
		     listing.selection.tag.data);
	document_reply(r, snapshot,
		       &(struct document){ .name = name.data,
					   .build = build_listing,
					   .ctx = &listing,
					   .revision = snapshot->revision });
	bytes_fini(&name);
}

static enum step
list(struct request *r)
{
	static const char *const known[] = { "prefix", "tag", "at", "unusedFor",
					     NULL };
	const char *unused_for = request_query(r, "unusedFor");

	if (!request_known_query(r, known))
		return STEP_REPLY;
	if (unused_for != NULL) {
		const struct selection selection = selected(r);

		return usage_reply_unused(r, unused_for, &selection);
	}
	if (request_query(r, "at") == NULL)
		return await_document(r, r->snapshot,
				      &(struct awaited){
					  .revision = r->snapshot->revision,
					  .prefix = selected(r).prefix,
					  .reply = reply_listing,
				      });
	return past_reply(r, &(struct past_order){ .with_segments = true },
			  reply_listing);
}

/* --- one of them -------------------------------------------------------- */

/* The keys near the one that is not there, for a hint: those of now, also where
 * it was not there in the past. */
static const char *
near_key(struct request *r, enum kind kind, struct string key)
{
	const struct snapshot *snapshot = r->snapshot;
	const char **names =
	    arena_zalloc(&r->arena, HINT_CANDIDATES + 1, sizeof(*names));
	struct snapshot_walk walk;
	size_t count = 0;

	if (snapshot_find(snapshot, kind, key.data, key.length) != NULL)
		return NULL;
	/* Among many, only those that begin alike are worth a look. */
	snapshot_walk_from(
	    &walk, snapshot, kind,
	    (struct string){ key.data,
			     tree_count(snapshot->toggles) > HINT_CANDIDATES &&
				     key.length > 2
				 ? 2
				 : 0 });
	while (count < HINT_CANDIDATES) {
		const struct definition *d = snapshot_walk_next(&walk);

		if (d == NULL)
			break;
		names[count++] =
		    arena_copy(&r->arena, d->key.data, d->key.length);
	}
	return json_hint(names, key.data, key.length);
}

static void
reply_absent(struct request *r, const struct snapshot *snapshot, enum kind kind,
	     struct string key)
{
	const char *hint = near_key(r, kind, key);

	reply_fail(r, STATUS_NOT_FOUND,
		   "there is no %s '%.*s' in environment '%.*s'%s%s%s",
		   kind_name(kind), (int)key.length, key.data,
		   (int)snapshot->environment.length,
		   snapshot->environment.data,
		   hint == NULL ? "" : "; did you mean '",
		   hint == NULL ? "" : hint, hint == NULL ? "" : "'?");
}

static void
reply_definition(struct request *r, const struct snapshot *snapshot,
		 enum kind kind)
{
	const struct string key = r->params[1];
	const struct definition *d =
	    snapshot_find(snapshot, kind, key.data, key.length);

	if (d == NULL) {
		reply_absent(r, snapshot, kind, key);
		return;
	}
	if (client_has(r, d->revision))
		reply_empty(r, 304);
	else
		reply_blob(r, 200, "application/json",
			   blob_new(d->text.data, d->text.length));
	reply_etag(r, d->revision);
	reply_header(r, "Cache-Control", "no-cache");
}

static void
reply_toggle(struct request *r, const struct snapshot *snapshot)
{
	reply_definition(r, snapshot, KIND_TOGGLE);
}

static void
reply_segment(struct request *r, const struct snapshot *snapshot)
{
	reply_definition(r, snapshot, KIND_SEGMENT);
}

/* Its text alone: no segment is needed for that. */
static enum step
get(struct request *r, enum kind kind,
    void (*reply)(struct request *r, const struct snapshot *snapshot))
{
	static const char *const known[] = { "at", NULL };
	const struct string key = r->params[1];
	const struct definition *d;

	if (!request_known_query(r, known))
		return STEP_REPLY;
	d = snapshot_find(r->snapshot, kind, key.data, key.length);
	if (request_query(r, "at") == NULL && d != NULL)
		return await_document(
		    r, r->snapshot,
		    &(struct awaited){
			.revision = d->revision,
			.prefix = kind == KIND_TOGGLE ? key : optional(NULL),
			.reply = reply,
		    });
	return past_reply(r,
			  &(struct past_order){ .is_of_keys = true,
						.kind = kind,
						.keys = &r->params[1],
						.key_count = 1 },
			  reply);
}

static enum step
get_toggle(struct request *r)
{
	return get(r, KIND_TOGGLE, reply_toggle);
}

static enum step
get_segment(struct request *r)
{
	return get(r, KIND_SEGMENT, reply_segment);
}

/* --- writing one -------------------------------------------------------- */

static enum step
write_one(struct request *r, enum edit_verb verb, enum kind kind)
{
	static const char *const known[] = { "dryRun", "lenient", NULL };
	const struct string key = r->params[1];

	if (!request_known_query(r, known))
		return STEP_REPLY;
	if (!name_is_key(key.data, key.length)) {
		reply_fail(r, STATUS_INVALID,
			   "a %s's name is 1 to %d characters out of A-Z a-z "
			   "0-9 . _ : ~ -",
			   kind_name(kind), NAME_KEY_MAX);
		return STEP_REPLY;
	}
	if (verb != EDIT_PUT &&
	    snapshot_find(r->snapshot, kind, key.data, key.length) == NULL &&
	    request_header(r, "If-Match") == NULL &&
	    request_header(r, "Idempotency-Key") == NULL) {
		reply_absent(r, r->snapshot, kind, key);
		return STEP_REPLY;
	}
	return order_one(r, verb, kind, key);
}

static enum step
put_toggle(struct request *r)
{
	return write_one(r, EDIT_PUT, KIND_TOGGLE);
}

static enum step
patch_toggle(struct request *r)
{
	return write_one(r, EDIT_PATCH, KIND_TOGGLE);
}

static enum step
delete_toggle(struct request *r)
{
	return write_one(r, EDIT_REMOVE, KIND_TOGGLE);
}

static enum step
put_segment(struct request *r)
{
	return write_one(r, EDIT_PUT, KIND_SEGMENT);
}

static enum step
delete_segment(struct request *r)
{
	return write_one(r, EDIT_REMOVE, KIND_SEGMENT);
}

const struct route routes_toggles[] = {
	{ METHOD_GET, "/v1/envs/{env}/toggles", list, ROUTE_ENVIRONMENT },
	{ METHOD_GET, "/v1/envs/{env}/toggles/{key}", get_toggle,
	  ROUTE_ENVIRONMENT },
	{ METHOD_PUT, "/v1/envs/{env}/toggles/{key}", put_toggle,
	  ROUTE_ENVIRONMENT | ROUTE_WRITE },
	{ METHOD_PATCH, "/v1/envs/{env}/toggles/{key}", patch_toggle,
	  ROUTE_ENVIRONMENT | ROUTE_WRITE },
	{ METHOD_DELETE, "/v1/envs/{env}/toggles/{key}", delete_toggle,
	  ROUTE_ENVIRONMENT | ROUTE_WRITE | ROUTE_BODY_OPTIONAL },
	{ METHOD_GET, "/v1/envs/{env}/usage", usage_reply, ROUTE_ENVIRONMENT },
	{ METHOD_GET, NULL, NULL, 0 },
};

const struct route routes_segments[] = {
	{ METHOD_GET, "/v1/envs/{env}/segments/{name}", get_segment,
	  ROUTE_ENVIRONMENT },
	{ METHOD_PUT, "/v1/envs/{env}/segments/{name}", put_segment,
	  ROUTE_ENVIRONMENT | ROUTE_WRITE },
	{ METHOD_DELETE, "/v1/envs/{env}/segments/{name}", delete_segment,
	  ROUTE_ENVIRONMENT | ROUTE_WRITE | ROUTE_BODY_OPTIONAL },
	{ METHOD_GET, NULL, NULL, 0 },
};

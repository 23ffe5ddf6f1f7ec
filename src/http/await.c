#include "await.h"

#include "document_reply.h"
#include "loop.h"
#include "wire/cursor.h"

static void
reply_gone(struct request *r)
{
	reply_fail(r, STATUS_NOT_FOUND, "the environment was removed");
}

/* As it is now: what was there when the wait began has been let go. */
static void
answered(struct request *r, struct blob *body, int64_t revision,
	 enum answer_reason reason)
{
	const struct string name = r->topic.environment;

	(void)body;
	(void)revision;
	catalog_unref(r->catalog);
	r->catalog = catalog_ref(loop_catalog(r->loop));
	r->snapshot = catalog_find(r->catalog, name.data, name.length);
	if (reason == ANSWER_GONE || r->snapshot == NULL)
		reply_gone(r);
	else
		r->past(r, r->snapshot);
}

enum step
await_document(struct request *r, const struct snapshot *snapshot,
	       const struct awaited *awaited)
{
	struct topic topic = { .form = TOPIC_STATE };
	int64_t wait_ms = awaited->wait_ms;

	if (wait_ms == 0 &&
	    prefer_decode_wait(request_header(r, "Prefer"), &wait_ms))
		reply_header(r, "Preference-Applied", "wait");
	if (wait_ms <= 0 || r->head_only || !client_has(r, awaited->revision)) {
		awaited->reply(r, snapshot);
		return STEP_REPLY;
	}
	/* Who waits holds no snapshot, and is not in the query's memory. */
	topic.environment.length = snapshot->environment.length;
	topic.environment.data =
	    arena_copy(&r->arena, snapshot->environment.data,
		       snapshot->environment.length);
	topic.prefix.length = awaited->prefix.length;
	topic.prefix.data =
	    arena_copy(&r->arena, awaited->prefix.data, awaited->prefix.length);
	r->past = awaited->reply;
	return request_wait(r, &topic, snapshot->revision, wait_ms, answered);
}

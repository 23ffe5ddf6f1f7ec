#include "order.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "access.h"
#include "base/utf8.h"
#include "document_reply.h"
#include "model/credential.h"
#include "model/name.h"
#include "removal.h"
#include "wire/cursor.h"
#include "wire/document.h"
#include "wire/json.h"

/* While nobody has to show a token. */
static const struct string anonymous = { "anonymous", 9 };

static void
fingerprint_part(struct sha256 *sha, struct string part)
{
	uint64_t length = part.length;

	sha256_update(sha, &length, sizeof(length));
	sha256_update(sha, part.data, part.length);
}

/* What makes two requests under one Idempotency-Key the same request. */
static void
take_fingerprint(struct request *r)
{
	const struct token *token = request_token(r);
	struct sha256 sha;
	unsigned char method = (unsigned char)r->method;

	sha256_init(&sha);
	sha256_update(&sha, &method, 1);
	/* Nobody's were made without, and still are. */
	if (token != NULL)
		fingerprint_part(&sha, token->id);
	fingerprint_part(&sha, r->path);
	for (size_t i = 0; i < r->query_count; i++) {
		fingerprint_part(&sha, r->query[i].name);
		fingerprint_part(&sha, r->query[i].value);
	}
	fingerprint_part(&sha, (struct string){ r->body.data, r->body.length });
	sha256_final(&sha, r->job->fingerprint);
}

static bool
take_key(struct request *r)
{
	const char *key = request_header(r, "Idempotency-Key");

	if (key == NULL)
		return true;
	if (!name_is_token(key, strlen(key))) {
		reply_fail(r, STATUS_INVALID,
			   "Idempotency-Key has to be 1 to %d printable ASCII "
			   "characters",
			   NAME_IDEMPOTENCY_MAX);
		return false;
	}
	r->job->idempotency_key = (struct string){ key, strlen(key) };
	take_fingerprint(r);
	return true;
}

static bool
set_comment(struct request *r, struct string comment, const char *where)
{
	if (comment.length > NAME_COMMENT_MAX) {
		reply_fail(r, STATUS_INVALID,
			   "%s has %zu bytes; at most %d are kept", where,
			   comment.length, NAME_COMMENT_MAX);
		return false;
	}
	if (!utf8_is_valid(comment.data, comment.length)) {
		reply_fail(r, STATUS_INVALID, "%s is not UTF-8", where);
		return false;
	}
	r->job->comment = comment;
	return true;
}

bool
order_comment(struct request *r, struct string comment)
{
	return comment.length == 0 ||
	       set_comment(r, comment, "the member 'comment'");
}

/* A token that is pasted into a key or a comment by mistake would be kept for
 * good and shown to whoever may read. */
static bool
has_no_token(struct request *r, const char *where, struct string text)
{
	if (text.data == NULL || !credential_is_within(text.data, text.length))
		return true;
	reply_fail(r, STATUS_INVALID,
		   "%s has an access token in it, or most of one: what is "
		   "written is kept for good and shown to others; take it out, "
		   "and rotate or revoke that token, which is no secret any "
		   "more",
		   where);
	return false;
}

static struct string
header_text(const struct request *r, const char *name)
{
	const char *text = request_header(r, name);

	return (struct string){ text, text == NULL ? 0 : strlen(text) };
}

static bool
keeps_no_token(struct request *r)
{
	/* What got a name like that before may still be changed and removed. */
	return (r->method != METHOD_PUT ||
		has_no_token(r, "the path", r->path)) &&
	       has_no_token(r, "the header Change-Comment",
			    header_text(r, "Change-Comment")) &&
	       has_no_token(r, "the header Idempotency-Key",
			    header_text(r, "Idempotency-Key")) &&
	       has_no_token(r, "the body",
			    (struct string){ r->body.data, r->body.length });
}

bool
order_begin(struct request *r, enum job_type type)
{
	const char *comment = request_header(r, "Change-Comment");

	if (!keeps_no_token(r))
		return false;
	request_job(r, type);
	r->job->environment = r->params[0];
	r->job->actor =
	    request_token(r) == NULL ? anonymous : request_token(r)->name;
	r->job->comment = (struct string){ "", 0 };
	if (!request_flag(r, "dryRun", &r->job->dry_run) || !take_key(r))
		return false;
	return comment == NULL ||
	       set_comment(r, (struct string){ comment, strlen(comment) },
			   "the header Change-Comment");
}

static bool
take_condition(struct request *r, struct precondition *condition)
{
	const char *match = request_header(r, "If-Match");
	const char *none = request_header(r, "If-None-Match");
	struct etag_revisions named;

	if (match != NULL) {
		etag_revisions(match, r->catalog->epoch, &r->arena, &named);
		condition->must_exist = named.any;
		condition->revisions = named.any ? NULL : named.revisions;
		condition->revision_count = named.count;
	}
	if (none == NULL)
		return true;
	if (strcmp(none, "*") != 0) {
		reply_fail(
		    r, STATUS_INVALID,
		    "on a write, If-None-Match can only be *: create it, "
		    "unless it is there");
		return false;
	}
	condition->must_not_exist = true;
	return true;
}

bool
order_refused(struct request *r)
{
	const struct job *job = r->job;
	struct bytes body;

	if (job->status == STATUS_OK)
		return false;
	if (job->status == STATUS_UNAUTHORIZED) {
		access_reply_ended(r);
		return true;
	}
	if (job->status == STATUS_FORBIDDEN) {
		access_reply_forbidden(r, "the role is not enough",
				       &job->error);
		return true;
	}
	if (job->current == NULL) {
		reply_error(r, &job->error);
		return true;
	}
	bytes_init(&body);
	document_problem(&job->error, "current", job->current->text, &body);
	reply_json(r, status_http(job->status), &body);
	r->reply.content_type = "application/problem+json";
	reply_etag(r, job->current->revision);
	return true;
}

/* What a lenient write stored although it is broken. */
static void
put_faults(const struct error *err, struct bytes *out)
{
	size_t count = err->place_count < ERROR_PLACES_MAX ? err->place_count
							   : ERROR_PLACES_MAX;

	if (count == 0)
		return;
	bytes_append_str(out, "\"errors\":[");
	for (size_t i = 0; i < count; i++) {
		const struct error_place *place = &err->places[i];

		bytes_append_str(out,
				 i > 0 ? ",{\"pointer\":" : "{\"pointer\":");
		value_encode_string(place->pointer, strlen(place->pointer),
				    out);
		bytes_append_str(out, ",\"detail\":");
		value_encode_string(place->detail, strlen(place->detail), out);
		bytes_append_char(out, '}');
	}
	bytes_append_str(out, "],");
}

static void
put_warnings(const struct job *job, struct bytes *out)
{
	if (job->warnings.count == 0)
		return;
	warnings_put(&job->warnings, out);
	bytes_append_char(out, ',');
}

void
order_reply_change(struct request *r)
{
	struct job *job = r->job;
	struct bytes extra;
	struct bytes body;

	if (order_refused(r))
		return;
	bytes_init(&extra);
	bytes_init(&body);
	if (job->dry_run)
		bytes_append_str(&extra, "\"dryRun\":true,");
	put_warnings(job, &extra);
	if (job->to.revision > 0) {
		bytes_append_str(&extra, "\"to\":");
		document_point(job->to.revision, job->to.at_ms, &extra);
		bytes_append_char(&extra, ',');
	}
	put_faults(&job->error, &extra);
	document_change(job->change, extra.length > 0 ? extra.data : NULL,
			&body);
	reply_json(r, 200, &body);
	reply_etag(r, job->revision);
	bytes_fini(&extra);
}

static void
reply_removed(struct request *r)
{
	struct job *job = r->job;
	const struct string key = job->write.edits[0].key;
	struct bytes body;

	bytes_init(&body);
	bytes_append_str(&body, "{\"key\":");
	value_encode_string(key.data, key.length, &body);
	bytes_printf(&body, ",\"removed\":true,\"revision\":%" PRId64,
		     job->revision);
	if (job->warnings.count > 0) {
		bytes_append_char(&body, ',');
		warnings_put(&job->warnings, &body);
	}
	bytes_append_char(&body, '}');
	reply_json(r, 200, &body);
	reply_etag(r, job->revision);
}

static void
reply_definition(struct request *r, const struct definition *now)
{
	const struct job *job = r->job;
	struct bytes body;

	bytes_init(&body);
	bytes_append(&body, now->text.data, now->text.length);
	if (job->warnings.count > 0) {
		/* Inside, behind the last member. */
		body.length--;
		bytes_append_char(&body, ',');
		warnings_put(&job->warnings, &body);
		bytes_append_char(&body, '}');
	}
	reply_json(r, job->verdict == VERDICT_CREATED ? 201 : 200, &body);
}

/* The verdict on one definition: as it is now. */
static void
reply_one(struct request *r)
{
	struct job *job = r->job;
	const struct definition *now = job->current;

	if (job->status == STATUS_OK && job->dry_run) {
		order_reply_change(r);
		return;
	}
	if (order_refused(r))
		return;
	if (job->change->count > 0 && job->write.edits[0].verb == EDIT_REMOVE) {
		reply_removed(r);
		return;
	}
	if (job->change->count > 0)
		now = job->change->items[0].after;
	if (now == NULL) {
		reply_fail(r, STATUS_INTERNAL, "the definition is gone");
		return;
	}
	reply_definition(r, now);
	reply_etag(r, now->revision);
	if (job->verdict == VERDICT_CREATED)
		reply_headerf(r, "Location", "%.*s", (int)r->path.length,
			      r->path.data);
}

/* Where a body is optional, none is an empty one: all defaults. */
static bool
take_value(struct request *r, struct value *value)
{
	if (r->body.length > 0 || (r->route->flags & ROUTE_BODY_OPTIONAL) == 0)
		return request_json(r, value);
	*value = (struct value){ .type = VALUE_OBJECT };
	return true;
}

enum step
order_one(struct request *r, enum edit_verb verb, enum kind kind,
	  struct string key)
{
	struct edit *edit = arena_zalloc(&r->arena, 1, sizeof(*edit));

	if (!order_begin(r, JOB_WRITE) ||
	    !take_condition(r, &r->job->write.precondition) ||
	    !request_flag(r, "lenient", &r->job->write.lenient))
		return STEP_REPLY;
	edit->verb = verb;
	edit->kind = kind;
	edit->key = key;
	edit->pointer = "";
	/* The route has held it against the path. */
	edit->is_named =
	    kind == KIND_ENVIRONMENT && request_query(r, "name") != NULL;
	if (verb != EDIT_REMOVE && !take_value(r, &edit->value))
		return STEP_REPLY;
	r->job->write.edits = edit;
	r->job->write.count = 1;
	r->job->write.precondition.is_there = verb == EDIT_PATCH;
	r->job->write.create_environment =
	    kind == KIND_ENVIRONMENT && verb != EDIT_REMOVE;
	removal_warn(r);
	return request_submit(r, reply_one);
}

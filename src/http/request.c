#include "request.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "access.h"
#include "connection.h"
#include "effort.h"
#include "exchange.h"
#include "loop.h"
#include "request_life.h"
#include "request_resume.h"
#include "stream.h"
#include "wire/json.h"

enum { MS_PER_SECOND = 1000 };

/* What a request may keep for the next one on its connection. */
enum { SETTLED_BODY_MAX = 4096, SETTLED_ARENA_MAX = 8192 };

void
request_init(struct request *r)
{
	/* The error is large, and hardly ever used. */
	memset(r, 0, offsetof(struct request, error));
	error_init(&r->error);
	arena_init(&r->arena);
	bytes_init(&r->body);
	r->reply.fd = -1;
}

/* What a reference keeps alive may be large: a catalog has with it all that was
 * ever built from its snapshots. */
static void
release_work(struct request *r)
{
	if (r->job != NULL)
		job_fini(r->job);
	r->job = NULL;
	catalog_unref(r->catalog);
	r->catalog = NULL;
	r->snapshot = NULL;
}

static void
release(struct request *r)
{
	release_work(r);
	definition_unref(r->token);
	if (r->reply.secret && r->reply.body != NULL)
		explicit_bzero(r->reply.body->data, r->reply.body->length);
	blob_unref(r->reply.body);
	stream_free(r->reply.stream);
	if (r->reply.fd >= 0)
		close(r->reply.fd);
}

void
request_fini(struct request *r)
{
	release(r);
	arena_fini(&r->arena);
	bytes_fini(&r->body);
}

void
request_rest(struct request *r)
{
	release_work(r);
	bytes_fini(&r->body);
	r->topic.context = (struct string){ "", 0 };
	r->topic.stream = (struct string){ "", 0 };
}

void
request_settle(struct request *r)
{
	struct arena kept;

	release_work(r);
	if (r->body.capacity > SETTLED_BODY_MAX)
		bytes_fini(&r->body);
	if (r->arena.used_bytes <= SETTLED_ARENA_MAX)
		return;
	arena_init(&kept);
	if (r->path.data != NULL)
		r->path.data = arena_copy(&kept, r->path.data, r->path.length);
	memset(r->params, 0, sizeof(r->params));
	memset(&r->topic, 0, sizeof(r->topic));
	r->query = NULL;
	r->query_count = 0;
	r->headers = NULL;
	r->header_count = 0;
	r->reply.header_count = 0;
	arena_fini(&r->arena);
	r->arena = kept;
}

void
request_reset(struct request *r)
{
	struct arena arena;
	struct bytes body;

	release(r);
	arena_reset(&r->arena);
	bytes_clear(&r->body);
	arena = r->arena;
	body = r->body;
	request_init(r);
	r->arena = arena;
	r->body = body;
}

uint64_t
request_account(const struct request *r)
{
	const struct exchange *x = exchange_of((struct request *)(uintptr_t)r);

	return x->connection == NULL ? 0 : effort_account(r->token, &x->client);
}

void
request_refuse_effort(struct request *r, int64_t wait_ms)
{
	reply_headerf(r, "Retry-After", "%" PRId64,
		      wait_ms / MS_PER_SECOND + 1);
	reply_fail(r, STATUS_TOO_MANY, "%s", EFFORT_REFUSED);
}

void
request_job(struct request *r, enum job_type type)
{
	r->job = arena_alloc(&r->arena, sizeof(*r->job));
	job_init(r->job, type);
	r->job->by = principal_of(request_token(r), r->secret);
	/* Whose share of the reads of the past it is. */
	if (r->token != NULL)
		r->job->asker = r->token->key;
}

void
request_take_method(struct request *r, const char *method)
{
	size_t n = 0;

	/* What of it may be shown: those characters that one can have. */
	r->method = method_parse(method);
	r->head_only = strcmp(method, "HEAD") == 0;
	if (r->method != METHOD_OTHER)
		return;
	for (; *method != '\0' && n < sizeof(r->other) - 1; method++)
		if (guard_is_token((struct string){ method, 1 }))
			r->other[n++] = *method;
	r->other[n] = '\0';
}

const char *
request_method_name(const struct request *r)
{
	if (r->head_only)
		return "HEAD";
	return r->method == METHOD_OTHER && r->other[0] != '\0'
		   ? r->other
		   : method_name(r->method);
}

const char *
request_query(const struct request *r, const char *name)
{
	for (size_t i = 0; i < r->query_count; i++)
		if (strcmp(r->query[i].name.data, name) == 0)
			return r->query[i].value.data;
	return NULL;
}

const char *
request_header(const struct request *r, const char *name)
{
	for (size_t i = 0; i < r->header_count; i++)
		if (strcasecmp(r->headers[i].name.data, name) == 0)
			return r->headers[i].value.data;
	return NULL;
}

static bool
is_named(const char *const *names, const char *name)
{
	for (size_t i = 0; names[i] != NULL; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

bool
request_unique_query(struct request *r)
{
	for (size_t i = 1; i < r->query_count; i++) {
		const struct string name = r->query[i].name;

		for (size_t k = 0; k < i; k++) {
			if (!string_equal(r->query[k].name, name))
				continue;
			reply_fail(r, STATUS_INVALID,
				   "the query parameter '%.80s' stands twice, "
				   "but may stand once",
				   name.data);
			return false;
		}
	}
	return true;
}

static void
refuse_query(struct request *r, const char *const *names, struct string name)
{
	const char *hint = json_hint(names, name.data, name.length);

	if (names[0] == NULL)
		reply_fail(r, STATUS_INVALID,
			   "unknown query parameter '%s': there are none here",
			   name.data);
	else
		reply_fail(r, STATUS_INVALID,
			   "unknown query parameter '%s'%s%s%s %s %s",
			   name.data, hint != NULL ? ", did you mean '" : "",
			   hint != NULL ? hint : "",
			   hint != NULL ? "'? There" : "; there",
			   names[1] == NULL ? "is" : "are",
			   json_listing(names, &r->arena));
}

bool
request_known_query(struct request *r, const char *const *names)
{
	for (size_t i = 0; i < r->query_count; i++) {
		struct string name = r->query[i].name;

		if (is_named(names, name.data))
			continue;
		refuse_query(r, names, name);
		return false;
	}
	return true;
}

bool
request_flag(struct request *r, const char *name, bool *out)
{
	const char *text = request_query(r, name);

	*out = false;
	if (text == NULL || strcmp(text, "false") == 0 ||
	    strcmp(text, "0") == 0)
		return true;
	if (*text == '\0' || strcmp(text, "true") == 0 ||
	    strcmp(text, "1") == 0) {
		*out = true;
		return true;
	}
	reply_fail(r, STATUS_INVALID, "'%s' is true or false, not '%s'", name,
		   text);
	return false;
}

int64_t
request_now_ms(const struct request *r)
{
	return clock_wall_ms(&r->loop->service->clock);
}

bool
request_moment(struct request *r, const char *name, const struct moment **out)
{
	const char *text = request_query(r, name);
	struct moment *moment;

	*out = NULL;
	if (text == NULL)
		return true;
	moment = arena_zalloc(&r->arena, 1, sizeof(*moment));
	if (moment_decode(text, name, request_now_ms(r), moment, &r->error) !=
	    STATUS_OK) {
		reply_error(r, &r->error);
		return false;
	}
	*out = moment;
	return true;
}

static bool
decode_body(struct request *r, const struct json_limits *limits,
	    struct arena *arena, struct value *out)
{
	struct error err;

	if (r->body.length == 0) {
		reply_fail(r, STATUS_INVALID,
			   "the body is empty, but a JSON object is needed");
		return false;
	}
	error_init(&err);
	if (json_decode(r->body.data, r->body.length, limits, arena, out,
			&err) != STATUS_OK) {
		r->error = err;
		reply_error(r, &r->error);
		return false;
	}
	return true;
}

bool
request_json(struct request *r, struct value *out)
{
	return decode_body(r, NULL, &r->arena, out);
}

bool
request_foreign_json(struct request *r, struct arena *arena, struct value *out)
{
	static const struct json_limits limits = { .foreign = true };

	return decode_body(r, &limits, arena, out);
}

/* On the registry's thread. */
static void
job_done(struct job *job)
{
	struct request *r = job->owner;

	inbox_post(&r->loop->inbox, &exchange_of(r)->task);
}

bool
request_is_trial(struct request *r)
{
	return exchange_of(r)->tentative;
}

enum step
request_submit(struct request *r, void (*then)(struct request *r))
{
	struct error err;

	if (request_is_trial(r))
		return STEP_REPLY;
	error_init(&err);
	r->then = then;
	r->job->owner = r;
	r->job->done = job_done;
	exchange_of(r)->task.run = request_resume;
	if (registry_submit(r->loop->service->registry, r->job, &err) !=
	    STATUS_OK) {
		r->error = err;
		reply_error(r, &r->error);
		return STEP_REPLY;
	}
	return STEP_JOB;
}

enum step
request_wait(struct request *r, const struct topic *topic, int64_t since,
	     int64_t wait_ms,
	     void (*answered)(struct request *r, struct blob *body,
			      int64_t revision, enum answer_reason reason))
{
	r->topic = *topic;
	r->wait_since = since;
	r->wait_ms = wait_ms;
	r->answered = answered;
	return STEP_WAIT;
}

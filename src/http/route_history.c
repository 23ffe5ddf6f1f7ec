/* $T/history and $T/rollback: what changed, and taking it back. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bounds.h"
#include "document_reply.h"
#include "intake.h"
#include "order.h"
#include "request.h"
#include "wire/document.h"
#include "wire/edit.h"

enum { HISTORY_DEFAULT = 50, HISTORY_MAX = 1000 };

/* A positive whole number out of the query or the path. */
static bool
take_number(struct request *r, const char *name, const char *text, int64_t max,
	    int64_t *out)
{
	char *end = NULL;
	long long n;

	if (text == NULL)
		return true;
	errno = 0;
	n = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n < 1 || n > max ||
	    *text < '0' || *text > '9') {
		reply_fail(r, STATUS_INVALID,
			   "'%s' has to be a whole number from 1 to %" PRId64,
			   name, max);
		return false;
	}
	*out = n;
	return true;
}

/* What an end of the range was found to mean; null: what is before the first
 * change that may be seen. */
static void
put_end(struct request *r, const char *name, const struct moment *asked,
	const struct point *found, struct bytes *out)
{
	if (asked == NULL)
		return;
	bytes_printf(out, "\"%s\":", name);
	if (found->revision == 0 || found->revision < bounds_first(r))
		bytes_append_str(out, "null");
	else
		document_point(found->revision, found->at_ms, out);
	bytes_append_char(out, ',');
}

static struct string
query_text(const struct request *r, const char *name)
{
	const char *text = request_query(r, name);

	return (struct string){ text == NULL ? "" : text,
				text == NULL ? 0 : strlen(text) };
}

/* Nothing was ever done in an environment of that name. */
static bool
never_was(const struct request *r)
{
	return r->snapshot == NULL && r->job->environment.length > 0 &&
	       r->job->revision == 0;
}

static void
reply_history(struct request *r)
{
	const struct job *job = r->job;
	const int64_t first = bounds_first(r);
	struct bytes body;
	size_t shown = job->change_count;
	bool more;

	if (order_refused(r))
		return;
	if (never_was(r)) {
		intake_no_environment(r);
		return;
	}
	/* One more was asked for than is shown: it says whether there is a
	 * next page. */
	if (shown == job->history.limit)
		shown--;
	more = shown < job->change_count || job->has_more_changes;
	while (shown > 0 && job->changes[shown - 1]->revision < first) {
		shown--;
		more = false;
	}
	bytes_init(&body);
	bytes_append_char(&body, '{');
	put_end(r, "since", job->range.since, &job->since, &body);
	put_end(r, "until", job->range.until, &job->until, &body);
	bytes_append_str(&body, "\"changes\":[");
	for (size_t i = 0; i < shown; i++) {
		if (i > 0)
			bytes_append_char(&body, ',');
		document_change(job->changes[i], NULL, &body);
	}
	if (more)
		bytes_printf(&body, "],\"next\":%" PRId64 "}",
			     job->changes[shown - 1]->revision);
	else
		bytes_append_str(&body, "],\"next\":null}");
	reply_json(r, 200, &body);
}

static bool
take_range(struct request *r, struct moment_range *range)
{
	return request_moment(r, "since", &range->since) &&
	       request_moment(r, "until", &range->until) &&
	       (range->since == NULL || bounds_admit_end(r, range->since)) &&
	       (range->until == NULL || bounds_admit_end(r, range->until));
}

/* Of one environment, or, with length 0, of all. */
static enum step
list(struct request *r, struct string environment)
{
	static const char *const known[] = { "key",   "actor", "before",
					     "limit", "since", "until",
					     NULL };
	struct history_query *query;
	int64_t limit = HISTORY_DEFAULT;

	request_job(r, JOB_HISTORY);
	query = &r->job->history;
	if (!request_known_query(r, known) ||
	    !take_number(r, "limit", request_query(r, "limit"), HISTORY_MAX,
			 &limit) ||
	    !take_number(r, "before", request_query(r, "before"), INT64_MAX,
			 &query->before) ||
	    !take_range(r, &r->job->range))
		return STEP_REPLY;
	r->job->environment = environment;
	query->environment = environment;
	query->key = query_text(r, "key");
	query->actor = query_text(r, "actor");
	query->limit = (size_t)limit + 1;
	return request_submit(r, reply_history);
}

static enum step
history(struct request *r)
{
	return list(r, r->params[0]);
}

static enum step
history_of_all(struct request *r)
{
	return list(r, (struct string){ "", 0 });
}

static void
reply_revision(struct request *r)
{
	struct bytes body;

	if (order_refused(r))
		return;
	bytes_init(&body);
	document_change(r->job->changes[0], NULL, &body);
	reply_json(r, 200, &body);
	reply_etag(r, r->job->changes[0]->revision);
}

static enum step
one(struct request *r, struct string environment, struct string revision)
{
	static const char *const known[] = { NULL };

	request_job(r, JOB_HISTORY);
	if (!request_known_query(r, known) ||
	    !take_number(r, "revision", revision.data, INT64_MAX,
			 &r->job->history.revision))
		return STEP_REPLY;
	if (r->job->history.revision < bounds_first(r)) {
		reply_fail(r, STATUS_NOT_FOUND,
			   "there is no change %" PRId64
			   " in environment '%.*s'",
			   r->job->history.revision, (int)environment.length,
			   environment.data);
		return STEP_REPLY;
	}
	r->job->environment = environment;
	r->job->history.environment = environment;
	r->job->history.limit = 1;
	return request_submit(r, reply_revision);
}

static enum step
history_one(struct request *r)
{
	return one(r, r->params[0], r->params[1]);
}

static enum step
history_one_of_all(struct request *r)
{
	return one(r, (struct string){ "", 0 }, r->params[0]);
}

static enum step
rollback(struct request *r)
{
	static const char *const known[] = { "dryRun", NULL };
	struct rollback order;
	struct value body;

	if (!request_known_query(r, known) || !order_begin(r, JOB_ROLLBACK) ||
	    !request_json(r, &body))
		return STEP_REPLY;
	if (rollback_decode(&body, request_now_ms(r), &r->arena, &order,
			    &r->error) != STATUS_OK) {
		reply_error(r, &r->error);
		return STEP_REPLY;
	}
	if (!order_comment(r, order.comment) || !bounds_admit(r, &order.to))
		return STEP_REPLY;
	r->job->rollback.not_before = bounds_first(r);
	r->job->rollback.to = order.to;
	r->job->rollback.now_ms = request_now_ms(r);
	r->job->rollback.keys = order.keys;
	r->job->rollback.key_count = order.key_count;
	return request_submit(r, order_reply_change);
}

const struct route routes_history[] = {
	{ METHOD_GET, "/v1/history", history_of_all, ROUTE_ADMIN },
	{ METHOD_GET, "/v1/history/{revision}", history_one_of_all,
	  ROUTE_ADMIN },
	{ METHOD_GET, "/v1/envs/{env}/history", history,
	  ROUTE_ENVIRONMENT | ROUTE_REMOVED },
	{ METHOD_GET, "/v1/envs/{env}/history/{revision}", history_one,
	  ROUTE_ENVIRONMENT | ROUTE_REMOVED },
	{ METHOD_POST, "/v1/envs/{env}/rollback", rollback,
	  ROUTE_ENVIRONMENT | ROUTE_WRITE | ROUTE_REMOVED },
	{ METHOD_GET, NULL, NULL, 0 },
};

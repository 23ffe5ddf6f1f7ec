/* What is not about toggles: health, metrics, the contract, the backup. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "access.h"
#include "base/embedded.h"
#include "base/version.h"
#include "document_reply.h"
#include "loop.h"
#include "metrics.h"
#include "model/value.h"
#include "order.h"
#include "request.h"
#include "usage_metrics.h"

enum { REGISTRY_STUCK_MS = 10000 };

static enum step
reply_text(struct request *r, unsigned status, const char *json)
{
	reply_blob(r, status, "application/json", blob_new(json, strlen(json)));
	return STEP_REPLY;
}

/* Live: this loop turns. */
static enum step
health(struct request *r)
{
	return reply_text(r, 200, "{\"status\":\"ok\"}");
}

/* It serves, but something is not as it should be: why is an admin's. */
static void
put_degraded(const struct request *r, const struct registry_counts *counts,
	     struct bytes *out)
{
	if (counts->clock_behind_ms == 0 && !counts->cannot_write)
		return;
	bytes_append_str(out, ",\"degraded\":true");
	if (counts->cannot_write)
		bytes_append_str(out, ",\"writable\":false");
	if (!access_is_admin(r))
		return;
	if (counts->cannot_write) {
		bytes_append_str(out, ",\"writeError\":");
		value_encode_string(counts->write_error,
				    strlen(counts->write_error), out);
	}
	if (counts->clock_behind_ms > 0)
		bytes_printf(out, ",\"clockBehindSeconds\":%" PRId64,
			     counts->clock_behind_ms / 1000);
}

/* Ready: there is a snapshot to serve, the registry turns, nothing drains. */
static enum step
ready(struct request *r)
{
	const struct registry_counts counts =
	    registry_counts(r->loop->service->registry);
	const int64_t still_ms = loop_now_ms(r->loop) - counts.ticked_ms;
	struct bytes body;

	/* A probe has no token: it is told the state, and nothing of why or of
	 * what is stored. */
	if (r->loop->phase != LOOP_SERVING || still_ms > REGISTRY_STUCK_MS) {
		if (!access_is_admin(r))
			reply_fail(r, STATUS_BUSY, "not ready");
		else if (r->loop->phase != LOOP_SERVING)
			reply_fail(r, STATUS_BUSY,
				   "the server is shutting down");
		else
			reply_fail(r, STATUS_BUSY,
				   "the registry has not turned for %" PRId64
				   " s",
				   still_ms / 1000);
		return STEP_REPLY;
	}
	bytes_init(&body);
	bytes_append_str(&body, "{\"status\":\"ready\"");
	if (access_is_admin(r))
		bytes_printf(&body, ",\"epoch\":\"%s\",\"revision\":%" PRId64,
			     r->catalog->epoch, r->catalog->head);
	put_degraded(r, &counts, &body);
	bytes_append_char(&body, '}');
	reply_json(r, 200, &body);
	return STEP_REPLY;
}

static enum step
version(struct request *r)
{
	return reply_text(r, 200,
			  "{\"name\":\"toggled\",\"version\":\"" TOGGLED_VERSION
			  "\",\"api\":\"v1\"}");
}

static enum step
metrics(struct request *r)
{
	struct bytes body;

	bytes_init(&body);
	/* The rest are totals, of all environments. */
	if (access_sees_all(r))
		metrics_encode(r->loop->service, r->catalog, &body);
	usage_metrics_encode(r->loop->service, r->catalog, request_token(r),
			     &body);
	reply_blob(r, 200, "text/plain; version=0.0.4; charset=utf-8",
		   blob_from_bytes(&body));
	return STEP_REPLY;
}

static enum step
contract(struct request *r)
{
	for (const struct embedded_file *f = embedded_assets; f->name != NULL;
	     f++) {
		if (strcmp(f->name, "openapi.yaml") != 0)
			continue;
		reply_blob(r, 200, "application/yaml",
			   blob_new(f->text, f->length));
		return STEP_REPLY;
	}
	reply_fail(r, STATUS_NOT_FOUND, "this build carries no contract");
	return STEP_REPLY;
}

/* The copy loses its name at once, and its blocks when it has been sent. */
static void
reply_backup(struct request *r)
{
	int fd;

	if (order_refused(r))
		return;
	fd = open(r->job->path, O_RDONLY | O_CLOEXEC);
	(void)unlink(r->job->path);
	if (fd < 0) {
		reply_fail(r, STATUS_IO, "cannot open the copy: %s",
			   strerror(errno));
		return;
	}
	r->reply.status = 200;
	r->reply.fd = fd;
	r->reply.content_type = "application/vnd.sqlite3";
	reply_headerf(r, "Content-Disposition",
		      "attachment; filename=\"toggled-%" PRId64 ".db\"",
		      r->job->revision);
}

static void
reply_head(struct request *r)
{
	const struct change *newest;
	struct bytes body;
	char hash[SHA256_HEX_BYTES];
	char at[CLOCK_TEXT_BYTES];

	if (order_refused(r))
		return;
	newest = r->job->changes[0];
	clock_format(newest->at_ms, at);
	sha256_hex(newest->hash, hash);
	bytes_init(&body);
	bytes_printf(&body,
		     "{\"epoch\":\"%s\",\"revision\":%" PRId64
		     ",\"hash\":\"%s\",\"at\":\"%s\"}",
		     r->catalog->epoch, newest->revision, hash, at);
	reply_json(r, 200, &body);
}

/* What the whole history can be held against, by somebody who has kept it. */
static enum step
head(struct request *r)
{
	static const char *const known[] = { NULL };

	if (!request_known_query(r, known))
		return STEP_REPLY;
	request_job(r, JOB_HISTORY);
	r->job->history.limit = 1;
	r->job->history.is_bare = true;
	return request_submit(r, reply_head);
}

static enum step
backup(struct request *r)
{
	if (r->head_only) {
		reply_empty(r, 200);
		return STEP_REPLY;
	}
	request_job(r, JOB_BACKUP);
	return request_submit(r, reply_backup);
}

const struct route routes_system[] = {
	{ METHOD_GET, "/healthz", health, ROUTE_PUBLIC },
	{ METHOD_GET, "/readyz", ready, ROUTE_PUBLIC },
	{ METHOD_GET, "/version", version, ROUTE_PUBLIC },
	{ METHOD_GET, "/metrics", metrics, 0 },
	{ METHOD_GET, "/openapi.yaml", contract, ROUTE_EVALUATE | ROUTE_PAGE },
	{ METHOD_GET, "/v1/backup", backup, ROUTE_ADMIN },
	{ METHOD_GET, "/v1/head", head, ROUTE_ADMIN },
	{ METHOD_GET, NULL, NULL, 0 },
};

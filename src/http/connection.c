#include "connection.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "access.h"
#include "base/mem.h"
#include "bridge.h"
#include "chunked.h"
#include "coding.h"
#include "early.h"
#include "encoded.h"
#include "intake.h"
#include "linger.h"
#include "loop.h"
#include "packing.h"
#include "park.h"
#include "reaper.h"
#include "reply_queue.h"
#include "request_log.h"
#include "request_resume.h"
#include "stream.h"

size_t
connection_unescape(void *cls, struct MHD_Connection *mhd, char *text)
{
	(void)cls;
	(void)mhd;
	return strlen(text);
}

static void
enlist(struct connection *c, struct connection **list)
{
	c->next = *list;
	c->link = list;
	if (c->next != NULL)
		c->next->link = &c->next;
	*list = c;
}

static void
delist(struct connection *c)
{
	*c->link = c->next;
	if (c->next != NULL)
		c->next->link = c->link;
}

void
connection_arrive(struct loop *loop, int fd,
		  const struct connection_origin *origin)
{
	struct connection *c = mem_zalloc(1, sizeof(*c));

	c->loop = loop;
	c->fd = fd;
	c->peer = origin->peer;
	c->consumed = origin->consumed;
	c->head_bytes = origin->head_bytes;
	c->bridge = origin->bridge;
	if (c->bridge != NULL) {
		bridge_attach(c->bridge, c);
		c->peer.counted = LIMITS_UNCOUNTED;
	}
	enlist(c, &loop->arriving);
}

/* The one that arrives with this socket, taken out of its list. */
static struct connection *
open_connection(struct loop *loop, struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct connection *c = loop->arriving;

	while (c != NULL && c->fd != info->connect_fd)
		c = c->next;
	/* Nobody else gives sockets to this daemon. */
	assert(c != NULL);
	delist(c);
	c->mhd = mhd;
	enlist(c, &loop->connections);
	reaper_expect_head(c);
	connection_take_place(c, ROOM_ANONYMOUS);
	/* libmicrohttpd does not see a FIN that comes with a request. A bridge
	 * sees it by itself. */
	if (c->bridge == NULL)
		(void)park_watch(loop->park, c);
	return c;
}

void
connection_forget(struct loop *loop, struct peer *peer)
{
	limits_leave(loop->service->limits, peer);
	counters_sub(&loop->counters.connections_open, 1);
}

/* In clear text: nobody else has its socket, which the library closes now. */
static void
end_client(struct connection *c)
{
	int fd = -1;

	if (!c->evicted && (c->lingers || linger_is_due(c->fd)))
		fd = fcntl(c->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0) {
		connection_forget(c->loop, &c->peer);
		return;
	}
	park_unwatch(c->loop->park, c);
	linger_take(c->loop, fd, &c->peer);
}

/* The request under way is over, if there is one. Nothing of it stays. */
static void
end_exchange(struct connection *c)
{
	struct exchange *x = c->exchange;

	if (x == NULL)
		return;
	c->exchange = NULL;
	c->consumed += x->header_size + x->body_seen;
	chunked_end(x);
	if (x->phase == EXCHANGE_WAITING)
		park_cancel(c->loop->park, x);
	request_log_exchange(x);
	exchange_free(x);
}

static void
close_connection(struct connection *c)
{
	end_exchange(c);
	if (c->stream != NULL)
		stream_detach(c->stream);
	delist(c);
	room_leave(c->loop, &c->place);
	if (c->bridge != NULL && !c->orphaned)
		bridge_detach(c->bridge, c->lingers);
	if (!c->left && c->bridge == NULL)
		end_client(c);
	free(c);
}

void
connection_settle(struct loop *loop)
{
	struct connection *next;

	for (struct connection *c = loop->arriving; c != NULL; c = next) {
		next = c->next;
		close_connection(c);
	}
}

void
connection_notify(void *cls, struct MHD_Connection *mhd, void **context,
		  enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		*context = open_connection(cls, mhd);
	else
		close_connection(*context);
}

struct exchange *
connection_begin(struct loop *loop, struct connection *c)
{
	end_exchange(c);
	c->exchange = exchange_new(loop, c);
	return c->exchange;
}

/* What the answer is of: of a write its own, else that which was read. */
static int64_t
revision_of(const struct request *r)
{
	if (r->job != NULL && r->job->revision > 0)
		return r->job->revision;
	if (r->snapshot != NULL)
		return r->snapshot->revision;
	return r->catalog == NULL ? 0 : r->catalog->head;
}

void
connection_queue(struct exchange *x)
{
	struct request *r = &x->request;
	struct loop *loop = r->loop;
	size_t length;
	int64_t us = clock_stopwatch_us() - r->started_us;
	const bool close = connection_must_go(x->connection);

	coding_settle(r);
	length = reply_length(r);
	x->phase = EXCHANGE_ANSWERED;
	x->answer_bytes = r->head_only ? 0 : length;
	if (x->revision == 0)
		x->revision = revision_of(r);
	counters_request(&loop->counters, x->route_number, r->reply.status,
			 x->waited ? -1 : us);
	if (!r->head_only)
		counters_add(&loop->counters.bytes_sent, length);
	if (r->reply.stream != NULL)
		reaper_expect(x->connection, 0);
	else
		reaper_expect_read(x->connection, length);
	if (!reply_queue(r, x->connection->mhd,
			 close || loop->phase != LOOP_SERVING))
		reaper_kill(x->connection);
	/* A client may take its time to read, and a stream has no end. */
	exchange_settle(x);
}

/* Then it is queued later. */
static bool
is_packed_first(struct exchange *x)
{
	return coding_is_slow(&x->request) &&
	       packing_add(x->request.loop->packing, x);
}

void
connection_answer(struct exchange *x)
{
	if (is_packed_first(x))
		return;
	connection_queue(x);
	MHD_resume_connection(x->connection->mhd);
}

/* Back from the registry: a newer catalog stands, in which whoever is told of a
 * write finds it. The environment may be gone by now; then the old one stays.
 */
static void
refresh(struct request *r)
{
	struct catalog *catalog = loop_catalog(r->loop);
	struct string name;
	struct snapshot *snapshot = NULL;

	if (catalog == r->catalog)
		return;
	if (r->snapshot != NULL) {
		name = r->snapshot->environment;
		snapshot = catalog_find(catalog, name.data, name.length);
		if (snapshot == NULL)
			return;
	}
	catalog_ref(catalog);
	catalog_unref(r->catalog);
	r->catalog = catalog;
	r->snapshot = snapshot;
}

/* What was done is told to who did it. All else is a read, and who was locked
 * out meanwhile may read no more. */
static bool
may_be_told(struct exchange *x)
{
	const struct job *job = x->request.job;
	const bool changed = job->status == STATUS_OK && job->change != NULL &&
			     job->change->count > 0 && !job->dry_run;

	if (changed || access_confirm(x))
		return true;
	if (job->path != NULL)
		(void)unlink(job->path);
	return false;
}

void
request_resume(struct task *task)
{
	struct exchange *x =
	    (struct exchange *)(void *)((char *)task -
					offsetof(struct exchange, task));

	x->request.loop->jobs--;
	refresh(&x->request);
	if (may_be_told(x))
		x->request.then(&x->request);
	connection_answer(x);
}

/* It would hold its place in the reserve for as long as it likes. */
static bool
may_hold(struct exchange *x, enum step step)
{
	struct request *r = &x->request;

	if ((step != STEP_WAIT && r->reply.stream == NULL) ||
	    !connection_must_go(x->connection))
		return true;
	if (r->reply.stream != NULL)
		stream_free(r->reply.stream);
	r->reply.stream = NULL;
	reply_fail(r, STATUS_BUSY,
		   "there are too many connections to wait on this one");
	return false;
}

static enum MHD_Result
take_step(struct exchange *x, enum step step)
{
	if (!may_hold(x, step))
		step = STEP_REPLY;
	switch (step) {
	case STEP_REPLY:
		if (is_packed_first(x))
			MHD_suspend_connection(x->connection->mhd);
		else
			connection_queue(x);
		return MHD_YES;
	case STEP_JOB:
		x->phase = EXCHANGE_WORKING;
		x->request.loop->jobs++;
		MHD_suspend_connection(x->connection->mhd);
		return MHD_YES;
	case STEP_WAIT:
		x->waited = true;
		if (park_add(x->request.loop->park, x))
			return MHD_NO;
		return MHD_YES;
	}
	return MHD_NO;
}

static enum MHD_Result
dispatch(struct exchange *x)
{
	struct request *r = &x->request;

	chunked_end(x);
	reaper_expect(x->connection, 0);
	room_leave(r->loop, &x->connection->place);
	if (r->loop->phase == LOOP_STOPPING)
		return MHD_NO;
	if (r->reply.status == 0 && x->encoded != NULL &&
	    !encoded_is_whole(x->encoded))
		reply_fail(r, STATUS_INVALID,
			   "the body ends before its content coding does");
	if (r->reply.status != 0)
		return take_step(x, STEP_REPLY);
	r->catalog = catalog_ref(loop_catalog(r->loop));
	if (!access_confirm(x) || !intake_environment(r))
		return take_step(x, STEP_REPLY);
	access_forget(r);
	return take_step(x, r->route->handle(r));
}

/* The answer is known already: what still comes is not waited for long, and
 * whoever sends it is the first to make room. */
static void
expect_refused(struct exchange *x)
{
	const int64_t due_ms = loop_now_ms(x->request.loop) + REAPER_REFUSED_MS;

	connection_take_place(x->connection, ROOM_REFUSED);
	if (x->due_ms > due_ms)
		x->due_ms = due_ms;
	if (x->phase == EXCHANGE_READING)
		reaper_expect_body(x);
}

static int64_t
body_ms(struct connection *c)
{
	const int64_t most = c->loop->service->body_timeout_ms;

	if (c->ended)
		return REAPER_ENDED_MS;
	return connection_is_reserved(c) && most > REAPER_RESERVED_BODY_MS
		   ? REAPER_RESERVED_BODY_MS
		   : most;
}

static enum MHD_Result
begin(struct exchange *x, const char *method, const char *version)
{
	struct request *r = &x->request;
	struct connection *c = x->connection;
	enum intake_verdict verdict;

	x->phase = EXCHANGE_READING;
	if (c->peer_text[0] == '\0')
		peer_format(&c->peer, c->peer_text);
	memcpy(r->peer, c->peer_text, sizeof(r->peer));
	x->due_ms = loop_now_ms(r->loop) + body_ms(c);
	reaper_expect_body(x);
	verdict = intake_header(x, method, version);
	x->note = request_note_new(r, x->is_forwarded ? &x->client : NULL);
	if (verdict == INTAKE_REFUSE) {
		c->lingers = true;
		connection_queue(x);
	} else if (x->chunked) {
		chunked_begin(x, method + x->header_size);
	}
	if (r->reply.status != 0)
		expect_refused(x);
	else if (!connection_is_reserved(c))
		room_leave(c->loop, &c->place);
	return MHD_YES;
}

/* The answer is known already: what has come of the body only costs. */
static void
drop_body(struct exchange *x)
{
	limits_release_body(x->request.loop->service->limits, x->body_counted);
	x->body_counted = 0;
	bytes_fini(&x->request.body);
	expect_refused(x);
}

/* As it is when its coding is undone: that is held against the limits. False:
 * r->error says why not. */
static bool
keep_piece(struct exchange *x, const char *data, size_t size)
{
	struct request *r = &x->request;

	if (x->encoded != NULL)
		return encoded_take(x->encoded, data, size, x->body_limit,
				    &r->body, &r->error) == STATUS_OK;
	bytes_append(&r->body, data, size);
	return true;
}

/* Keep a part of the body, or throw it away when the answer is known already.
 */
static bool
take_body(struct exchange *x, const char *data, size_t size)
{
	struct request *r = &x->request;
	struct limits *limits = r->loop->service->limits;

	x->body_seen += size;
	chunked_piece(x, size);
	if (r->loop->phase != LOOP_SERVING)
		reaper_expect_body(x);
	if (r->reply.status != 0 && x->body_seen > x->body_limit) {
		early_answer(x);
		return false;
	}
	if (r->reply.status != 0)
		return true;
	if (x->body_seen > x->body_limit) {
		reply_fail(r, STATUS_TOO_LARGE,
			   "the body is larger than %zu bytes", x->body_limit);
		r->reply.close = true;
		x->body_limit = REAPER_DISCARD_BYTES;
		drop_body(x);
		return true;
	}
	if (!keep_piece(x, data, size)) {
		reply_error(r, &r->error);
		drop_body(x);
		return true;
	}
	if (!limits_grow_body(limits, x->body_counted, r->body.length)) {
		reply_fail(r, STATUS_BUSY,
			   "too many large bodies at a time, try again");
		counters_add(&r->loop->counters.bodies_refused, 1);
		drop_body(x);
		return true;
	}
	x->body_counted = r->body.length;
	return true;
}

/* The library says how many parameters. */
enum MHD_Result /* NOLINTNEXTLINE(readability-function-size) */
connection_handle(void *cls, struct MHD_Connection *mhd, const char *url,
		  const char *method, const char *version, const char *upload,
		  size_t *upload_size, void **context)
{
	struct exchange *x = *context;

	(void)cls;
	(void)mhd;
	(void)url;
	/* A connection that was resumed because its client left comes back
	 * here before the library has noticed. */
	if (x->connection->hung_up)
		return MHD_NO;
	if (x->phase == EXCHANGE_STARTED)
		return begin(x, method, version);
	if (x->phase != EXCHANGE_READING)
		return MHD_NO;
	if (*upload_size > 0) {
		size_t size = *upload_size;

		*upload_size = 0;
		return take_body(x, upload, size) ? MHD_YES : MHD_NO;
	}
	return dispatch(x);
}

void
connection_completed(void *cls, struct MHD_Connection *mhd, void **context,
		     enum MHD_RequestTerminationCode how)
{
	struct exchange *x = *context;
	struct connection *c = x->connection;
	struct loop *loop = cls;
	bool known;

	(void)mhd;
	(void)how;
	*context = NULL;
	known = x->request.token != NULL;
	end_exchange(c);
	c->stays = false;
	reaper_expect(c, c->ended ? REAPER_ENDED_MS
				  : (int64_t)loop->service->idle_timeout_ms +
					loop->service->header_timeout_ms);
	connection_take_place(c, known ? ROOM_KNOWN : ROOM_ANONYMOUS);
}

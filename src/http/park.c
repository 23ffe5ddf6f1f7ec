/*
 * The face, and the form inside libmicrohttpd. A suspended socket is not
 * watched by it, so each is in an epoll set of ours from its first byte on;
 * closing takes it out. Only hang-ups are looked for, edge triggered, so that a
 * kept-alive connection costs nothing more.
 */
#include "park_private.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "access.h"
#include "base/mem.h"
#include "bridge.h"
#include "connection.h"
#include "document_reply.h"
#include "effort.h"
#include "evaluator.h"
#include "loop.h"
#include "reaper.h"
#include "reply_queue.h"
#include "request_log.h"
#include "stream.h"
#include "wire/document.h"

enum { HANGUPS_AT_ONCE = 512, OUTSIDE_BUDGET = 512 };

static void
hang_up(struct connection *c)
{
	struct exchange *x = c->exchange;

	if (c->stream != NULL) {
		stream_hang_up(c->stream);
		return;
	}
	if (x == NULL || x->phase != EXCHANGE_WAITING) {
		/* The library may have missed the end of the stream: it looks
		 * no more after a short read. Nor may it have looked at all
		 * yet, so what came before the end still gets its answer. */
		c->ended = true;
		if (x != NULL && x->phase == EXCHANGE_WORKING &&
		    x->request.job != NULL)
			registry_abandon(x->request.job);
		if (x == NULL || x->phase == EXCHANGE_STARTED ||
		    x->phase == EXCHANGE_READING)
			reaper_expect(c, REAPER_ENDED_MS);
		return;
	}
	c->hung_up = true;
	counters_add(&c->loop->counters.polls_hung_up, 1);
	park_cancel(c->loop->park, x);
	MHD_resume_connection(c->mhd);
}

static void
hangup_cb(evutil_socket_t fd, short what, void *ctx)
{
	struct epoll_event events[HANGUPS_AT_ONCE];
	struct park *park = ctx;
	int n = epoll_wait(fd, events, HANGUPS_AT_ONCE, 0);

	(void)what;
	for (int i = 0; i < n; i++)
		hang_up(events[i].data.ptr);
	if (n > 0)
		loop_drive(park->loop);
}

enum status
park_new(struct loop *loop, struct park **out, struct error *err)
{
	struct park *park = mem_zalloc(1, sizeof(*park));
	enum status rc = STATUS_IO;

	park->loop = loop;
	park->hangup_epoll = epoll_create1(EPOLL_CLOEXEC);
	if (park->hangup_epoll < 0) {
		error_set(err, rc, "epoll_create1: %s", strerror(errno));
		goto out;
	}
	park->hangup_event = event_new(loop->base, park->hangup_epoll,
				       EV_READ | EV_PERSIST, hangup_cb, park);
	if (park->hangup_event == NULL ||
	    event_add(park->hangup_event, NULL) != 0) {
		error_set(err, rc, "no event for hang-ups");
		goto out;
	}
	rc = outside_new(loop, &park->outside, err);
	if (rc != STATUS_OK)
		goto out;
	*out = park;
	park = NULL;
out:
	park_free(park);
	return rc;
}

void
park_free(struct park *park)
{
	if (park == NULL)
		return;
	outside_free(park->outside);
	if (park->hangup_event != NULL)
		event_free(park->hangup_event);
	if (park->hangup_epoll >= 0)
		close(park->hangup_epoll);
	free(park);
}

/* 200 with the shared body, or 404 where the environment is gone. */
static void
fill_standard(struct request *r, struct blob *body, int64_t revision,
	      enum answer_reason reason)
{
	char tag[VALUES_TAG_BYTES];

	if (reason == ANSWER_GONE || body == NULL) {
		reply_fail(r, STATUS_NOT_FOUND,
			   "the environment '%.*s' is gone",
			   (int)r->topic.environment.length,
			   r->topic.environment.data);
		return;
	}
	reply_blob(r, 200, "application/json", blob_ref(body));
	if (r->topic.form == TOPIC_VALUES) {
		values_tag(r->loop->catalog->epoch, revision, body, tag);
		reply_headerf(r, "ETag", "\"%s\"", tag);
	} else {
		reply_headerf(r, "ETag", "\"%s.%" PRId64 "\"",
			      r->loop->catalog->epoch, revision);
	}
	reply_header(r, "Cache-Control", "no-store");
}

static void
fill(struct exchange *x, struct blob *body, int64_t revision,
     enum answer_reason reason)
{
	struct request *r = &x->request;

	if (!access_lasts(r->loop, r->token, r->secret))
		access_reply_ended(r);
	else if (reason == ANSWER_COSTLY)
		reply_fail(r, STATUS_TOO_MANY, "%s", EFFORT_REFUSED);
	else if (reason == ANSWER_STOPPED)
		reply_fail(r, STATUS_BUSY, "the server stops");
	else if (r->answered != NULL)
		r->answered(r, body, revision, reason);
	else
		fill_standard(r, body, revision, reason);
}

/* What stands, for those that must not wait: nothing has changed since, or the
 * whole state where the form knows no deltas. */
static struct blob *
build_standing(struct request *r)
{
	const struct feed_evaluator evaluator =
	    evaluator_for_feed(r->evaluator);
	struct bytes out;

	if (r->topic.form == TOPIC_VALUES || r->topic.form == TOPIC_FLAGS)
		return evaluator.build(&r->topic, r->snapshot,
				       r->catalog->epoch, evaluator.ctx);
	bytes_init(&out);
	document_no_changes(r->catalog->epoch, r->snapshot->revision, &out);
	return blob_from_bytes(&out);
}

static void
answer_at_once(struct exchange *x, enum answer_reason reason)
{
	struct blob *body;

	if (x->request.topic.context.length > CONTEXTS_SMALL)
		x->request.topic.account =
		    effort_account(x->request.token, &x->client);
	body = build_standing(&x->request);
	if (body == NULL)
		reason = ANSWER_COSTLY;
	fill(x, body, x->request.snapshot->revision, reason);
	blob_unref(body);
}

/* Adding reports a hang-up that has happened already. */
bool
park_watch(struct park *park, struct connection *c)
{
	struct epoll_event event = { .events = EPOLLRDHUP | EPOLLET,
				     .data.ptr = c };

	if (!c->watched &&
	    epoll_ctl(park->hangup_epoll, EPOLL_CTL_ADD, c->fd, &event) == 0)
		c->watched = true;
	return c->watched;
}

void
park_unwatch(struct park *park, struct connection *c)
{
	if (c->watched)
		(void)epoll_ctl(park->hangup_epoll, EPOLL_CTL_DEL, c->fd, NULL);
	c->watched = false;
}

static void
wait_inside(struct park *park, struct exchange *x)
{
	struct request *r = &x->request;

	(void)park_watch(park, x->connection);
	x->phase = EXCHANGE_WAITING;
	request_note_wait(x->note);
	x->seat.kind = SEAT_EXCHANGE;
	x->seat.context_bytes = (uint32_t)r->topic.context.length;
	MHD_suspend_connection(x->connection->mhd);
	park->suspended++;
	counters_add(&park->loop->counters.polls_suspended, 1);
	feed_wait(park->loop->feed, &x->seat.waiter, &r->topic, r->wait_since,
		  r->wait_ms);
	loop_expect(park->loop, r->wait_ms);
	/* The feed has the topic; who waits holds nothing else. */
	exchange_rest(x);
}

enum contexts_verdict
park_count(struct loop *loop, struct request *r, const struct peer *peer)
{
	const size_t bytes = r->topic.context.length;

	if (bytes > CONTEXTS_SMALL)
		r->topic.account = effort_account(r->token, peer);
	return contexts_enter(loop->service->contexts, r->token, peer, bytes);
}

/* False: the reply is filled. */
static bool
count_context(struct exchange *x)
{
	struct request *r = &x->request;

	switch (park_count(r->loop, r, &x->client)) {
	case CONTEXTS_OK:
		return true;
	case CONTEXTS_CLIENT_FULL:
		reply_fail(r, STATUS_TOO_MANY,
			   "too many large contexts of this client wait "
			   "already: wait with smaller ones, or ask without");
		break;
	case CONTEXTS_FULL:
		reply_fail(r, STATUS_BUSY,
			   "too many large contexts wait already, try again");
		break;
	}
	counters_add(&r->loop->counters.contexts_refused, 1);
	return false;
}

bool
park_add(struct park *park, struct exchange *x)
{
	struct request *r = &x->request;
	struct loop *loop = park->loop;
	enum answer_reason reason = ANSWER_EXPIRED;

	if (loop->phase != LOOP_SERVING)
		reason = ANSWER_DRAINED;
	/* Who sends no more counts as gone as soon as it waits. */
	if (x->connection->ended)
		r->reply.close = true;
	/* The feed knows the loop's catalog; nobody may wait who was held
	 * against an older one. */
	if (reason == ANSWER_DRAINED || r->head_only || r->wait_ms <= 0 ||
	    x->connection->ended || r->catalog != loop_catalog(loop)) {
		answer_at_once(x, reason);
		connection_queue(x);
		return false;
	}
	if (!count_context(x)) {
		connection_queue(x);
		return false;
	}
	if (outside_add(park->outside, x))
		return true;
	wait_inside(park, x);
	return false;
}

/* It waits no more. */
static void
leave_inside(struct park *park, struct exchange *x)
{
	x->phase = EXCHANGE_READING;
	contexts_leave(park->loop->service->contexts, x->request.token,
		       &x->client, x->seat.context_bytes);
	x->seat.context_bytes = 0;
	park->suspended--;
	counters_sub(&park->loop->counters.polls_suspended, 1);
}

void
park_cancel(struct park *park, struct exchange *x)
{
	feed_cancel(park->loop->feed, &x->seat.waiter);
	leave_inside(park, x);
}

void
park_answer(struct waiter *waiter, struct blob *body, int64_t revision,
	    enum answer_reason reason, void *ctx)
{
	struct park *park = ctx;
	struct counters *counters = &park->loop->counters;
	struct seat *seat = (struct seat *)(void *)waiter;
	struct exchange *x = (struct exchange *)(void *)waiter;

	if (reason == ANSWER_EXPIRED)
		counters_add(&counters->polls_expired, 1);
	else
		counters_add(&counters->polls_woken, 1);
	if (seat->kind == SEAT_PARKED) {
		outside_answer(park->outside, seat, body, revision, reason);
		return;
	}
	if (seat->kind == SEAT_STREAM) {
		stream_answer(waiter, revision, reason);
		return;
	}
	leave_inside(park, x);
	request_note_answer(x->note);
	x->revision = revision;
	fill(x, body, revision, reason);
	connection_answer(x);
}

size_t
park_budget(const struct park *park)
{
	/* Resuming walks all suspended connections, so it is done once for all
	 * of a broadcast; answers outside can make room for others. */
	return park->suspended > 0 ? SIZE_MAX : OUTSIDE_BUDGET;
}

void
park_rest(struct park *park)
{
	outside_rest(park->outside);
}

/* What is left of its time. */
static int64_t
time_left(const struct connection *c)
{
	const int64_t now_ms = loop_now_ms(c->loop);
	const int64_t due_ms =
	    c->place.since_ms + c->loop->service->idle_timeout_ms;

	return due_ms > now_ms ? due_ms - now_ms : 1;
}

bool
park_rest_outside(struct park *park, struct connection *c)
{
	if (park->loop->service->parking != PARKING_AUTO || c->ended)
		return false;
	if (c->bridge != NULL)
		return bridge_rest(c->bridge, c->consumed, time_left(c));
	return outside_take(park->outside, c, time_left(c));
}

void
park_meet(struct park *park, int fd, const struct peer *peer)
{
	outside_meet(park->outside, fd, peer);
}

void
park_evict(struct park *park, struct parked *parked)
{
	outside_evict(park->outside, parked);
}

void
park_hurry(struct park *park, int64_t within_ms)
{
	outside_hurry(park->outside, within_ms);
}

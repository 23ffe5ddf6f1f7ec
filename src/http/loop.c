/*
 * The turn of a loop: libevent finds what is ready, its callback does the work,
 * then loop_drive lets libmicrohttpd run until it has nothing to do and arms
 * one timer for when it wants to run next. Nothing blocks but libevent's wait,
 * and without connections no timer is armed at all.
 */
#include "loop.h"

#include <event2/event.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "bridge.h"
#include "chunked.h"
#include "connection.h"
#include "depart.h"
#include "descriptors.h"
#include "evaluator.h"
#include "exchange.h"
#include "library.h"
#include "linger.h"
#include "listener.h"
#include "lobby.h"
#include "loop_life.h"
#include "model/token.h"
#include "packing.h"
#include "park.h"
#include "reaper.h"

enum {
	DRIVE_MS = 5,    /* of turns: the registry's answers wait meanwhile */
	TURNS_MAX = 16,  /* of libmicrohttpd, before others get theirs */
	FINISH_MS = 150, /* draining: for connections without a request */
};

int64_t
loop_now_ms(const struct loop *loop)
{
	return loop->now_ms;
}

void
loop_tick(struct loop *loop)
{
	loop->now_ms = clock_mono_ms(&loop->service->clock);
	atomic_store_explicit(&loop->ticked_ms, loop->now_ms,
			      memory_order_relaxed);
}

static void
arm(struct event *timer, int64_t within_ms)
{
	const struct timeval delay = {
		.tv_sec = within_ms / 1000,
		.tv_usec = within_ms % 1000 * 1000,
	};

	evtimer_add(timer, &delay);
}

static void
note_quiet(struct loop *loop)
{
	if (loop->phase == LOOP_SERVING || atomic_load(&loop->quiet) ||
	    atomic_load(&loop->counters.connections_open) > 0)
		return;
	pthread_mutex_lock(&loop->mutex);
	atomic_store(&loop->quiet, true);
	pthread_cond_broadcast(&loop->ready);
	pthread_mutex_unlock(&loop->mutex);
}

void
loop_drive(struct loop *loop)
{
	MHD_UNSIGNED_LONG_LONG wait = 0;
	enum MHD_Result timed = MHD_YES;
	const int64_t until_ms =
	    clock_mono_ms(&loop->service->clock) + DRIVE_MS;
	int64_t due;

	for (int turn = 0; turn < TURNS_MAX && timed == MHD_YES && wait == 0;
	     turn++) {
		MHD_run(loop->daemon);
		timed = MHD_get_timeout(loop->daemon, &wait);
		if (timed == MHD_YES && wait == 0)
			chunked_look(loop);
		/* Then the timer below is due at once. */
		if (clock_mono_ms(&loop->service->clock) >= until_ms)
			break;
	}
	connection_settle(loop);
	note_quiet(loop);
	if (timed != MHD_YES)
		return;
	/* A timer that comes too early does no harm; rearming it after every
	 * request would cost. */
	due = loop->now_ms + (int64_t)wait;
	if (due >= loop->drive_due_ms)
		return;
	loop->drive_due_ms = due;
	arm(loop->drive_timer, (int64_t)wait);
}

static void
http_cb(evutil_socket_t fd, short what, void *ctx)
{
	struct loop *loop = ctx;

	(void)fd;
	loop_tick(loop);
	if ((what & EV_TIMEOUT) != 0)
		loop->drive_due_ms = INT64_MAX;
	loop_drive(loop);
}

void
loop_admit(struct loop *loop, int fd, const struct connection_origin *origin)
{
	struct sockaddr_storage address;
	socklen_t length = peer_to_sockaddr(&origin->peer, &address);

	connection_arrive(loop, fd, origin);
	/* Where it fails, it has not begun with it after its next run. */
	(void)MHD_add_connection(loop->daemon, fd,
				 (const struct sockaddr *)&address, length);
}

static void
take_over(struct loop *loop, struct catalog *newer)
{
	const bool was_open =
	    loop->catalog != NULL && !token_is_needed(loop->catalog);

	catalog_unref(loop->catalog);
	loop->catalog = newer;
	usage_publish(loop->usage, newer);
	feed_publish(loop->feed, newer);
	/* With the first token of all the door closes, also behind those who
	 * wait: all of them came in as nobody. */
	if (was_open && token_is_needed(newer))
		feed_end(loop->feed);
	arm(loop->feed_event, 0);
}

struct catalog *
loop_catalog(struct loop *loop)
{
	struct catalog *newer = inbox_take_catalog(&loop->inbox);

	if (newer != NULL)
		take_over(loop, newer);
	return loop->catalog;
}

static void
feed_cb(evutil_socket_t fd, short what, void *ctx)
{
	struct loop *loop = ctx;

	(void)fd;
	(void)what;
	loop_tick(loop);
	if (feed_run(loop->feed, park_budget(loop->park)))
		arm(loop->feed_event, 0);
	else
		park_rest(loop->park);
	loop_drive(loop);
}

void
loop_expect(struct loop *loop, int64_t wait_ms)
{
	/* The feed takes up to a sixteenth off. */
	int64_t within = wait_ms - wait_ms / 16;

	if (within < FEED_TICK_MS)
		within = FEED_TICK_MS;
	if (loop->now_ms + within >= loop->feed_due_ms)
		return;
	loop->feed_due_ms = loop->now_ms + within;
	arm(loop->feed_timer, within);
}

static void
feed_timer_cb(evutil_socket_t fd, short what, void *ctx)
{
	struct loop *loop = ctx;
	int64_t next;

	(void)fd;
	(void)what;
	loop_tick(loop);
	loop->feed_due_ms = INT64_MAX;
	next = feed_tick(loop->feed);
	park_rest(loop->park);
	loop_drive(loop);
	if (next < 0 || loop->now_ms + next >= loop->feed_due_ms)
		return;
	loop->feed_due_ms = loop->now_ms + next;
	arm(loop->feed_timer, next);
}

static void
close_sockets(struct loop *loop)
{
	for (size_t i = 0; i < loop->socket_count; i++)
		descriptors_close(&loop->sockets[i].fd, loop->sockets[i].owned);
}

static void
enter_draining(struct loop *loop)
{
	loop->phase = LOOP_DRAINING;
	listener_free_all(loop->listeners);
	loop->listeners = NULL;
	lobby_free(loop->lobby);
	loop->lobby = NULL;
	linger_hurry(loop, FINISH_MS);
	close_sockets(loop);
	feed_drain(loop->feed);
	arm(loop->feed_event, 0);
	park_hurry(loop->park, FINISH_MS);
	reaper_hurry(loop, FINISH_MS);
	bridges_hurry(loop->bridges, FINISH_MS);
}

/* Who reads the past may be behind a minute of it; there is no time for that.
 */
static void
give_up_reads(struct loop *loop)
{
	for (struct connection *c = loop->connections; c != NULL; c = c->next) {
		const struct exchange *x = c->exchange;

		if (x != NULL && x->phase == EXCHANGE_WORKING &&
		    x->request.job != NULL)
			registry_abandon(x->request.job);
	}
}

static void
enter_phase(struct loop *loop)
{
	enum loop_phase wanted = (enum loop_phase)atomic_load(&loop->wanted);

	if (wanted > LOOP_SERVING && loop->phase == LOOP_SERVING)
		enter_draining(loop);
	if (wanted != LOOP_STOPPING || loop->phase == LOOP_STOPPING)
		return;
	loop->phase = LOOP_STOPPING;
	give_up_reads(loop);
	feed_abandon(loop->feed);
	park_rest(loop->park);
}

void
loop_end_when_done(struct loop *loop)
{
	if (loop->phase == LOOP_STOPPING && loop->jobs == 0)
		event_base_loopbreak(loop->base);
}

static void
inbox_cb(evutil_socket_t fd, short what, void *ctx)
{
	struct loop *loop = ctx;

	(void)fd;
	(void)what;
	loop_tick(loop);
	inbox_run(&loop->inbox, &loop->service->clock);
	(void)loop_catalog(loop);
	room_heed(loop);
	if (loop->lobby != NULL)
		lobby_look_again(loop->lobby);
	enter_phase(loop);
	loop_drive(loop);
	/* What the registry works on comes back first. */
	loop_end_when_done(loop);
}

static struct event *
add_event(struct loop *loop, int fd, short what, event_callback_fn callback)
{
	struct event *event = event_new(loop->base, fd, what, callback, loop);

	if (event != NULL && fd >= 0 && event_add(event, NULL) != 0) {
		event_free(event);
		event = NULL;
	}
	return event;
}

static enum status
open_events(struct loop *loop, struct error *err)
{
	const short reading = EV_READ | EV_PERSIST;

	loop->inbox_event = add_event(loop, loop->inbox.fd, reading, inbox_cb);
	loop->http_event =
	    add_event(loop, library_epoll(loop->daemon), reading, http_cb);
	loop->drive_timer = add_event(loop, -1, 0, http_cb);
	loop->feed_event = add_event(loop, -1, 0, feed_cb);
	loop->feed_timer = add_event(loop, -1, 0, feed_timer_cb);
	if (loop->inbox_event == NULL || loop->http_event == NULL ||
	    loop->drive_timer == NULL || loop->feed_event == NULL ||
	    loop->feed_timer == NULL)
		return error_set(err, STATUS_INTERNAL,
				 "libevent refuses an event");
	return STATUS_OK;
}

static struct event_base *
new_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config == NULL)
		return NULL;
	/* Only this thread uses it. */
	if (event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0)
		base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

static enum status
open_bridges(struct loop *loop, struct error *err)
{
	enum status rc = STATUS_OK;

	for (size_t i = 0; i < loop->socket_count && rc == STATUS_OK; i++) {
		if (loop->sockets[i].tls && loop->bridges == NULL)
			rc = bridges_new(loop, &loop->bridges, err);
	}
	return rc;
}

static enum status
open_loop(struct loop *loop, struct error *err)
{
	struct feed_config config = { .clock = loop->service->clock,
				      .answer = park_answer };
	enum status rc;

	random_bytes(&config.seed, sizeof(config.seed));
	random_seed(&loop->random, config.seed ^ loop->index);
	loop_tick(loop);
	rc = descriptors_check(err);
	if (rc != STATUS_OK)
		return rc;
	loop->base = new_base();
	if (loop->base == NULL)
		return error_set(err, STATUS_INTERNAL, "libevent has no base");
	rc = library_start(loop, &loop->daemon, err);
	if (rc == STATUS_OK)
		rc = open_events(loop, err);
	if (rc == STATUS_OK)
		rc = reaper_init(loop, err);
	if (rc == STATUS_OK)
		rc = park_new(loop, &loop->park, err);
	if (rc == STATUS_OK)
		rc = open_bridges(loop, err);
	if (rc != STATUS_OK)
		return rc;
	rc = depart_init(loop, err);
	if (rc != STATUS_OK)
		return rc;
	loop->lobby = lobby_new(loop);
	loop->packing = packing_new(loop);
	if (loop->lobby == NULL || loop->packing == NULL)
		return error_set(err, STATUS_INTERNAL, "no timer");
	loop->evaluator =
	    evaluator_new(config.clock, loop->usage, &loop->counters);
	config.evaluator = evaluator_for_feed(loop->evaluator);
	config.ctx = loop->park;
	loop->feed = feed_new(&config);
	(void)loop_catalog(loop);
	for (size_t i = 0; i < loop->socket_count && rc == STATUS_OK; i++)
		rc = listener_new(loop, &loop->sockets[i], loop->listeners,
				  &loop->listeners, err);
	return rc;
}

static void
free_event(struct event *event)
{
	if (event != NULL)
		event_free(event);
}

static void
close_loop(struct loop *loop)
{
	/* Nobody waits and no job is out, so no connection is suspended once
	 * the resumed ones have moved; else the library would abort. */
	if (loop->daemon != NULL) {
		MHD_run(loop->daemon);
		MHD_stop_daemon(loop->daemon);
		connection_settle(loop);
	}
	listener_free_all(loop->listeners);
	lobby_free(loop->lobby);
	close_sockets(loop);
	park_free(loop->park);
	bridges_free(loop->bridges);
	linger_end_all(loop);
	depart_fini(loop);
	feed_free(loop->feed);
	evaluator_free(loop->evaluator);
	packing_free(loop->packing);
	reaper_fini(loop);
	free_event(loop->inbox_event);
	free_event(loop->http_event);
	free_event(loop->drive_timer);
	free_event(loop->feed_event);
	free_event(loop->feed_timer);
	exchange_free_spare(loop);
	catalog_unref(loop->catalog);
	if (loop->base != NULL)
		event_base_free(loop->base);
}

void
loop_run(struct loop *loop)
{
	struct error err;
	enum status rc;

	error_init(&err);
	if (loop->service->descriptor_tables)
		descriptors_unshare(loop);
	rc = open_loop(loop, &err);
	loop_ready(loop, rc == STATUS_OK ? NULL : &err);
	if (rc == STATUS_OK)
		(void)event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY);
	close_loop(loop);
}

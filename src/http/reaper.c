/*
 * One timer a second walks the connections that libmicrohttpd has; clients that
 * wait outside it are not among them. The timer rests when there are none.
 */
#include "reaper.h"

#include <event2/event.h>
#include <microhttpd.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "connection.h"
#include "early.h"
#include "loop.h"
#include "park.h"

enum {
	TRIM_LEAST = 64,
	TRIM_MOST = 1024,
};

static int64_t
tick_ms(const struct loop *loop)
{
	return loop->phase == LOOP_SERVING ? REAPER_TICK_MS
					   : REAPER_HURRY_TICK_MS;
}

static void
arm(struct loop *loop, int64_t ms)
{
	const struct timeval tick = { .tv_sec = ms / 1000,
				      .tv_usec = ms % 1000 * 1000 };

	if (loop->reaping)
		return;
	loop->reaping = true;
	evtimer_add(loop->reap_timer, &tick);
}

/* Has it left libmicrohttpd just now, being idle for a while? */
static bool
rests(struct connection *c, int64_t now)
{
	const bool idle =
	    c->place.class == ROOM_ANONYMOUS || c->place.class == ROOM_KNOWN;

	if (!idle || c->exchange != NULL || c->stays ||
	    c->place.since_ms > now - REAPER_IDLE_MS ||
	    c->loop->phase != LOOP_SERVING)
		return false;
	c->stays = !park_rest_outside(c->loop->park, c);
	c->loop->departed += c->stays ? 0 : 1;
	return !c->stays;
}

/* Their pools go back to the system: whole pages that nobody may need again. A
 * few are kept; and never so many at a time that others would wait for it. */
static void
give_back(struct loop *loop, bool more)
{
	if (loop->departed < (more ? (size_t)TRIM_MOST : (size_t)TRIM_LEAST))
		return;
	loop->departed = 0;
	mem_trim();
}

static void
reap_cb(evutil_socket_t fd, short what, void *ctx)
{
	struct loop *loop = ctx;
	int done = 0;
	int64_t now;

	(void)fd;
	(void)what;
	loop_tick(loop);
	now = loop_now_ms(loop);
	loop->reaping = false;
	for (struct connection *c = loop->connections;
	     c != NULL && done < REAPER_AT_ONCE; c = c->next) {
		if (rests(c, now)) {
			done++;
			continue;
		}
		if (c->deadline_ms == 0 || c->deadline_ms > now)
			continue;
		done++;
		counters_add(&loop->counters.connections_reaped, 1);
		if (loop->phase == LOOP_SERVING)
			early_end(c, STATUS_TIMEOUT,
				  "the body did not come in time");
		else
			early_end(c, STATUS_BUSY, "the server stops");
	}
	if (loop->connections != NULL)
		arm(loop, done == REAPER_AT_ONCE ? 0 : tick_ms(loop));
	/* Only now does the library free what they had. */
	loop_drive(loop);
	give_back(loop, done == REAPER_AT_ONCE);
}

enum status
reaper_init(struct loop *loop, struct error *err)
{
	loop->reap_timer = evtimer_new(loop->base, reap_cb, loop);
	if (loop->reap_timer == NULL)
		return error_set(err, STATUS_INTERNAL, "no timer");
	return STATUS_OK;
}

void
reaper_fini(struct loop *loop)
{
	if (loop->reap_timer != NULL)
		event_free(loop->reap_timer);
}

void
reaper_expect(struct connection *c, int64_t within_ms)
{
	if (within_ms == 0) {
		c->deadline_ms = 0;
		return;
	}
	c->deadline_ms = loop_now_ms(c->loop) + within_ms;
	arm(c->loop, tick_ms(c->loop));
}

void
reaper_expect_head(struct connection *c)
{
	reaper_expect(c, connection_is_reserved(c)
			     ? REAPER_RESERVED_MS
			     : c->loop->service->header_timeout_ms);
}

int64_t
reaper_head_ms(const struct loop *loop)
{
	return loop->phase == LOOP_SERVING ? loop->service->header_timeout_ms
					   : REAPER_FINISH_MS;
}

/* Not later than it is due already. */
static void
expect_sooner(struct connection *c, int64_t within_ms)
{
	if (c->deadline_ms == 0 ||
	    c->deadline_ms > loop_now_ms(c->loop) + within_ms)
		reaper_expect(c, within_ms);
}

void
reaper_expect_body(struct exchange *x)
{
	struct connection *c = x->connection;
	const int64_t left = x->due_ms - loop_now_ms(c->loop);

	reaper_expect(c, left > 0 ? left : 1);
	if (c->loop->phase != LOOP_SERVING)
		expect_sooner(c, REAPER_FINISH_MS);
}

int64_t
reaper_read_ms(const struct loop *loop, size_t bytes)
{
	return (int64_t)loop->service->write_timeout_ms +
	       (int64_t)(bytes / REAPER_WRITE_BYTES_PER_MS);
}

void
reaper_expect_read(struct connection *c, size_t bytes)
{
	reaper_expect(c, reaper_read_ms(c->loop, bytes));
}

void
reaper_kill(struct connection *c)
{
	c->deadline_ms = 0;
	(void)shutdown(c->fd, SHUT_RDWR);
	/* It does not look at the socket of one that it waits for or that is
	 * stuck; its own clock ends those too, a second after their last byte.
	 */
	(void)MHD_set_connection_option(c->mhd, MHD_CONNECTION_OPTION_TIMEOUT,
					1U);
}

void
reaper_hurry(struct loop *loop, int64_t within_ms)
{
	loop->reaping = false;
	for (struct connection *c = loop->connections; c != NULL; c = c->next) {
		if (c->exchange == NULL)
			reaper_expect(c, within_ms);
		else if (c->exchange->phase <= EXCHANGE_READING)
			expect_sooner(c, REAPER_FINISH_MS);
	}
}

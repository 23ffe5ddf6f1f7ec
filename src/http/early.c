#include "early.h"

#include <sys/socket.h>

#include "bridge.h"
#include "connection.h"
#include "depart.h"
#include "linger.h"
#include "loop.h"
#include "reaper.h"
#include "reply_queue.h"

void
early_answer(struct exchange *x)
{
	struct request *r = &x->request;
	struct connection *c = x->connection;
	struct bytes wire;

	x->phase = EXCHANGE_ANSWERED;
	c->lingers = true;
	counters_request(&c->loop->counters, x->route_number, r->reply.status,
			 clock_stopwatch_us() - r->started_us);
	if (r->reply.body != NULL)
		x->answer_bytes = r->reply.body->length;
	bytes_init(&wire);
	reply_encode(r, &wire);
	(void)!send(c->fd, wire.data, wire.length, MSG_DONTWAIT | MSG_NOSIGNAL);
	bytes_fini(&wire);
}

void
early_end(struct connection *c, enum status code, const char *text)
{
	struct exchange *x = c->exchange;
	int fd = -1;

	if (x != NULL && x->phase == EXCHANGE_READING) {
		if (x->request.reply.status == 0)
			reply_fail(&x->request, code, "%s", text);
		early_answer(x);
		/* A bridge has the client's socket, and lets it linger. */
		if (c->bridge == NULL)
			fd = depart(c);
	}
	room_leave(c->loop, &c->place);
	if (fd >= 0)
		linger_take(c->loop, fd, &c->peer);
	reaper_kill(c);
}

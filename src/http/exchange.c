#include "exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "connection.h"
#include "encoded.h"
#include "limits.h"
#include "loop.h"
#include "request_life.h"
#include "request_log.h"

enum { SPARE_MAX = 32, SPARE_BODY_MAX = 16 * 1024 };

struct exchange *
exchange_new(struct loop *loop, struct connection *connection)
{
	struct exchange *x = loop->spare;

	if (x == NULL) {
		x = mem_zalloc(1, sizeof(*x));
		request_init(&x->request);
	} else {
		loop->spare = x->next;
		loop->spare_count--;
		x->next = NULL;
	}
	x->request.loop = loop;
	x->request.evaluator = loop->evaluator;
	x->connection = connection;
	if (connection != NULL)
		x->client = connection->peer;
	x->phase = EXCHANGE_STARTED;
	x->route_number = COUNTERS_ROUTES - 1;
	return x;
}

static void
uncount_body(struct exchange *x)
{
	limits_release_body(x->request.loop->service->limits, x->body_counted);
	x->body_counted = 0;
}

void
exchange_rest(struct exchange *x)
{
	request_rest(&x->request);
	uncount_body(x);
}

void
exchange_settle(struct exchange *x)
{
	request_settle(&x->request);
	uncount_body(x);
}

void
exchange_free(struct exchange *x)
{
	struct loop *loop = x->request.loop;

	uncount_body(x);
	encoded_free(x->encoded);
	x->encoded = NULL;
	request_note_free(x->note);
	x->note = NULL;
	if (loop->spare_count == SPARE_MAX ||
	    x->request.body.capacity > SPARE_BODY_MAX) {
		request_fini(&x->request);
		free(x);
		return;
	}
	request_reset(&x->request);
	memset(&x->seat, 0, sizeof(x->seat));
	memset(&x->connection, 0,
	       sizeof(*x) - offsetof(struct exchange, connection));
	x->next = loop->spare;
	loop->spare = x;
	loop->spare_count++;
}

void
exchange_free_spare(struct loop *loop)
{
	while (loop->spare != NULL) {
		struct exchange *x = loop->spare;

		loop->spare = x->next;
		request_fini(&x->request);
		free(x);
	}
}

struct exchange *
exchange_of(struct request *r)
{
	return (struct exchange *)(void *)((char *)r -
					   offsetof(struct exchange, request));
}

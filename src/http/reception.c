#include "reception.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "connection.h"
#include "entitled.h"
#include "linger.h"
#include "loop.h"
#include "reply_queue.h"
#include "request_id.h"
#include "request_log.h"
#include "uri.h"

/* The answer to what is no request, in the form that its path asks for. */
static struct blob *
refuse(struct exchange *x, const struct peer *peer,
       const struct head_whole *head)
{
	struct request *r = &x->request;
	struct bytes wire;

	peer_format(peer, r->peer);
	request_take_method(r, head->method);
	r->id_given = request_id_take(request_header(r, "X-Request-Id"), r->id);
	if (!r->id_given)
		request_id_make(&r->loop->random, r->id);
	reply_error(r, &r->error);
	counters_request(&r->loop->counters, x->route_number, r->reply.status,
			 clock_stopwatch_us() - r->started_us);
	if (r->reply.body != NULL && !r->head_only)
		x->answer_bytes = r->reply.body->length;
	bytes_init(&wire);
	reply_encode(r, &wire);
	x->note = request_note_new(r, NULL);
	request_log_exchange(x);
	return blob_from_bytes(&wire);
}

/* It is not whole, and what is missing will not come. */
static void
give_up(const struct loop *loop, enum reception_more more, struct error *err)
{
	if (more == RECEPTION_ENDED)
		(void)error_set(err, STATUS_INVALID,
				"the head of the request has no end");
	else if (loop->phase == LOOP_SERVING)
		(void)error_set(err, STATUS_TIMEOUT,
				"the head of the request did not come in time");
	else
		(void)error_set(err, STATUS_BUSY, "the server stops");
}

static enum reception_verdict
name_verdict(enum head_verdict found)
{
	switch (found) {
	case HEAD_PARTIAL:
		return RECEPTION_PARTIAL;
	case HEAD_WHOLE:
		return RECEPTION_WHOLE;
	case HEAD_WRONG:
		break;
	}
	return RECEPTION_WRONG;
}

void
reception_judge(struct loop *loop, const struct peer *peer, const char *text,
		size_t length, struct reception *seen)
{
	struct exchange *x = exchange_new(loop, NULL);
	struct request *r = &x->request;
	struct head_whole head;
	enum head_verdict found;

	error_init(&r->error);
	r->started_us = clock_stopwatch_us();
	found = head_read(text, length, &r->arena, &head, &r->error);
	r->headers = head.fields.pairs;
	r->header_count = head.fields.count;
	r->is_ofrep = uri_is_ofrep(head.target);
	seen->size = length;
	seen->ofrep = r->is_ofrep;
	if (found == HEAD_PARTIAL && seen->more != RECEPTION_MORE) {
		give_up(loop, seen->more, &r->error);
		found = HEAD_WRONG;
	}
	if (found == HEAD_WRONG)
		seen->told = refuse(x, peer, &head);
	else if (found == HEAD_WHOLE && seen->guest)
		seen->entitled = entitled_by_head(loop, head.method, r);
	seen->verdict = name_verdict(found);
	if (head.fields.text != NULL)
		explicit_bzero((char *)(uintptr_t)head.fields.text,
			       head.fields.size);
	exchange_free(x);
}

void
reception_peek(struct loop *loop, const struct peer *peer, int fd,
	       struct reception *seen)
{
	char text[RECEPTION_BYTES];
	ssize_t n;

	do
		n = recv(fd, text, sizeof(text), MSG_PEEK | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		reception_judge(loop, peer, text, (size_t)n, seen);
		explicit_bzero(text, (size_t)n);
	} else if (n < 0 && errno == EAGAIN && seen->more == RECEPTION_MORE) {
		seen->verdict = RECEPTION_SILENT;
	} else {
		seen->verdict = RECEPTION_GONE;
	}
}

void
reception_send_away(struct loop *loop, int fd, const struct peer *peer,
		    struct blob *told)
{
	(void)!send(fd, told->data, told->length, MSG_DONTWAIT | MSG_NOSIGNAL);
	blob_unref(told);
	linger_take(loop, fd, peer);
}

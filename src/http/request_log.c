#include "request_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "exchange.h"
#include "loop.h"
#include "model/token.h"

enum { US_PER_MS = 1000 };

static char *
copy_header(const struct request *r, const char *name)
{
	const char *value = request_header(r, name);

	return value == NULL ? NULL : mem_strdup(value);
}

struct request_note *
request_note_new(const struct request *r, const struct peer *forwarded)
{
	struct request_note *note;

	if (!r->loop->service->access_log)
		return NULL;
	note = mem_zalloc(1, sizeof(*note));
	(void)snprintf(note->method, sizeof(note->method), "%s",
		       request_method_name(r));
	memcpy(note->peer, r->peer, sizeof(r->peer));
	if (forwarded != NULL)
		peer_format_address(forwarded, note->forwarded);
	memcpy(note->id, r->id, sizeof(note->id));
	note->path = mem_strdup(r->path.data == NULL ? "" : r->path.data);
	note->client = copy_header(r, "Toggled-Client");
	note->agent = copy_header(r, "User-Agent");
	note->started_us = r->started_us;
	return note;
}

void
request_note_free(struct request_note *note)
{
	if (note == NULL)
		return;
	free(note->path);
	free(note->client);
	free(note->agent);
	free(note);
}

void
request_note_wait(struct request_note *note)
{
	if (note != NULL)
		note->waits_since_us = clock_stopwatch_us();
}

void
request_note_answer(struct request_note *note)
{
	if (note != NULL && note->waits_since_us != 0)
		note->waited_us = clock_stopwatch_us() - note->waits_since_us;
}

bool
request_log_has_polls(const struct loop *loop)
{
	return loop->service->access_log && loop->service->access_log_polls;
}

void
request_log_end(const struct loop *loop, struct request_note *note,
		const struct request_end *end)
{
	const struct definition *token = end->token;

	if (note == NULL ||
	    (note->waits_since_us != 0 && !request_log_has_polls(loop)))
		return;
	if (note->waits_since_us != 0 && note->waited_us == 0)
		request_note_answer(note);
	log_later(
	    loop->service->log, LOG_INFO, "request",
	    LOG_S("method", note->method), LOG_S("path", note->path),
	    LOG_N("status", end->status), LOG_N("bytes", end->bytes),
	    LOG_N("microseconds", clock_stopwatch_us() - note->started_us),
	    LOG_N("waitedMs", note->waited_us / US_PER_MS),
	    LOG_N("revision", end->revision), LOG_S("peer", note->peer),
	    LOG_S("forwarded", note->forwarded),
	    LOG_S("token", token == NULL || token->token == NULL
			       ? ""
			       : token->token->name.data),
	    LOG_S("client", note->client == NULL ? "" : note->client),
	    LOG_S("agent", note->agent == NULL ? "" : note->agent),
	    LOG_S("id", note->id));
}

void
request_log_exchange(struct exchange *x)
{
	const struct request *r = &x->request;

	/* What waits outside is not over. */
	if (x->phase == EXCHANGE_LEFT)
		return;
	request_log_end(r->loop, x->note,
			&(struct request_end){ .status = r->reply.status,
					       .bytes = x->answer_bytes,
					       .revision = x->revision,
					       .token = r->token });
}

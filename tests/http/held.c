#include "held.h"

#include <check.h>
#include <string.h>

struct held
held_begin(struct toggled *t, const char *header, const char *method,
	   const char *path, const char *body)
{
	const char *text = toggled_text(
	    t,
	    "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s%s"
	    "Content-Length: %zu\r\n\r\n%s",
	    method, path, header == NULL ? "" : header,
	    header == NULL ? "" : "\r\n", body == NULL ? 0 : strlen(body),
	    body == NULL ? "" : body);
	const size_t length = strlen(text) - 1;
	struct held held = { .raw = raw_open(t), .last = text[length] };

	ck_assert(raw_send(held.raw, text, length));
	return held;
}

void
held_release(struct held *held)
{
	ck_assert(raw_send(held->raw, &held->last, 1));
}

long
held_finish(struct held *held)
{
	const long status = raw_answer(held->raw, DEADLINE_ANSWER_MS)->status;

	raw_close(held->raw);
	return status;
}

/*
 * The standard answer to a poll as it goes over the wire, head and body in one
 * piece. Built once for all who get the same body: the last one is kept.
 */
#ifndef SRC_HTTP_ANSWER_H
#define SRC_HTTP_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/clock.h"

struct answer {
	struct blob *body; /* a reference, or NULL: nothing is kept */
	struct blob *wire;
	bool close;
};

/* What the tag of an answer is made of. */
struct answer_tag {
	const char *epoch;
	int64_t revision;
	bool of_values; /* and of them (values_tag) */
};

/* 200 with `body`; 404 where it is NULL. Borrowed until the next call. With
 * `close` it says Connection: close. */
struct blob *answer_wire(struct answer *answer, const struct clock *clock,
			 const struct answer_tag *tag, struct blob *body,
			 bool close);

enum refusal {
	REFUSAL_TOKEN,   /* 401: it has ended while its client waited */
	REFUSAL_COSTLY,  /* 429: its account has spent too much (effort.h) */
	REFUSAL_STOPPED, /* 503: the server stops */
};

/* As above. To add one: a row in answer.c. */
struct blob *answer_refusal(struct answer *answer, const struct clock *clock,
			    enum refusal why, bool close);

/* For a connection that is one too many: 503 with a problem document, and
 * Connection: close. For a client of OFREP 429, which it understands, in its
 * own form. */
struct blob *answer_too_many(const struct clock *clock, bool ofrep) MUST_CHECK;

/* Append the line Date, with its end. */
void answer_date(const struct clock *clock, struct bytes *out);

void answer_forget(struct answer *answer);

#endif

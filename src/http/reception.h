/*
 * The reception: what has come of the next head of a connection is judged here
 * before libmicrohttpd has any of it. That is done for every newcomer, by
 * whichever way it comes, for guests (lobby.h), and for those that come back
 * from a rest or a wait (parked.h, bridge.h).
 *
 *   WHOLE    and good: it goes to the library, in one piece
 *   PARTIAL  it goes on outside, without a memory pool
 *   WRONG    answered by us; the connection ends, with patience (linger.h)
 *
 * The library would answer a fault in its own words, without Cache-Control. It
 * has the say only where a second head follows the first within the second or
 * two that a connection stays inside (prelude.h).
 *
 * Nothing is taken out of a socket, and no copy of a head stays: it may show a
 * token. The loop's thread.
 */
#ifndef SRC_HTTP_RECEPTION_H
#define SRC_HTTP_RECEPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "head.h"

struct blob;
struct loop;
struct peer;

enum {
	/* The largest head and an empty line before it: more is never PARTIAL.
	 */
	RECEPTION_BYTES = 16 * 1024,
};

enum reception_verdict {
	RECEPTION_SILENT, /* nothing is there */
	RECEPTION_PARTIAL,
	RECEPTION_WHOLE,
	RECEPTION_WRONG,
	RECEPTION_GONE, /* nothing is there, and nothing will be */
};

/* What may still come. */
enum reception_more {
	RECEPTION_MORE,
	RECEPTION_ENDED, /* the client sends no more */
	RECEPTION_LATE,  /* its time is over */
};

struct reception {
	/* The caller's: */
	enum reception_more more; /* but for MORE it is never PARTIAL */
	bool guest;               /* it has no place yet */
	/* What was found: */
	enum reception_verdict verdict;
	bool ofrep;        /* it speaks to OFREP, as far as is known */
	bool entitled;     /* a guest, WHOLE: it may have one of the reserve */
	size_t size;       /* bytes that are there */
	struct blob *told; /* WRONG: the answer; a reference, the caller's */
};

/* Judge what has come. An answer is counted, and logged, as given. */
void reception_judge(struct loop *loop, const struct peer *peer,
		     const char *text, size_t length, struct reception *seen);

/* The same for what stands in a socket. */
void reception_peek(struct loop *loop, const struct peer *peer, int fd,
		    struct reception *seen);

/* Send the answer (taken over) by a socket (taken over), which ends. It counts
 * as the peer says. */
void reception_send_away(struct loop *loop, int fd, const struct peer *peer,
			 struct blob *told);

#endif

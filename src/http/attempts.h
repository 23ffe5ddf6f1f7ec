/*
 * How often each address has failed to log in: a burst of ATTEMPTS_BURST, then
 * one every ATTEMPTS_INTERVAL_MS. Who shows a good token is let in whatever
 * others behind the same address do; this only bounds what failing costs us and
 * how much of it is logged.
 *
 * A table of fixed size; under a flood of addresses the longest quiet ones are
 * forgotten first. Shared by all loops, any thread.
 */
#ifndef SRC_HTTP_ATTEMPTS_H
#define SRC_HTTP_ATTEMPTS_H

#include <stdint.h>

#include "base/attr.h"
#include "peer.h"

enum { ATTEMPTS_BURST = 10, ATTEMPTS_INTERVAL_MS = 1000 };

struct attempts;

struct attempts *attempts_new(void) MUST_CHECK;

/* NULL is allowed. */
void attempts_free(struct attempts *attempts);

enum attempts_verdict {
	ATTEMPTS_FREE,  /* within the limit */
	ATTEMPTS_LIMIT, /* this one is the first beyond it */
	ATTEMPTS_OVER,
};

/* Count a failure. An IPv6 network (/64) counts as one address, all unix
 * sockets as one too. Beyond the limit `wait_ms` says when the next one is
 * within it. */
enum attempts_verdict attempts_fail(struct attempts *attempts,
				    const struct peer *peer, int64_t now_ms,
				    int64_t *wait_ms) MUST_CHECK;

#endif

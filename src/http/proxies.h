/*
 * The proxies that are believed when they say for whom they ask: what they have
 * appended to X-Forwarded-For, or to Forwarded (RFC 7239), is read from the
 * right, up to the first address that is none of theirs. What stands further
 * left a client may have written.
 *
 * Immutable; any thread.
 */
#ifndef SRC_HTTP_PROXIES_H
#define SRC_HTTP_PROXIES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/error.h"
#include "peer.h"

struct request;
struct proxies;

/* "10.1.2.3", "10.0.0.0/8", "fd00::/8", "unix". */
enum status proxies_check(const char *text, struct error *err) MUST_CHECK;

/* Texts that proxies_check has let pass; NULL when there is none. */
struct proxies *proxies_new(const char *const *texts, size_t count) MUST_CHECK;

/* NULL is allowed. */
void proxies_free(struct proxies *proxies);

/* Is it one of them? NULL: nobody is. */
bool proxies_trust(const struct proxies *proxies, const struct peer *peer);

/* For whom `peer` asks, where that can be known; false: for itself. Both
 * headers at once, with different addresses, say nothing: the proxy sets one of
 * them, and its client has sent the other. */
bool proxies_client(const struct proxies *proxies, const struct peer *peer,
		    const struct request *r, struct peer *client);

#endif

/*
 * From which web page does a request come, if from any, and may that page send
 * it? Browsers say it by themselves, and no page can make them say otherwise:
 * `Sec-Fetch-Site` (https://www.w3.org/TR/fetch-metadata/; only to TLS and to
 * this machine), `Origin` and `Host`. Other clients are not asked.
 *
 *   a write                     only by pages of our own origin: scheme, host
 *                               and port
 *   while there is no token     no page can be told from its user, so:
 *     any Host that is no       refused: it may be somebody's who lets it lead
 *     address and not localhost to us (DNS rebinding); not with
 *                               allow-unauthenticated, nor over a unix socket
 *     another site              refused, but for links to what people look at
 *                               (ROUTE_PAGE)
 *   OFREP                       other origins as the environment's setting
 *                               `corsOrigins` says; without it all pages with
 *                               a token of role client or below, and those of
 *                               this machine
 *
 * What is public (ROUTE_PUBLIC) is so for pages too.
 */
#ifndef SRC_HTTP_SITE_H
#define SRC_HTTP_SITE_H

#include <stdbool.h>

#include "base/attr.h"
#include "exchange.h"

/* Behind access_admit. False: the reply is filled. */
bool site_admit(struct exchange *x) MUST_CHECK;

#endif

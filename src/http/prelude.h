/*
 * A request from its first line until its head is known: what is read of it in
 * libmicrohttpd's memory before the library reads it, and the bound within
 * which that memory surely suffices.
 *
 * The first head of a connection, or the one that ended a rest, was judged
 * before the library had it (reception.h). The others are judged here: when the
 * request line is there the library tells us (its URI callback), and
 * what it has read of the fields lies behind it, uncut. So they are read there,
 * by our own rules (head.h). Then
 *
 *   - a fault is ours to answer: the library gets an empty head in its place,
 *     where it would answer in its own words, without Cache-Control;
 *   - a Cookie is not one any more: nobody reads them, and the library takes 64
 *     bytes for each, and loses the request where that is too much. The same
 *     for query parameters, which uri.h reads;
 *   - blanks behind Content-Length's value stand before it (RFC 9110, 5.5).
 *
 * This leans on where the library keeps a head (HACKING, "What rests on what a
 * library does not promise"). Where it is not as expected, or has not come in
 * one piece, the library reads the head itself, and the bound counts cookies
 * and parameters as well. The loop's thread.
 */
#ifndef SRC_HTTP_PRELUDE_H
#define SRC_HTTP_PRELUDE_H

#include <microhttpd.h>

#include "base/attr.h"
#include "base/error.h"
#include "guard.h"

struct exchange;

enum { PRELUDE_POOL_BYTES = 32 * 1024 /* the library's, for a connection */ };

/* The library's callback; `cls` is the loop. */
void *prelude_target(void *cls, const char *target, struct MHD_Connection *mhd);

/* The head is whole: take it and judge it. Sets x->version, and the request's
 * headers whatever comes of it. */
enum status prelude_head(struct exchange *x, const char *method,
			 const char *version, struct guard_message *message,
			 struct error *err) MUST_CHECK;

#endif

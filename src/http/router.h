/*
 * From a method and a path to a row of the route tables. Built once, read by
 * all loops. The first row whose pattern fits wins, in the order of the tables.
 *
 * A pattern's segment is literal text, "{name}" (one segment, not empty), or,
 * last, "{name...}" (all that is left, which may be empty).
 */
#ifndef SRC_HTTP_ROUTER_H
#define SRC_HTTP_ROUTER_H

#include <stddef.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "route.h"
#include "uri.h"

struct router;

/* `tables` ends with NULL; each table with a row whose pattern is NULL. */
struct router *router_new(const struct route *const *tables) MUST_CHECK;

/* NULL is allowed. */
void router_free(struct router *router);

struct router_match {
	const struct route *route; /* NULL: none for this method */
	size_t number;             /* of the route, for the counters */
	unsigned allowed;          /* a bit for each method that the path has */
	unsigned flags;            /* of any row of the path */
	struct string params[ROUTE_PARAMS_MAX];
};

void router_find(const struct router *router, enum method method,
		 const struct uri *uri, struct router_match *match);

/* "GET, HEAD, PUT, OPTIONS" */
void router_allow(unsigned allowed, struct bytes *out);

/* Number to row, NULL beyond the last: for the names in /metrics. */
const struct route *router_route(const struct router *router, size_t number);

/* "GET" to METHOD_GET, with HEAD told apart by the caller; METHOD_OTHER. */
enum method method_parse(const char *name);
const char *method_name(enum method method);

#endif

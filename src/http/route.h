/*
 * Routes are data: each route_*.c exports one const array, router.c knows the
 * arrays. To add a route: a row in its file, a path in docs/openapi.yaml (a
 * test fails until it is there). A row says who is let in; one that says
 * nothing is for those who may read.
 */
#ifndef SRC_HTTP_ROUTE_H
#define SRC_HTTP_ROUTE_H

#include <stddef.h>

struct request;

enum method {
	METHOD_GET, /* HEAD too */
	METHOD_POST,
	METHOD_PUT,
	METHOD_PATCH,
	METHOD_DELETE,
	METHOD_OPTIONS,
	METHOD_OTHER,
};

/* What a handler came to. */
enum step {
	STEP_REPLY, /* r->reply is filled */
	STEP_JOB,   /* the registry has it, see request_submit */
	STEP_WAIT,  /* it waits in the feed, see request_wait */
};

typedef enum step (*route_fn)(struct request *r);

enum { ROUTE_PARAMS_MAX = 3 };

enum route_flag {
	ROUTE_ENVIRONMENT = 1 << 0, /* params[0] names one that must exist:
				       r->snapshot is set, else 404 */
	ROUTE_WRITE = 1 << 1,       /* only from pages of our own (site.h) */
	ROUTE_LARGE_BODY = 1 << 2,  /* LIMIT_CHANGE_BYTES, else
				       LIMIT_DEFINITION_BYTES */
	ROUTE_OFREP = 1 << 3,       /* errors in OFREP's shape; cors.h */
	ROUTE_BODY_OPTIONAL = 1 << 4,

	/* Who is let in (access.h). Without any of these: who may read, and
	 * with ROUTE_WRITE who may write. */
	ROUTE_PUBLIC = 1 << 5,   /* everybody */
	ROUTE_CLIENT = 1 << 6,   /* services: polls and evaluations */
	ROUTE_EVALUATE = 1 << 7, /* also browsers and devices: values only, no
				    definition in any answer */
	ROUTE_ADMIN = 1 << 8,
	ROUTE_TICKET =
	    1 << 9, /* a ticket in the URL will do (model/ticket.h) */
	ROUTE_REMOVED = 1 << 11, /* with ROUTE_ENVIRONMENT: an admin may name
				    one that is not there, or no more; then
				    r->snapshot is NULL */
	ROUTE_PAGE = 1 << 10, /* people follow links to it (site.h); reading it
				does nothing */
};

/* No two are the same bit: then their sum would have a carry. */
_Static_assert(ROUTE_ENVIRONMENT + ROUTE_WRITE + ROUTE_LARGE_BODY +
		       ROUTE_OFREP + ROUTE_BODY_OPTIONAL + ROUTE_PUBLIC +
		       ROUTE_CLIENT + ROUTE_EVALUATE + ROUTE_ADMIN +
		       ROUTE_TICKET + ROUTE_PAGE ==
		   2 * ROUTE_PAGE - 1,
	       "each flag of a route has a bit of its own");

struct route {
	enum method method;
	const char *pattern; /* "/v1/envs/{env}/toggles/{key}"; "{rest...}"
				takes all that is left */
	route_fn handle;
	unsigned flags;
};

/* Each ends with a row whose pattern is NULL. */
extern const struct route routes_toggles[];
extern const struct route routes_segments[];
extern const struct route routes_changes[];
extern const struct route routes_values[];
extern const struct route routes_history[];
extern const struct route routes_environments[];
extern const struct route routes_flagd[];
extern const struct route routes_ofrep[];
extern const struct route routes_evaluate[];
extern const struct route routes_tokens[];
extern const struct route routes_system[];

/* All of them, and NULL: what is served, and what is tried route by route
 * (test_openapi, test_together_routes). To add a table: here, and above. */
extern const struct route *const route_tables[];

#endif

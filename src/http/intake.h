/*
 * The judgement of a request's header: is it sound, which route is it for, and
 * may its body come in?
 */
#ifndef SRC_HTTP_INTAKE_H
#define SRC_HTTP_INTAKE_H

#include "exchange.h"

enum intake_verdict {
	INTAKE_GO,     /* read the body; a filled reply is for its end */
	INTAKE_REFUSE, /* the reply is filled: send it now and close */
};

/* Fills the request. */
enum intake_verdict intake_header(struct exchange *x, const char *method,
				  const char *version);

/* The environment that ROUTE_ENVIRONMENT names, in the newest catalog; false:
 * the reply is filled. */
bool intake_environment(struct request *r);

/* There is none: 404, with the name that may have been meant. */
void intake_no_environment(struct request *r);

#endif

/*
 * The first look at a newcomer's head, before libmicrohttpd has it: does it
 * show that its sender may change something? It opens a door only; the request
 * is judged as any other behind it (access.h).
 */
#ifndef SRC_HTTP_ENTITLED_H
#define SRC_HTTP_ENTITLED_H

#include <stdbool.h>

#include "base/attr.h"

struct loop;
struct request;

/* The head is whole, and the request has its headers. True where it shows a
 * good token of the role editor or above, in either header; while nobody has
 * ever made a token, where its method is one that changes something. The loop's
 * thread. */
bool entitled_by_head(struct loop *loop, const char *method,
		      const struct request *r) MUST_CHECK;

#endif

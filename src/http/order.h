/*
 * Orders: what all writes have in common, from the request into the job for the
 * registry, and from its verdict into the reply.
 *
 * Headers: Change-Comment, Idempotency-Key, If-Match, If-None-Match. Query:
 * dryRun, lenient.
 */
#ifndef SRC_HTTP_ORDER_H
#define SRC_HTTP_ORDER_H

#include "request.h"

/* Start r->job: environment of params[0], actor, comment, key, dry run. False:
 * the reply is filled. */
bool order_begin(struct request *r, enum job_type type);

/* A comment in the body goes before the header's. False: reply is filled. */
bool order_comment(struct request *r, struct string comment);

/* Make r->job write one definition: `body` is decoded for PUT and PATCH. Takes
 * If-Match and If-None-Match. Hands it to the registry. */
enum step order_one(struct request *r, enum edit_verb verb, enum kind kind,
		    struct string key);

/* Answer r->job with the change it made, before and after. */
void order_reply_change(struct request *r);

/* Refusals: the problem, with the current definition where a condition failed,
 * Retry-After where it is worth trying again. True: the job was refused. */
bool order_refused(struct request *r);

#endif

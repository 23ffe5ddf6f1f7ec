/*
 * Who may do what. The one place that decides it: each route says by its flags
 * what it needs (route.h), each token says by its role and environments what it
 * has (model/token.h).
 *
 * The credential comes in `Authorization: Bearer` or `X-API-Key`. Whatever is
 * wrong with it, the answer is the same 401; a good one that has not got the
 * right is told so, 403. Every refusal is logged with the token's public id,
 * never with what was sent.
 *
 * While nobody has ever made a token, everybody is let in as nobody.
 *
 * The loop's thread.
 */
#ifndef SRC_HTTP_ACCESS_H
#define SRC_HTTP_ACCESS_H

#include <stdbool.h>

#include "model/principal.h"
#include "peer.h"
#include "request.h"

struct exchange;

/* The token of a request; NULL: nobody, who may do everything that the routes
 * let nobody do. */
const struct token *request_token(const struct request *r);

/* Judge an exchange by its head: sets request.token. False: the reply is
 * filled. */
bool access_admit(struct exchange *x) MUST_CHECK;

/* Has who was let in at least this role? For what only some requests to a route
 * need. False: the reply is filled. */
bool access_role(struct request *r, enum role role) MUST_CHECK;

/* The same for an environment that is named otherwise than by
 * ROUTE_ENVIRONMENT.
 */
bool access_environment(struct request *r, struct string name) MUST_CHECK;

/* The same again when the work is about to be done, or has been asked of the
 * registry and comes back: between a head and the end of its body a token may
 * be revoked, and the first one made. What is written is judged once more where
 * it is staged (principal_prove). False: the reply is filled. */
bool access_confirm(struct exchange *x) MUST_CHECK;

/* May who asks see everything that can be read, and so what it adds up to: the
 * totals of all environments, how far the store has got? While there is no
 * token, everybody may; a token that is for some environments may not. */
bool access_sees_all(const struct request *r);

/* Is it an admin, or nobody while there is no token? */
bool access_is_admin(const struct request *r);

/* Who asks is known: what was shown goes out of our memory. The headers are
 * there to be written to: the library's buffer of this request, or a copy. */
void access_forget(struct request *r);

/* Is a token still good, for somebody who was let in by that secret of it a
 * while ago? NULL: nobody, who is let in while there is no token. */
bool access_lasts(const struct loop *loop, const struct definition *token,
		  uint8_t secret) MUST_CHECK;

/* 403 to somebody who is known; `reason` is for the log. */
void access_reply_forbidden(struct request *r, const char *reason,
			    const struct error *why);

/* The reply to a client that waited and is not let in any more. */
void access_reply_ended(struct request *r);

/* For those that are answered otherwise. */
void access_log_ended(const struct loop *loop, const struct peer *peer,
		      const struct definition *token);

#endif

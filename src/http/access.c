#include "access.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "attempts.h"
#include "connection.h"
#include "loop.h"
#include "model/ticket.h"

enum { MS_PER_SECOND = 1000 };

/* The first that fits. A route that says nothing is for reading. */
static const struct {
	unsigned flag;
	enum role role;
} needs[] = {
	{ ROUTE_ADMIN, ROLE_ADMIN },
	{ ROUTE_WRITE, ROLE_EDITOR },
	{ ROUTE_EVALUATE, ROLE_EVALUATE },
	{ ROUTE_CLIENT, ROLE_CLIENT },
	{ 0, ROLE_VIEWER },
};

const struct token *
request_token(const struct request *r)
{
	return r->token == NULL ? NULL : r->token->token;
}

static enum role
role_needed(const struct route *route)
{
	size_t i = 0;

	while (needs[i].flag != 0 && (route->flags & needs[i].flag) == 0)
		i++;
	return needs[i].role;
}

/* What the client shows, wherever it does; false: nothing. */
static bool
find_credential(const struct request *r, struct string *shown)
{
	static const char scheme[] = "Bearer ";
	const size_t length = sizeof(scheme) - 1;
	const char *authorization = request_header(r, "Authorization");
	const char *text = request_header(r, "X-API-Key");

	if (authorization != NULL &&
	    strncasecmp(authorization, scheme, length) == 0)
		text = authorization + length +
		       strspn(authorization + length, " ");
	*shown = (struct string){ text, text == NULL ? 0 : strlen(text) };
	return text != NULL || authorization != NULL;
}

/* A browser's event stream shows a ticket, since it can send no header. */
static bool
find_ticket(const struct request *r, struct string *shown)
{
	const char *text = request_query(r, "ticket");

	if ((r->route->flags & ROUTE_TICKET) == 0 || text == NULL)
		return false;
	*shown = (struct string){ text, strlen(text) };
	return true;
}

/* What is only tried is tried again in earnest when it is refused. */
static void
log_refusal(struct request *r, const char *reason, const char *id)
{
	if (exchange_of(r)->tentative)
		return;
	log_to(r->loop->service->log, LOG_WARN, "access refused",
	       LOG_S("reason", reason), LOG_S("peer", r->peer),
	       LOG_S("method", request_method_name(r)),
	       LOG_S("route", r->route->pattern), LOG_S("token", id),
	       LOG_S("id", r->id));
}

static void
reply_unauthorized(struct request *r, bool has_credential)
{
	reply_header(r, "WWW-Authenticate", "Bearer realm=\"toggled\"");
	if (has_credential)
		reply_fail(r, STATUS_UNAUTHORIZED,
			   "the access token is not good: it is mistyped, "
			   "unknown, revoked or expired");
	else
		reply_fail(r, STATUS_UNAUTHORIZED,
			   "an access token is needed: Authorization: Bearer "
			   "TOKEN, or X-API-Key: TOKEN");
}

static void
reply_too_many(struct request *r, int64_t wait_ms)
{
	reply_headerf(r, "Retry-After", "%" PRId64,
		      (wait_ms + MS_PER_SECOND - 1) / MS_PER_SECOND);
	reply_fail(r, STATUS_TOO_MANY,
		   "too many failed attempts from this address");
}

/* A failed attempt to log in. */
static void
refuse(struct exchange *x, bool has_credential, const char *reason,
       const char *id)
{
	struct request *r = &x->request;
	const struct service *service = r->loop->service;
	int64_t wait_ms = 0;

	enum attempts_verdict verdict = ATTEMPTS_FREE;

	/* Who shows nothing tries nothing: for them only the log is limited. */
	if (!x->tentative)
		verdict = attempts_fail(
		    has_credential ? service->attempts : service->strangers,
		    &x->client, clock_mono_ms(&service->clock), &wait_ms);
	if (verdict == ATTEMPTS_FREE)
		log_refusal(r, reason, id);
	else if (verdict == ATTEMPTS_LIMIT)
		log_refusal(r, "too many failed attempts, not logged further",
			    id);
	if (has_credential && verdict != ATTEMPTS_FREE)
		reply_too_many(r, wait_ms);
	else
		reply_unauthorized(r, has_credential);
}

/* Who is it? False: the reply is filled. */
static bool
authenticate(struct exchange *x, const struct catalog *catalog)
{
	struct request *r = &x->request;
	const int64_t now_ms = clock_wall_ms(&r->loop->service->clock);
	const struct definition *known;
	struct credential credential;
	struct string shown;
	bool has_credential;

	/* What a header shows is judged by itself, right or wrong; a ticket is
	 * for those who can send none. */
	has_credential = find_credential(r, &shown);
	if (shown.data == NULL && find_ticket(r, &shown)) {
		r->token = definition_ref(
		    ticket_prove(&r->loop->service->ticket_key, catalog, shown,
				 r->params[0], now_ms, &r->secret));
		if (r->token == NULL)
			refuse(x, true, "wrong or ended ticket", "");
		return r->token != NULL;
	}
	if (!has_credential) {
		refuse(x, false, "no token", "");
		return false;
	}
	if (shown.data == NULL ||
	    !credential_parse(shown.data, shown.length, &credential)) {
		refuse(x, true, "malformed token", "");
		return false;
	}
	r->token = definition_ref(
	    token_prove(catalog, &credential, now_ms, &r->secret));
	if (r->token != NULL)
		return true;
	known = token_find(catalog, credential.id, CREDENTIAL_ID_LENGTH);
	if (known == NULL)
		refuse(x, true, "unknown or revoked token", credential.id);
	else if (now_ms >= known->token->expires_ms)
		refuse(x, true, "expired token", credential.id);
	else
		refuse(x, true, "wrong or replaced secret", credential.id);
	return false;
}

void
access_forget(struct request *r)
{
	for (size_t i = 0; i < r->header_count; i++) {
		const struct string *value = &r->headers[i].value;

		if (strcasecmp(r->headers[i].name.data, "Authorization") == 0 ||
		    strcasecmp(r->headers[i].name.data, "X-API-Key") == 0)
			explicit_bzero((char *)(uintptr_t)value->data,
				       value->length);
	}
}

void
access_reply_forbidden(struct request *r, const char *reason,
		       const struct error *why)
{
	const struct token *token = request_token(r);

	log_refusal(r, reason, token == NULL ? "" : token->id.data);
	reply_error(r, why);
}

bool
access_role(struct request *r, enum role role)
{
	if (token_check_role(request_token(r), role, &r->error) == STATUS_OK)
		return true;
	access_reply_forbidden(r, "the role is not enough", &r->error);
	return false;
}

bool
access_environment(struct request *r, struct string name)
{
	if (token_check_environment(request_token(r), name, &r->error) ==
	    STATUS_OK)
		return true;
	access_reply_forbidden(r, "not an environment of the token", &r->error);
	return false;
}

/* Where everybody is let in: a good credential says who it is, a bad one
 * nothing. */
static void
recognise(struct request *r, const struct catalog *catalog)
{
	struct credential credential;
	struct string shown;

	if (find_credential(r, &shown) &&
	    credential_parse(shown.data, shown.length, &credential))
		r->token = definition_ref(token_prove(
		    catalog, &credential,
		    clock_wall_ms(&r->loop->service->clock), &r->secret));
}

bool
access_sees_all(const struct request *r)
{
	const struct token *token = request_token(r);

	if (token == NULL)
		return !token_is_needed(loop_catalog(r->loop));
	return token->everywhere && token->role >= ROLE_VIEWER;
}

bool
access_is_admin(const struct request *r)
{
	const struct token *token = request_token(r);

	if (token == NULL)
		return !token_is_needed(loop_catalog(r->loop));
	return token->role >= ROLE_ADMIN;
}

bool
access_admit(struct exchange *x)
{
	struct request *r = &x->request;
	const struct catalog *catalog = loop_catalog(r->loop);
	const unsigned flags = r->route->flags;

	if (!token_is_needed(catalog))
		return true;
	if ((flags & ROUTE_PUBLIC) != 0) {
		recognise(r, catalog);
		return true;
	}
	if (!authenticate(x, catalog) || !access_role(r, role_needed(r->route)))
		return false;
	return (flags & ROUTE_ENVIRONMENT) == 0 ||
	       access_environment(r, r->params[0]);
}

bool
access_confirm(struct exchange *x)
{
	struct request *r = &x->request;

	if ((r->route->flags & ROUTE_PUBLIC) != 0)
		return true;
	(void)loop_catalog(r->loop);
	/* The first token of all was made meanwhile: what was of no account
	 * when the head came is looked at now. */
	if (r->token == NULL)
		return access_admit(x);
	if (access_lasts(r->loop, r->token, r->secret))
		return true;
	access_reply_ended(r);
	return false;
}

bool
access_lasts(const struct loop *loop, const struct definition *token,
	     uint8_t secret)
{
	const struct principal principal =
	    principal_of(token == NULL ? NULL : token->token, secret);
	const struct token *now;

	return principal_prove(&principal, loop->catalog,
			       clock_wall_ms(&loop->service->clock), &now,
			       NULL) == STATUS_OK;
}

void
access_reply_ended(struct request *r)
{
	access_log_ended(r->loop, &exchange_of(r)->connection->peer, r->token);
	reply_unauthorized(r, r->token != NULL);
}

void
access_log_ended(const struct loop *loop, const struct peer *peer,
		 const struct definition *token)
{
	char text[PEER_TEXT_BYTES];

	peer_format(peer, text);
	log_to(loop->service->log, LOG_WARN, "access refused",
	       LOG_S("reason", token == NULL
				   ? "the first token was made while a client "
				     "without one waited"
				   : "the token ended while its client waited"),
	       LOG_S("peer", text),
	       LOG_S("token", token == NULL ? "" : token->key.data));
}

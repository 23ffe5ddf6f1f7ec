#include "site.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "access.h"
#include "connection.h"
#include "guard.h"
#include "loop.h"
#include "selector.h"

/* What is said of the page. */
struct site {
	const char *host;   /* where it was sent to; NULL: not said */
	const char *origin; /* NULL: not said */
	const char *fetch;  /* Sec-Fetch-Site; NULL: not said */
	bool is_own;        /* the origin is ours */
	bool is_cross;      /* of another site, as far as anybody says */
};

static bool
says(const char *value, const char *wanted)
{
	return value != NULL && strcmp(value, wanted) == 0;
}

static bool
is_tls(const struct exchange *x)
{
	return x->connection != NULL && x->connection->bridge != NULL;
}

static bool
is_unix(const struct exchange *x)
{
	return x->connection != NULL && x->connection->peer.family == PEER_UNIX;
}

static struct site
look(struct exchange *x)
{
	const struct request *r = &x->request;
	struct site site = {
		/* What the target says goes before what the header does. */
		.host = x->authority != NULL ? x->authority
					     : request_header(r, "Host"),
		.origin = request_header(r, "Origin"),
		.fetch = request_header(r, "Sec-Fetch-Site"),
	};

	/* Another scheme is another origin. Behind a proxy with TLS it is not
	 * ours to see, but the browser's to say. */
	site.is_own =
	    site.origin != NULL && !guard_is_foreign(site.origin, site.host) &&
	    (says(site.fetch, "same-origin") ||
	     (strncasecmp(site.origin, "https:", 6) == 0) == is_tls(x));
	if (site.fetch != NULL)
		site.is_cross = says(site.fetch, "cross-site");
	else
		site.is_cross = site.origin != NULL && !site.is_own;
	return site;
}

/* A page that is served by this machine, to a browser on it. */
static bool
is_loopback(const char *origin)
{
	const char *host = strstr(origin, "://");
	char name[INET6_ADDRSTRLEN];
	struct in_addr address;
	size_t length;

	if (host == NULL)
		return false;
	host += 3;
	length = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
	if (length >= sizeof(name))
		return false;
	memcpy(name, host, length);
	name[length] = '\0';
	return strcasecmp(name, "localhost") == 0 ||
	       strcmp(name, "[::1]") == 0 ||
	       (inet_pton(AF_INET, name, &address) == 1 &&
		ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET);
}

static bool
lists(const struct definition *settings, const char *origin)
{
	for (size_t i = 0; i < settings->tag_count; i++) {
		if (string_is(settings->tags[i], "*") ||
		    strcasecmp(settings->tags[i].data, origin) == 0)
			return true;
	}
	return false;
}

/* The settings of the environment that an OFREP request is about; NULL where
 * there is none. */
static const struct definition *
find_settings(const struct request *r)
{
	const struct string name =
	    (r->route->flags & ROUTE_ENVIRONMENT) != 0
		? r->params[0]
		: selector_name(r, (struct string){ "", 0 });
	const struct snapshot *snapshot =
	    catalog_find_public(loop_catalog(r->loop), name.data, name.length);

	return snapshot == NULL ? NULL : snapshot->settings;
}

static bool
may_ask(const struct request *r, const char *origin)
{
	const struct definition *settings = find_settings(r);
	const struct token *token = request_token(r);

	if (settings != NULL && settings->has_origins)
		return lists(settings, origin);
	return is_loopback(origin) ||
	       (token != NULL && token->role <= ROLE_CLIENT);
}

static bool
refuse(struct request *r, const char *why)
{
	reply_fail(r, STATUS_FORBIDDEN, "%s", why);
	return false;
}

static bool
admit_write(struct request *r, const struct site *site, bool is_open)
{
	if (site->origin == NULL)
		return true;
	if (!site->is_own)
		return refuse(r, "a web page of another origin may not write");
	if (is_open && !guard_is_literal(site->host))
		return refuse(r,
			      "while there is no access token, a web page may "
			      "write only at an address or at localhost");
	return true;
}

static bool
admit_ofrep(struct request *r, const struct site *site, bool is_open)
{
	if (site->origin != NULL && !site->is_own && !may_ask(r, site->origin))
		return refuse(
		    r, is_open
			   ? "while there is no access token, web pages of "
			     "other origins may ask only from this machine; "
			     "the environment's setting corsOrigins lets "
			     "others ask"
			   : "a web page of this origin may not ask with this "
			     "token: the environment's setting corsOrigins "
			     "does not name it");
	if (site->origin == NULL && site->is_cross && is_open)
		return refuse(r, "while there is no access token, web pages "
				 "of other sites may not ask");
	return true;
}

/* A link that somebody follows. */
static bool
is_link(const struct request *r)
{
	return (r->route->flags & ROUTE_PAGE) != 0 &&
	       says(request_header(r, "Sec-Fetch-Mode"), "navigate");
}

bool
site_admit(struct exchange *x)
{
	struct request *r = &x->request;
	const bool is_open = !token_is_needed(loop_catalog(r->loop));
	const struct site site = look(x);

	if ((r->route->flags & ROUTE_PUBLIC) != 0)
		return true;
	if (is_open && !r->loop->service->allow_unauthenticated &&
	    !is_unix(x) && site.host != NULL && !guard_is_literal(site.host))
		return refuse(r, "while there is no access token, this server "
				 "is asked at an address or at localhost only, "
				 "because any other name may be made to lead "
				 "here by somebody else");
	if ((r->route->flags & ROUTE_WRITE) != 0 &&
	    !admit_write(r, &site, is_open))
		return false;
	if ((r->route->flags & ROUTE_OFREP) != 0)
		return admit_ofrep(r, &site, is_open);
	if (is_open && site.is_cross && !is_link(r))
		return refuse(r, "while there is no access token, web pages "
				 "of other sites may not ask");
	return true;
}

/*
 * The handler runs as for any request, but tentatively: where it does not come
 * to the standard wait, the exchange is dropped and libmicrohttpd gets the
 * request as if nothing had been. So a handler may do nothing on the way to
 * STEP_WAIT that must not be done twice; request_submit does nothing at all for
 * a tentative exchange.
 */
#include "repoll.h"

#include <string.h>
#include <sys/socket.h>

#include "access.h"
#include "exchange.h"
#include "field.h"
#include "guard.h"
#include "head.h"
#include "intake.h"
#include "loop.h"
#include "request_log.h"
#include "site.h"

enum { POLL_BYTES_MAX = 2048 };

/* Only what needs nothing but this: no body, no consent, to be kept open. */
static bool
is_plain(const struct head *head)
{
	struct guard_message message;

	return guard_start("GET", head->target, NULL) == STATUS_OK &&
	       guard_headers(head->headers, head->count, "HTTP/1.1", &message,
			     NULL) == STATUS_OK &&
	       !message.has_length && !message.chunked && !message.close &&
	       !message.expects;
}

static bool
find_route(struct exchange *x, const struct head *head, size_t route)
{
	struct request *r = &x->request;
	struct router_match match;
	struct uri uri;

	if (uri_decode(head->target, &r->arena, &uri, NULL) != STATUS_OK)
		return false;
	router_find(r->loop->service->router, METHOD_GET, &uri, &match);
	if (match.route == NULL || match.number != route)
		return false;
	r->route = match.route;
	r->path = uri.path;
	r->query = uri.query;
	r->query_count = uri.query_count;
	memcpy(r->params, match.params, sizeof(r->params));
	return true;
}

static bool
must_wait(struct exchange *x, struct head *head)
{
	struct request *r = &x->request;
	enum step step = STEP_REPLY;

	r->method = METHOD_GET;
	r->headers = head->headers;
	r->header_count = head->count;
	r->catalog = catalog_ref(loop_catalog(r->loop));
	if (fields_settle(head->headers, head->count, &r->arena, NULL) ==
		STATUS_OK &&
	    access_admit(x) && site_admit(x) && request_unique_query(r) &&
	    intake_environment(r))
		step = r->route->handle(r);
	r->id_given = request_id_take(request_header(r, "X-Request-Id"), r->id);
	access_forget(r);
	/* The list ends with our caller. */
	r->headers = NULL;
	r->header_count = 0;
	return step == STEP_WAIT && r->answered == NULL &&
	       r->reply.header_count == 0 && r->wait_ms > 0;
}

struct exchange *
repoll_read(struct loop *loop, int fd, size_t route, size_t *size)
{
	char text[POLL_BYTES_MAX];
	char *copy;
	struct exchange *x;
	struct head head;
	ssize_t n;

	if (loop->phase != LOOP_SERVING || request_log_has_polls(loop))
		return NULL;
	n = recv(fd, text, POLL_BYTES_MAX, MSG_PEEK | MSG_DONTWAIT);
	if (n <= 0 || n == POLL_BYTES_MAX)
		return NULL;
	x = exchange_new(loop, NULL);
	x->tentative = true;
	copy = arena_copy(&x->request.arena, text, (size_t)n);
	/* It may show a token, and who lets go of it does not wipe it. */
	explicit_bzero(text, (size_t)n);
	if (!head_parse(copy, (size_t)n, &head) || !is_plain(&head) ||
	    !find_route(x, &head, route) || !must_wait(x, &head)) {
		explicit_bzero(copy, (size_t)n);
		exchange_free(x);
		return NULL;
	}
	*size = (size_t)n;
	return x;
}

bool
repoll_take(int fd, size_t size)
{
	char text[POLL_BYTES_MAX];

	bool taken = size <= sizeof(text) &&
		     recv(fd, text, size, MSG_DONTWAIT) == (ssize_t)size;

	if (taken)
		explicit_bzero(text, size);
	return taken;
}

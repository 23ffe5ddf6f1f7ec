#include "cors.h"

const struct reply_header cors_always[] = {
	{ "Access-Control-Allow-Origin", "*" },
	{ "Access-Control-Expose-Headers",
	  "ETag, Retry-After, Preference-Applied, X-Request-Id" },
	{ NULL, NULL },
};

static const struct reply_header preflight[] = {
	{ "Access-Control-Allow-Headers",
	  "Content-Type, Authorization, X-API-Key, If-None-Match, "
	  "Flagd-Selector, Prefer, Toggled-Client, Last-Event-ID, "
	  "X-Request-Id, traceparent, tracestate, baggage" },
	{ "Access-Control-Max-Age", "86400" },
	{ NULL, NULL },
};

void
cors_preflight(struct request *r, const char *allowed)
{
	reply_headerf(r, "Access-Control-Allow-Methods", "%s", allowed);
	for (const struct reply_header *h = preflight; h->name != NULL; h++)
		reply_header(r, h->name, h->value);
}

#include "entitled.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "loop.h"
#include "model/ticket.h"
#include "model/token.h"

static bool
is_editor(struct loop *loop, struct string shown)
{
	const int64_t now_ms = clock_wall_ms(&loop->service->clock);
	struct credential credential;
	const struct definition *token;
	uint8_t secret;

	if (!credential_parse(shown.data, shown.length, &credential))
		return false;
	token = token_prove(loop_catalog(loop), &credential, now_ms, &secret);
	return token != NULL && token->token->role >= ROLE_EDITOR;
}

/* What follows "Bearer" and blanks; false: it is of another scheme. */
static bool
take_bearer(struct string value, struct string *out)
{
	static const char scheme[] = "Bearer ";
	size_t length = sizeof(scheme) - 1;

	if (strncasecmp(value.data, scheme, length) != 0)
		return false;
	length += strspn(value.data + length, " \t");
	*out = (struct string){ value.data + length, value.length - length };
	return true;
}

static bool
reads_only(const char *method)
{
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ||
	       strcmp(method, "OPTIONS") == 0;
}

bool
entitled_by_head(struct loop *loop, const char *method, const struct request *r)
{
	struct string shown;

	if (!token_is_needed(loop_catalog(loop)))
		return !reads_only(method);
	for (size_t i = 0; i < r->header_count; i++) {
		const struct request_pair *pair = &r->headers[i];

		if (strcasecmp(pair->name.data, "Authorization") == 0 &&
		    take_bearer(pair->value, &shown) && is_editor(loop, shown))
			return true;
		if (strcasecmp(pair->name.data, "X-API-Key") == 0 &&
		    is_editor(loop, pair->value))
			return true;
	}
	return false;
}

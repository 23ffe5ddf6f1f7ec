#include "selector.h"

#include <string.h>

#include "access.h"
#include "model/name.h"

/* A token that is for one environment names it. */
static struct string
default_environment(const struct request *r)
{
	const struct token *token = request_token(r);

	if (token != NULL && token->environment_count == 1)
		return token->environments[0];
	return (struct string){ NAME_DEFAULT_ENVIRONMENT,
				strlen(NAME_DEFAULT_ENVIRONMENT) };
}

struct string
selector_name(const struct request *r, struct string selector)
{
	static const char set[] = "flagSetId=";
	const size_t set_length = sizeof(set) - 1;
	const char *header = request_header(r, "Flagd-Selector");

	if (selector.length == 0 && header != NULL)
		selector = (struct string){ header, strlen(header) };
	if (selector.length >= set_length &&
	    memcmp(selector.data, set, set_length) == 0) {
		selector.data += set_length;
		selector.length -= set_length;
	}
	return selector.length == 0 ? default_environment(r) : selector;
}

const struct snapshot *
selector_find(struct request *r, struct string selector, enum status missing)
{
	const struct snapshot *snapshot;

	selector = selector_name(r, selector);
	if (!access_environment(r, selector))
		return NULL;
	snapshot =
	    catalog_find_public(r->catalog, selector.data, selector.length);
	if (snapshot == NULL)
		reply_fail(r, missing, "there is no environment '%.*s'",
			   (int)selector.length, selector.data);
	return snapshot;
}

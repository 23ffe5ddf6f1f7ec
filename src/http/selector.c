#include "selector.h"

#include <string.h>

#include "model/name.h"

const struct snapshot *
selector_find(struct request *r, struct string selector)
{
	static const char set[] = "flagSetId=";
	const size_t set_length = sizeof(set) - 1;
	const char *header = request_header(r, "Flagd-Selector");
	const struct snapshot *snapshot;

	if (selector.length == 0 && header != NULL)
		selector = (struct string){ header, strlen(header) };
	if (selector.length >= set_length &&
	    memcmp(selector.data, set, set_length) == 0) {
		selector.data += set_length;
		selector.length -= set_length;
	}
	if (selector.length == 0)
		selector = (struct string){ NAME_DEFAULT_ENVIRONMENT,
					    strlen(NAME_DEFAULT_ENVIRONMENT) };
	snapshot = catalog_find(r->catalog, selector.data, selector.length);
	if (snapshot == NULL)
		reply_fail(r, STATUS_NOT_FOUND,
			   "there is no environment '%.*s'",
			   (int)selector.length, selector.data);
	return snapshot;
}

#include "base/status.h"

#include <assert.h>

struct status_row {
	unsigned http;
	const char *slug;
	const char *title;
};

static const struct status_row rows[STATUS_COUNT] = {
#define X(name, http, slug, title) [name] = { (http), (slug), (title) },
	STATUS_TABLE(X)
#undef X
};

unsigned
status_http(enum status status)
{
	assert(status < STATUS_COUNT);
	return rows[status].http;
}

const char *
status_slug(enum status status)
{
	assert(status < STATUS_COUNT);
	return rows[status].slug;
}

const char *
status_title(enum status status)
{
	assert(status < STATUS_COUNT);
	return rows[status].title;
}

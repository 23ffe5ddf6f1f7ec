#include "bounds.h"

#include <inttypes.h>

#include "access.h"

int64_t
bounds_first(const struct request *r)
{
	/* Without a snapshot it is an admin: ROUTE_REMOVED. */
	return access_is_admin(r) ? 0 : r->snapshot->born;
}

/* As if there had never been a former life. */
static void
refuse_early(struct request *r, enum status code, const struct moment *moment)
{
	const struct string name = r->snapshot->environment;

	if (moment->is_time)
		reply_fail(r, code,
			   "environment '%.*s' did not exist at that time",
			   (int)name.length, name.data);
	else
		reply_fail(r, code,
			   "environment '%.*s' did not exist at revision "
			   "%" PRId64,
			   (int)name.length, name.data, moment->revision);
}

bool
bounds_admit_end(struct request *r, const struct moment *moment)
{
	if (moment->is_time || access_sees_all(r) ||
	    moment->revision <= r->snapshot->revision)
		return true;
	reply_fail(r, STATUS_INVALID,
		   "there is no revision %" PRId64
		   " of the environment; its newest is %" PRId64,
		   moment->revision, r->snapshot->revision);
	return false;
}

bool
bounds_admit(struct request *r, const struct moment *moment)
{
	/* What a write is to go back to is input. */
	const enum status code = (r->route->flags & ROUTE_WRITE) != 0
				     ? STATUS_INVALID
				     : STATUS_NOT_FOUND;

	if (moment->is_time)
		return true;
	if (!bounds_admit_end(r, moment))
		return false;
	if (moment->revision >= 1 && moment->revision < bounds_first(r)) {
		refuse_early(r, code, moment);
		return false;
	}
	return true;
}

bool
bounds_show(struct request *r, const struct job *job)
{
	const int64_t first = bounds_first(r);

	if (first == 0 ||
	    (job->status == STATUS_OK && job->snapshot->revision >= first) ||
	    (job->status != STATUS_OK && job->status != STATUS_NOT_FOUND))
		return true;
	refuse_early(r, STATUS_NOT_FOUND, &job->past.at);
	return false;
}

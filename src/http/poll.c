#include "poll.h"

#include <string.h>

#include "model/name.h"

bool
poll_decode(struct request *r, struct poll *poll)
{
	const char *wait = request_query(r, "wait");
	const char *prefer = request_header(r, "Prefer");
	const char *prefix = request_query(r, "prefix");

	if (cursor_decode(request_query(r, "since"), &poll->cursor,
			  &r->error) != STATUS_OK ||
	    wait_decode(wait, &poll->wait_ms, &r->error) != STATUS_OK) {
		reply_error(r, &r->error);
		return false;
	}
	/* What it saw of the life before would stay for ever, and what was made
	 * since would never come. 0 is everything. */
	if (r->catalog->is_restored && poll->cursor.revision > 0 &&
	    poll->cursor.epoch[0] == '\0') {
		reply_fail(r, STATUS_INVALID,
			   "since is a bare revision, and this database came "
			   "out of a backup: %lld may mean what was lost. Ask "
			   "without 'since' once, and go on with the 'cursor' "
			   "of that answer",
			   (long long)poll->cursor.revision);
		return false;
	}
	if (wait == NULL && prefer != NULL &&
	    prefer_decode_wait(prefer, &poll->wait_ms))
		reply_header(r, "Preference-Applied", "wait");
	poll->prefix = prefix == NULL
			   ? (struct string){ "", 0 }
			   : (struct string){ prefix, strlen(prefix) };
	if (poll->prefix.length > 0 &&
	    !name_is_key(poll->prefix.data, poll->prefix.length)) {
		reply_fail(r, STATUS_INVALID,
			   "'prefix' holds a character that no key has");
		return false;
	}
	return true;
}

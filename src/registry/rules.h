/*
 * What a draft has to keep that no single definition shows: the rights of whom
 * it is made for, and what must hold over all access tokens. Judged by the one
 * writer, on top of what is staged before it: a loop that looked at its own
 * catalog would let two requests at once do together what neither may do alone.
 *
 * The registry's thread.
 */
#ifndef SRC_REGISTRY_RULES_H
#define SRC_REGISTRY_RULES_H

#include "draft.h"

/* STATUS_CONFLICT: the first token of all is asked for with another role than
 * an administrator's. Before the edits are applied. */
enum status rules_check_first(const struct draft *draft,
			      const struct edit *edits, size_t count,
			      struct error *err) MUST_CHECK;

/* STATUS_FORBIDDEN: the draft changes something of a kind that its maker may
 * not change. STATUS_CONFLICT: two tokens would have one name, or no
 * administrator's token would be left that is good at `now_ms`, or the first
 * token of all is not an administrator's. */
enum status rules_check(const struct draft *draft, int64_t now_ms,
			struct error *err) MUST_CHECK;

#endif

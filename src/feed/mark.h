/*
 * Marks: until when clients went on using all toggles with a prefix. A few of
 * an environment; with more prefixes than that, the one that was confirmed
 * longest ago gives way.
 *
 * One thread writes. Others may read (marks_last) under the lock under which it
 * calls mark_set.
 */
#ifndef SRC_FEED_MARK_H
#define SRC_FEED_MARK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "feed/usage.h"
#include "model/value.h"

struct mark {
	struct string prefix; /* owned; data NULL: not used yet */
	int64_t revision;     /* the owner's: whose toggles it stands for */
	atomic_int_least64_t at_ms;
};

struct marks {
	struct mark items[USAGE_PREFIXES_MAX]; /* the used ones first */
};

/* Zeroed memory is an empty set. */
void marks_fini(struct marks *marks);

/* The mark of this prefix, or NULL. */
struct mark *marks_find(struct marks *marks, struct string prefix);

/* Where another one is to go: it may be in use. */
struct mark *marks_place(struct marks *marks);

/* Make it the mark of another prefix, which is copied. */
void mark_set(struct mark *mark, struct string prefix, int64_t at_ms);

bool mark_covers(const struct mark *mark, struct string key);

/* The time of the latest mark that covers a key; 0: there is none. */
int64_t marks_last(const struct marks *marks, struct string key);

static inline int64_t
mark_time(const struct mark *mark)
{
	return atomic_load_explicit(&mark->at_ms, memory_order_relaxed);
}

static inline void
mark_renew(struct mark *mark, int64_t at_ms)
{
	atomic_store_explicit(&mark->at_ms, at_ms, memory_order_relaxed);
}

#endif

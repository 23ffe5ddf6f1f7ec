/*
 * A page of the history, read and decoded in steps between the writes. It holds
 * at least one change, however long that is; the next one that would make it
 * too much text ends it.
 *
 * Lives on the registry's thread.
 */
#ifndef SRC_REGISTRY_PAGE_READING_H
#define SRC_REGISTRY_PAGE_READING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/error.h"
#include "model/change.h"
#include "store/store.h"

struct page_reading {
	struct store_history *history;
	struct change **changes; /* newest first */
	size_t count;
	size_t capacity;
	size_t bytes;  /* of definitions so far */
	bool has_more; /* which were asked for, but are too much text */
	struct arena scratch;
};

/* The strings of the query have to live as long. */
void page_reading_begin(struct page_reading *reading, struct store *store,
			const struct history_query *query);

enum status page_reading_step(struct page_reading *reading, int rows,
			      bool *done, struct error *err) MUST_CHECK;

void page_reading_end(struct page_reading *reading);

#endif

/*
 * A look back: which version of each key stood at a revision. It is found in
 * steps of a few rows; between two of them changes may be committed, because
 * what stood then does not change any more. Only the horizon must not pass it:
 * that is for the caller to look at.
 *
 * The cost goes by the keys, not by the changes since. The newest version of
 * each key is looked up. Where that came later, the search goes from both ends:
 * from it back along the list of its versions, and, for all keys at once, from
 * the revision asked for back through the log. Whichever comes to a version
 * that stood first settles the key. So a key that changes all the time is met
 * soon by the walk through the log, one that rarely does by the walk along its
 * list; what a look back costs is at most twice the cheaper of the two.
 *
 * Private to src/store.
 */
#ifndef STORE_LOOKBACK_H
#define STORE_LOOKBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/map.h"
#include "store/store.h"

struct version_pointer {
	struct stored_key key; /* its strings lie in the look back's arena */
	int64_t revision;      /* 0: it was not there yet */
};

struct lookback {
	struct store *store;
	struct past_query query; /* its strings are the caller's */
	struct arena arena;
	struct bytes name; /* of the key at hand, for `open` */
	bool is_listed;    /* every key has its pointer */
	bool is_done;

	/* Ordered by environment, kind, key. */
	struct version_pointer *pointers;
	size_t count;
	size_t capacity;

	/* Listing: the place in the index of newest versions, then the next of
	 * the keys that are asked for by name. */
	struct string environment;
	int64_t kind;
	struct string key;
	bool is_past_index;
	size_t next_key;

	/* Searching: the pointers to later versions, by number and by name. */
	size_t *later;
	size_t later_count;
	size_t turn;
	struct map open; /* version_name -> number of the pointer + 1 */

	/* The walk through the log: what comes next is the rest of the items
	 * of `revision`, behind (`item_kind`, `item_key`), if it is in that
	 * change, then what is before it. */
	int64_t revision;
	bool is_in_change;
	struct string change_environment; /* of that change */
	int64_t item_kind;
	struct bytes item_key;
	bool is_at_end;
};

void lookback_init(struct lookback *lookback, struct store *store,
		   const struct past_query *query);
void lookback_fini(struct lookback *lookback);

/* Go on for some `rows`; is_done tells whether that was all. */
enum status lookback_step(struct lookback *lookback, int rows,
			  struct error *err) MUST_CHECK;

#endif

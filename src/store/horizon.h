/*
 * The horizon: where the log begins once its oldest part has been pruned. The
 * row that says so is the anchor of the chain, because the hash of the newest
 * pruned change stands in it.
 *
 * Items behind the horizon that are still in force are kept, and the chain does
 * not cover them any more. So the row has their count and their sum: each item
 * hashed as a change of its own behind 32 zero bytes (chain.h), all of them
 * added up modulo 2^256, big endian. The order does not matter, so one item can
 * be taken out and another put in without reading the rest.
 *
 * Like the chain's, this encoding is for ever.
 */
#ifndef STORE_HORIZON_H
#define STORE_HORIZON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/hash.h"
#include "chain.h"
#include "store/store.h"

struct horizon {
	int64_t revision; /* the newest change that is pruned; 0: none */
	uint8_t hash[SHA256_BYTES]; /* of that change */
	/* The items of the change after it up to here have taken the place of
	 * their predecessors; kind -1: none has. */
	int64_t kind;
	struct bytes key;
	int64_t items; /* kept, those of the change after it included */
	uint8_t sum[SHA256_BYTES];
};

/* That of a log with nothing pruned. */
void horizon_init(struct horizon *horizon);
void horizon_fini(struct horizon *horizon);

/* Read the row; nothing is kept of what was there. */
enum status horizon_read(struct store *store, struct horizon *horizon,
			 struct error *err) MUST_CHECK;
enum status horizon_write(struct store *store, const struct horizon *horizon,
			  struct error *err) MUST_CHECK;

/* The oldest revision that may be asked for: everything from it on can be read,
 * with what it replaced. */
int64_t horizon_oldest(const struct horizon *horizon);

/* Has this item of change horizon->revision + 1 taken its place? */
bool horizon_is_past(const struct horizon *horizon, enum kind kind,
		     struct string key);

/* Is this item of change `revision` the last that has taken its place? */
bool horizon_is_at(const struct horizon *horizon, int64_t revision,
		   enum kind kind, struct string key);

/* Move within the change after it: the item has taken its place. */
void horizon_move(struct horizon *horizon, enum kind kind, struct string key);

/* Move to the change after it, whose hash is given. */
void horizon_advance(struct horizon *horizon, const uint8_t hash[SHA256_BYTES]);

/* The digest of one kept item. `text` with data NULL: removed. */
void horizon_hash(const struct chain_change *change, enum kind kind,
		  struct string key, struct string text,
		  uint8_t hash[SHA256_BYTES]);

void horizon_add(struct horizon *horizon, const uint8_t hash[SHA256_BYTES]);
void horizon_subtract(struct horizon *horizon,
		      const uint8_t hash[SHA256_BYTES]);

#endif

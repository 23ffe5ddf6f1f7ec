/*
 * A database as a file that nobody serves: look at it without touching it, put
 * a copy in its place. For the commands; a store that serves is store.h's.
 */
#ifndef STORE_DATABASE_H
#define STORE_DATABASE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/error.h"
#include "model/catalog.h"
#include "store/store.h"

struct database_facts {
	int64_t changes; /* in the chain */
	int64_t oldest;  /* the oldest revision that may be asked for */
	int64_t head;    /* the newest; 0: none */
};

/* store_verify on a file that stays as it is, to the byte: no epoch is given,
 * no migration is run, no log is taken over. What is no database of toggled,
 * too new, damaged or held by somebody is refused with a sentence. */
enum status database_verify(const char *path, struct database_facts *facts,
			    struct error *err) MUST_CHECK;

/* The same, held against what is known of one revision (store.h); NULL: of
 * none. */
enum status database_verify_against(const char *path,
				    const struct chain_point *known,
				    struct database_facts *facts,
				    struct error *err) MUST_CHECK;

struct restore_order {
	const char *backup;
	const char *database;
	bool replace; /* do not keep the database that is there */
	int64_t now_ms;
};

struct restored {
	struct database_facts facts;
	char epoch[EPOCH_BYTES];
	char *kept; /* where the old database is, owned; NULL: nowhere */
};

/* Put a copy of `backup` in the place of `database`: verified, on the disk,
 * with an identity of its own, and at once. Until then the old one stands; it
 * is held meanwhile, so that nobody serves it. Refused where somebody does. */
enum status database_restore(const struct restore_order *order,
			     struct restored *restored,
			     struct error *err) MUST_CHECK;

#endif

/*
 * What a damaged database still holds of an environment. Nothing is written,
 * and nothing is made up: what cannot be read is named.
 *
 * Each thing stands in two places: in the list of newest versions, and among
 * the items of its change. Both are walked from both ends as far as they can
 * be, and each version is then looked up by itself; so a page that is gone
 * takes what lies on it, and no more.
 */
#ifndef STORE_SALVAGE_H
#define STORE_SALVAGE_H

#include "base/attr.h"
#include "base/error.h"
#include "store/store.h"

struct salvage_receiver {
	/* A thing that is in force, by kind and key. False: its text is none,
	 * and it is lost. `why` is an error to be filled then. */
	bool (*found)(void *ctx, const struct stored_item *item,
		      struct error *why);
	/* Its newest version cannot be read. */
	void (*lost)(void *ctx, const struct stored_key *key, int64_t revision,
		     const char *why);
	/* A list could not be walked to its end from either side: where the
	 * other one has a gap too, things may be missing without a name. */
	void (*gap)(void *ctx, const char *list, const char *why);
	void *ctx;
};

/* STATUS_OK where it could be gone over, whatever was lost. Else not even the
 * beginning can be read, or it is no database of this release. */
enum status salvage_read(const char *path, struct string environment,
			 const struct salvage_receiver *receiver,
			 struct error *err) MUST_CHECK;

#endif

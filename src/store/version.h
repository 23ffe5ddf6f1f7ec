/*
 * A version: what the log says of one key as of a revision. The versions of a
 * key are a list, newest first: `newest` points to the first, each item to the
 * one before it.
 */
#ifndef STORE_VERSION_H
#define STORE_VERSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/error.h"
#include "store/store.h"

struct version {
	int64_t revision; /* 0: there is none */
	int64_t at_ms;
	struct string actor;
	struct string text;
	bool removed;
};

/* A byte string that no other key has, for maps. */
void version_name(const struct stored_key *key, struct bytes *name);

/* The revision of the key's newest version; 0: it never had one. */
enum status version_newest(struct store *store, const struct stored_key *key,
			   int64_t *revision, struct error *err) MUST_CHECK;

/* From the version at *revision to the one before it; 0: there is none. */
enum status version_previous(struct store *store, const struct stored_key *key,
			     int64_t *revision, struct error *err) MUST_CHECK;

/* From the version at *revision back to the newest one at or before `at`; 0:
 * there is none. */
enum status version_go_back(struct store *store, const struct stored_key *key,
			    int64_t at, int64_t *revision,
			    struct error *err) MUST_CHECK;

/* The version at `revision`, which may be 0. Its strings are borrowed until
 * version_release or the next call. */
enum status version_read(struct store *store, const struct stored_key *key,
			 int64_t revision, struct version *version,
			 struct error *err) MUST_CHECK;

void version_release(struct store *store);

/* The same as an item, for as long as the call takes. */
enum status version_deliver(struct store *store, const struct stored_key *key,
			    int64_t revision,
			    const struct store_receiver *receiver,
			    struct error *err) MUST_CHECK;

/* When the change of that revision was, which has to be there. */
enum status version_read_at(struct store *store, int64_t revision,
			    int64_t *at_ms, struct error *err) MUST_CHECK;

/* The kind that a row says, or STATUS_CORRUPT. It may be one of a later
 * release, not below KIND_COUNT: that is kept, counted and verified like any
 * other, but leaves the store to nobody. */
enum { KIND_STORED_MAX = 31 };

enum status version_kind(int64_t stored, enum kind *kind,
			 struct error *err) MUST_CHECK;

#endif

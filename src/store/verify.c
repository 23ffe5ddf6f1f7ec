#include <string.h>

#include "base/map.h"
#include "chain.h"
#include "horizon.h"
#include "store_private.h"
#include "version.h"

/*
 * Two statements walk changes and items side by side, both in the order of the
 * revisions, and the chain is computed anew. Damage shows at the first revision
 * that is missing, has items without a change, or hashes to something else.
 *
 * What is not hashed, because it follows from the log, is computed anew too:
 * the pointers to the newest version of each key and from each to the one
 * before it, and where times fall. Without that, moving a pointer would serve
 * an old version.
 *
 * Where the log has been pruned the chain begins at the horizon. The items that
 * are kept from behind it are held against their count and sum.
 */
struct verifier {
	struct store *store;
	int64_t revision; /* that is expected next */
	uint8_t hash[SHA256_BYTES];
	bool has_item;     /* WALK_ITEMS stands on a row */
	bool has_step;     /* WALK_STEPS stands on a row */
	int64_t before;    /* the change that was walked last, 0: none … */
	int64_t before_ms; /* … and its time */
	struct map newest; /* version_name: revision as a pointer */
	struct bytes name;
	struct horizon horizon; /* as it is stored */
	struct horizon kept;    /* items and sum, as they are found */
	bool met_horizon;       /* the item that it stands on, if on one */
	const struct chain_point *known; /* NULL: none */
};

static enum status
next_item(struct verifier *verifier, struct error *err)
{
	return statement_step(verifier->store, STATEMENT_WALK_ITEMS,
			      &verifier->has_item, err);
}

static int64_t
item_revision(const struct verifier *verifier)
{
	return statement_integer(verifier->store, STATEMENT_WALK_ITEMS, 0);
}

/* The newest revision seen of what was named, 0 for none. */
static int64_t
newest_seen(const struct verifier *verifier)
{
	return (int64_t)(intptr_t)map_find(
	    &verifier->newest, verifier->name.data, verifier->name.length);
}

/* The item belongs to what the horizon counts. */
static void
add_kept(struct verifier *verifier, const struct chain_change *change,
	 enum kind kind, struct string key, struct string text)
{
	const int64_t at = verifier->horizon.revision;
	uint8_t hash[SHA256_BYTES];

	if (change->revision > at + 1 ||
	    (change->revision == at + 1 &&
	     !horizon_is_past(&verifier->horizon, kind, key)))
		return;
	horizon_hash(change, kind, key, text, hash);
	horizon_add(&verifier->kept, hash);
	if (horizon_is_at(&verifier->horizon, change->revision, kind, key))
		verifier->met_horizon = true;
}

/* The item that WALK_ITEMS stands on. */
static enum status
check_item(struct verifier *verifier, const struct chain_change *change,
	   struct chain *chain, struct error *err)
{
	static const struct string removed = { NULL, 0 };
	const struct store *store = verifier->store;
	const enum statement_id id = STATEMENT_WALK_ITEMS;
	const struct string key = statement_text(store, id, 2);
	const struct string text = statement_is_null(store, id, 4)
				       ? removed
				       : statement_text(store, id, 4);
	enum kind kind = KIND_COUNT;
	enum status status =
	    version_kind(statement_integer(store, id, 1), &kind, err);

	if (status != STATUS_OK)
		return status;
	version_name(&(struct stored_key){ change->environment, kind, key },
		     &verifier->name);
	if (statement_integer(store, id, 3) != newest_seen(verifier))
		return error_set(err, STATUS_CORRUPT,
				 "its item '%.*s' points to a wrong version "
				 "before it",
				 (int)key.length, key.data);
	(void)map_put(&verifier->newest, verifier->name.data,
		      verifier->name.length,
		      (void *)(intptr_t)verifier->revision);
	if (text.data == NULL)
		chain_remove(chain, kind, key);
	else
		chain_set(chain, kind, key, text);
	add_kept(verifier, change, kind, key, text);
	return STATUS_OK;
}

static enum status
check_items(struct verifier *verifier, const struct chain_change *change,
	    struct chain *chain, struct error *err)
{
	enum status status = STATUS_OK;

	while (status == STATUS_OK && verifier->has_item &&
	       item_revision(verifier) == verifier->revision) {
		status = check_item(verifier, change, chain, err);
		if (status == STATUS_OK)
			status = next_item(verifier, err);
	}
	return status;
}

/* What is left of a change behind the horizon. The chain has a gap there, but
 * the items are counted. */
static enum status
check_rest(struct verifier *verifier, const struct chain_change *change,
	   struct error *err)
{
	const int64_t items = verifier->kept.items;
	struct chain ignored;
	enum status status;

	chain_begin(&ignored, verifier->hash, change);
	status = check_items(verifier, change, &ignored, err);
	chain_end(&ignored, verifier->hash);
	if (status == STATUS_OK && verifier->kept.items == items)
		status = error_set(err, STATUS_CORRUPT,
				   "it is pruned, but still there");
	return status;
}

/* A change behind the horizon, or the one that the chain goes on with. */
static enum status
find_place(struct verifier *verifier, int64_t revision, struct error *err)
{
	const struct horizon *horizon = &verifier->horizon;

	if (revision <= horizon->revision && revision > verifier->revision)
		verifier->revision = revision;
	if (revision > horizon->revision &&
	    verifier->revision <= horizon->revision + 1) {
		verifier->revision = horizon->revision + 1;
		memcpy(verifier->hash, horizon->hash, SHA256_BYTES);
	}
	if (revision != verifier->revision)
		return error_set(err, STATUS_CORRUPT, "it is missing");
	if (verifier->has_item && item_revision(verifier) < revision)
		return error_set(err, STATUS_CORRUPT,
				 "an item before it has no change");
	return STATUS_OK;
}

static enum status
next_step(struct verifier *verifier, struct error *err)
{
	/* A database that is only read may be older than it. */
	if (verifier->store->statements[STATEMENT_WALK_STEPS] == NULL)
		return STATUS_OK;
	return statement_step(verifier->store, STATEMENT_WALK_STEPS,
			      &verifier->has_step, err);
}

/* Does it say by how much its time fell? Where the change before was pruned,
 * that is not known. */
static enum status
check_time(struct verifier *verifier, const struct chain_change *change,
	   struct error *err)
{
	const struct store *store = verifier->store;
	const enum statement_id id = STATEMENT_WALK_STEPS;
	const bool is_known = change->revision == verifier->before + 1;
	int64_t fall = 0;
	int64_t stored = 0;
	enum status status = STATUS_OK;

	if (is_known && verifier->before > 0 &&
	    change->at_ms < verifier->before_ms)
		fall = verifier->before_ms - change->at_ms;
	if (verifier->has_step &&
	    statement_integer(store, id, 0) == change->revision) {
		stored = statement_integer(store, id, 1);
		status = next_step(verifier, err);
	}
	verifier->before = change->revision;
	verifier->before_ms = change->at_ms;
	if (status == STATUS_OK && is_known && stored != fall &&
	    store->statements[id] != NULL)
		status = error_set(err, STATUS_CORRUPT,
				   "its time lies %lld ms before the last, but "
				   "the database says %lld",
				   (long long)fall, (long long)stored);
	return status;
}

/* The chain as far as `revision`. */
static enum status
check_known(const struct verifier *verifier, int64_t revision,
	    const uint8_t hash[SHA256_BYTES], struct error *err)
{
	const struct chain_point *known = verifier->known;

	if (known == NULL || known->revision != revision ||
	    memcmp(known->hash, hash, SHA256_BYTES) == 0)
		return STATUS_OK;
	return error_set(err, STATUS_CORRUPT,
			 "the log up to it is whole, but it is not the one "
			 "whose hash is known: it was written anew");
}

/* Behind the walk: was the revision held against what is known of it? */
static enum status
check_known_was_met(const struct verifier *verifier, struct error *err)
{
	const struct horizon *horizon = &verifier->horizon;
	const int64_t head = verifier->revision - 1;
	const int64_t revision =
	    verifier->known == NULL ? head : verifier->known->revision;
	enum status status = STATUS_OK;

	if (revision > head)
		status = error_set(err, STATUS_CORRUPT,
				   "it is known, but the log ends at revision "
				   "%lld",
				   (long long)head);
	else if (revision == horizon->revision && revision > 0)
		status = check_known(verifier, revision, horizon->hash, err);
	else if (revision < horizon->revision)
		status = error_set(err, STATUS_INVALID,
				   "it has been pruned; hashes are kept from "
				   "revision %lld on",
				   (long long)horizon->revision);
	if (status != STATUS_OK)
		error_wrap(err, "revision %lld", (long long)revision);
	return status;
}

/* The change that WALK_CHANGES stands on. */
static enum status
check_change(struct verifier *verifier, struct error *err)
{
	const struct store *store = verifier->store;
	const enum statement_id id = STATEMENT_WALK_CHANGES;
	const struct chain_change change = {
		.revision = statement_integer(store, id, 0),
		.environment = statement_text(store, id, 1),
		.at_ms = statement_integer(store, id, 2),
		.actor = statement_text(store, id, 3),
		.comment = statement_text(store, id, 4),
	};
	uint8_t stored[SHA256_BYTES];
	struct chain chain;
	enum status status;

	status = find_place(verifier, change.revision, err);
	if (status == STATUS_OK)
		status = check_time(verifier, &change, err);
	if (status != STATUS_OK ||
	    change.revision <= verifier->horizon.revision)
		return status != STATUS_OK ? status
					   : check_rest(verifier, &change, err);
	chain_begin(&chain, verifier->hash, &change);
	status = check_items(verifier, &change, &chain, err);
	chain_end(&chain, verifier->hash);
	if (status == STATUS_OK &&
	    (!statement_copy_blob(store, id, 5, stored, sizeof(stored)) ||
	     memcmp(stored, verifier->hash, sizeof(stored)) != 0))
		status = error_set(err, STATUS_CORRUPT,
				   "what is stored is not what was committed");
	if (status == STATUS_OK)
		status =
		    check_known(verifier, change.revision, verifier->hash, err);
	return status;
}

/* At the end of the log: was the horizon reached, and is all there that is kept
 * from behind it? */
static enum status
check_horizon(struct verifier *verifier, struct error *err)
{
	const struct horizon *horizon = &verifier->horizon;
	const struct horizon *kept = &verifier->kept;

	if (horizon->revision > 0 &&
	    verifier->revision <= horizon->revision + 1) {
		verifier->revision = horizon->revision + 1;
		return error_set(err, STATUS_CORRUPT, "it is missing");
	}
	if (!verifier->met_horizon) {
		verifier->revision = horizon->revision + 1;
		return error_set(err, STATUS_CORRUPT,
				 "the horizon stands on an item of it that is "
				 "not there");
	}
	if (kept->items == horizon->items &&
	    memcmp(kept->sum, horizon->sum, SHA256_BYTES) == 0)
		return STATUS_OK;
	verifier->revision = horizon_oldest(horizon);
	return error_set(err, STATUS_CORRUPT,
			 "what is kept from before it is not what was there");
}

static enum status
check_log(struct verifier *verifier, struct error *err)
{
	bool row = false;
	enum status status = next_item(verifier, err);

	if (status == STATUS_OK)
		status = next_step(verifier, err);
	if (status == STATUS_OK)
		status = statement_step(verifier->store, STATEMENT_WALK_CHANGES,
					&row, err);
	while (status == STATUS_OK && row) {
		status = check_change(verifier, err);
		if (status == STATUS_OK) {
			verifier->revision++;
			status = statement_step(
			    verifier->store, STATEMENT_WALK_CHANGES, &row, err);
		}
	}
	if (status == STATUS_OK && verifier->has_item) {
		verifier->revision = item_revision(verifier);
		status =
		    error_set(err, STATUS_CORRUPT, "its items have no change");
	}
	if (status == STATUS_OK)
		status = check_horizon(verifier, err);
	if (status != STATUS_OK)
		error_wrap(err, "revision %lld", (long long)verifier->revision);
	return status;
}

static enum status
check_pointer(struct verifier *verifier, struct error *err)
{
	const struct store *store = verifier->store;
	const enum statement_id id = STATEMENT_WALK_NEWEST;
	const struct string key = statement_text(store, id, 2);
	const int64_t revision = statement_integer(store, id, 3);
	enum kind kind = KIND_COUNT;
	enum status status =
	    version_kind(statement_integer(store, id, 1), &kind, err);

	if (status != STATUS_OK)
		return status;
	version_name(
	    &(struct stored_key){ statement_text(store, id, 0), kind, key },
	    &verifier->name);
	if (newest_seen(verifier) != revision)
		return error_set(err, STATUS_CORRUPT,
				 "revision %lld: is the newest of '%.*s', but "
				 "the database points to %lld",
				 (long long)newest_seen(verifier),
				 (int)key.length, key.data,
				 (long long)revision);
	return STATUS_OK;
}

static enum status
check_pointers(struct verifier *verifier, struct error *err)
{
	const enum statement_id id = STATEMENT_WALK_NEWEST;
	const struct string nothing = { "", 0 };
	const struct parameter start[] = {
		parameter_text(nothing),
		parameter_integer(-1),
		parameter_text(nothing),
	};
	size_t count = 0;
	bool row = false;
	enum status status =
	    statement_start(verifier->store, id, start, 3, &row, err);

	while (status == STATUS_OK && row) {
		count++;
		status = check_pointer(verifier, err);
		if (status == STATUS_OK)
			status = statement_step(verifier->store, id, &row, err);
	}
	statement_reset(verifier->store, id);
	if (status == STATUS_OK && count != verifier->newest.count)
		status = error_set(err, STATUS_CORRUPT,
				   "the log is whole, but it has %zu keys and "
				   "pointers to %zu",
				   verifier->newest.count, count);
	return status;
}

/* What the log cannot show: indexes, unused pages. */
static enum status
check_file(struct store *store, struct error *err)
{
	const enum statement_id id = STATEMENT_CHECK_INTEGRITY;
	bool row = false;
	enum status status = statement_step(store, id, &row, err);

	if (status == STATUS_OK) {
		const struct string answer = statement_text(store, id, 0);
		if (answer.length != 2 || memcmp(answer.data, "ok", 2) != 0)
			status = error_set(err, STATUS_CORRUPT,
					   "the log is whole, the file is "
					   "not, or the disk cannot read "
					   "it: %.*s",
					   (int)answer.length, answer.data);
	}
	statement_reset(store, id);
	return status;
}

enum status
store_verify(struct store *store, int64_t *changes, struct error *err)
{
	return store_verify_against(store, NULL, changes, err);
}

enum status
store_verify_against(struct store *store, const struct chain_point *known,
		     int64_t *changes, struct error *err)
{
	struct verifier verifier = { .store = store,
				     .revision = 1,
				     .known = known };
	enum status status = STATUS_OK;

	map_init(&verifier.newest);
	bytes_init(&verifier.name);
	horizon_init(&verifier.horizon);
	horizon_init(&verifier.kept);
	/* A database that is only read may be older than horizons are. */
	if (store->statements[STATEMENT_READ_HORIZON] != NULL)
		status = horizon_read(store, &verifier.horizon, err);
	verifier.met_horizon = verifier.horizon.kind < 0;
	if (status == STATUS_OK)
		status = check_log(&verifier, err);
	statement_reset(store, STATEMENT_WALK_ITEMS);
	statement_reset(store, STATEMENT_WALK_CHANGES);
	if (store->statements[STATEMENT_WALK_STEPS] != NULL)
		statement_reset(store, STATEMENT_WALK_STEPS);
	*changes = verifier.revision - 1 - verifier.horizon.revision;
	if (status == STATUS_OK)
		status = check_known_was_met(&verifier, err);
	if (status == STATUS_OK)
		status = check_pointers(&verifier, err);
	if (status == STATUS_OK)
		status = check_file(store, err);
	horizon_fini(&verifier.kept);
	horizon_fini(&verifier.horizon);
	bytes_fini(&verifier.name);
	map_fini(&verifier.newest);
	return status;
}

#include <string.h>

#include "horizon.h"
#include "store_private.h"
#include "version.h"

/*
 * Pruning moves the horizon over the oldest change that is left, item by item:
 *
 *   the item takes its place     its digest goes into the horizon's sum
 *   its predecessor goes         digest out, row deleted, and the row of its
 *                                change with the last of its items
 *   after the last item          the change's hash becomes the anchor
 *
 * So a change of 100,000 items takes as many short steps as it needs, and after
 * each of them the log is whole. A predecessor lies behind the horizon, because
 * versions rise.
 *
 * A step may be lost in a crash: it is done again. So its transaction is not
 * synced by itself. It lies in the log in front of the next commit, whose sync
 * covers it, and after a crash the log ends before it or behind it.
 */
enum {
	STEP_BYTES = 256 * 1024, /* of definitions read; the last may exceed */
	STEP_REQUESTS = 64,
};

struct step {
	struct store *store;
	struct horizon horizon;
	int64_t before_ms;
	int64_t now_ms;
	size_t bytes;
};

/* The time in a statement's first row; INT64_MAX: it has none. */
static enum status
read_time(struct step *step, enum statement_id id,
	  const struct parameter *parameters, size_t count, int64_t *at_ms,
	  struct error *err)
{
	bool row = false;
	enum status status =
	    statement_start(step->store, id, parameters, count, &row, err);

	*at_ms = INT64_MAX;
	if (status == STATUS_OK && row)
		*at_ms = statement_integer(step->store, id, 0);
	statement_reset(step->store, id);
	return status;
}

/* The change at the horizon may go once a later one was in force by then. What
 * is in the future now was made while the clock was wrong: its time says
 * nothing, and the next one that is not decides. A stretch in which times rise
 * and that begins in the future is there as a whole. */
static enum status
is_due(struct step *step, bool *due, struct error *err)
{
	const struct parameter successor[] = {
		parameter_integer(step->horizon.revision + 2),
		parameter_integer(step->now_ms),
	};
	int64_t at_ms = INT64_MAX;
	enum status status =
	    read_time(step, STATEMENT_READ_AT, successor, 1, &at_ms, err);

	if (status == STATUS_OK && at_ms > step->now_ms)
		status = read_time(step, STATEMENT_STEP_BEHIND, successor, 2,
				   &at_ms, err);
	if (status == STATUS_OK)
		*due = at_ms < INT64_MAX && at_ms <= step->before_ms;
	return status;
}

static enum status
has_old_request(struct step *step, bool *has, struct error *err)
{
	const enum statement_id id = STATEMENT_OLDEST_REQUEST;
	bool row = false;
	enum status status = statement_step(step->store, id, &row, err);

	if (status == STATUS_OK)
		*has = row && statement_integer(step->store, id, 0) <
				  horizon_oldest(&step->horizon);
	statement_reset(step->store, id);
	return status;
}

/* The digest of an item; `text` has data NULL where it removes. */
static enum status
digest(struct step *step, int64_t revision, const struct stored_key *item,
       struct string text, uint8_t hash[SHA256_BYTES], struct error *err)
{
	struct store *store = step->store;
	const enum statement_id id = STATEMENT_READ_CHANGE;
	const struct parameter parameter = parameter_integer(revision);
	bool row = false;
	enum status status =
	    statement_start(store, id, &parameter, 1, &row, err);

	if (status == STATUS_OK && row) {
		const struct chain_change change = {
			.revision = revision,
			.environment = statement_text(store, id, 0),
			.at_ms = statement_integer(store, id, 1),
			.actor = statement_text(store, id, 2),
			.comment = statement_text(store, id, 3),
		};
		horizon_hash(&change, item->kind, item->key, text, hash);
		step->bytes += text.length;
	} else if (status == STATUS_OK) {
		status = error_set(err, STATUS_CORRUPT,
				   "revision %lld: it is missing",
				   (long long)revision);
	}
	statement_reset(store, id);
	return status;
}

static enum status
subtract(struct step *step, int64_t revision, const struct stored_key *item,
	 struct error *err)
{
	static const struct string removed = { NULL, 0 };
	uint8_t hash[SHA256_BYTES];
	struct version version = { .revision = 0 };
	enum status status =
	    version_read(step->store, item, revision, &version, err);

	if (status == STATUS_OK)
		status =
		    digest(step, revision, item,
			   version.removed ? removed : version.text, hash, err);
	version_release(step->store);
	if (status == STATUS_OK)
		horizon_subtract(&step->horizon, hash);
	return status;
}

static enum status
delete_predecessor(struct step *step, int64_t revision,
		   const struct stored_key *item, struct error *err)
{
	const struct parameter of_predecessor[] = {
		parameter_integer(revision),
		parameter_integer(item->kind),
		parameter_text(item->key),
	};
	const struct parameter of_item[] = {
		parameter_integer(step->horizon.revision + 1),
		of_predecessor[1],
		of_predecessor[2],
	};
	enum status status = subtract(step, revision, item, err);

	if (status == STATUS_OK)
		status = statement_run(step->store, STATEMENT_CUT_ITEM, of_item,
				       3, err);
	if (status == STATUS_OK)
		status = statement_run(step->store, STATEMENT_DELETE_ITEM,
				       of_predecessor, 3, err);
	if (status == STATUS_OK)
		status = statement_run(step->store, STATEMENT_DELETE_CHANGE,
				       of_predecessor, 1, err);
	return status;
}

/* The item that NEXT_ITEM stands on takes its place. */
static enum status
take_item(struct step *step, struct error *err)
{
	static const struct string removed = { NULL, 0 };
	struct store *store = step->store;
	const enum statement_id id = STATEMENT_NEXT_ITEM;
	struct horizon *horizon = &step->horizon;
	struct stored_key item = { .kind = KIND_COUNT };
	const int64_t previous = statement_integer(store, id, 3);
	uint8_t hash[SHA256_BYTES];
	enum status status =
	    version_kind(statement_integer(store, id, 0), &item.kind, err);

	if (status != STATUS_OK)
		return status;
	horizon_move(horizon, item.kind, statement_text(store, id, 1));
	item.key = (struct string){ horizon->key.data, horizon->key.length };
	status = digest(step, horizon->revision + 1, &item,
			statement_is_null(store, id, 2)
			    ? removed
			    : statement_text(store, id, 2),
			hash, err);
	/* What follows writes the table that it reads. */
	statement_reset(store, id);
	if (status != STATUS_OK)
		return status;
	horizon_add(horizon, hash);
	if (previous > 0)
		status = delete_predecessor(step, previous, &item, err);
	return status;
}

/* Every item of the change has taken its place. */
static enum status
take_change(struct step *step, struct error *err)
{
	struct store *store = step->store;
	const enum statement_id id = STATEMENT_READ_CHANGE;
	const struct parameter revision =
	    parameter_integer(step->horizon.revision + 1);
	uint8_t hash[SHA256_BYTES];
	bool row = false;
	enum status status =
	    statement_start(store, id, &revision, 1, &row, err);

	if (status == STATUS_OK &&
	    (!row || !statement_copy_blob(store, id, 4, hash, sizeof(hash))))
		status = error_set(err, STATUS_CORRUPT,
				   "revision %lld: it has no hash",
				   (long long)revision.integer);
	statement_reset(store, id);
	if (status != STATUS_OK)
		return status;
	horizon_advance(&step->horizon, hash);
	/* It may have had no items. */
	return statement_run(store, STATEMENT_DELETE_CHANGE, &revision, 1, err);
}

static enum status
move_once(struct step *step, struct error *err)
{
	const enum statement_id id = STATEMENT_NEXT_ITEM;
	const struct parameter at[] = {
		parameter_integer(step->horizon.revision + 1),
		parameter_integer(step->horizon.kind),
		parameter_text((struct string){ step->horizon.key.data,
						step->horizon.key.length }),
	};
	bool row = false;
	enum status status = statement_start(step->store, id, at, 3, &row, err);

	if (status == STATUS_OK && row)
		status = take_item(step, err);
	else if (status == STATUS_OK)
		status = take_change(step, err);
	statement_reset(step->store, id);
	return status;
}

static enum status
delete_requests(struct step *step, struct error *err)
{
	const struct parameter parameters[] = {
		parameter_integer(horizon_oldest(&step->horizon)),
		parameter_integer(STEP_REQUESTS),
	};

	return statement_run(step->store, STATEMENT_DELETE_REQUESTS, parameters,
			     2, err);
}

/* The transaction. */
static enum status
run(struct step *step, int items, bool due, struct error *err)
{
	struct store *store = step->store;
	enum status status =
	    statement_run(store, STATEMENT_BEGIN, NULL, 0, err);

	if (status == STATUS_OK && due)
		status =
		    statement_run(store, STATEMENT_RAISE_READER, NULL, 0, err);
	for (int i = 0; i < items && due && step->bytes < STEP_BYTES &&
			status == STATUS_OK;
	     i++) {
		status = move_once(step, err);
		if (status == STATUS_OK && step->horizon.kind < 0)
			status = is_due(step, &due, err);
	}
	if (status == STATUS_OK)
		status = delete_requests(step, err);
	if (status == STATUS_OK)
		status = horizon_write(store, &step->horizon, err);
	if (status == STATUS_OK)
		status = statement_run(store, STATEMENT_COMMIT, NULL, 0, err);
	if (status == STATUS_OK)
		store->oldest = horizon_oldest(&step->horizon);
	else
		store_roll_back(store);
	return status;
}

static enum status
run_unsynced(struct step *step, int items, bool due, struct error *err)
{
	struct store *store = step->store;
	enum status status = STATUS_OK;
	enum status synced;

	if (strcmp(store->synchronous, "FULL") == 0)
		status = store_set_synchronous(store, "NORMAL", err);
	if (status == STATUS_OK)
		status = run(step, items, due, err);
	/* A commit that is not synced would be a promise that is not kept. */
	synced = store_set_synchronous(store, store->synchronous, err);
	if (synced != STATUS_OK)
		store->dead = true;
	if (status == STATUS_OK)
		status = synced;
	if (status == STATUS_OK)
		store_checkpoint(store);
	return status;
}

enum status
store_prune(struct store *store, int64_t before_ms, int64_t now_ms, int items,
	    bool *done, struct error *err)
{
	struct step step = { .store = store,
			     .before_ms = before_ms,
			     .now_ms = now_ms };
	bool due = false;
	bool old_requests = false;
	enum status status;

	if (store->dead)
		return error_set(err, STATUS_IO,
				 "the disk failed; toggled has to be "
				 "started again");
	horizon_init(&step.horizon);
	status = horizon_read(store, &step.horizon, err);
	if (status == STATUS_OK)
		status = is_due(&step, &due, err);
	if (status == STATUS_OK)
		status = has_old_request(&step, &old_requests, err);
	if (status == STATUS_OK && (due || old_requests))
		status = run_unsynced(&step, items, due, err);
	horizon_fini(&step.horizon);
	if (status == STATUS_OK)
		*done = !due && !old_requests;
	else
		error_wrap(err, "prune the history");
	return status;
}

#include "version.h"

#include "statement.h"

/* The numbers are on disk. */
_Static_assert(KIND_ENVIRONMENT == 0 && KIND_SEGMENT == 1 && KIND_TOGGLE == 2 &&
		   KIND_TOKEN == 3,
	       "a kind never changes its number");

/* Neither part holds a NUL. */
void
version_name(const struct stored_key *key, struct bytes *name)
{
	bytes_clear(name);
	bytes_append_int(name, key->kind);
	bytes_append(name, key->environment.data, key->environment.length);
	bytes_append_char(name, '\0');
	bytes_append(name, key->key.data, key->key.length);
}

enum status
version_newest(struct store *store, const struct stored_key *key,
	       int64_t *revision, struct error *err)
{
	const enum statement_id id = STATEMENT_FIND_NEWEST;
	const struct parameter parameters[] = {
		parameter_text(key->environment),
		parameter_integer(key->kind),
		parameter_text(key->key),
	};
	bool row = false;
	enum status status =
	    statement_start(store, id, parameters, 3, &row, err);

	if (status == STATUS_OK)
		*revision = row ? statement_integer(store, id, 0) : 0;
	statement_reset(store, id);
	return status;
}

/* Bind and step a statement that is about one item, which has to be there. */
static enum status
step_to_item(struct store *store, enum statement_id id,
	     const struct stored_key *key, int64_t revision, struct error *err)
{
	const struct parameter parameters[] = {
		parameter_integer(revision),
		parameter_integer(key->kind),
		parameter_text(key->key),
	};
	bool row = false;
	enum status status =
	    statement_start(store, id, parameters, 3, &row, err);

	if (status == STATUS_OK && !row)
		status = error_set(err, STATUS_CORRUPT,
				   "revision %lld: its item '%.*s' is missing",
				   (long long)revision, (int)key->key.length,
				   key->key.data);
	else if (status == STATUS_CORRUPT)
		error_wrap(err, "%s '%.*s' as of revision %lld",
			   kind_name(key->kind), (int)key->key.length,
			   key->key.data, (long long)revision);
	return status;
}

enum status
version_previous(struct store *store, const struct stored_key *key,
		 int64_t *revision, struct error *err)
{
	const enum statement_id id = STATEMENT_READ_PREVIOUS;
	enum status status = step_to_item(store, id, key, *revision, err);

	if (status == STATUS_OK) {
		const int64_t previous = statement_integer(store, id, 0);
		/* A list that does not fall would never end. */
		if (previous >= *revision)
			status = error_set(err, STATUS_CORRUPT,
					   "revision %lld: its item '%.*s' "
					   "points forward",
					   (long long)*revision,
					   (int)key->key.length, key->key.data);
		*revision = previous;
	}
	statement_reset(store, id);
	return status;
}

enum status
version_go_back(struct store *store, const struct stored_key *key, int64_t at,
		int64_t *revision, struct error *err)
{
	enum status status = STATUS_OK;

	while (status == STATUS_OK && *revision > 0 && *revision > at)
		status = version_previous(store, key, revision, err);
	return status;
}

enum status
version_read(struct store *store, const struct stored_key *key,
	     int64_t revision, struct version *version, struct error *err)
{
	const enum statement_id id = STATEMENT_READ_VERSION;
	enum status status;

	*version = (struct version){ .revision = 0 };
	if (revision == 0)
		return STATUS_OK;
	status = step_to_item(store, id, key, revision, err);
	if (status == STATUS_OK) {
		version->revision = revision;
		version->removed = statement_is_null(store, id, 0);
		version->text = statement_text(store, id, 0);
		version->at_ms = statement_integer(store, id, 1);
		version->actor = statement_text(store, id, 2);
	}
	return status;
}

void
version_release(struct store *store)
{
	statement_reset(store, STATEMENT_READ_VERSION);
}

enum status
version_deliver(struct store *store, const struct stored_key *key,
		int64_t revision, const struct store_receiver *receiver,
		struct error *err)
{
	struct version version;
	enum status status;

	/* Of a later release. */
	if (key->kind >= KIND_COUNT)
		return STATUS_OK;
	status = version_read(store, key, revision, &version, err);
	if (status == STATUS_OK) {
		const struct stored_item item = {
			.environment = key->environment,
			.kind = key->kind,
			.key = key->key,
			.revision = revision,
			.at_ms = version.at_ms,
			.actor = version.actor,
			.text = version.text,
			.removed = version.removed,
		};
		status = receiver->fn(&item, receiver->ctx, err);
	}
	version_release(store);
	return status;
}

enum status
version_read_at(struct store *store, int64_t revision, int64_t *at_ms,
		struct error *err)
{
	const enum statement_id id = STATEMENT_READ_AT;
	const struct parameter parameter = parameter_integer(revision);
	bool row = false;
	enum status status =
	    statement_start(store, id, &parameter, 1, &row, err);

	if (status == STATUS_OK && row)
		*at_ms = statement_integer(store, id, 0);
	else if (status == STATUS_OK)
		status = error_set(err, STATUS_CORRUPT,
				   "revision %lld: it is missing",
				   (long long)revision);
	statement_reset(store, id);
	return status;
}

enum status
version_kind(int64_t stored, enum kind *kind, struct error *err)
{
	if (stored < 0 || stored > KIND_STORED_MAX)
		return error_set(err, STATUS_CORRUPT, "unknown kind %lld",
				 (long long)stored);
	*kind = (enum kind)stored;
	return STATUS_OK;
}

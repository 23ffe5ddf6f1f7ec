#include "horizon.h"

#include <string.h>

#include "store_private.h"
#include "version.h"

void
horizon_init(struct horizon *horizon)
{
	*horizon = (struct horizon){ .kind = -1 };
	bytes_init(&horizon->key);
}

void
horizon_fini(struct horizon *horizon)
{
	bytes_fini(&horizon->key);
}

static enum status
take_row(const struct store *store, struct horizon *horizon, struct error *err)
{
	const enum statement_id id = STATEMENT_READ_HORIZON;
	const struct string key = statement_text(store, id, 3);

	horizon->revision = statement_integer(store, id, 0);
	horizon->kind = statement_integer(store, id, 2);
	bytes_clear(&horizon->key);
	bytes_append(&horizon->key, key.data, key.length);
	horizon->items = statement_integer(store, id, 4);
	if (horizon->revision >= 0 && horizon->kind >= -1 &&
	    horizon->kind <= KIND_STORED_MAX &&
	    (horizon->kind >= 0 || key.length == 0) &&
	    statement_copy_blob(store, id, 1, horizon->hash, SHA256_BYTES) &&
	    statement_copy_blob(store, id, 5, horizon->sum, SHA256_BYTES))
		return STATUS_OK;
	return error_set(err, STATUS_CORRUPT, "the horizon is damaged");
}

enum status
horizon_read(struct store *store, struct horizon *horizon, struct error *err)
{
	const enum statement_id id = STATEMENT_READ_HORIZON;
	bool row = false;
	enum status status = statement_step(store, id, &row, err);

	if (status == STATUS_OK && row)
		status = take_row(store, horizon, err);
	else if (status == STATUS_OK)
		status = error_set(err, STATUS_CORRUPT, "there is no horizon");
	statement_reset(store, id);
	return status;
}

enum status
horizon_write(struct store *store, const struct horizon *horizon,
	      struct error *err)
{
	const struct parameter parameters[] = {
		parameter_integer(horizon->revision),
		parameter_blob(horizon->hash, SHA256_BYTES),
		parameter_integer(horizon->kind),
		parameter_text(
		    (struct string){ horizon->key.data, horizon->key.length }),
		parameter_integer(horizon->items),
		parameter_blob(horizon->sum, SHA256_BYTES),
	};

	return statement_run(store, STATEMENT_WRITE_HORIZON, parameters, 6,
			     err);
}

int64_t
horizon_oldest(const struct horizon *horizon)
{
	/* A change of which an item has taken its place cannot say any more
	 * what that item replaced. */
	return horizon->revision + 1 + (horizon->kind >= 0);
}

bool
horizon_is_past(const struct horizon *horizon, enum kind kind,
		struct string key)
{
	const struct string at = { horizon->key.data, horizon->key.length };

	return horizon->kind >= 0 &&
	       chain_compare(kind, key, (enum kind)horizon->kind, at) <= 0;
}

bool
horizon_is_at(const struct horizon *horizon, int64_t revision, enum kind kind,
	      struct string key)
{
	const struct string at = { horizon->key.data, horizon->key.length };

	return revision == horizon->revision + 1 &&
	       (int64_t)kind == horizon->kind && string_equal(key, at);
}

void
horizon_move(struct horizon *horizon, enum kind kind, struct string key)
{
	horizon->kind = kind;
	bytes_clear(&horizon->key);
	bytes_append(&horizon->key, key.data, key.length);
}

void
horizon_advance(struct horizon *horizon, const uint8_t hash[SHA256_BYTES])
{
	horizon->revision++;
	memcpy(horizon->hash, hash, SHA256_BYTES);
	horizon->kind = -1;
	bytes_clear(&horizon->key);
}

void
horizon_hash(const struct chain_change *change, enum kind kind,
	     struct string key, struct string text, uint8_t hash[SHA256_BYTES])
{
	static const uint8_t nothing[SHA256_BYTES];
	struct chain chain;

	chain_begin(&chain, nothing, change);
	if (text.data == NULL)
		chain_remove(&chain, kind, key);
	else
		chain_set(&chain, kind, key, text);
	chain_end(&chain, hash);
}

void
horizon_add(struct horizon *horizon, const uint8_t hash[SHA256_BYTES])
{
	unsigned carry = 0;

	for (size_t i = SHA256_BYTES; i-- > 0;) {
		carry += (unsigned)horizon->sum[i] + hash[i];
		horizon->sum[i] = (uint8_t)carry;
		carry >>= 8;
	}
	horizon->items++;
}

void
horizon_subtract(struct horizon *horizon, const uint8_t hash[SHA256_BYTES])
{
	unsigned borrow = 0;

	for (size_t i = SHA256_BYTES; i-- > 0;) {
		const unsigned taken = hash[i] + borrow;

		borrow = horizon->sum[i] < taken;
		horizon->sum[i] = (uint8_t)(horizon->sum[i] - taken);
	}
	horizon->items--;
}

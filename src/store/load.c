#include <stdlib.h>

#include "chain.h"
#include "life.h"
#include "lookback.h"
#include "store_private.h"
#include "version.h"

/*
 * Loading reads one version of each key, however many it has, in two passes:
 * find where they are (lookback.h), then read them in the order in which they
 * lie in the log. Reading them in the order of the keys takes twice as long,
 * because neighbours in name are no neighbours on disk.
 */
enum { STEP_ROWS = 4096 };

/* By environment and kind, then as the items lie in the log. */
static int
compare_pointers(const void *a, const void *b)
{
	const struct version_pointer *x = a;
	const struct version_pointer *y = b;
	const int environments =
	    string_compare(x->key.environment, y->key.environment);

	if (environments != 0)
		return environments;
	if (x->key.kind != y->key.kind)
		return x->key.kind < y->key.kind ? -1 : 1;
	if (x->revision != y->revision)
		return x->revision < y->revision ? -1 : 1;
	return chain_compare(x->key.kind, x->key.key, y->key.kind, y->key.key);
}

enum status
store_load(struct store *store, struct string environment, int64_t at,
	   store_item_fn fn, void *ctx, struct error *err)
{
	const struct store_receiver receiver = { fn, ctx };
	const struct past_query query = { .environment = environment,
					  .at = at };
	struct lookback lookback;
	enum status status = STATUS_OK;

	lookback_init(&lookback, store, &query);
	while (status == STATUS_OK && !lookback.is_done)
		status = lookback_step(&lookback, STEP_ROWS, err);
	if (lookback.count > 0)
		qsort(lookback.pointers, lookback.count,
		      sizeof(*lookback.pointers), compare_pointers);
	store->later = 0;
	for (size_t i = 0; i < lookback.count && status == STATUS_OK; i++) {
		const struct version_pointer *pointer = &lookback.pointers[i];

		store->later += pointer->key.kind >= KIND_COUNT &&
				(int)pointer->key.kind != KIND_LIFE;
		if (pointer->revision > 0)
			status =
			    version_deliver(store, &pointer->key,
					    pointer->revision, &receiver, err);
	}
	lookback_fini(&lookback);
	return status;
}

enum status
store_load_one(struct store *store, const struct stored_key *key, int64_t at,
	       store_item_fn fn, void *ctx, struct error *err)
{
	const struct store_receiver receiver = { fn, ctx };
	int64_t revision = 0;
	enum status status = version_newest(store, key, &revision, err);

	if (status == STATUS_OK)
		status = version_go_back(store, key, at, &revision, err);
	if (status == STATUS_OK && revision == 0)
		status = error_set(err, STATUS_NOT_FOUND,
				   "there was no %s '%.*s' at that time",
				   kind_name(key->kind), (int)key->key.length,
				   key->key.data);
	if (status == STATUS_OK)
		status = version_deliver(store, key, revision, &receiver, err);
	return status;
}

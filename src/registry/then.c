#include "then.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/name.h"
#include "past.h"

static int
compare_keys(const void *a, const void *b)
{
	const struct string *x = a;
	const struct string *y = b;

	return string_compare(*x, *y);
}

/* The keys of the order, sorted, each once. */
static void
select_keys(struct then *then, const struct rollback_order *order)
{
	struct string *keys =
	    arena_zalloc(&then->arena, order->key_count + 1, sizeof(*keys));
	size_t count = 0;

	memcpy(keys, order->keys, order->key_count * sizeof(*keys));
	qsort(keys, order->key_count, sizeof(*keys), compare_keys);
	for (size_t i = 0; i < order->key_count; i++) {
		if (count == 0 || !string_equal(keys[count - 1], keys[i]))
			keys[count++] = keys[i];
	}
	then->query.is_of_keys = true;
	then->query.kind = KIND_TOGGLE;
	then->query.keys = keys;
	then->query.key_count = count;
}

void
then_free(struct then *then)
{
	if (then == NULL)
		return;
	store_past_free(then->past);
	map_fini(&then->numbers);
	free(then->items);
	arena_fini(&then->arena);
	free(then);
}

static struct string
copy(struct then *then, struct string s)
{
	return (struct string){ arena_copy(&then->arena, s.data, s.length),
				s.length };
}

/* "<kind><key>"; false: no key is that long. */
static bool
make_name(char name[NAME_KEY_MAX + 1], enum kind kind, struct string key)
{
	if (key.length > NAME_KEY_MAX)
		return false;
	name[0] = (char)('0' + (int)kind);
	memcpy(name + 1, key.data, key.length);
	return true;
}

const struct then_item *
then_find(const struct then *then, enum kind kind, struct string key)
{
	char name[NAME_KEY_MAX + 1];
	uintptr_t number;

	if (!make_name(name, kind, key))
		return NULL;
	number = (uintptr_t)map_find(&then->numbers, name, key.length + 1);
	return number == 0 ? NULL : &then->items[number - 1];
}

static bool
is_as_now(const struct then *then, const struct stored_item *item)
{
	const struct definition *now =
	    then->now == NULL ? NULL
			      : snapshot_find(then->now, item->kind,
					      item->key.data, item->key.length);

	return now != NULL && now->revision == item->revision;
}

static enum status
take_item(const struct stored_item *stored, void *ctx, struct error *err)
{
	struct then *then = ctx;
	struct then_item *item;
	char name[NAME_KEY_MAX + 1];

	(void)err;
	if (stored->removed)
		return STATUS_OK;
	if (stored->kind == KIND_ENVIRONMENT) {
		then->existed = true;
		if (then->query.is_of_keys)
			return STATUS_OK;
	}
	if (then->count == then->capacity) {
		then->capacity = then->capacity * 2 + 16;
		then->items = mem_resize(then->items, then->capacity,
					 sizeof(*then->items));
	}
	item = &then->items[then->count++];
	*item = (struct then_item){ .kind = stored->kind,
				    .key = copy(then, stored->key),
				    .revision = stored->revision };
	if (make_name(name, item->kind, item->key))
		(void)map_put(&then->numbers, name, item->key.length + 1,
			      (void *)(uintptr_t)then->count);
	if (is_as_now(then, stored))
		return STATUS_OK;
	item->is_read = true;
	item->at_ms = stored->at_ms;
	item->actor = copy(then, stored->actor);
	item->text = copy(then, stored->text);
	return STATUS_OK;
}

static void
finish(struct then *then)
{
	if (then->error.code == STATUS_OK && !then->existed)
		error_set(&then->error, STATUS_INVALID,
			  "environment '%.*s' did not exist at revision "
			  "%" PRId64,
			  (int)then->query.environment.length,
			  then->query.environment.data, then->query.at);
	/* Only where it is not there any more that is of use. */
	if (then->error.code == STATUS_OK &&
	    store_born(then->store, then->query.environment, then->query.at,
		       &then->life, &then->error) != STATUS_OK)
		then->life = 0;
	store_past_free(then->past);
	then->past = NULL;
	then->is_done = true;
}

/* Which revision the moment names, and how sure that is. */
static enum status
find_moment(struct then *then, const struct job *job)
{
	const struct rollback_order *order = &job->rollback;
	struct store *store = then->store;
	struct error *err = &then->error;
	enum status rc =
	    past_point(store, job->environment, INT64_MAX, &then->newest, err);

	if (rc == STATUS_OK)
		rc = past_revision(store, &order->to, order->not_before,
				   &then->query.at, err);
	if (rc == STATUS_OK)
		rc = past_point(store, job->environment, then->query.at,
				&then->to, err);
	if (rc == STATUS_OK && order->to.is_time)
		rc = store_find_step(store, then->query.at, order->to.at_ms,
				     order->now_ms, &then->step, err);
	return rc;
}

struct then *
then_new(struct store *store, const struct job *job)
{
	const struct rollback_order *order = &job->rollback;
	struct then *then = mem_zalloc(1, sizeof(*then));

	then->store = store;
	error_init(&then->error);
	arena_init(&then->arena);
	map_init(&then->numbers);
	then->query.environment = job->environment;
	if (order->key_count > 0)
		select_keys(then, order);
	if (find_moment(then, job) != STATUS_OK)
		then->is_done = true;
	/* Of a former life nothing was there, for who may not see it. */
	else if (then->query.at < order->not_before)
		finish(then);
	else
		then->past = store_past_new(store, &then->query);
	return then;
}

bool
then_step(struct then *then, int rows, const struct catalog *now)
{
	const struct store_receiver receiver = { take_item, then };
	const struct string environment = then->query.environment;
	bool done = false;

	if (then->is_done)
		return true;
	then->now = catalog_find(now, environment.data, environment.length);
	if (store_past_step(then->past, rows, &receiver, &done, &then->error) !=
	    STATUS_OK)
		done = true;
	then->now = NULL;
	if (done)
		finish(then);
	return done;
}

enum status
then_read(struct then *then, const struct then_item *item, store_item_fn fn,
	  void *ctx, struct error *err)
{
	const struct string environment = then->query.environment;
	const struct stored_item stored = {
		.environment = environment,
		.kind = item->kind,
		.key = item->key,
		.revision = item->revision,
		.at_ms = item->at_ms,
		.actor = item->actor,
		.text = item->text,
	};

	if (item->is_read)
		return fn(&stored, ctx, err);
	return store_load_one(
	    then->store,
	    &(struct stored_key){ environment, item->kind, item->key },
	    item->revision, fn, ctx, err);
}

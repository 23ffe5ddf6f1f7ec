/*
 * The store hands items ordered by environment and, inside it, settings and
 * segments before toggles: so one pass builds everything.
 *
 * Nearly all the time goes into reading the toggles' JSON and compiling their
 * rules, one independent of the other. They are gathered in batches, and each
 * batch is shared out to a few threads that live for the batch.
 */
#include "loader.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/map.h"
#include "base/mem.h"

enum {
	BATCH_ITEMS = 4096,
	BATCH_BYTES = 4 * 1024 * 1024,
	SHARED_OUT_FROM = 256, /* a smaller batch is not worth a thread */
	WORKERS_MAX = 4,
	SCRATCH_BYTES = 1024 * 1024,
};

struct batch_item {
	struct stored_item stored; /* strings in the batch's arena */
	struct definition *definition;
};

struct batch {
	struct batch_item items[BATCH_ITEMS];
	size_t count;
	struct arena arena;
	struct definition_scope scope;
	atomic_size_t next; /* the first item that no worker has taken */
};

struct loading {
	struct string environment; /* of what is gathered; owned */
	bool exists;
	int64_t revision;
	int64_t at_ms;
	struct definition **definitions;
	size_t count;
	size_t capacity;
	struct map rules; /* segment -> its parsed rule, in `kept` */
	struct arena kept;
	struct arena scratch;
	struct batch *batch;
	loader_fn fn;
	void *ctx;
};

enum status
loader_definition(const struct stored_item *item,
		  const struct definition_scope *scope, struct arena *scratch,
		  struct definition **out, struct error *err)
{
	struct stamp stamp = { .revision = item->revision,
			       .at_ms = item->at_ms,
			       .actor = item->actor };
	enum status rc = definition_load(item->kind, item->key, item->text,
					 &stamp, scope, scratch, out, err);

	if (rc == STATUS_OK)
		return rc;
	/* The text passed when it was written: what is wrong is the store. */
	if (err != NULL)
		err->code = STATUS_CORRUPT;
	return error_wrap(err, "read %s '%.*s' as of revision %" PRId64,
			  kind_name(item->kind), (int)item->key.length,
			  item->key.data, item->revision);
}

static const struct value *
find_rule(void *ctx, struct string name)
{
	struct loading *loading = ctx;

	return map_find(&loading->rules, name.data, name.length);
}

static void
keep(struct loading *loading, struct definition *definition)
{
	if (loading->count == loading->capacity) {
		loading->capacity = loading->capacity * 2 + 64;
		loading->definitions =
		    mem_resize(loading->definitions, loading->capacity,
			       sizeof(struct definition *));
	}
	loading->definitions[loading->count++] = definition;
}

/* --- batches ------------------------------------------------------------ */

struct worker {
	struct batch *batch;
	pthread_t thread;
	bool started;
	enum status rc;
	struct error err;
};

static void *
work(void *ctx)
{
	struct worker *worker = ctx;
	struct batch *batch = worker->batch;
	struct arena scratch;

	arena_init(&scratch);
	while (worker->rc == STATUS_OK) {
		size_t i = atomic_fetch_add(&batch->next, 1);

		if (i >= batch->count)
			break;
		worker->rc = loader_definition(
		    &batch->items[i].stored, &batch->scope, &scratch,
		    &batch->items[i].definition, &worker->err);
		if (scratch.used_bytes > SCRATCH_BYTES)
			arena_reset(&scratch);
	}
	arena_fini(&scratch);
	return NULL;
}

static size_t
worker_count(const struct batch *batch)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (batch->count < SHARED_OUT_FROM || cores < 2)
		return 1;
	return cores > WORKERS_MAX ? WORKERS_MAX : (size_t)cores;
}

/* Decode what is gathered and keep it, in order. */
static enum status
flush(struct loading *loading, struct error *err)
{
	struct batch *batch = loading->batch;
	struct worker workers[WORKERS_MAX];
	size_t count = worker_count(batch);
	enum status rc = STATUS_OK;

	if (batch->count == 0)
		return STATUS_OK;
	batch->scope = (struct definition_scope){ .segment = find_rule,
						  .ctx = loading,
						  .lenient = true,
						  .pointer = "" };
	atomic_store(&batch->next, 0);
	for (size_t i = 0; i < count; i++) {
		workers[i].batch = batch;
		workers[i].rc = STATUS_OK;
		error_init(&workers[i].err);
		/* The last share is this thread's own, and so is what a thread
		 * that could not be had would have done. */
		workers[i].started =
		    i + 1 < count && pthread_create(&workers[i].thread, NULL,
						    work, &workers[i]) == 0;
	}
	(void)work(&workers[count - 1]);
	for (size_t i = 0; i < count; i++) {
		if (workers[i].started)
			pthread_join(workers[i].thread, NULL);
		if (workers[i].rc == STATUS_OK || rc != STATUS_OK)
			continue;
		rc = workers[i].rc;
		if (err != NULL)
			*err = workers[i].err;
	}
	for (size_t i = 0; i < batch->count; i++) {
		if (batch->items[i].definition != NULL)
			keep(loading, batch->items[i].definition);
	}
	batch->count = 0;
	arena_reset(&batch->arena);
	return rc;
}

static struct string
copy(struct arena *arena, struct string s)
{
	return (struct string){ arena_copy(arena, s.data, s.length), s.length };
}

static enum status
gather(struct loading *loading, const struct stored_item *item,
       struct error *err)
{
	struct batch *batch = loading->batch;
	struct batch_item *gathered = &batch->items[batch->count++];

	gathered->definition = NULL;
	gathered->stored = *item;
	gathered->stored.environment = loading->environment;
	gathered->stored.key = copy(&batch->arena, item->key);
	gathered->stored.actor = copy(&batch->arena, item->actor);
	gathered->stored.text = copy(&batch->arena, item->text);
	if (batch->count < BATCH_ITEMS && batch->arena.used_bytes < BATCH_BYTES)
		return STATUS_OK;
	return flush(loading, err);
}

/* --- environments ------------------------------------------------------- */

static void
forget(struct loading *loading)
{
	for (size_t i = 0; i < loading->count; i++)
		definition_unref(loading->definitions[i]);
	loading->count = 0;
	loading->exists = false;
	loading->revision = 0;
	loading->at_ms = 0;
	map_fini(&loading->rules);
	map_init(&loading->rules);
	arena_reset(&loading->kept);
}

static enum status
deliver(struct loading *loading, struct error *err)
{
	struct snapshot *snapshot;
	enum status rc = flush(loading, err);

	if (rc == STATUS_OK && loading->exists) {
		snapshot = snapshot_load(loading->environment,
					 loading->revision, loading->at_ms,
					 loading->definitions, loading->count);
		loading->fn(snapshot, loading->ctx);
		snapshot_unref(snapshot);
	}
	forget(loading);
	return rc;
}

static enum status
enter(struct loading *loading, struct string environment, struct error *err)
{
	enum status rc;

	if (loading->environment.data != NULL &&
	    string_equal(loading->environment, environment))
		return STATUS_OK;
	rc = deliver(loading, err);
	free((void *)(uintptr_t)loading->environment.data);
	loading->environment.data =
	    mem_copy(environment.data, environment.length);
	loading->environment.length = environment.length;
	return rc;
}

static enum status
keep_rule(struct loading *loading, const struct definition *segment,
	  struct error *err)
{
	struct value *rule = arena_alloc(&loading->kept, sizeof(*rule));
	enum status rc = definition_value(segment, &loading->kept, rule, err);

	if (rc == STATUS_OK)
		map_put(&loading->rules, segment->key.data, segment->key.length,
			rule);
	return rc;
}

/* Settings and segments: few, and the toggles need them. And tokens: few. */
static enum status
load_now(struct loading *loading, const struct stored_item *item,
	 struct error *err)
{
	struct definition_scope scope = { .lenient = true, .pointer = "" };
	struct definition *definition = NULL;
	enum status rc = loader_definition(item, &scope, &loading->scratch,
					   &definition, err);

	if (rc != STATUS_OK)
		return rc;
	keep(loading, definition);
	if (item->kind == KIND_ENVIRONMENT)
		loading->exists = true;
	else if (item->kind == KIND_SEGMENT)
		rc = keep_rule(loading, definition, err);
	arena_reset(&loading->scratch);
	return rc;
}

static enum status
take_item(const struct stored_item *item, void *ctx, struct error *err)
{
	struct loading *loading = ctx;
	enum status rc = enter(loading, item->environment, err);

	if (rc != STATUS_OK)
		return rc;
	if (item->revision > loading->revision) {
		loading->revision = item->revision;
		loading->at_ms = item->at_ms;
	}
	if (item->removed) {
		keep(loading, definition_new_removed(item->kind, item->key,
						     item->revision));
		return STATUS_OK;
	}
	if (item->kind == KIND_TOGGLE)
		return gather(loading, item, err);
	return load_now(loading, item, err);
}

enum status
loader_run(struct store *store, struct string environment, int64_t at,
	   loader_fn fn, void *ctx, struct error *err)
{
	struct loading loading = { .fn = fn, .ctx = ctx };
	enum status rc;

	map_init(&loading.rules);
	arena_init(&loading.kept);
	arena_init(&loading.scratch);
	loading.batch = mem_zalloc(1, sizeof(*loading.batch));
	arena_init(&loading.batch->arena);
	rc = store_load(store, environment, at, take_item, &loading, err);
	if (rc == STATUS_OK && loading.environment.data != NULL)
		rc = deliver(&loading, err);
	forget(&loading);
	arena_fini(&loading.batch->arena);
	free(loading.batch);
	map_fini(&loading.rules);
	arena_fini(&loading.kept);
	arena_fini(&loading.scratch);
	free(loading.definitions);
	free((void *)(uintptr_t)loading.environment.data);
	return rc;
}

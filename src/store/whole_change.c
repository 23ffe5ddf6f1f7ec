#include <stdlib.h>

#include "base/arena.h"
#include "base/mem.h"
#include "store/store.h"

/*
 * The history at once, a change at a time: its strings live in an arena until
 * the next.
 */
enum { STEP_ROWS = 4096 };

struct assembly {
	struct arena arena;
	struct stored_change change;
	struct stored_change_item *items;
	size_t capacity;
	bool is_begun;
	store_change_fn fn;
	void *ctx;
};

static struct string
copy(struct arena *arena, struct string s)
{
	return (struct string){ arena_copy(arena, s.data != NULL ? s.data : "",
					   s.length),
				s.length };
}

static enum status
hand_over(struct assembly *assembly, struct error *err)
{
	enum status status = STATUS_OK;

	assembly->change.items = assembly->items;
	if (assembly->is_begun)
		status = assembly->fn(&assembly->change, assembly->ctx, err);
	assembly->is_begun = false;
	arena_reset(&assembly->arena);
	return status;
}

static enum status
assemble_begin(const struct stored_change *change, void *ctx, struct error *err)
{
	struct assembly *assembly = ctx;
	struct arena *arena = &assembly->arena;
	enum status status = hand_over(assembly, err);

	assembly->change = *change;
	assembly->change.environment = copy(arena, change->environment);
	assembly->change.actor = copy(arena, change->actor);
	assembly->change.comment = copy(arena, change->comment);
	assembly->is_begun = true;
	return status;
}

static enum status
assemble_item(const struct stored_change_item *item, void *ctx,
	      struct error *err)
{
	struct assembly *assembly = ctx;
	struct arena *arena = &assembly->arena;
	struct stored_change_item *kept;

	(void)err;
	if (assembly->change.count == assembly->capacity) {
		assembly->capacity = 2 * assembly->capacity + 16;
		assembly->items =
		    mem_resize(assembly->items, assembly->capacity,
			       sizeof(*assembly->items));
	}
	kept = &assembly->items[assembly->change.count++];
	*kept = *item;
	kept->key = copy(arena, item->key);
	kept->after = copy(arena, item->after);
	kept->before = copy(arena, item->before);
	kept->before_actor = copy(arena, item->before_actor);
	return STATUS_OK;
}

enum status
store_history(struct store *store, const struct history_query *query,
	      store_change_fn fn, void *ctx, struct error *err)
{
	struct assembly assembly = { .fn = fn, .ctx = ctx };
	const struct history_receiver receiver = { assemble_begin,
						   assemble_item, &assembly };
	struct store_history *history = store_history_new(store, query);
	bool done = false;
	enum status status = STATUS_OK;

	arena_init(&assembly.arena);
	while (status == STATUS_OK && !done)
		status = store_history_step(history, STEP_ROWS, &receiver,
					    &done, err);
	if (status == STATUS_OK)
		status = hand_over(&assembly, err);
	free(assembly.items);
	arena_fini(&assembly.arena);
	store_history_free(history);
	return status;
}

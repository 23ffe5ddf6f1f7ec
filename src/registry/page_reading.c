#include "page_reading.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "past.h"

/* They stay in memory until the answer has been sent. */
enum { PAGE_BYTES_MAX = 4 << 20 };

void
page_reading_begin(struct page_reading *reading, struct store *store,
		   const struct history_query *query)
{
	*reading = (struct page_reading){
		.history = store_history_new(store, query),
	};
	arena_init(&reading->scratch);
}

void
page_reading_end(struct page_reading *reading)
{
	for (size_t i = 0; i < reading->count; i++)
		change_free(reading->changes[i]);
	free(reading->changes);
	store_history_free(reading->history);
	arena_fini(&reading->scratch);
}

static enum status
begin_change(const struct stored_change *stored, void *ctx, struct error *err)
{
	struct page_reading *reading = ctx;
	struct change *change;

	(void)err;
	if (reading->has_more)
		return STATUS_OK;
	if (reading->count == reading->capacity) {
		reading->capacity = reading->capacity * 2 + 16;
		reading->changes =
		    mem_resize(reading->changes, reading->capacity,
			       sizeof(struct change *));
	}
	change =
	    change_new(stored->environment, stored->actor, stored->comment);
	change->revision = stored->revision;
	change->at_ms = stored->at_ms;
	memcpy(change->hash, stored->hash, SHA256_BYTES);
	change->has_hash = true;
	reading->changes[reading->count++] = change;
	return STATUS_OK;
}

static enum status
item_definitions(struct page_reading *reading, const struct change *change,
		 const struct stored_change_item *item,
		 struct definition **before, struct definition **after,
		 struct error *err)
{
	struct stored_item stored = { .environment = change->environment,
				      .kind = item->kind,
				      .key = item->key };
	enum status rc = STATUS_OK;

	if (item->before.length > 0) {
		stored.revision = item->before_revision;
		stored.at_ms = item->before_at_ms;
		stored.actor = item->before_actor;
		stored.text = item->before;
		rc = past_definition(&stored, &reading->scratch, before, err);
	}
	if (rc == STATUS_OK && item->after.length > 0) {
		stored.revision = change->revision;
		stored.at_ms = change->at_ms;
		stored.actor = change->actor;
		stored.text = item->after;
		rc = past_definition(&stored, &reading->scratch, after, err);
	}
	return rc;
}

static enum status
take_item(const struct stored_change_item *item, void *ctx, struct error *err)
{
	struct page_reading *reading = ctx;
	struct definition *before = NULL;
	struct definition *after = NULL;
	struct change *change;
	enum status rc;

	if (reading->has_more)
		return STATUS_OK;
	change = reading->changes[reading->count - 1];
	reading->bytes += item->before.length + item->after.length;
	if (reading->count > 1 && reading->bytes > PAGE_BYTES_MAX) {
		change_free(change);
		reading->count--;
		reading->has_more = true;
		return STATUS_OK;
	}
	rc = item_definitions(reading, change, item, &before, &after, err);
	if (rc == STATUS_OK)
		change_add(change, item->kind, item->key, before, after);
	definition_unref(before);
	definition_unref(after);
	arena_reset(&reading->scratch);
	return rc;
}

enum status
page_reading_step(struct page_reading *reading, int rows, bool *done,
		  struct error *err)
{
	const struct history_receiver receiver = { begin_change, take_item,
						   reading };
	enum status rc =
	    store_history_step(reading->history, rows, &receiver, done, err);

	*done = *done || reading->has_more;
	return rc;
}

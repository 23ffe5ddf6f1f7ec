#include "snapshot_reading.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "loader.h"

void
snapshot_reading_begin(struct snapshot_reading *reading, struct store *store,
		       const struct past_query *query)
{
	*reading = (struct snapshot_reading){
		.store = store,
		.query = *query,
		.past = store_past_new(store, query),
	};
	map_init(&reading->rules);
	arena_init(&reading->kept);
	arena_init(&reading->scratch);
}

bool
snapshot_reading_release(struct snapshot_reading *reading, size_t count)
{
	while (reading->count > 0 && count-- > 0)
		definition_unref(reading->entries[--reading->count]);
	return reading->count == 0;
}

void
snapshot_reading_end(struct snapshot_reading *reading)
{
	(void)snapshot_reading_release(reading, SIZE_MAX);
	definition_unref(reading->settings);
	free(reading->entries);
	store_past_free(reading->past);
	map_fini(&reading->rules);
	arena_fini(&reading->kept);
	arena_fini(&reading->scratch);
}

static const struct value *
find_rule(void *ctx, struct string name)
{
	struct snapshot_reading *reading = ctx;

	return map_find(&reading->rules, name.data, name.length);
}

static enum status
keep_rule(struct snapshot_reading *reading, const struct definition *segment,
	  struct error *err)
{
	struct value *rule = arena_alloc(&reading->kept, sizeof(*rule));
	enum status rc = definition_value(segment, &reading->kept, rule, err);

	if (rc == STATUS_OK)
		map_put(&reading->rules, segment->key.data, segment->key.length,
			rule);
	return rc;
}

static void
keep(struct snapshot_reading *reading, struct definition *definition)
{
	if (reading->entries == NULL) {
		reading->count = store_past_count(reading->past);
		reading->entries = mem_zalloc(reading->count, sizeof(void *));
	}
	reading->entries[store_past_position(reading->past)] = definition;
}

/* Segments come before the toggles that refer to them. */
static enum status
take_item(const struct stored_item *item, void *ctx, struct error *err)
{
	struct snapshot_reading *reading = ctx;
	struct definition_scope scope = { .segment = find_rule,
					  .ctx = reading,
					  .lenient = true,
					  .pointer = "" };
	struct definition *definition = NULL;
	enum status rc;

	if (item->removed || item->kind == KIND_TOKEN)
		return STATUS_OK;
	rc = loader_definition(item, &scope, &reading->scratch, &definition,
			       err);
	arena_reset(&reading->scratch);
	if (rc != STATUS_OK)
		return rc;
	if (item->kind == KIND_ENVIRONMENT) {
		definition_unref(reading->settings);
		reading->settings = definition;
		return STATUS_OK;
	}
	keep(reading, definition);
	if (item->kind != KIND_SEGMENT)
		return STATUS_OK;
	reading->segment_count++;
	return keep_rule(reading, definition, err);
}

enum status
snapshot_reading_step(struct snapshot_reading *reading, int rows, bool *done,
		      struct error *err)
{
	const struct store_receiver receiver = { take_item, reading };

	return store_past_step(reading->past, rows, &receiver, done, err);
}

/* Without the places where nothing was. */
static void
close_ranks(struct snapshot_reading *reading)
{
	size_t count = 0;

	for (size_t i = 0; i < reading->count; i++) {
		if (reading->entries[i] != NULL)
			reading->entries[count++] = reading->entries[i];
	}
	reading->count = count;
}

static void *const *
toggles(const struct snapshot_reading *reading)
{
	return reading->entries == NULL
		   ? NULL
		   : reading->entries + reading->segment_count;
}

enum status
snapshot_reading_finish(struct snapshot_reading *reading,
			struct snapshot **snapshot, struct error *err)
{
	const struct past_query *query = &reading->query;
	struct snapshot_parts parts = { .environment = query->environment };
	enum status rc;

	if (reading->settings == NULL)
		return error_set(err, STATUS_NOT_FOUND,
				 "environment '%.*s' did not exist at revision "
				 "%" PRId64,
				 (int)query->environment.length,
				 query->environment.data, query->at);
	close_ranks(reading);
	parts.settings = reading->settings;
	parts.segments = reading->entries;
	parts.segment_count = reading->segment_count;
	parts.toggles = toggles(reading);
	parts.toggle_count = reading->count - reading->segment_count;
	rc = store_last_change(reading->store, query->environment, query->at,
			       &parts.revision, &parts.at_ms, err);
	if (rc == STATUS_OK)
		*snapshot = snapshot_from_parts(&parts);
	return rc;
}

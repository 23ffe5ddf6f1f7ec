/*
 * A database with bytes overwritten or cut off. The input is a
 * list of faults for one of two good databases; the second one was pruned.
 * Nothing may crash. What verify calls good is what was there, to the byte; a
 * damage it finds is named; and a server starts from it or says why not.
 */
#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "scratch.h"
#include "store/database.h"
#include "world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { GOOD_COUNT = 2, FAULT_BYTES = 4, HISTORY_LIMIT = 100 };

struct good {
	struct bytes file;
	struct bytes content; /* as dump_store has it */
	struct database_facts facts;
};

static struct good goods[GOOD_COUNT];

static const struct {
	const char *environment, *body;
} changes[] = {
	{ "prod",
	  "{\"segments\":{\"s\":{\"in\":[{\"var\":\"p\"},[\"a\",\"b\"]]}}}" },
	{ "prod",
	  "{\"toggles\":{\"checkout\":{\"value\":true},\"dark\":{\"variants\":"
	  "{\"on\":true,\"off\":false},\"defaultVariant\":\"off\","
	  "\"targeting\":{\"if\":[{\"$ref\":\"s\"},\"on\",\"off\"]}}}}" },
	{ "prod",
	  "{\"toggles\":{\"checkout\":{\"description\":\"f\u00fcr alle\"}}}" },
	{ "default",
	  "{\"toggles\":{\"limit\":{\"variants\":{\"a\":1,\"b\":2.5},"
	  "\"defaultVariant\":\"a\",\"tags\":[\"x\",\"y\"]}}}" },
	{ "prod", "{\"toggles\":{\"checkout\":null}}" },
	{ "default", "{\"toggles\":{\"limit\":{\"defaultVariant\":\"b\"}}}" },
	{ "prod", "{\"toggles\":{\"checkout\":{\"value\":\"again\"}}}" },
};

static enum status
dump_item(const struct stored_item *item, void *ctx, struct error *err)
{
	(void)err;
	bytes_printf(ctx,
		     "%.*s %d %.*s @%" PRId64 " %" PRId64 " %.*s %d %.*s\n",
		     (int)item->environment.length, item->environment.data,
		     (int)item->kind, (int)item->key.length, item->key.data,
		     item->revision, item->at_ms, (int)item->actor.length,
		     item->actor.data, item->removed, (int)item->text.length,
		     item->text.data);
	return STATUS_OK;
}

static enum status
dump_change(const struct stored_change *change, void *ctx, struct error *err)
{
	(void)err;
	bytes_printf(ctx, "%" PRId64 " %" PRId64 " %.*s %.*s %.*s\n",
		     change->revision, change->at_ms,
		     (int)change->environment.length, change->environment.data,
		     (int)change->actor.length, change->actor.data,
		     (int)change->comment.length, change->comment.data);
	for (size_t i = 0; i < change->count; i++) {
		const struct stored_change_item *item = &change->items[i];

		bytes_printf(ctx, " %d %.*s %.*s|%.*s @%" PRId64 "\n",
			     (int)item->kind, (int)item->key.length,
			     item->key.data, (int)item->before.length,
			     item->before.data, (int)item->after.length,
			     item->after.data, item->before_revision);
	}
	return STATUS_OK;
}

/* All that can be asked of a store: each state it keeps, and the history. */
static enum status
dump_store(struct store *store, struct bytes *out, struct error *err)
{
	const struct history_query all = { .limit = HISTORY_LIMIT };
	enum status rc = STATUS_OK;
	int64_t at = store_oldest(store);

	/* A damaged head is found before the loop runs to it. */
	bytes_printf(out, "%" PRId64 " to %" PRId64 "\n", at,
		     store_head(store));
	for (int n = 0;
	     rc == STATUS_OK && at <= store_head(store) && n < HISTORY_LIMIT;
	     at++, n++)
		rc = store_load(store, (struct string){ "", 0 }, at, dump_item,
				out, err);
	if (rc == STATUS_OK)
		rc = store_history(store, &all, dump_change, out, err);
	return rc;
}

static void
build(struct good *good, bool prune)
{
	const char *path = scratch_path("good");
	struct world world = { .now_ms = 1000 };
	struct error err;
	bool done = !prune;

	error_init(&err);
	if (world_open(&world, path, &err) != STATUS_OK)
		finding("the good database: %s", err.text);
	world_environment(&world, "default");
	world_environment(&world, "prod");
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		world.now_ms += 1000;
		world_change(&world, changes[i].environment, changes[i].body);
	}
	while (!done)
		if (store_prune(world.store, 6500, INT64_MAX, 100, &done,
				&err) != STATUS_OK)
			finding("prune: %s", err.text);
	if (dump_store(world.store, &good->content, &err) != STATUS_OK)
		finding("dump: %s", err.text);
	world_close(&world);
	if (database_verify(path, &good->facts, &err) != STATUS_OK)
		finding("the good database: %s", err.text);
	scratch_read(path, &good->file);
	scratch_clear();
}

/* Four bytes each: where (three, wrapped to the file) and what. The
 * highest places cut the file off instead. */
static void
damage(struct bytes *file, const uint8_t *data, size_t size)
{
	for (; size >= FAULT_BYTES; data += FAULT_BYTES, size -= FAULT_BYTES) {
		size_t at =
		    (size_t)data[0] << 16 | (size_t)data[1] << 8 | data[2];

		if (at >= 0xff0000) {
			file->length = (at & 0xffff) % (file->length + 1);
			if (file->length == 0)
				return;
			continue;
		}
		file->data[at % file->length] = (char)data[3];
	}
}

static bool
verify(const struct good *good, const char *path)
{
	struct database_facts facts;
	struct error err;

	error_init(&err);
	if (database_verify(path, &facts, &err) == STATUS_OK) {
		if (facts.head != good->facts.head ||
		    facts.oldest != good->facts.oldest ||
		    facts.changes != good->facts.changes)
			finding("good, but goes from %" PRId64 " to %" PRId64,
				facts.oldest, facts.head);
		return true;
	}
	if (strncmp(err.text, path, strlen(path)) != 0 ||
	    strlen(err.text) < strlen(path) + 3 || err.code == STATUS_OK ||
	    err.code == STATUS_INTERNAL)
		finding("not named: %d '%s'", (int)err.code, err.text);
	return false;
}

/* What a server does with it; `whole`: verify found nothing wrong. */
static void
serve(const struct good *good, const char *path, bool whole)
{
	struct world world = { .now_ms = 9000 };
	struct bytes content;
	struct error err;
	enum status rc;

	error_init(&err);
	if (world_open(&world, path, &err) != STATUS_OK) {
		if (whole || err.text[0] == '\0')
			finding("it does not start: '%s'", err.text);
		return;
	}
	bytes_init(&content);
	rc = dump_store(world.store, &content, &err);
	if (rc != err.code || (whole && rc != STATUS_OK))
		finding("status %d, '%s'", (int)rc, err.text);
	if (whole &&
	    (content.length != good->content.length ||
	     memcmp(content.data, good->content.data, content.length) != 0))
		finding("good, but it is\n%s", content.data);
	bytes_fini(&content);
	world_close(&world);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct good *good;
	struct bytes file;
	char path[128];

	if (size == 0)
		return 0;
	if (goods[0].file.length == 0) {
		build(&goods[0], false);
		build(&goods[1], true);
	}
	good = &goods[data[0] % GOOD_COUNT];
	bytes_init(&file);
	bytes_append(&file, good->file.data, good->file.length);
	damage(&file, data + 1, size - 1);
	(void)strcpy(path, scratch_path("t.db"));
	scratch_write(path, file.data, file.length);
	serve(good, path, verify(good, path));
	scratch_clear();
	bytes_fini(&file);
	return 0;
}

/*
 * The past state is walked once, out of the store. What is stored byte for byte
 * as it is now needs no edit, so rewinding one flip among 100,000 toggles makes
 * one edit. Then what is there now but was not then is removed.
 */
#include "rollback.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/token.h"
#include "past.h"

struct rewind {
	struct draft *draft;
	const struct rollback_order *order;
	struct map selected; /* of order->keys, where there are any */
	struct map then;     /* kind and key -> anything: it was there */
	struct edit *edits;
	size_t count;
	size_t capacity;
	bool existed; /* the environment, at that moment */
	bool settings_kept;
};

/* An editor's rollback leaves alone what is an administrator's: in a night that
 * is better than a refusal, as long as it is said. */
static bool
may_change(const struct draft *draft, enum kind kind)
{
	return kind != KIND_ENVIRONMENT ||
	       token_check_role(draft->by, token_role_to_change(kind), NULL) ==
		   STATUS_OK;
}

static void
select_keys(struct rewind *rewind)
{
	const struct rollback_order *order = rewind->order;

	for (size_t i = 0; i < order->key_count; i++)
		(void)map_put(&rewind->selected, order->keys[i].data,
			      order->keys[i].length, rewind);
}

static bool
is_selected(const struct rewind *rewind, enum kind kind, struct string key)
{
	if (rewind->order->key_count == 0)
		return true;
	return kind == KIND_TOGGLE &&
	       map_find(&rewind->selected, key.data, key.length) != NULL;
}

static struct string
then_name(struct rewind *rewind, enum kind kind, struct string key)
{
	char *name = arena_alloc(&rewind->draft->arena, key.length + 1);

	name[0] = (char)('0' + (int)kind);
	memcpy(name + 1, key.data, key.length);
	return (struct string){ name, key.length + 1 };
}

static struct edit *
push(struct rewind *rewind)
{
	struct edit *edit;

	if (rewind->count == rewind->capacity) {
		rewind->capacity = rewind->capacity * 2 + 16;
		rewind->edits = mem_resize(rewind->edits, rewind->capacity,
					   sizeof(*rewind->edits));
	}
	edit = &rewind->edits[rewind->count++];
	memset(edit, 0, sizeof(*edit));
	edit->pointer = "";
	return edit;
}

/* One thing as it was. */
static enum status
then_there(const struct stored_item *item, void *ctx, struct error *err)
{
	struct rewind *rewind = ctx;
	struct arena *arena = &rewind->draft->arena;
	const struct definition *now;
	struct definition *was = NULL;
	struct string name;
	struct edit *edit;
	enum status rc;

	if (item->removed)
		return STATUS_OK;
	if (item->kind == KIND_ENVIRONMENT)
		rewind->existed = true;
	if (!is_selected(rewind, item->kind, item->key))
		return STATUS_OK;
	name = then_name(rewind, item->kind, item->key);
	map_put(&rewind->then, name.data, name.length, rewind);
	now = draft_find(rewind->draft, item->kind, item->key);
	if (now != NULL && string_equal(now->stored, item->text))
		return STATUS_OK;
	if (!may_change(rewind->draft, item->kind)) {
		rewind->settings_kept = true;
		return STATUS_OK;
	}
	rc = past_definition(item, arena, &was, err);
	if (rc != STATUS_OK)
		return rc;
	edit = push(rewind);
	edit->verb = EDIT_PUT;
	edit->kind = item->kind;
	edit->key.data = arena_copy(arena, item->key.data, item->key.length);
	edit->key.length = item->key.length;
	rc = definition_value(was, arena, &edit->value, err);
	definition_unref(was);
	return rc;
}

/* What is there now and was not then. */
static void
remove_newer(struct rewind *rewind, enum kind kind)
{
	struct snapshot_walk walk;
	const struct definition *d;

	snapshot_walk_from(&walk, rewind->draft->base, kind,
			   (struct string){ "", 0 });
	for (;;) {
		struct string name;
		struct edit *edit;

		d = snapshot_walk_next(&walk);
		if (d == NULL)
			return;
		if (!is_selected(rewind, kind, d->key))
			continue;
		name = then_name(rewind, kind, d->key);
		if (map_find(&rewind->then, name.data, name.length) != NULL)
			continue;
		edit = push(rewind);
		edit->verb = EDIT_REMOVE;
		edit->kind = kind;
		edit->key = d->key;
	}
}

/* A key that neither was there nor is there is a slip of the pen. */
static enum status
check_keys(struct rewind *rewind, struct error *err)
{
	const struct rollback_order *order = rewind->order;

	for (size_t i = 0; i < order->key_count; i++) {
		struct string name =
		    then_name(rewind, KIND_TOGGLE, order->keys[i]);

		if (map_find(&rewind->then, name.data, name.length) == NULL &&
		    draft_find(rewind->draft, KIND_TOGGLE, order->keys[i]) ==
			NULL)
			return error_set(err, STATUS_NOT_FOUND,
					 "there is no toggle '%.*s', neither "
					 "now nor then",
					 (int)order->keys[i].length,
					 order->keys[i].data);
	}
	return STATUS_OK;
}

enum status
rollback_apply(struct store *store, struct job *job, struct draft *draft,
	       struct error *err)
{
	struct rewind rewind = { .draft = draft, .order = &job->rollback };
	int64_t revision;
	enum status rc;

	map_init(&rewind.then);
	map_init(&rewind.selected);
	select_keys(&rewind);
	rc = past_revision(store, &job->rollback.to, &revision, err);
	/* Of a former life nothing was there, for who may not see it. */
	if (rc == STATUS_OK && revision >= job->rollback.not_before)
		rc = store_load(store, job->environment, revision, then_there,
				&rewind, err);
	if (rc == STATUS_OK && !rewind.existed)
		rc = error_set(err, STATUS_INVALID,
			       "environment '%.*s' did not exist at "
			       "revision %" PRId64,
			       (int)job->environment.length,
			       job->environment.data, revision);
	if (rc == STATUS_OK)
		rc = check_keys(&rewind, err);
	if (rc == STATUS_OK) {
		remove_newer(&rewind, KIND_TOGGLE);
		remove_newer(&rewind, KIND_SEGMENT);
		/* What was stored once may be stored again, broken or not. */
		draft->lenient = true;
		rc = draft_apply(draft, rewind.edits, rewind.count, err);
		draft->lenient = false;
	}
	job->settings_kept = rewind.settings_kept;
	map_fini(&rewind.then);
	map_fini(&rewind.selected);
	free(rewind.edits);
	return rc;
}

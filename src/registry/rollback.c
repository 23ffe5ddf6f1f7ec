/*
 * What was there then has been read before (then.h), or is read here at once.
 * What is now what it was then needs no edit, so rewinding one flip among
 * 100,000 toggles makes one. Then what is there now but was not then is
 * removed.
 *
 * It goes by kinds, in the order in which they depend on each other, one edit
 * at a time: what one of them takes is released before the next.
 */
#include "rollback.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "model/token.h"
#include "past.h"
#include "then.h"

enum { STEP_ROWS = 4096 };

struct rewind {
	struct draft *draft;
	const struct rollback_order *order;
	struct then *then;
	struct arena scratch; /* of one edit */
	bool settings_kept;
};

static const enum kind kinds[] = { KIND_ENVIRONMENT, KIND_SEGMENT,
				   KIND_TOGGLE };

/* An editor's rollback leaves alone what is an administrator's: in a night that
 * is better than a refusal, as long as it is said. */
static bool
may_change(const struct draft *draft, enum kind kind)
{
	return kind != KIND_ENVIRONMENT ||
	       token_check_role(draft->by, token_role_to_change(kind), NULL) ==
		   STATUS_OK;
}

/* One thing, put back as it was. */
static enum status
put_back(const struct stored_item *item, void *ctx, struct error *err)
{
	struct rewind *rewind = ctx;
	const struct definition *now =
	    draft_find(rewind->draft, item->kind, item->key);
	struct edit edit = { .verb = EDIT_PUT,
			     .kind = item->kind,
			     .key = item->key,
			     .pointer = "",
			     .is_stored = true };
	struct definition *was = NULL;
	enum status rc;

	if (now != NULL && string_equal(now->stored, item->text))
		return STATUS_OK;
	if (!may_change(rewind->draft, item->kind)) {
		rewind->settings_kept = true;
		return STATUS_OK;
	}
	rc = past_definition(item, &rewind->scratch, &was, err);
	if (rc == STATUS_OK)
		rc = definition_value(was, &rewind->scratch, &edit.value, err);
	if (rc == STATUS_OK)
		rc = draft_apply(rewind->draft, &edit, 1, err);
	definition_unref(was);
	return rc;
}

static enum status
put_back_all(struct rewind *rewind, enum kind kind, struct error *err)
{
	const struct then *then = rewind->then;
	enum status rc = STATUS_OK;

	for (size_t i = 0; i < then->count && rc == STATUS_OK; i++) {
		const struct then_item *item = &then->items[i];
		const struct definition *now;

		if (item->kind != kind)
			continue;
		now = draft_find(rewind->draft, kind, item->key);
		if (now != NULL && now->revision == item->revision)
			continue;
		rc = then_read(rewind->then, item, put_back, rewind, err);
		arena_reset(&rewind->scratch);
	}
	return rc;
}

static enum status
remove_one(struct rewind *rewind, const struct definition *d, struct error *err)
{
	const struct edit edit = { .verb = EDIT_REMOVE,
				   .kind = d->kind,
				   .key = d->key,
				   .pointer = "" };

	if (then_find(rewind->then, d->kind, d->key) != NULL)
		return STATUS_OK;
	return draft_apply(rewind->draft, &edit, 1, err);
}

/* What is there now and was not then. */
static enum status
remove_newer(struct rewind *rewind, enum kind kind, struct error *err)
{
	struct snapshot_walk walk;
	const struct definition *d;
	enum status rc = STATUS_OK;

	snapshot_walk_from(&walk, rewind->draft->base, kind,
			   (struct string){ "", 0 });
	while (rc == STATUS_OK) {
		d = snapshot_walk_next(&walk);
		if (d == NULL)
			break;
		rc = remove_one(rewind, d, err);
	}
	return rc;
}

/* The same among the keys of the order. One that neither was there nor is there
 * is a slip of the pen. */
static enum status
remove_newer_keys(struct rewind *rewind, struct error *err)
{
	const struct past_query *query = &rewind->then->query;
	enum status rc = STATUS_OK;

	for (size_t i = 0; i < query->key_count && rc == STATUS_OK; i++) {
		const struct definition *now =
		    snapshot_find(rewind->draft->base, KIND_TOGGLE,
				  query->keys[i].data, query->keys[i].length);

		if (now != NULL)
			rc = remove_one(rewind, now, err);
	}
	return rc;
}

static enum status
check_keys(const struct rewind *rewind, struct error *err)
{
	const struct rollback_order *order = rewind->order;

	for (size_t i = 0; i < order->key_count; i++) {
		const struct string key = order->keys[i];

		if (then_find(rewind->then, KIND_TOGGLE, key) == NULL &&
		    draft_find(rewind->draft, KIND_TOGGLE, key) == NULL)
			return error_set(err, STATUS_NOT_FOUND,
					 "there is no toggle '%.*s', neither "
					 "now nor then",
					 (int)key.length, key.data);
	}
	return STATUS_OK;
}

static enum status
apply(struct rewind *rewind, struct error *err)
{
	enum status rc = check_keys(rewind, err);

	for (size_t i = 0;
	     i < sizeof(kinds) / sizeof(kinds[0]) && rc == STATUS_OK; i++) {
		rc = put_back_all(rewind, kinds[i], err);
		if (rc != STATUS_OK || kinds[i] == KIND_ENVIRONMENT)
			continue;
		if (rewind->order->key_count == 0)
			rc = remove_newer(rewind, kinds[i], err);
		else if (kinds[i] == KIND_TOGGLE)
			rc = remove_newer_keys(rewind, err);
	}
	return rc;
}

/* The environment was removed: the rollback makes it again, as an administrator
 * may, and its life goes on. */
static enum status
make_again(const struct rewind *rewind, struct error *err)
{
	const enum status rc = token_check_role(
	    rewind->draft->by, token_role_to_change(KIND_ENVIRONMENT), err);

	if (rc == STATUS_OK)
		rewind->draft->change->life = rewind->then->life;
	return rc;
}

static void
say_step(const struct clock_step *step, int64_t revision,
	 struct warnings *warnings)
{
	char from[CLOCK_TEXT_BYTES];
	char to[CLOCK_TEXT_BYTES];

	clock_format(step->from_ms, from);
	clock_format(step->to_ms, to);
	warnings_add(warnings, "clock-stepped", "/to",
		     "the wall clock was set back before revision %" PRId64
		     ", from %s to %s, so it is doubtful what a time means "
		     "here; it was taken for revision %" PRId64,
		     step->revision, from, to, revision);
}

/* What is said beside the change. */
static void
say(const struct rewind *rewind, struct warnings *warnings)
{
	const struct then *then = rewind->then;

	if (rewind->settings_kept)
		warnings_add(warnings, "settings-kept", "",
			     "the environment's settings were others then; "
			     "they are an administrator's, so they stay as "
			     "they are");
	if (then->step.revision > 0)
		say_step(&then->step, then->to.revision, warnings);
	if (rewind->draft->change->count == 0 && !rewind->settings_kept)
		warnings_add(warnings, "unchanged", "/to",
			     "all of it is as it was at revision %" PRId64
			     " already: nothing was changed",
			     then->to.revision);
}

enum status
rollback_apply(struct store *store, struct job *job, const struct catalog *now,
	       struct draft *draft, struct error *err)
{
	struct then *read_here = NULL;
	struct rewind rewind = { .draft = draft,
				 .order = &job->rollback,
				 .then = job->then };
	enum status rc;

	if (rewind.then == NULL) {
		read_here = then_new(store, job);
		rewind.then = read_here;
		while (!then_step(read_here, STEP_ROWS, now))
			pulse_beat(draft->pulse);
	}
	rc = rewind.then->error.code;
	if (rc == STATUS_OK && draft->base->settings == NULL)
		rc = make_again(&rewind, err);
	if (rc == STATUS_OK) {
		arena_init(&rewind.scratch);
		/* What was stored once may be stored again, broken or not. */
		draft->lenient = true;
		rc = apply(&rewind, err);
		draft->lenient = false;
		arena_fini(&rewind.scratch);
	} else if (err != NULL && rewind.then->error.code != STATUS_OK) {
		*err = rewind.then->error;
	}
	if (rc == STATUS_OK)
		say(&rewind, &job->warnings);
	job->to = rewind.then->to;
	then_free(read_here);
	return rc;
}

#include "past_read.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "past.h"
#include "then.h"

static struct string
copy(struct past_read *question, struct string s)
{
	return (struct string){ arena_copy(&question->arena, s.data, s.length),
				s.length };
}

static void
name_part(struct past_read *question, struct string part)
{
	bytes_printf(&question->name, " %zu:", part.length);
	bytes_append(&question->name, part.data, part.length);
}

static int
compare_keys(const void *a, const void *b)
{
	const struct string *x = a;
	const struct string *y = b;

	return string_compare(*x, *y);
}

/* --- what is asked ------------------------------------------------------ */

/* So many that looking at everything is no more work than sorting them. */
enum { KEYS_MAX = 4096 };

/* Sorted, each once. */
static void
copy_keys(struct past_read *question, const struct past_order *order)
{
	struct past_query *query = &question->past;
	struct string *keys =
	    arena_zalloc(&question->arena, order->key_count + 1, sizeof(*keys));
	size_t count = 0;

	if (order->key_count > 0)
		memcpy(keys, order->keys, order->key_count * sizeof(*keys));
	qsort(keys, order->key_count, sizeof(*keys), compare_keys);
	for (size_t i = 0; i < order->key_count; i++) {
		if (count > 0 && string_equal(keys[count - 1], keys[i]))
			continue;
		keys[count++] = copy(question, keys[i]);
		name_part(question, keys[count - 1]);
	}
	query->keys = keys;
	query->key_count = count;
}

static enum status
ask_past(struct past_read *question, struct store *store, struct job *job)
{
	const struct past_order *order = &job->past;
	struct past_query *query = &question->past;
	enum status rc = past_revision(store, &order->at, order->not_before,
				       &query->at, &job->error);

	if (rc != STATUS_OK)
		return rc;
	query->environment = copy(question, job->environment);
	query->is_of_keys = order->is_of_keys && order->key_count <= KEYS_MAX;
	query->kind = order->kind;
	query->with_segments = order->with_segments;
	bytes_printf(&question->name, "past %" PRId64 " %d%d%d", query->at,
		     query->is_of_keys, (int)query->kind, query->with_segments);
	name_part(question, query->environment);
	if (query->is_of_keys)
		copy_keys(question, order);
	return STATUS_OK;
}

static enum status
ask_history(struct past_read *question, struct store *store, struct job *job)
{
	struct history_query *query = &question->query;
	struct point newest = { .revision = 0 };
	enum status rc;

	*query = job->history;
	rc = past_range(store, job, query);
	if (rc != STATUS_OK)
		return rc;
	query->environment = copy(question, job->history.environment);
	query->key = copy(question, job->history.key);
	query->actor = copy(question, job->history.actor);
	rc = past_point(store, query->environment, INT64_MAX, &newest,
			&job->error);
	if (rc != STATUS_OK)
		return rc;
	job->revision = newest.revision;
	/* The newest of now, also for those who come to it later. */
	if (query->before == 0 || query->before > store_head(store))
		query->before = store_head(store) + 1;
	bytes_printf(&question->name,
		     "history %" PRId64 " %" PRId64 " %" PRId64 " %zu %d",
		     query->after, query->before, query->revision, query->limit,
		     query->is_bare);
	name_part(question, query->environment);
	name_part(question, query->key);
	name_part(question, query->actor);
	return STATUS_OK;
}

static enum status
ask(struct past_read *question, struct store *store, struct job *job)
{
	if (question->type == JOB_PAST)
		return ask_past(question, store, job);
	if (question->type == JOB_HISTORY)
		return ask_history(question, store, job);
	/* What is wrong with it counts only where no answer is remembered. */
	job->then = then_new(store, job);
	return STATUS_OK;
}

struct past_read *
past_read_new(struct store *store, struct job *job)
{
	struct past_read *question = mem_zalloc(1, sizeof(*question));

	question->type = job->type;
	question->last = &question->jobs;
	bytes_init(&question->name);
	arena_init(&question->arena);
	error_init(&question->error);
	if (ask(question, store, job) == STATUS_OK)
		return question;
	(void)past_read_free(question, 0);
	return NULL;
}

void
past_read_add(struct past_read *question, struct job *job)
{
	job->next = NULL;
	*question->last = job;
	question->last = &job->next;
}

bool
past_read_free(struct past_read *question, size_t rows)
{
	const bool is_begun = question->phase != PAST_READ_WAITS;

	if (question->type == JOB_PAST && is_begun) {
		if (!snapshot_reading_release(&question->reading, rows))
			return false;
		snapshot_reading_end(&question->reading);
		snapshot_unref(question->snapshot);
	} else if (question->type == JOB_HISTORY && is_begun) {
		page_reading_end(&question->page);
	}
	arena_fini(&question->arena);
	bytes_fini(&question->name);
	free(question);
	return true;
}

/* --- working on it ------------------------------------------------------ */

static void
begin(struct past_read *question, struct store *store)
{
	if (question->type == JOB_PAST)
		snapshot_reading_begin(&question->reading, store,
				       &question->past);
	else if (question->type == JOB_HISTORY)
		page_reading_begin(&question->page, store, &question->query);
	question->phase = PAST_READ_IS_BEGUN;
}

/* A rollback has one job: it has no equal. */
static enum status
step(struct past_read *question, int rows, const struct catalog *now,
     bool *done)
{
	switch (question->type) {
	case JOB_PAST:
		return snapshot_reading_step(&question->reading, rows, done,
					     &question->error);
	case JOB_HISTORY:
		return page_reading_step(&question->page, rows, done,
					 &question->error);
	case JOB_ROLLBACK:
	case JOB_WRITE:
	case JOB_BACKUP:
		break;
	}
	*done = then_step(question->jobs->then, rows, now);
	return STATUS_OK;
}

static enum status
finish_page(struct past_read *question, const struct store *store)
{
	const struct history_query *query = &question->query;

	if (query->revision > 0 && query->revision < store_oldest(store))
		return past_set_pruned(store, STATUS_NOT_FOUND,
				       &question->error);
	if (query->revision != 0 && question->page.count == 0)
		return error_set(
		    &question->error, STATUS_NOT_FOUND,
		    "there is no change %" PRId64 " in environment '%.*s'",
		    query->revision, (int)query->environment.length,
		    query->environment.data);
	return STATUS_OK;
}

static enum status
finish(struct past_read *question, struct store *store)
{
	if (question->type == JOB_PAST)
		return snapshot_reading_finish(
		    &question->reading, &question->snapshot, &question->error);
	if (question->type == JOB_HISTORY)
		return finish_page(question, store);
	return STATUS_OK;
}

bool
past_read_step(struct past_read *question, struct store *store, int rows,
	       const struct catalog *now)
{
	bool done = false;
	enum status rc;

	if (question->phase == PAST_READ_WAITS)
		begin(question, store);
	rc = step(question, rows, now, &done);
	if (rc == STATUS_OK && done)
		rc = finish(question, store);
	if (rc != STATUS_OK || done)
		question->phase = PAST_READ_IS_OVER;
	return question->phase == PAST_READ_IS_OVER;
}

/* --- what it came to ---------------------------------------------------- */

static struct change *
copy_change(const struct change *from)
{
	struct change *to =
	    change_new(from->environment, from->actor, from->comment);

	to->revision = from->revision;
	to->at_ms = from->at_ms;
	to->has_hash = from->has_hash;
	memcpy(to->hash, from->hash, SHA256_BYTES);
	for (size_t i = 0; i < from->count; i++)
		change_add(to, from->items[i].kind, from->items[i].key,
			   from->items[i].before, from->items[i].after);
	return to;
}

/* The last to ask takes the page, those before him get copies. */
static void
give_page(struct page_reading *page, struct job *job)
{
	job->change_count = page->count;
	job->has_more_changes = page->has_more;
	if (job->next == NULL) {
		job->changes = page->changes;
		page->changes = NULL;
		page->count = 0;
		return;
	}
	job->changes = mem_zalloc(page->count + 1, sizeof(struct change *));
	for (size_t i = 0; i < page->count; i++)
		job->changes[i] = copy_change(page->changes[i]);
}

/* The same here, so that whoever is last to be done with it frees it, and that
 * is not the registry's thread. */
static void
give_snapshot(struct past_read *question, struct job *job)
{
	job->snapshot = snapshot_ref(question->snapshot);
	job->revision = job->snapshot->revision;
	if (job->next == NULL) {
		snapshot_unref(question->snapshot);
		question->snapshot = NULL;
	}
}

void
past_read_answer(struct past_read *question, struct job *job)
{
	job->status = question->error.code;
	if (job->status != STATUS_OK) {
		job->error = question->error;
	} else if (question->type == JOB_PAST) {
		give_snapshot(question, job);
	} else if (question->type == JOB_HISTORY) {
		give_page(&question->page, job);
	}
}

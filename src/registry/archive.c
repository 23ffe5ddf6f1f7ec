#include "archive.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "past_read.h"

enum {
	SLICE_US = 4000,
	/* Some hundred microseconds: between two of them the archive looks
	 * whether somebody writes. */
	STEP_ROWS = 24,
	RELEASE_ROWS = 512,
	/* Partial results are in memory: so many questions are worked on at a
	 * time, each of another asker. */
	BEGUN_MAX = 8,
	/* Who shuts down his sending side with a question that is answered at
	 * once still gets the answer. */
	ABANDONED_MS = 500,
};

struct asker {
	struct string id; /* the map's key */
	size_t questions;
	bool is_served; /* one of his questions has been begun */
	uint64_t steps; /* that he has had */
};

void
archive_init(struct archive *archive)
{
	archive->fresh = NULL;
	archive->last_fresh = &archive->fresh;
	archive->first = NULL;
	archive->last = &archive->first;
	archive->begun = 0;
	archive->over = NULL;
	map_init(&archive->by_name);
	map_init(&archive->askers);
	atomic_init(&archive->shared, 0);
	atomic_init(&archive->dropped, 0);
}

void
archive_put(struct archive *archive, struct job *job)
{
	job->next = NULL;
	*archive->last_fresh = job;
	archive->last_fresh = &job->next;
}

bool
archive_is_busy(const struct archive *archive)
{
	return archive->fresh != NULL || archive->first != NULL ||
	       archive->over != NULL;
}

/* --- askers ------------------------------------------------------------- */

static uint64_t
least_steps(const struct archive *archive)
{
	const struct asker *asker;
	uint64_t least = UINT64_MAX;
	size_t at = 0;

	while ((asker = map_next(&archive->askers, &at)) != NULL) {
		if (asker->steps < least)
			least = asker->steps;
	}
	return least == UINT64_MAX ? 0 : least;
}

/* Who comes anew stands beside the one who has had the least. */
static struct asker *
join_asker(struct archive *archive, struct string id)
{
	struct asker *asker;

	if (id.length == 0)
		id.data = "";
	asker = map_find(&archive->askers, id.data, id.length);
	if (asker == NULL) {
		asker = mem_zalloc(1, sizeof(*asker));
		asker->id.data = mem_copy(id.data, id.length);
		asker->id.length = id.length;
		asker->steps = least_steps(archive);
		(void)map_put(&archive->askers, id.data, id.length, asker);
	}
	asker->questions++;
	return asker;
}

static void
leave_asker(struct archive *archive, struct asker *asker)
{
	if (--asker->questions > 0)
		return;
	(void)map_take(&archive->askers, asker->id.data, asker->id.length);
	free((void *)(uintptr_t)asker->id.data);
	free(asker);
}

/* --- the list ----------------------------------------------------------- */

/* Nobody joins it any more. */
static void
close_name(struct archive *archive, const struct past_read *question)
{
	const struct bytes *name = &question->name;

	if (name->length > 0 &&
	    map_find(&archive->by_name, name->data, name->length) == question)
		(void)map_take(&archive->by_name, name->data, name->length);
}

static void
enlist(struct archive *archive, struct past_read *question, struct job *job)
{
	const struct bytes *name = &question->name;

	question->asker = join_asker(archive, job->asker);
	past_read_add(question, job);
	*archive->last = question;
	archive->last = &question->next;
	if (name->length > 0)
		(void)map_put(&archive->by_name, name->data, name->length,
			      question);
}

/* Out of the list; its jobs have been answered. */
static void
unlist(struct archive *archive, struct past_read **link)
{
	struct past_read *question = *link;

	*link = question->next;
	if (question->next == NULL)
		archive->last = link;
	close_name(archive, question);
	if (question->phase != PAST_READ_WAITS) {
		archive->begun--;
		question->asker->is_served = false;
	}
	leave_asker(archive, question->asker);
	question->next = archive->over;
	archive->over = question;
}

static bool
is_given_up(const struct job *job, int64_t now_ms)
{
	return job->type != JOB_ROLLBACK && atomic_load(&job->is_abandoned) &&
	       now_ms - job->submitted_ms >= ABANDONED_MS;
}

static void
drop(struct archive *archive, struct job *job)
{
	atomic_fetch_add(&archive->dropped, 1);
	job->status = error_set(&job->error, STATUS_BUSY,
				"nobody waited for it any more");
	archive->done(archive->ctx, job);
}

/* What a job asks. One that cannot be asked is answered at once. */
static void
take_job(struct archive *archive, struct job *job)
{
	struct past_read *question = past_read_new(archive->store, job);
	const struct bytes *name;
	struct past_read *equal = NULL;

	if (question == NULL) {
		job->status = job->error.code;
		archive->done(archive->ctx, job);
		return;
	}
	name = &question->name;
	if (name->length > 0)
		equal = map_find(&archive->by_name, name->data, name->length);
	if (equal == NULL) {
		enlist(archive, question, job);
		return;
	}
	atomic_fetch_add(&archive->shared, 1);
	past_read_add(equal, job);
	(void)past_read_free(question, 0);
}

static bool
take_fresh(struct archive *archive)
{
	struct job *job = archive->fresh;

	if (job == NULL)
		return false;
	archive->fresh = job->next;
	if (archive->fresh == NULL)
		archive->last_fresh = &archive->fresh;
	if (is_given_up(job, clock_mono_ms(&archive->clock)))
		drop(archive, job);
	else
		take_job(archive, job);
	return true;
}

/* --- those who do not wait any more ------------------------------------- */

static void
drop_jobs(struct archive *archive, struct past_read *question, int64_t now_ms)
{
	struct job **link = &question->jobs;

	while (*link != NULL) {
		struct job *job = *link;

		if (!is_given_up(job, now_ms)) {
			link = &job->next;
			continue;
		}
		*link = job->next;
		drop(archive, job);
	}
	question->last = link;
}

static void
drop_abandoned(struct archive *archive)
{
	const int64_t now_ms = clock_mono_ms(&archive->clock);
	struct past_read **link = &archive->first;

	while (*link != NULL) {
		drop_jobs(archive, *link, now_ms);
		if ((*link)->jobs == NULL)
			unlist(archive, link);
		else
			link = &(*link)->next;
	}
}

/* --- work --------------------------------------------------------------- */

/* The one to go on with. */
static struct past_read **
choose(struct archive *archive)
{
	struct past_read **best = NULL;

	for (struct past_read **link = &archive->first; *link != NULL;
	     link = &(*link)->next) {
		const struct past_read *question = *link;
		const bool waits = question->phase == PAST_READ_WAITS;

		if (question->type == JOB_ROLLBACK)
			return link;
		/* One of an asker at a time, and not too many in all. */
		if (waits &&
		    (question->asker->is_served || archive->begun >= BEGUN_MAX))
			continue;
		if (best == NULL ||
		    question->asker->steps < (*best)->asker->steps)
			best = link;
	}
	return best;
}

static void
answer(struct archive *archive, struct past_read **link)
{
	struct past_read *question = *link;

	while (question->jobs != NULL) {
		struct job *job = question->jobs;

		past_read_answer(question, job);
		question->jobs = job->next;
		archive->done(archive->ctx, job);
	}
	unlist(archive, link);
}

static void
work(struct archive *archive, struct past_read **link,
     const struct catalog *now)
{
	struct past_read *question = *link;
	bool is_over;

	if (question->phase == PAST_READ_WAITS) {
		archive->begun++;
		question->asker->is_served = true;
	}
	is_over = past_read_step(question, archive->store, STEP_ROWS, now);
	question->asker->steps++;
	if (is_over)
		answer(archive, link);
}

/* Some of what is over; a large result that nobody took is many frees. */
static bool
release(struct archive *archive)
{
	struct past_read *question = archive->over;
	struct past_read *next;

	if (question == NULL)
		return false;
	next = question->next;
	if (past_read_free(question, RELEASE_ROWS))
		archive->over = next;
	return true;
}

void
archive_step(struct archive *archive, const struct catalog *now)
{
	const int64_t until_us = clock_stopwatch_us() + SLICE_US;
	struct past_read **link;

	drop_abandoned(archive);
	do {
		pulse_beat(archive->pulse);
		if (take_fresh(archive) || release(archive))
			continue;
		link = choose(archive);
		if (link == NULL)
			return;
		work(archive, link, now);
	} while (clock_stopwatch_us() < until_us &&
		 !archive->is_urgent(archive->ctx));
}

void
archive_refuse(struct archive *archive, const struct error *err)
{
	while (take_fresh(archive))
		continue;
	while (archive->first != NULL) {
		archive->first->error = *err;
		answer(archive, &archive->first);
	}
	while (release(archive))
		continue;
}

void
archive_fini(struct archive *archive)
{
	while (release(archive))
		continue;
	map_fini(&archive->by_name);
	map_fini(&archive->askers);
}

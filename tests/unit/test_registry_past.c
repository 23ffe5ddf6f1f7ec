/*
 * Reads of the past beside writes: what goes first, what is shared, what is
 * dropped, and what a rollback takes for "now". The registry's thread is held
 * while jobs are submitted, so it finds all of them at once.
 */
#include <check.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "fixture_registry.h"
#include "suite.h"

enum {
	TOGGLES = 200,
	READS = 12,
	SHARE = 16, /* of the desk's mailbox */
	CHAIN = 19, /* fewer than the steps of reading all */
	LATER_MS = 10000,
};

static struct desk desk;
static atomic_int order; /* of what is done */
static atomic_int_least64_t skipped_ms;

static int64_t
tell_wall_ms(void *ctx)
{
	const struct clock clock = clock_system();

	(void)ctx;
	return clock_wall_ms(&clock);
}

static int64_t
tell_mono_ms(void *ctx)
{
	const struct clock clock = clock_system();

	(void)ctx;
	return clock_mono_ms(&clock) + atomic_load(&skipped_ms);
}

/* Revision 2 makes all of them, each later one changes one. */
static void
setup(void)
{
	struct ticket fill;
	struct edit *edits;
	char key[16];

	desk_open(&desk);
	desk_stop(&desk);
	desk.config.clock.wall_ms = tell_wall_ms;
	desk.config.clock.mono_ms = tell_mono_ms;
	desk_start(&desk);
	ticket_init(&fill, &desk, JOB_WRITE);
	edits = arena_zalloc(&desk.arena, TOGGLES, sizeof(*edits));
	for (int i = 0; i < TOGGLES; i++) {
		(void)snprintf(key, sizeof(key), "t%03d", i);
		edits[i] =
		    *desk_edit(&desk, EDIT_PUT, KIND_TOGGLE,
			       arena_copy(&desk.arena, key, strlen(key)), "{}");
	}
	fill.job.write.edits = edits;
	fill.job.write.count = TOGGLES;
	ck_assert_int_eq(ticket_run(&fill), STATUS_OK);
	job_fini(&fill.job);
	for (int i = 0; i < READS; i++)
		(void)desk_write(&desk, EDIT_PATCH, KIND_TOGGLE, "t000",
				 i % 2 == 0 ? "{\"state\":\"DISABLED\"}"
					    : "{\"state\":\"ENABLED\"}");
}

static void
teardown(void)
{
	desk_close(&desk);
}

/* Tickets that note when they are done. */
struct numbered {
	struct ticket ticket;
	void (*done)(struct job *job);
	int number;
};

static void
on_done(struct job *job)
{
	struct numbered *n = (struct numbered *)job->owner;

	n->number = atomic_fetch_add(&order, 1);
	n->done(job);
}

static void
submit(struct numbered *n, const char *asker)
{
	n->done = n->ticket.job.done;
	n->ticket.job.done = on_done;
	n->ticket.job.asker = desk_string(asker);
	ticket_submit(&n->ticket);
}

static void
ask_past(struct numbered *n, int64_t at, const char *asker)
{
	ticket_init(&n->ticket, &desk, JOB_PAST);
	n->ticket.job.past.at.revision = at;
	submit(n, asker);
}

static void
expect_state(const struct ticket *t, const char *key, bool enabled)
{
	const struct definition *d =
	    snapshot_find(t->job.snapshot, KIND_TOGGLE, key, strlen(key));

	ck_assert_msg(t->job.status == STATUS_OK, "%s", t->job.error.text);
	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq((int)d->enabled, (int)enabled);
	ck_assert_uint_eq(tree_count(t->job.snapshot->toggles), TOGGLES);
}

START_TEST(test_write_when_behind_reads_then_done_before_them)
{
	struct numbered reads[READS], write;

	desk_hold(&desk);
	for (int i = 0; i < READS; i++)
		ask_past(&reads[i], 2 + i, "");
	ticket_edit(&write.ticket, &desk, EDIT_PUT, KIND_TOGGLE, "new", "{}");
	submit(&write, "");
	desk_release(&desk);
	ticket_wait(&write.ticket);
	ck_assert_int_eq(write.ticket.job.status, STATUS_OK);
	for (int i = 0; i < READS; i++) {
		ticket_wait(&reads[i].ticket);
		expect_state(&reads[i].ticket, "t000", i % 2 == 0);
		ck_assert_int_eq(reads[i].ticket.job.revision, 2 + i);
		ck_assert_int_gt(reads[i].number, write.number);
		job_fini(&reads[i].ticket.job);
	}
	job_fini(&write.ticket.job);
}
END_TEST

START_TEST(test_reads_when_equal_then_one_result)
{
	struct numbered reads[READS];

	desk_hold(&desk);
	for (int i = 0; i < READS; i++)
		ask_past(&reads[i], 3, "");
	desk_release(&desk);
	for (int i = 0; i < READS; i++) {
		ticket_wait(&reads[i].ticket);
		expect_state(&reads[i].ticket, "t000", false);
		ck_assert_ptr_eq(reads[i].ticket.job.snapshot,
				 reads[0].ticket.job.snapshot);
	}
	ck_assert_uint_eq(registry_counts(desk.registry).reads_shared,
			  READS - 1);
	ck_assert_uint_eq(registry_counts(desk.registry).reads, 0);
	for (int i = 0; i < READS; i++)
		job_fini(&reads[i].ticket.job);
}
END_TEST

START_TEST(test_pages_when_equal_then_the_same_changes)
{
	struct numbered reads[3];

	desk_hold(&desk);
	for (int i = 0; i < 3; i++) {
		ticket_init(&reads[i].ticket, &desk, JOB_HISTORY);
		reads[i].ticket.job.history.environment =
		    desk_string("default");
		reads[i].ticket.job.history.limit = 3;
		submit(&reads[i], "");
	}
	desk_release(&desk);
	for (int i = 0; i < 3; i++) {
		const struct job *job = &reads[i].ticket.job;

		ticket_wait(&reads[i].ticket);
		ck_assert_int_eq(job->status, STATUS_OK);
		ck_assert_uint_eq(job->change_count, 3);
		ck_assert_int_eq(job->changes[0]->revision, 2 + READS);
		ck_assert_uint_eq(job->changes[0]->count, 1);
		ck_assert_ptr_nonnull(job->changes[0]->items[0].before);
		job_fini(&reads[i].ticket.job);
	}
	ck_assert_uint_eq(registry_counts(desk.registry).reads_shared, 2);
}
END_TEST

/* A crowd of one asker's, then one of another's. */
START_TEST(test_asker_when_another_asks_much_then_not_behind_all_of_it)
{
	struct numbered many[READS], one;

	desk_hold(&desk);
	for (int i = 0; i < READS; i++)
		ask_past(&many[i], 3 + i, "much");
	ask_past(&one, 2, "little");
	desk_release(&desk);
	ticket_wait(&one.ticket);
	for (int i = 0; i < READS; i++)
		ticket_wait(&many[i].ticket);
	ck_assert_int_lt(one.number, many[2].number);
	for (int i = 0; i < READS; i++)
		job_fini(&many[i].ticket.job);
	job_fini(&one.ticket.job);
}
END_TEST

START_TEST(test_asker_when_over_its_share_then_busy_and_others_are_not)
{
	struct numbered many[SHARE], other, late;
	struct error err;

	desk_hold(&desk);
	for (int i = 0; i < SHARE; i++)
		ask_past(&many[i], 2 + i % READS, "much");
	ticket_init(&late.ticket, &desk, JOB_PAST);
	late.ticket.job.past.at.revision = 2;
	late.ticket.job.asker = desk_string("much");
	error_init(&err);
	ck_assert_int_eq(registry_submit(desk.registry, &late.ticket.job, &err),
			 STATUS_BUSY);
	ck_assert_uint_eq(registry_counts(desk.registry).reads_refused, 1);
	ask_past(&other, 2, "other");
	desk_release(&desk);
	ticket_wait(&other.ticket);
	for (int i = 0; i < SHARE; i++) {
		ticket_wait(&many[i].ticket);
		job_fini(&many[i].ticket.job);
	}
	job_fini(&other.ticket.job);
	/* Places come back. */
	ask_past(&late, 2, "much");
	ticket_wait(&late.ticket);
	ck_assert_int_eq(late.ticket.job.status, STATUS_OK);
	job_fini(&late.ticket.job);
}
END_TEST

/* One that nobody waits for is given up, unless somebody else waits for the
 * same; a rollback is a write and is done. */
START_TEST(test_reads_when_abandoned_then_dropped_but_no_write_is)
{
	struct numbered gone, shared, stays, rollback;

	desk_hold(&desk);
	ask_past(&gone, 3, "");
	ask_past(&shared, 4, "");
	ask_past(&stays, 4, "");
	ticket_init(&rollback.ticket, &desk, JOB_ROLLBACK);
	rollback.ticket.job.rollback.to.revision = 3;
	submit(&rollback, "");
	registry_abandon(&gone.ticket.job);
	registry_abandon(&shared.ticket.job);
	registry_abandon(&rollback.ticket.job);
	atomic_fetch_add(&skipped_ms, LATER_MS);
	desk_release(&desk);
	ticket_wait(&gone.ticket);
	ticket_wait(&shared.ticket);
	ticket_wait(&stays.ticket);
	ticket_wait(&rollback.ticket);
	ck_assert_int_eq(gone.ticket.job.status, STATUS_BUSY);
	ck_assert_int_eq(shared.ticket.job.status, STATUS_BUSY);
	expect_state(&stays.ticket, "t000", true);
	ck_assert_int_eq(rollback.ticket.job.status, STATUS_OK);
	ck_assert_uint_eq(registry_counts(desk.registry).reads_dropped, 2);
	ck_assert(!desk_toggle(&desk, "t000")->enabled);
	job_fini(&gone.ticket.job);
	job_fini(&shared.ticket.job);
	job_fini(&stays.ticket.job);
	job_fini(&rollback.ticket.job);
}
END_TEST

/* What is written while a rollback reads is rolled back as well. */
START_TEST(test_rollback_when_written_amid_its_reading_then_exactly_as_then)
{
	struct numbered rollback, write[3];
	static const char *const keys[] = { "t000", "t001", "new" };

	desk_hold(&desk);
	ticket_init(&rollback.ticket, &desk, JOB_ROLLBACK);
	rollback.ticket.job.rollback.to.revision = 2;
	submit(&rollback, "");
	for (int i = 0; i < 3; i++) {
		ticket_edit(&write[i].ticket, &desk, EDIT_PUT, KIND_TOGGLE,
			    keys[i], "{\"description\":\"later\"}");
		submit(&write[i], "");
	}
	desk_release(&desk);
	ticket_wait(&rollback.ticket);
	ck_assert_msg(rollback.ticket.job.status == STATUS_OK, "%s",
		      rollback.ticket.job.error.text);
	for (int i = 0; i < 3; i++) {
		ticket_wait(&write[i].ticket);
		ck_assert_int_eq(write[i].ticket.job.status, STATUS_OK);
		ck_assert_int_lt(write[i].number, rollback.number);
		job_fini(&write[i].ticket.job);
	}
	ck_assert_uint_eq(rollback.ticket.job.change->count, 3);
	ck_assert_ptr_null(desk_toggle(&desk, "new"));
	ck_assert(desk_toggle(&desk, "t000")->enabled);
	ck_assert_ptr_null(
	    strstr(desk_toggle(&desk, "t001")->text.data, "later"));
	job_fini(&rollback.ticket.job);
}
END_TEST

/* Writes of which each, when it is done, submits the next: the archive comes to
 * one step between two of them. */
static struct numbered chain[CHAIN];
static int chained;

static void
on_link_done(struct job *job)
{
	on_done(job);
	if (++chained < CHAIN)
		ticket_submit(&chain[chained].ticket);
}

/* What it has read as the same as now may be another thing by the time that it
 * is held against what there is. */
START_TEST(test_rollback_when_written_behind_its_reading_then_exactly_as_then)
{
	struct numbered rollback;

	for (int i = 0; i < CHAIN; i++) {
		ticket_edit(&chain[i].ticket, &desk, EDIT_PUT, KIND_TOGGLE,
			    i < CHAIN - 4 ? "new" : "t001",
			    i % 2 == 0 ? "{\"description\":\"even\"}"
				       : "{\"description\":\"odd\"}");
		chain[i].done = chain[i].ticket.job.done;
		chain[i].ticket.job.done = on_link_done;
	}
	desk_hold(&desk);
	ticket_init(&rollback.ticket, &desk, JOB_ROLLBACK);
	rollback.ticket.job.rollback.to.revision = 2;
	submit(&rollback, "");
	ticket_submit(&chain[0].ticket);
	desk_release(&desk);
	ticket_wait(&rollback.ticket);
	for (int i = 0; i < CHAIN; i++) {
		ticket_wait(&chain[i].ticket);
		ck_assert_int_eq(chain[i].ticket.job.status, STATUS_OK);
		ck_assert_int_lt(chain[i].number, rollback.number);
		job_fini(&chain[i].ticket.job);
	}
	ck_assert_ptr_null(
	    strstr(desk_toggle(&desk, "t001")->text.data, "description"));
	ck_assert_ptr_null(desk_toggle(&desk, "new"));
	ck_assert(desk_toggle(&desk, "t000")->enabled);
	job_fini(&rollback.ticket.job);
}
END_TEST

START_TEST(test_past_when_asked_for_keys_then_these_alone)
{
	const struct string keys[] = { desk_string("t005"), desk_string("none"),
				       desk_string("t000"),
				       desk_string("t005") };
	struct ticket t;

	ticket_init(&t, &desk, JOB_PAST);
	t.job.past = (struct past_order){ .at.revision = 3,
					  .is_of_keys = true,
					  .kind = KIND_TOGGLE,
					  .keys = keys,
					  .key_count = 4,
					  .with_segments = true };
	ck_assert_int_eq(ticket_run(&t), STATUS_OK);
	ck_assert_uint_eq(tree_count(t.job.snapshot->toggles), 2);
	ck_assert_ptr_nonnull(
	    snapshot_find(t.job.snapshot, KIND_TOGGLE, "t005", 4));
	ck_assert_int_eq(t.job.revision, 3);
	job_fini(&t.job);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_write_when_behind_reads_then_done_before_them);
	tcase_add_test(tc, test_reads_when_equal_then_one_result);
	tcase_add_test(tc, test_pages_when_equal_then_the_same_changes);
	tcase_add_test(
	    tc, test_asker_when_another_asks_much_then_not_behind_all_of_it);
	tcase_add_test(
	    tc, test_asker_when_over_its_share_then_busy_and_others_are_not);
	tcase_add_test(tc,
		       test_reads_when_abandoned_then_dropped_but_no_write_is);
	tcase_add_test(
	    tc,
	    test_rollback_when_written_amid_its_reading_then_exactly_as_then);
	tcase_add_test(
	    tc,
	    test_rollback_when_written_behind_its_reading_then_exactly_as_then);
	tcase_add_test(tc, test_past_when_asked_for_keys_then_these_alone);
}

int
main(void)
{
	return suite_main("registry_past", add);
}

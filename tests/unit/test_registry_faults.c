/*
 * The registry on a store that fails under it: statements that give up, rows
 * that are damaged, a disk that does not sync. Whoever asked is told, nothing
 * of a failed write is seen, and what comes next is served.
 */
#include <check.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fixture_registry.h"
#include "interrupt.h"
#include "suite.h"

enum {
	MANY = 400, /* so that the loader shares them out to threads */
	TIMEOUT_S = 600,
	MINUTE_MS = 60 * 1000,
};

static struct desk desk;
static atomic_bool sync_fails;
static atomic_int_least64_t now_ms;

/* In the place of libc's, for SQLite too. */
int
fdatasync(int fd)
{
	(void)fd;
	if (!sync_fails)
		return 0;
	errno = EIO;
	return -1;
}

static void
setup(void)
{
	interrupt_install();
	interrupt_at(0);
	sync_fails = false;
	desk_open(&desk);
}

static void
teardown(void)
{
	interrupt_at(0);
	sync_fails = false;
	desk_close(&desk);
}

/* --- statements that give up -------------------------------------------- */

/* Revision 2: a, with key "made"; 3: a segment; 4: a again. "same" changed
 * nothing at 2. */
static void
fill(void)
{
	struct ticket t;

	for (int i = 0; i < 2; i++) {
		ticket_edit(&t, &desk, EDIT_PUT, KIND_TOGGLE, "a", "{}");
		t.job.idempotency_key = desk_string(i == 0 ? "made" : "same");
		ck_assert_int_eq(ticket_run(&t), STATUS_OK);
		job_fini(&t.job);
	}
	(void)desk_write(&desk, EDIT_PUT, KIND_SEGMENT, "s", "{\"var\":\"x\"}");
	(void)desk_write(&desk, EDIT_PATCH, KIND_TOGGLE, "a",
			 "{\"state\":\"DISABLED\"}");
}

static void
ask_write(struct ticket *t)
{
	char json[64];
	char *key;

	(void)snprintf(json, sizeof(json), "{\"owner\":\"%lld\"}",
		       (long long)desk.catalog->head);
	key = arena_copy(&desk.arena, json, strlen(json));
	ticket_edit(t, &desk, EDIT_PUT, KIND_TOGGLE, "w", json);
	t->job.idempotency_key = desk_string(key);
}

static void
ask_replay(struct ticket *t)
{
	ticket_edit(t, &desk, EDIT_PUT, KIND_TOGGLE, "a", "{}");
	t->job.idempotency_key = desk_string("made");
}

static void
ask_replay_unchanged(struct ticket *t)
{
	ticket_edit(t, &desk, EDIT_PUT, KIND_TOGGLE, "a", "{}");
	t->job.idempotency_key = desk_string("same");
}

static void
ask_history(struct ticket *t)
{
	ticket_init(t, &desk, JOB_HISTORY);
	t->job.history.environment = desk_string("default");
	t->job.history.limit = 3;
}

static void
ask_change(struct ticket *t)
{
	ticket_init(t, &desk, JOB_HISTORY);
	t->job.history.revision = 4;
}

static void
ask_past(struct ticket *t)
{
	ticket_init(t, &desk, JOB_PAST);
	t->job.past.at.is_time = true;
	t->job.past.at.at_ms = INT64_MAX;
}

static void
ask_rollback(struct ticket *t)
{
	ticket_init(t, &desk, JOB_ROLLBACK);
	t->job.rollback.to.revision = 2;
	t->job.dry_run = true;
}

static void
ask_backup(struct ticket *t)
{
	ticket_init(t, &desk, JOB_BACKUP);
}

struct request {
	void (*ask)(struct ticket *t);
	enum verdict verdict;
	size_t changes; /* of a history */
	bool is_write;
};

static const struct request requests[] = {
	{ ask_write, VERDICT_CREATED, 0, true },
	{ ask_replay, VERDICT_CREATED, 0, false },
	{ ask_replay_unchanged, VERDICT_UNCHANGED, 0, false },
	{ ask_history, 0, 3, false },
	{ ask_change, 0, 1, false },
	{ ask_past, 0, 0, false },
	{ ask_rollback, VERDICT_CHANGED, 0, false },
	{ ask_backup, 0, 0, false },
};

static void
check_answer(const struct request *request, const struct job *job, int64_t head)
{
	ck_assert_msg(job->status == STATUS_OK, "%s", job->error.text);
	if (request->is_write)
		ck_assert(job->verdict == VERDICT_CREATED ||
			  job->verdict == VERDICT_CHANGED);
	else
		ck_assert_int_eq(job->verdict, request->verdict);
	ck_assert_uint_eq(job->change_count, request->changes);
	ck_assert_int_eq(desk.catalog->head, head + request->is_write);
	if (job->type == JOB_PAST)
		ck_assert_ptr_nonnull(
		    snapshot_find(job->snapshot, KIND_TOGGLE, "a", 1));
}

START_TEST(test_job_when_statement_gives_up_then_told_and_the_next_is_served)
{
	const struct request *request = &requests[_i];
	struct strikes strikes = { .struck = true };

	fill();
	while (strikes.struck) {
		const int64_t head = desk.catalog->head;
		struct ticket t;

		request->ask(&t);
		strikes_next(&strikes);
		(void)ticket_run(&t);
		strikes_end(&strikes, t.job.status != STATUS_OK);
		ck_assert_uint_eq(desk_fatal(&desk), 0);
		if (t.job.status == STATUS_OK) {
			check_answer(request, &t.job, head);
			job_fini(&t.job);
			continue;
		}
		ck_assert_msg(strstr(t.job.error.text, "interrupted") != NULL,
			      "%s", t.job.error.text);
		ck_assert_int_eq(desk.catalog->head, head);
		job_fini(&t.job);
		request->ask(&t);
		(void)ticket_run(&t);
		check_answer(request, &t.job, head);
		job_fini(&t.job);
	}
	ck_assert_int_gt(strikes.refused, 0);
}
END_TEST

START_TEST(test_start_when_statement_gives_up_then_refused_and_next_starts)
{
	struct strikes strikes = { .struck = true };

	if (_i == 1)
		fill();
	desk_stop(&desk);
	while (strikes.struck) {
		enum status status;

		if (_i == 0)
			ck_assert_int_eq(unlink(desk.path), 0);
		error_init(&desk.err);
		/* Migrations are long, and every third place shows the same. */
		strikes.n += _i == 0 ? 2 : 0;
		strikes_next(&strikes);
		status =
		    registry_start(&desk.config, &desk.registry, &desk.err);
		strikes_end(&strikes, status != STATUS_OK);
		if (status != STATUS_OK) {
			ck_assert_msg(strstr(desk.err.text, "interrupted") !=
					  NULL,
				      "%s", desk.err.text);
			desk.registry = NULL;
			desk_start(&desk);
		}
		ck_assert_int_eq(desk.catalog->head, _i == 0 ? 1 : 4);
		desk_stop(&desk);
	}
	ck_assert_int_gt(strikes.refused, 0);
}
END_TEST

/* --- forgetting --------------------------------------------------------- */

static int64_t
read_clock(void *ctx)
{
	(void)ctx;
	return now_ms;
}

/* Two turns that do nothing: the first has ended, and with it a step of
 * forgetting, when the second one's job is done. */
static void
turn(void)
{
	struct ticket t;

	for (int i = 0; i < 2; i++) {
		ticket_edit(&t, &desk, EDIT_PUT, KIND_TOGGLE, "a", "{}");
		t.job.dry_run = true;
		if (desk_fatal(&desk) > 0)
			ck_assert_int_eq(ticket_run(&t), STATUS_IO);
		else if (ticket_run(&t) != STATUS_OK)
			ck_assert_uint_gt(desk_fatal(&desk), 0);
		job_fini(&t.job);
	}
}

START_TEST(test_retention_when_statement_gives_up_then_tried_again)
{
	struct ticket t;
	struct strikes strikes = { .struck = true };

	desk_stop(&desk);
	now_ms = 1;
	desk.config.history_ms = 1;
	desk.config.clock = (struct clock){ read_clock, read_clock, NULL };
	desk.config.log = log_new(2, LOG_ERROR, LOG_TEXT);
	ck_assert_int_eq(unlink(desk.path), 0);
	desk_start(&desk);
	while (strikes.struck && desk_fatal(&desk) == 0) {
		now_ms += MINUTE_MS + 1;
		(void)desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "a",
				 strikes.n % 2 ? "{}" : "{\"owner\":\"x\"}");
		/* The step that is due by then is not the one to strike. */
		turn();
		now_ms += MINUTE_MS + 1;
		strikes_next(&strikes);
		turn();
		strikes_end(&strikes, false);
	}
	/* A step that cannot be undone, or commits that cannot be synced any
	 * more, are the end. */
	ck_assert_uint_eq(desk_fatal(&desk), 1);
	ck_assert_int_gt(strikes.n, 3);
	ticket_edit(&t, &desk, EDIT_PUT, KIND_TOGGLE, "b", "{}");
	ck_assert_int_eq(ticket_run(&t), STATUS_IO);
	job_fini(&t.job);
	desk_stop(&desk);
	log_free(desk.config.log);
	desk.config.log = NULL;
	desk_start(&desk);
	(void)desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "b", "{}");
}
END_TEST

/* --- a disk that does not sync ------------------------------------------ */

START_TEST(test_write_when_sync_fails_then_all_are_told_and_it_is_the_end)
{
	struct ticket t[3];
	int64_t head;

	head = desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "a", "{}");
	desk_hold(&desk);
	ticket_edit(&t[0], &desk, EDIT_PUT, KIND_TOGGLE, "b", "{}");
	ticket_edit(&t[1], &desk, EDIT_PUT, KIND_TOGGLE, "c", "{}");
	ticket_edit(&t[2], &desk, EDIT_REMOVE, KIND_TOGGLE, "none", NULL);
	for (int i = 0; i < 3; i++)
		ticket_submit(&t[i]);
	sync_fails = true;
	desk_release(&desk);
	for (int i = 0; i < 3; i++) {
		ticket_wait(&t[i]);
		ck_assert_int_eq(t[i].job.status, STATUS_IO);
		ck_assert_ptr_nonnull(strstr(t[i].job.error.text, "fsync"));
		job_fini(&t[i].job);
	}
	ck_assert_int_eq(desk.catalog->head, head);
	ck_assert_uint_eq(desk_fatal(&desk), 1);
	ck_assert_uint_eq(registry_counts(desk.registry).failed, 1);
	/* That the disk would work again changes nothing. */
	sync_fails = false;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		requests[i].ask(&t[0]);
		ck_assert_int_eq(ticket_run(&t[0]), STATUS_IO);
		ck_assert_ptr_nonnull(
		    strstr(t[0].job.error.text, "the store failed"));
		job_fini(&t[0].job);
	}
	ck_assert_uint_eq(desk_fatal(&desk), 1);
	desk_stop(&desk);
	desk_start(&desk);
	ck_assert_int_ge(desk.catalog->head, head);
	ck_assert_ptr_nonnull(desk_toggle(&desk, "a"));
	(void)desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "d", "{}");
}
END_TEST

/* --- damaged rows ------------------------------------------------------- */

struct damage {
	const char *sql;
	const char *text;
};

static const struct damage damages[] = {
	{ "UPDATE item SET definition = '{' WHERE key = 'k100'",
	  "read toggle 'k100' as of revision " },
	{ "UPDATE item SET definition = '{' WHERE kind = 1",
	  "read segment 's' as of revision " },
	{ "UPDATE item SET definition = '[]' WHERE kind = 0 AND key = 'prod'",
	  "read environment 'prod' as of revision " },
	/* Found when the next environment begins. */
	{ "UPDATE item SET definition = '{}}' WHERE kind = 2 AND key = 'a'",
	  "read toggle 'a' as of revision " },
	{ "UPDATE item SET definition = '{' WHERE kind = 2",
	  "read toggle 'a' as of revision " },
	{ "UPDATE newest SET kind = 77 WHERE key = 'a'", "unknown kind 77" },
};

/* "default": a, s; "many": MANY toggles; "prod": nothing. */
static void
fill_environments(void)
{
	static const char *const names[] = { "many", "prod" };
	struct edit *edits = arena_zalloc(&desk.arena, MANY, sizeof(*edits));
	struct ticket t;
	char key[16];

	fill();
	for (int i = 0; i < 2; i++) {
		ticket_edit(&t, &desk, EDIT_PUT, KIND_ENVIRONMENT, names[i],
			    "{}");
		t.job.environment = desk_string(names[i]);
		t.job.write.create_environment = true;
		ck_assert_int_eq(ticket_run(&t), STATUS_OK);
		job_fini(&t.job);
	}
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(key, sizeof(key), "k%d", i);
		edits[i] =
		    *desk_edit(&desk, EDIT_PUT, KIND_TOGGLE,
			       arena_copy(&desk.arena, key, strlen(key)), "{}");
	}
	ticket_init(&t, &desk, JOB_WRITE);
	t.job.environment = desk_string("many");
	t.job.write.edits = edits;
	t.job.write.count = MANY;
	ck_assert_int_eq(ticket_run(&t), STATUS_OK);
	job_fini(&t.job);
}

START_TEST(test_start_when_definition_is_damaged_then_refused_by_name)
{
	const struct damage *damage = &damages[_i];

	fill_environments();
	desk_tamper(&desk, damage->sql);
	error_init(&desk.err);
	ck_assert_int_eq(
	    registry_start(&desk.config, &desk.registry, &desk.err),
	    STATUS_CORRUPT);
	ck_assert_msg(strstr(desk.err.text, damage->text) != NULL,
		      "'%s', not '%s'", desk.err.text, damage->text);
	desk.registry = NULL;
}
END_TEST

static void
ask_past_of_two(struct ticket *t)
{
	ticket_init(t, &desk, JOB_PAST);
	t->job.past.at.revision = 2;
}

static void
ask_history_of_all(struct ticket *t)
{
	ticket_init(t, &desk, JOB_HISTORY);
	t->job.history.limit = 100;
}

/* What comes upon the toggle `a` as it was at revision 2. */
static void (*const askings[])(struct ticket *t) = {
	ask_past_of_two,      ask_history_of_all, ask_change,
	ask_replay_unchanged, ask_replay,         ask_rollback,
};

START_TEST(test_job_when_past_is_damaged_then_corrupt_and_the_present_stands)
{
	struct ticket t;

	fill();
	desk_tamper(&desk,
		    "UPDATE item SET definition = '{' WHERE revision = 2");
	desk_start(&desk);
	askings[_i](&t);
	ck_assert_int_eq(ticket_run(&t), STATUS_CORRUPT);
	ck_assert_msg(strstr(t.job.error.text,
			     "read toggle 'a' as of revision 2") != NULL,
		      "%s", t.job.error.text);
	job_fini(&t.job);
	ck_assert_int_eq(desk.catalog->head, 4);
	ck_assert(!desk_toggle(&desk, "a")->enabled);
	ck_assert_uint_eq(desk_fatal(&desk), 0);
	ck_assert_int_eq(desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "b", "{}"),
			 5);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_set_timeout(tc, TIMEOUT_S);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(
	    tc,
	    test_job_when_statement_gives_up_then_told_and_the_next_is_served,
	    0, (int)(sizeof(requests) / sizeof(requests[0])));
	tcase_add_loop_test(
	    tc, test_start_when_statement_gives_up_then_refused_and_next_starts,
	    0, 2);
	tcase_add_test(tc,
		       test_retention_when_statement_gives_up_then_tried_again);
	tcase_add_test(
	    tc, test_write_when_sync_fails_then_all_are_told_and_it_is_the_end);
	tcase_add_loop_test(
	    tc, test_start_when_definition_is_damaged_then_refused_by_name, 0,
	    (int)(sizeof(damages) / sizeof(damages[0])));
	tcase_add_loop_test(
	    tc,
	    test_job_when_past_is_damaged_then_corrupt_and_the_present_stands,
	    0, (int)(sizeof(askings) / sizeof(askings[0])));
}

int
main(void)
{
	return suite_main("registry_faults", add);
}

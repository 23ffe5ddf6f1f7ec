/*
 * What happens to jobs that wait: how many may, which share a transaction, and
 * what a stop does with them. The registry's thread is held while they are
 * submitted, so it finds all of them at once.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fixture_registry.h"
#include "suite.h"

enum { LARGE_BYTES = 100 * 1000, LARGE = 12 };

static struct desk desk;

static void
setup(void)
{
	desk_open(&desk);
}

static void
teardown(void)
{
	desk_close(&desk);
}

START_TEST(test_submit_when_mailbox_is_full_then_busy_and_never_done)
{
	struct ticket fits, late;
	struct error err;

	desk_stop(&desk);
	desk.config.mailbox_limit = 1;
	desk_start(&desk);
	desk_hold(&desk);
	ticket_edit(&fits, &desk, EDIT_PUT, KIND_TOGGLE, "fits", "{}");
	ticket_edit(&late, &desk, EDIT_PUT, KIND_TOGGLE, "late", "{}");
	ticket_submit(&fits);
	error_init(&err);
	ck_assert_int_eq(registry_submit(desk.registry, &late.job, &err),
			 STATUS_BUSY);
	ck_assert_uint_eq(registry_counts(desk.registry).queued, 1);
	ck_assert_uint_eq(registry_counts(desk.registry).turned_away, 1);
	desk_release(&desk);
	ticket_wait(&fits);
	ck_assert_int_eq(fits.job.status, STATUS_OK);
	desk_stop(&desk);
	ck_assert(!late.is_done);
	ck_assert_ptr_nonnull(desk_toggle(&desk, "fits"));
	ck_assert_ptr_null(desk_toggle(&desk, "late"));
	job_fini(&fits.job);
	job_fini(&late.job);
}
END_TEST

/* More than a group holds: as many transactions as it takes. */
START_TEST(test_group_when_more_than_its_limit_then_several_transactions)
{
	static const char *const keys[] = { "a", "b", "c", "d", "e" };
	struct ticket t[5];

	desk_stop(&desk);
	desk.config.group_limit = 2;
	desk_start(&desk);
	desk_hold(&desk);
	for (int i = 0; i < 5; i++) {
		ticket_edit(&t[i], &desk, EDIT_PUT, KIND_TOGGLE, keys[i], "{}");
		ticket_submit(&t[i]);
	}
	desk_release(&desk);
	for (int i = 0; i < 5; i++) {
		ticket_wait(&t[i]);
		ck_assert_int_eq(t[i].job.status, STATUS_OK);
		ck_assert_int_eq(t[i].job.revision, 2 + i);
		job_fini(&t[i].job);
	}
	ck_assert_uint_eq(registry_counts(desk.registry).commits, 3);
	ck_assert_uint_eq(registry_counts(desk.registry).changes, 5);
	desk_stop(&desk);
	desk_start(&desk);
	ck_assert_int_eq(desk.catalog->head, 6);
}
END_TEST

/* The second request with a key waits for what the first was told, even when
 * both are found in the mailbox together. The same key elsewhere is another. */
START_TEST(test_key_when_twice_at_once_then_done_once_and_told_the_same)
{
	struct ticket t[3];

	ticket_edit(&t[0], &desk, EDIT_PUT, KIND_ENVIRONMENT, "prod", "{}");
	t[0].job.environment = desk_string("prod");
	t[0].job.write.create_environment = true;
	ck_assert_int_eq(ticket_run(&t[0]), STATUS_OK);
	job_fini(&t[0].job);
	desk_hold(&desk);
	for (int i = 0; i < 3; i++) {
		ticket_edit(&t[i], &desk, EDIT_PUT, KIND_TOGGLE, "a", "{}");
		if (i == 1)
			t[i].job.environment = desk_string("prod");
		t[i].job.idempotency_key = desk_string("k1");
		ticket_submit(&t[i]);
	}
	desk_release(&desk);
	for (int i = 0; i < 3; i++) {
		ticket_wait(&t[i]);
		ck_assert_int_eq(t[i].job.status, STATUS_OK);
		ck_assert_int_eq(t[i].job.verdict, VERDICT_CREATED);
	}
	ck_assert_int_eq(t[1].job.revision, t[0].job.revision + 1);
	ck_assert_int_eq(t[2].job.revision, t[0].job.revision);
	ck_assert_int_eq(desk.catalog->head, t[1].job.revision);
	for (int i = 0; i < 3; i++)
		job_fini(&t[i].job);
}
END_TEST

/* So many bytes that a backup takes several steps. */
static void
write_large(void)
{
	char *json = arena_alloc(&desk.arena, LARGE_BYTES + 64);
	char key[24];

	(void)snprintf(json, LARGE_BYTES, "{\"metadata\":{\"filler\":\"");
	memset(json + strlen(json), 'x', LARGE_BYTES);
	(void)snprintf(json + LARGE_BYTES, 64, "\"}}");
	for (int i = 0; i < LARGE; i++) {
		(void)snprintf(key, sizeof(key), "large%d", i);
		(void)desk_write(&desk, EDIT_PUT, KIND_TOGGLE,
				 arena_copy(&desk.arena, key, strlen(key)),
				 json);
	}
}

/* The copy opens, and holds what the registry had. */
static void
check_copy(const char *path, int64_t head)
{
	struct store *copy = NULL;
	struct error err;

	error_init(&err);
	ck_assert_msg(store_open(path, STORE_CREATE, 5, &copy, &err) ==
			  STATUS_OK,
		      "%s", err.text);
	ck_assert_int_eq(store_head(copy), head);
	store_close(copy);
}

START_TEST(test_backup_when_one_runs_then_the_second_is_busy)
{
	struct ticket first, second;

	write_large();
	desk_hold(&desk);
	ticket_init(&first, &desk, JOB_BACKUP);
	ticket_init(&second, &desk, JOB_BACKUP);
	ticket_submit(&first);
	ticket_submit(&second);
	desk_release(&desk);
	ticket_wait(&second);
	ck_assert_int_eq(second.job.status, STATUS_BUSY);
	ck_assert_ptr_null(second.job.path);
	ticket_wait(&first);
	ck_assert_int_eq(first.job.status, STATUS_OK);
	check_copy(first.job.path, desk.catalog->head);
	job_fini(&first.job);
	job_fini(&second.job);
	/* And then another may. */
	ticket_init(&second, &desk, JOB_BACKUP);
	ck_assert_int_eq(ticket_run(&second), STATUS_OK);
	job_fini(&second.job);
}
END_TEST

static void *
stop_desk(void *ctx)
{
	(void)ctx;
	registry_stop(desk.registry);
	return NULL;
}

START_TEST(test_stop_when_backup_runs_then_it_is_finished_first)
{
	struct ticket backup, write;
	pthread_t stopper;

	write_large();
	desk_hold(&desk);
	ticket_init(&backup, &desk, JOB_BACKUP);
	ticket_submit(&backup);
	ticket_edit(&write, &desk, EDIT_PUT, KIND_TOGGLE, "last", "{}");
	ticket_submit(&write);
	ck_assert_int_eq(pthread_create(&stopper, NULL, stop_desk, NULL), 0);
	desk_release(&desk);
	ck_assert_int_eq(pthread_join(stopper, NULL), 0);
	desk.registry = NULL;
	ck_assert(backup.is_done);
	ck_assert_int_eq(backup.job.status, STATUS_OK);
	check_copy(backup.job.path, backup.job.revision);
	ck_assert(write.is_done);
	ck_assert_int_eq(write.job.status, STATUS_OK);
	job_fini(&backup.job);
	job_fini(&write.job);
}
END_TEST

START_TEST(test_backup_when_directory_is_gone_then_error_and_writes_go_on)
{
	struct ticket t;
	char elsewhere[128];

	(void)snprintf(elsewhere, sizeof(elsewhere), "%s.moved",
		       desk.directory);
	ck_assert_int_eq(rename(desk.directory, elsewhere), 0);
	ticket_init(&t, &desk, JOB_BACKUP);
	ck_assert_int_eq(ticket_run(&t), STATUS_IO);
	job_fini(&t.job);
	ck_assert_int_eq(rename(elsewhere, desk.directory), 0);
	(void)desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "a", "{}");
	ticket_init(&t, &desk, JOB_BACKUP);
	ck_assert_int_eq(ticket_run(&t), STATUS_OK);
	job_fini(&t.job);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_set_timeout(tc, 300);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(
	    tc, test_submit_when_mailbox_is_full_then_busy_and_never_done);
	tcase_add_test(
	    tc, test_group_when_more_than_its_limit_then_several_transactions);
	tcase_add_test(
	    tc, test_key_when_twice_at_once_then_done_once_and_told_the_same);
	tcase_add_test(tc, test_backup_when_one_runs_then_the_second_is_busy);
	tcase_add_test(tc,
		       test_stop_when_backup_runs_then_it_is_finished_first);
	tcase_add_test(
	    tc, test_backup_when_directory_is_gone_then_error_and_writes_go_on);
}

int
main(void)
{
	return suite_main("registry_mailbox", add);
}

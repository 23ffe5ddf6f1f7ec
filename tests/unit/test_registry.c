/* The registry, on a database of its own, driven as the HTTP side drives it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture_registry.h"
#include "suite.h"

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

START_TEST(test_start_when_fresh_then_default_environment_is_revision_one)
{
	ck_assert_int_eq(desk.catalog->head, 1);
	ck_assert_ptr_nonnull(catalog_find(desk.catalog, "default", 7));
}
END_TEST

START_TEST(test_put_when_empty_object_then_boolean_toggle)
{
	int64_t revision = desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "a", "{}");
	const struct definition *a = desk_toggle(&desk, "a");

	ck_assert_int_eq(revision, 2);
	ck_assert_ptr_nonnull(a);
	ck_assert(a->enabled);
	ck_assert_int_eq((int)a->variant_count, 2);
	ck_assert_int_eq(a->default_variant, 1);
	ck_assert_int_eq(a->revision, 2);
}
END_TEST

START_TEST(test_write_when_nothing_changes_then_no_revision)
{
	struct ticket t;

	desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "a", "{}");
	ticket_edit(&t, &desk, EDIT_PATCH, KIND_TOGGLE, "a",
		    "{\"variants\":{\"off\":false,\"on\":true}}");
	ck_assert_int_eq(ticket_run(&t), STATUS_OK);
	ck_assert_int_eq(t.job.verdict, VERDICT_UNCHANGED);
	ck_assert_ptr_nonnull(t.job.current);
	ck_assert_int_eq(desk.catalog->head, 2);
	job_fini(&t.job);
}
END_TEST

START_TEST(test_patch_when_absent_then_not_found)
{
	struct ticket t;

	ticket_edit(&t, &desk, EDIT_PATCH, KIND_TOGGLE, "nope", "{}");
	t.job.write.precondition.is_there = true;
	ck_assert_int_eq(ticket_run(&t), STATUS_NOT_FOUND);
	job_fini(&t.job);
}
END_TEST

START_TEST(test_write_when_revision_moved_then_precondition_with_current)
{
	const int64_t seen[] = { 2, 1 };
	struct ticket t;

	desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "a", "{}");
	desk_write(&desk, EDIT_PATCH, KIND_TOGGLE, "a",
		   "{\"state\":\"DISABLED\"}");
	ticket_edit(&t, &desk, EDIT_PATCH, KIND_TOGGLE, "a",
		    "{\"owner\":\"x\"}");
	t.job.write.precondition.revisions = seen;
	t.job.write.precondition.revision_count = 2;
	ck_assert_int_eq(ticket_run(&t), STATUS_PRECONDITION);
	ck_assert_ptr_nonnull(t.job.current);
	ck_assert_int_eq(t.job.current->revision, 3);
	job_fini(&t.job);
}
END_TEST

static const struct {
	int64_t revisions[3];
	size_t count;
	enum status status;
} named[] = {
	{ { 2, 1, 0 }, 2, STATUS_OK },
	{ { 9, 8, 2 }, 3, STATUS_OK },
	{ { 9, 8, 1 }, 3, STATUS_PRECONDITION },
	{ { 0, 0, 0 }, 1, STATUS_PRECONDITION },
	{ { 2, 0, 0 }, 0, STATUS_PRECONDITION },
};

START_TEST(test_write_when_revisions_are_named_then_one_has_to_be_it)
{
	struct ticket t;

	desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "a", "{}");
	ticket_edit(&t, &desk, EDIT_PATCH, KIND_TOGGLE, "a",
		    "{\"owner\":\"x\"}");
	t.job.write.precondition.revisions = named[_i].revisions;
	t.job.write.precondition.revision_count = named[_i].count;
	ck_assert_int_eq(ticket_run(&t), named[_i].status);
	job_fini(&t.job);
}
END_TEST

START_TEST(test_write_when_dry_run_then_nothing_is_kept)
{
	struct ticket t;

	ticket_edit(&t, &desk, EDIT_PUT, KIND_TOGGLE, "a", "{}");
	t.job.dry_run = true;
	ck_assert_int_eq(ticket_run(&t), STATUS_OK);
	ck_assert_int_eq((int)t.job.change->count, 1);
	ck_assert_ptr_nonnull(t.job.change->items[0].after);
	ck_assert_int_eq(desk.catalog->head, 1);
	ck_assert_ptr_null(desk_toggle(&desk, "a"));
	job_fini(&t.job);
}
END_TEST

START_TEST(test_key_when_repeated_then_same_answer_also_after_restart)
{
	struct ticket t;
	int64_t first;

	for (int round = 0; round < 3; round++) {
		ticket_edit(&t, &desk, EDIT_PUT, KIND_TOGGLE, "a", "{}");
		t.job.idempotency_key = desk_string("k1");
		ck_assert_int_eq(ticket_run(&t), STATUS_OK);
		if (round == 0)
			first = t.job.revision;
		ck_assert_int_eq(t.job.revision, first);
		ck_assert_int_eq(t.job.verdict, VERDICT_CREATED);
		ck_assert_int_eq((int)t.job.change->count, 1);
		job_fini(&t.job);
		desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "a",
			   round == 0 ? "{\"owner\":\"0\"}"
				      : "{\"owner\":\"1\"}");
		if (round == 1) {
			desk_stop(&desk);
			desk_start(&desk);
		}
	}
}
END_TEST

START_TEST(test_key_when_used_for_another_request_then_conflict)
{
	struct ticket t;

	ticket_edit(&t, &desk, EDIT_PUT, KIND_TOGGLE, "a", "{}");
	t.job.idempotency_key = desk_string("k1");
	ck_assert_int_eq(ticket_run(&t), STATUS_OK);
	job_fini(&t.job);
	ticket_edit(&t, &desk, EDIT_PUT, KIND_TOGGLE, "b", "{}");
	t.job.idempotency_key = desk_string("k1");
	t.job.fingerprint[0] = 1;
	ck_assert_int_eq(ticket_run(&t), STATUS_CONFLICT);
	job_fini(&t.job);
}
END_TEST

START_TEST(test_segment_when_referred_to_then_removal_names_the_toggles)
{
	struct ticket t;

	desk_write(&desk, EDIT_PUT, KIND_SEGMENT, "staff",
		   "{\"==\":[{\"var\":\"plan\"},\"staff\"]}");
	desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "a",
		   "{\"targeting\":{\"if\":[{\"$ref\":\"staff\"},\"on\"]}}");
	ticket_edit(&t, &desk, EDIT_REMOVE, KIND_SEGMENT, "staff", NULL);
	ck_assert_int_eq(ticket_run(&t), STATUS_CONFLICT);
	ck_assert_ptr_nonnull(strstr(t.job.error.text, "'a'"));
	job_fini(&t.job);
	desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "a", "{}");
	desk_write(&desk, EDIT_REMOVE, KIND_SEGMENT, "staff", NULL);
}
END_TEST

START_TEST(test_rollback_when_to_a_revision_then_exactly_as_it_was)
{
	struct ticket t;
	int64_t good;

	desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "a", "{}");
	good = desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "b", "{}");
	desk_write(&desk, EDIT_PATCH, KIND_TOGGLE, "a",
		   "{\"state\":\"DISABLED\"}");
	desk_write(&desk, EDIT_REMOVE, KIND_TOGGLE, "b", NULL);
	desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "c", "{}");
	ticket_init(&t, &desk, JOB_ROLLBACK);
	t.job.rollback.to.revision = good;
	ck_assert_msg(ticket_run(&t) == STATUS_OK, "%s", t.job.error.text);
	ck_assert_int_eq((int)t.job.change->count, 3);
	ck_assert_int_eq(t.job.revision, 7);
	job_fini(&t.job);
	ck_assert(desk_toggle(&desk, "a")->enabled);
	ck_assert_ptr_nonnull(desk_toggle(&desk, "b"));
	ck_assert_ptr_null(desk_toggle(&desk, "c"));
	/* Again: there is nothing to do. */
	ticket_init(&t, &desk, JOB_ROLLBACK);
	t.job.rollback.to.revision = good;
	ck_assert_int_eq(ticket_run(&t), STATUS_OK);
	ck_assert_int_eq(t.job.verdict, VERDICT_UNCHANGED);
	job_fini(&t.job);
}
END_TEST

START_TEST(test_rollback_when_of_some_keys_then_others_stay)
{
	struct string key = { "a", 1 };
	struct ticket t;

	desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "a", "{}");
	desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "b", "{}");
	desk_write(&desk, EDIT_PATCH, KIND_TOGGLE, "a",
		   "{\"state\":\"DISABLED\"}");
	desk_write(&desk, EDIT_PATCH, KIND_TOGGLE, "b",
		   "{\"state\":\"DISABLED\"}");
	ticket_init(&t, &desk, JOB_ROLLBACK);
	t.job.rollback.to.revision = 3;
	t.job.rollback.keys = &key;
	t.job.rollback.key_count = 1;
	ck_assert_int_eq(ticket_run(&t), STATUS_OK);
	job_fini(&t.job);
	ck_assert(desk_toggle(&desk, "a")->enabled);
	ck_assert(!desk_toggle(&desk, "b")->enabled);
}
END_TEST

START_TEST(test_past_when_asked_then_as_it_was_then)
{
	struct ticket t;

	desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "a", "{}");
	desk_write(&desk, EDIT_PATCH, KIND_TOGGLE, "a",
		   "{\"state\":\"DISABLED\"}");
	ticket_init(&t, &desk, JOB_PAST);
	t.job.past.at.revision = 2;
	ck_assert_int_eq(ticket_run(&t), STATUS_OK);
	ck_assert(snapshot_find(t.job.snapshot, KIND_TOGGLE, "a", 1)->enabled);
	ck_assert_int_eq(t.job.snapshot->revision, 2);
	job_fini(&t.job);
}
END_TEST

START_TEST(test_history_when_asked_then_newest_first_with_before_and_after)
{
	struct ticket t;

	desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "a", "{}");
	desk_write(&desk, EDIT_PATCH, KIND_TOGGLE, "a",
		   "{\"state\":\"DISABLED\"}");
	ticket_init(&t, &desk, JOB_HISTORY);
	t.job.history.environment = desk_string("default");
	t.job.history.key = desk_string("a");
	t.job.history.limit = 10;
	ck_assert_int_eq(ticket_run(&t), STATUS_OK);
	ck_assert_int_eq((int)t.job.change_count, 2);
	ck_assert_int_eq(t.job.changes[0]->revision, 3);
	ck_assert(t.job.changes[0]->items[0].before->enabled);
	ck_assert(!t.job.changes[0]->items[0].after->enabled);
	ck_assert_ptr_null(t.job.changes[1]->items[0].before);
	job_fini(&t.job);
}
END_TEST

START_TEST(test_environment_when_removed_then_gone_and_starts_empty_again)
{
	struct ticket t;

	ticket_edit(&t, &desk, EDIT_PUT, KIND_ENVIRONMENT, "prod", "{}");
	t.job.environment = desk_string("prod");
	t.job.write.create_environment = true;
	ck_assert_msg(ticket_run(&t) == STATUS_OK, "%s", t.job.error.text);
	job_fini(&t.job);
	ticket_edit(&t, &desk, EDIT_PUT, KIND_TOGGLE, "a", "{}");
	t.job.environment = desk_string("prod");
	ck_assert_int_eq(ticket_run(&t), STATUS_OK);
	job_fini(&t.job);
	ticket_edit(&t, &desk, EDIT_REMOVE, KIND_ENVIRONMENT, "prod", NULL);
	t.job.environment = desk_string("prod");
	t.job.write.edits[0].is_named = true;
	ck_assert_msg(ticket_run(&t) == STATUS_OK, "%s", t.job.error.text);
	job_fini(&t.job);
	ck_assert_ptr_null(catalog_find(desk.catalog, "prod", 4));
	ticket_edit(&t, &desk, EDIT_PUT, KIND_ENVIRONMENT, "prod", "{}");
	t.job.environment = desk_string("prod");
	t.job.write.create_environment = true;
	ck_assert_int_eq(ticket_run(&t), STATUS_OK);
	job_fini(&t.job);
	ck_assert_uint_eq(
	    tree_count(catalog_find(desk.catalog, "prod", 4)->toggles), 0);
	desk_stop(&desk);
	desk_start(&desk);
	ck_assert_uint_eq(
	    tree_count(catalog_find(desk.catalog, "prod", 4)->toggles), 0);
}
END_TEST

START_TEST(test_environment_when_default_then_it_stays)
{
	struct ticket t;

	ticket_edit(&t, &desk, EDIT_REMOVE, KIND_ENVIRONMENT, "default", NULL);
	ck_assert_int_eq(ticket_run(&t), STATUS_CONFLICT);
	job_fini(&t.job);
}
END_TEST

START_TEST(test_mailbox_when_many_writes_then_each_has_its_revision)
{
	enum { MANY = 48 };
	struct ticket *tickets = calloc(MANY, sizeof(*tickets));
	char key[16];
	bool seen[MANY + 3] = { false };

	for (int i = 0; i < MANY; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		ticket_edit(&tickets[i], &desk, EDIT_PUT, KIND_TOGGLE,
			    arena_copy(&desk.arena, key, strlen(key)), "{}");
	}
	for (int i = 0; i < MANY; i++)
		ticket_submit(&tickets[i]);
	for (int i = 0; i < MANY; i++) {
		ticket_wait(&tickets[i]);
		ck_assert_int_eq(tickets[i].job.status, STATUS_OK);
		ck_assert(!seen[tickets[i].job.revision]);
		seen[tickets[i].job.revision] = true;
		job_fini(&tickets[i].job);
	}
	ck_assert_int_eq(desk.catalog->head, MANY + 1);
	free(tickets);
}
END_TEST

START_TEST(test_restart_when_there_is_history_then_the_same_state)
{
	struct string before;

	desk_write(&desk, EDIT_PUT, KIND_SEGMENT, "s", "{\"var\":\"x\"}");
	desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "a",
		   "{\"targeting\":{\"if\":[{\"$ref\":\"s\"},\"on\",\"off\"]},"
		   "\"tags\":[\"t\"],\"metadata\":{\"n\":1.0}}");
	desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "gone", "{}");
	desk_write(&desk, EDIT_REMOVE, KIND_TOGGLE, "gone", NULL);
	before.data = strdup(desk_toggle(&desk, "a")->text.data);
	desk_stop(&desk);
	desk_start(&desk);
	ck_assert_int_eq(desk.catalog->head, 5);
	ck_assert_str_eq(desk_toggle(&desk, "a")->text.data, before.data);
	ck_assert_ptr_null(desk_toggle(&desk, "gone"));
	free((void *)(uintptr_t)before.data);
}
END_TEST

/* More than one batch of the loader, which it shares out to threads. */
START_TEST(test_restart_when_many_toggles_then_the_same_state)
{
	enum { MANY = 5000 };
	struct edit *edits = arena_zalloc(&desk.arena, MANY, sizeof(*edits));
	struct ticket t;
	char key[16];

	for (int i = 0; i < MANY; i++) {
		snprintf(key, sizeof(key), "k%04d", i);
		edits[i] = *desk_edit(&desk, EDIT_PUT, KIND_TOGGLE,
				      arena_copy(&desk.arena, key, strlen(key)),
				      "{\"targeting\":{\"if\":[{\"var\":\"x\"},"
				      "\"on\"]}}");
	}
	ticket_init(&t, &desk, JOB_WRITE);
	t.job.write.edits = edits;
	t.job.write.count = MANY;
	ck_assert_int_eq(ticket_run(&t), STATUS_OK);
	job_fini(&t.job);
	desk_stop(&desk);
	desk_start(&desk);
	ck_assert_uint_eq(
	    tree_count(catalog_find(desk.catalog, "default", 7)->toggles),
	    MANY);
	for (int i = 0; i < MANY; i++) {
		snprintf(key, sizeof(key), "k%04d", i);
		ck_assert_ptr_nonnull(desk_toggle(&desk, key));
		ck_assert_str_eq(desk_toggle(&desk, key)->key.data, key);
		ck_assert_ptr_nonnull(desk_toggle(&desk, key)->program);
	}
}
END_TEST

/* So large that the loader gives memory back in between. */
START_TEST(test_restart_when_definitions_are_large_then_the_same_state)
{
	enum { LARGE = 16, LARGE_BYTES = 200 * 1000 };
	char *json = arena_alloc(&desk.arena, LARGE_BYTES + 64);
	char key[16];

	(void)snprintf(json, LARGE_BYTES, "{\"metadata\":{\"filler\":\"");
	memset(json + strlen(json), 'x', LARGE_BYTES);
	(void)snprintf(json + LARGE_BYTES, 64, "\"}}");
	for (int i = 0; i < LARGE; i++) {
		(void)snprintf(key, sizeof(key), "k%d", i);
		desk_write(&desk, EDIT_PUT, KIND_TOGGLE,
			   arena_copy(&desk.arena, key, strlen(key)), json);
	}
	desk_stop(&desk);
	desk_start(&desk);
	for (int i = 0; i < LARGE; i++) {
		(void)snprintf(key, sizeof(key), "k%d", i);
		ck_assert_ptr_nonnull(desk_toggle(&desk, key));
		ck_assert_uint_gt(desk_toggle(&desk, key)->stored.length,
				  LARGE_BYTES);
	}
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 300);
	tcase_add_test(
	    tc, test_start_when_fresh_then_default_environment_is_revision_one);
	tcase_add_test(tc, test_put_when_empty_object_then_boolean_toggle);
	tcase_add_test(tc, test_write_when_nothing_changes_then_no_revision);
	tcase_add_test(tc, test_patch_when_absent_then_not_found);
	tcase_add_test(
	    tc, test_write_when_revision_moved_then_precondition_with_current);
	tcase_add_loop_test(
	    tc, test_write_when_revisions_are_named_then_one_has_to_be_it, 0,
	    sizeof(named) / sizeof(named[0]));
	tcase_add_test(tc, test_write_when_dry_run_then_nothing_is_kept);
	tcase_add_test(
	    tc, test_key_when_repeated_then_same_answer_also_after_restart);
	tcase_add_test(tc,
		       test_key_when_used_for_another_request_then_conflict);
	tcase_add_test(
	    tc, test_segment_when_referred_to_then_removal_names_the_toggles);
	tcase_add_test(tc,
		       test_rollback_when_to_a_revision_then_exactly_as_it_was);
	tcase_add_test(tc, test_rollback_when_of_some_keys_then_others_stay);
	tcase_add_test(tc, test_past_when_asked_then_as_it_was_then);
	tcase_add_test(
	    tc,
	    test_history_when_asked_then_newest_first_with_before_and_after);
	tcase_add_test(
	    tc, test_environment_when_removed_then_gone_and_starts_empty_again);
	tcase_add_test(tc, test_environment_when_default_then_it_stays);
	tcase_add_test(
	    tc, test_mailbox_when_many_writes_then_each_has_its_revision);
	tcase_add_test(tc,
		       test_restart_when_there_is_history_then_the_same_state);
	tcase_add_test(tc, test_restart_when_many_toggles_then_the_same_state);
	tcase_add_test(
	    tc, test_restart_when_definitions_are_large_then_the_same_state);
}

int
main(void)
{
	return suite_main("registry", add);
}

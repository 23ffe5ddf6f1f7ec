/*
 * What the registry makes of edits one by one: which are refused and in which
 * words, what goes with them, and what a repeated request is told.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture_registry.h"
#include "model/name.h"
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

/* --- what an edit comes to ---------------------------------------------- */

/* Do several edits as one change. */
static enum status
run_edits(struct ticket *t, struct edit *edits, size_t count)
{
	ticket_init(t, &desk, JOB_WRITE);
	t->job.write.edits = edits;
	t->job.write.count = count;
	return ticket_run(t);
}

START_TEST(test_flag_when_toggle_is_there_then_its_envelope_stays)
{
	struct ticket t;
	const struct definition *a;

	desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "a",
		   "{\"description\":\"d\",\"owner\":\"o\"}");
	desk_write(&desk, EDIT_FLAG, KIND_TOGGLE, "a",
		   "{\"state\":\"DISABLED\",\"owner\":\"other\"}");
	a = desk_toggle(&desk, "a");
	ck_assert(!a->enabled);
	ck_assert_ptr_nonnull(strstr(a->stored.data, "\"description\":\"d\""));
	ck_assert_ptr_nonnull(strstr(a->stored.data, "\"owner\":\"other\""));
	ticket_edit(&t, &desk, EDIT_FLAG, KIND_TOGGLE, "a", "[]");
	ck_assert_int_eq(ticket_run(&t), STATUS_INVALID);
	job_fini(&t.job);
	ck_assert_ptr_eq(desk_toggle(&desk, "a"), a);
}
END_TEST

START_TEST(test_segment_when_patched_then_the_whole_rule_is_new)
{
	struct ticket t;

	desk_write(&desk, EDIT_PUT, KIND_SEGMENT, "s",
		   "{\"==\":[{\"var\":\"x\"},1]}");
	ticket_edit(&t, &desk, EDIT_PATCH, KIND_SEGMENT, "s",
		    "{\"!\":[{\"var\":\"x\"}]}");
	ck_assert_int_eq(ticket_run(&t), STATUS_OK);
	ck_assert_ptr_null(
	    strstr(t.job.change->items[0].after->stored.data, "=="));
	job_fini(&t.job);
}
END_TEST

START_TEST(test_remove_when_absent_then_says_so_at_its_place)
{
	struct ticket t;

	ticket_edit(&t, &desk, EDIT_REMOVE, KIND_TOGGLE, "none", NULL);
	ck_assert_int_eq(ticket_run(&t), STATUS_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(t.job.error.text, "'none'"));
	job_fini(&t.job);
	ticket_edit(&t, &desk, EDIT_REMOVE, KIND_TOGGLE, "none", NULL);
	t.job.write.edits->pointer = "/toggles/none";
	ck_assert_int_eq(ticket_run(&t), STATUS_INVALID);
	ck_assert_ptr_nonnull(strstr(t.job.error.text, "/toggles/none"));
	job_fini(&t.job);
}
END_TEST

/* One rule for all who refer to it, before it is stored. */
START_TEST(test_segment_when_new_with_two_toggles_then_both_are_compiled)
{
	static const char rule[] =
	    "{\"targeting\":{\"if\":[{\"$ref\":\"s\"},\"on\"]}}";
	struct edit edits[] = {
		*desk_edit(&desk, EDIT_PUT, KIND_TOGGLE, "a", rule),
		*desk_edit(&desk, EDIT_PUT, KIND_TOGGLE, "b", rule),
		*desk_edit(&desk, EDIT_PUT, KIND_SEGMENT, "s",
			   "{\"var\":\"x\"}"),
	};
	struct ticket t;

	ck_assert_int_eq(run_edits(&t, edits, 3), STATUS_OK);
	ck_assert_ptr_nonnull(desk_toggle(&desk, "a")->program);
	ck_assert_ptr_nonnull(desk_toggle(&desk, "b")->program);
	job_fini(&t.job);
}
END_TEST

/* Of two segments one goes and one changes; who refers to the other is
 * compiled anew and keeps its revision. */
START_TEST(test_segment_when_changed_then_who_refers_to_it_is_compiled_anew)
{
	struct edit edits[] = {
		*desk_edit(&desk, EDIT_PUT, KIND_SEGMENT, "s",
			   "{\"!\":[{\"var\":\"x\"}]}"),
		*desk_edit(&desk, EDIT_REMOVE, KIND_SEGMENT, "t", NULL),
	};
	struct ticket t;
	const void *program;
	int64_t revision;

	desk_write(&desk, EDIT_PUT, KIND_SEGMENT, "s", "{\"var\":\"x\"}");
	desk_write(&desk, EDIT_PUT, KIND_SEGMENT, "t", "{\"var\":\"x\"}");
	revision =
	    desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "a",
		       "{\"targeting\":{\"if\":[{\"$ref\":\"s\"},\"on\"]}}");
	program = desk_toggle(&desk, "a")->program;
	ck_assert_int_eq(run_edits(&t, edits, 2), STATUS_OK);
	ck_assert_uint_eq(t.job.change->count, 2);
	job_fini(&t.job);
	ck_assert_ptr_ne(desk_toggle(&desk, "a")->program, program);
	ck_assert_int_eq(desk_toggle(&desk, "a")->revision, revision);
}
END_TEST

/* Short keys are all named up to the tenth; of long ones those that fit. */
START_TEST(test_segment_when_many_refer_to_it_then_some_are_named)
{
	enum { MANY = 12 };
	struct ticket t;
	char key[256];

	desk_write(&desk, EDIT_PUT, KIND_SEGMENT, "s", "{\"var\":\"x\"}");
	memset(key, 'k', sizeof(key));
	for (int i = 0; i < MANY; i++) {
		const size_t length = _i == 0 ? 8 : 60;

		key[length - 2] = (char)('0' + i / 10);
		key[length - 1] = (char)('0' + i % 10);
		desk_write(
		    &desk, EDIT_PUT, KIND_TOGGLE,
		    arena_copy(&desk.arena, key, length),
		    "{\"targeting\":{\"if\":[{\"$ref\":\"s\"},\"on\"]}}");
	}
	ticket_edit(&t, &desk, EDIT_REMOVE, KIND_SEGMENT, "s", NULL);
	ck_assert_int_eq(ticket_run(&t), STATUS_CONFLICT);
	ck_assert_ptr_nonnull(strstr(t.job.error.text, "by 12 toggles: 'k"));
	ck_assert_ptr_nonnull(strstr(t.job.error.text, "01'"));
	ck_assert_ptr_null(strstr(t.job.error.text, "11'"));
	ck_assert_ptr_nonnull(strstr(t.job.error.text, " and "));
	ck_assert_ptr_nonnull(strstr(t.job.error.text, " more"));
	job_fini(&t.job);
}
END_TEST

/* --- environments and moments that are not there ------------------------ */

START_TEST(test_write_when_environment_is_absent_then_not_found)
{
	struct ticket t;

	ticket_edit(&t, &desk, EDIT_PUT, KIND_TOGGLE, "a", "{}");
	t.job.environment = desk_string("none");
	ck_assert_int_eq(ticket_run(&t), STATUS_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(t.job.error.text, "'none'"));
	job_fini(&t.job);
	ticket_init(&t, &desk, JOB_ROLLBACK);
	t.job.environment = desk_string("none");
	t.job.rollback.to.revision = 1;
	ck_assert_int_eq(ticket_run(&t), STATUS_NOT_FOUND);
	job_fini(&t.job);
}
END_TEST

START_TEST(test_environment_when_younger_than_the_moment_then_told_so)
{
	struct ticket t;

	ticket_edit(&t, &desk, EDIT_PUT, KIND_ENVIRONMENT, "prod", "{}");
	t.job.environment = desk_string("prod");
	t.job.write.create_environment = true;
	ck_assert_int_eq(ticket_run(&t), STATUS_OK);
	job_fini(&t.job);
	ticket_init(&t, &desk, JOB_PAST);
	t.job.environment = desk_string("prod");
	t.job.past.at.revision = 1;
	ck_assert_int_eq(ticket_run(&t), STATUS_NOT_FOUND);
	ck_assert_ptr_null(t.job.snapshot);
	job_fini(&t.job);
	ticket_init(&t, &desk, JOB_ROLLBACK);
	t.job.environment = desk_string("prod");
	t.job.rollback.to.revision = 1;
	ck_assert_int_eq(ticket_run(&t), STATUS_INVALID);
	ck_assert_ptr_nonnull(strstr(t.job.error.text, "did not exist"));
	job_fini(&t.job);
	ck_assert_int_eq(desk.catalog->head, 2);
}
END_TEST

START_TEST(test_environment_when_there_are_as_many_as_may_be_then_conflict)
{
	struct ticket *tickets = calloc(LIMIT_ENVIRONMENTS, sizeof(*tickets));
	char names[LIMIT_ENVIRONMENTS][16];

	desk_stop(&desk);
	desk.config.mailbox_limit = LIMIT_ENVIRONMENTS + 1;
	desk.config.group_limit = LIMIT_ENVIRONMENTS;
	desk_start(&desk);
	desk_hold(&desk);
	for (int i = 0; i < LIMIT_ENVIRONMENTS; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "e%d", i);
		ticket_edit(&tickets[i], &desk, EDIT_PUT, KIND_ENVIRONMENT,
			    names[i], "{}");
		tickets[i].job.environment = desk_string(names[i]);
		tickets[i].job.write.create_environment = true;
		ticket_submit(&tickets[i]);
	}
	desk_release(&desk);
	for (int i = 0; i < LIMIT_ENVIRONMENTS; i++) {
		ticket_wait(&tickets[i]);
		/* "default" is one of them. */
		ck_assert_int_eq(tickets[i].job.status,
				 i < LIMIT_ENVIRONMENTS - 1 ? STATUS_OK
							    : STATUS_CONFLICT);
		job_fini(&tickets[i].job);
	}
	ck_assert_uint_eq(tree_count(desk.catalog->snapshots),
			  LIMIT_ENVIRONMENTS);
	free(tickets);
}
END_TEST

START_TEST(test_rollback_when_key_is_nowhere_then_named)
{
	struct ticket t;
	char key[8 * NAME_KEY_MAX]; /* what holds a key would burst */
	struct string keys[] = { { "never", 5 }, { key, sizeof(key) } };

	memset(key, 'k', sizeof(key));
	ticket_init(&t, &desk, JOB_ROLLBACK);
	t.job.rollback.to.revision = 1;
	t.job.rollback.keys = &keys[_i];
	t.job.rollback.key_count = 1;
	ck_assert_int_eq(ticket_run(&t), STATUS_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(t.job.error.text, _i ? "kkk" : "never"));
	job_fini(&t.job);
}
END_TEST

/* A request that changed nothing is told so again, as things were then. */
START_TEST(test_key_when_nothing_changed_then_the_same_again_as_it_was)
{
	struct ticket t;

	desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "a", "{}");
	for (int round = 0; round < 2; round++) {
		ticket_edit(&t, &desk, EDIT_PUT, KIND_TOGGLE, "a", "{}");
		t.job.idempotency_key = desk_string("k1");
		ck_assert_int_eq(ticket_run(&t), STATUS_OK);
		ck_assert_int_eq(t.job.verdict, VERDICT_UNCHANGED);
		ck_assert_int_eq(t.job.revision, 2);
		ck_assert_uint_eq(t.job.change->count, 0);
		ck_assert_ptr_nonnull(t.job.current);
		ck_assert(t.job.current->enabled);
		job_fini(&t.job);
		if (round == 0)
			desk_write(&desk, EDIT_PATCH, KIND_TOGGLE, "a",
				   "{\"state\":\"DISABLED\"}");
	}
	ck_assert(!desk_toggle(&desk, "a")->enabled);
}
END_TEST

/* The same for one that is not about a single toggle. */
START_TEST(test_key_when_rollback_changed_nothing_then_the_same_again)
{
	struct ticket t;

	desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "a", "{}");
	for (int round = 0; round < 2; round++) {
		ticket_init(&t, &desk, JOB_ROLLBACK);
		t.job.rollback.to.revision = 2;
		t.job.idempotency_key = desk_string("k1");
		ck_assert_int_eq(ticket_run(&t), STATUS_OK);
		ck_assert_int_eq(t.job.verdict, VERDICT_UNCHANGED);
		ck_assert_uint_eq(t.job.change->count, 0);
		ck_assert_ptr_null(t.job.current);
		job_fini(&t.job);
	}
}
END_TEST

static void
add(TCase *tc)
{
	tcase_set_timeout(tc, 300);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc,
		       test_flag_when_toggle_is_there_then_its_envelope_stays);
	tcase_add_test(tc,
		       test_segment_when_patched_then_the_whole_rule_is_new);
	tcase_add_test(tc, test_remove_when_absent_then_says_so_at_its_place);
	tcase_add_test(
	    tc, test_segment_when_new_with_two_toggles_then_both_are_compiled);
	tcase_add_test(
	    tc,
	    test_segment_when_changed_then_who_refers_to_it_is_compiled_anew);
	tcase_add_loop_test(
	    tc, test_segment_when_many_refer_to_it_then_some_are_named, 0, 2);
	tcase_add_test(tc,
		       test_write_when_environment_is_absent_then_not_found);
	tcase_add_test(
	    tc, test_environment_when_younger_than_the_moment_then_told_so);
	tcase_add_test(
	    tc,
	    test_environment_when_there_are_as_many_as_may_be_then_conflict);
	tcase_add_loop_test(tc, test_rollback_when_key_is_nowhere_then_named, 0,
			    2);
	tcase_add_test(
	    tc, test_key_when_nothing_changed_then_the_same_again_as_it_was);
	tcase_add_test(
	    tc, test_key_when_rollback_changed_nothing_then_the_same_again);
}

int
main(void)
{
	return suite_main("registry_edits", add);
}

/* What is said beside a change that is made. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fixture_registry.h"
#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

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

static const struct {
	const char *before; /* NULL: it is not there */
	enum edit_verb verb;
	const char *json;
	const char *code; /* NULL: no warning */
	const char *pointer;
	const char *says;
} advice[] = {
	{ "{}", EDIT_PATCH, "{\"state\":\"DISABLED\"}", "disabled", "/state",
	  "clients use the default in their code. {\"serve\":\"off\"}" },
	{ NULL, EDIT_PUT, "{\"value\":1,\"state\":\"DISABLED\"}", "disabled",
	  "/state", "{\"serve\":\"NAME\"}" },
	{ "{}", EDIT_FLAG, "{\"state\":\"DISABLED\"}", "disabled", "/state",
	  "clients" },
	/* Who says it again is told again. */
	{ "{\"state\":\"DISABLED\"}", EDIT_PATCH, "{\"state\":\"DISABLED\"}",
	  "disabled", "/state", "clients" },
	/* Who means something else is not. */
	{ "{\"state\":\"DISABLED\"}", EDIT_PATCH, "{\"owner\":\"ann\"}", NULL,
	  NULL, NULL },
	{ "{\"state\":\"DISABLED\"}", EDIT_PATCH, "{}", NULL, NULL, NULL },
	{ "{\"state\":\"DISABLED\"}", EDIT_PATCH, "{\"state\":\"ENABLED\"}",
	  NULL, NULL, NULL },
	{ "{}", EDIT_PATCH, "{\"serve\":\"off\"}", NULL, NULL, NULL },
	{ "{}", EDIT_PATCH, "{\"enabled\":false}", NULL, NULL, NULL },
	{ "{}", EDIT_REMOVE, NULL, NULL, NULL, NULL },
	/* By the rules again, which are disabled. */
	{ "{\"serve\":\"on\",\"held\":{\"state\":\"DISABLED\"}}", EDIT_PATCH,
	  "{\"serve\":null}", "disabled", "/state", "clients" },
	{ "{\"serve\":\"on\"}", EDIT_PUT, "{}", "released", "",
	  "was served 'on' by hand" },
	{ "{\"serve\":\"on\"}", EDIT_PUT, "{\"serve\":null}", NULL, NULL,
	  NULL },
	{ "{\"serve\":\"on\"}", EDIT_PUT, "{\"enabled\":true}", NULL, NULL,
	  NULL },
	{ "{\"serve\":\"on\"}", EDIT_PUT, "{\"serve\":\"off\"}", NULL, NULL,
	  NULL },
	{ "{\"serve\":\"on\"}", EDIT_PATCH, "{\"serve\":null}", NULL, NULL,
	  NULL },
	{ "{\"serve\":\"on\"}", EDIT_PUT, "{\"state\":\"DISABLED\"}",
	  "disabled", "/state", "clients" },
};

START_TEST(test_advice_when_a_toggle_is_written_then_as_expected)
{
	const struct warning *warning;
	struct ticket t;

	if (advice[_i].before != NULL)
		desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "a",
			   advice[_i].before);
	ticket_edit(&t, &desk, advice[_i].verb, KIND_TOGGLE, "a",
		    advice[_i].json);
	ck_assert_int_eq(ticket_run(&t), STATUS_OK);
	warning = &t.job.warnings.items[0];
	ck_assert_int_eq(t.job.warnings.count > 0, advice[_i].code != NULL);
	if (advice[_i].code != NULL) {
		ck_assert_str_eq(warning->code, advice[_i].code);
		ck_assert_str_eq(warning->pointer, advice[_i].pointer);
		ck_assert_msg(strstr(warning->detail, advice[_i].says) != NULL,
			      "%s", warning->detail);
	}
	job_fini(&t.job);
}
END_TEST

/* Each names its place, and there is an end to them. */
START_TEST(test_advice_when_many_are_disabled_then_the_first_are_named)
{
	static char keys[2 * WARNINGS_MAX][8];
	struct edit edits[2 * WARNINGS_MAX];
	struct ticket t;

	for (size_t i = 0; i < (size_t)COUNT(edits); i++) {
		(void)snprintf(keys[i], sizeof(keys[i]), "k%02zu", i);
		edits[i] = *desk_edit(&desk, EDIT_PATCH, KIND_TOGGLE, keys[i],
				      "{\"state\":\"DISABLED\"}");
		edits[i].pointer = keys[i];
	}
	ticket_init(&t, &desk, JOB_WRITE);
	t.job.write.edits = edits;
	t.job.write.count = COUNT(edits);
	ck_assert_int_eq(ticket_run(&t), STATUS_OK);
	ck_assert_uint_eq(t.job.warnings.count, WARNINGS_MAX);
	ck_assert_str_eq(t.job.warnings.items[3].pointer, "k03/state");
	job_fini(&t.job);
}
END_TEST

/* A rollback has no place for it. */
START_TEST(test_advice_when_a_rollback_disables_then_it_is_said)
{
	const int64_t then = desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "a",
					"{\"state\":\"DISABLED\"}");
	struct ticket t;

	desk_write(&desk, EDIT_PATCH, KIND_TOGGLE, "a", "{\"enabled\":true}");
	ticket_init(&t, &desk, JOB_ROLLBACK);
	t.job.rollback.to.revision = then;
	ck_assert_int_eq(ticket_run(&t), STATUS_OK);
	ck_assert_uint_eq(t.job.warnings.count, 1);
	ck_assert_str_eq(t.job.warnings.items[0].pointer, "");
	job_fini(&t.job);
}
END_TEST

/* Over a variant that is served by hand, in any order. */
START_TEST(test_rollback_when_over_a_hold_then_exactly_as_it_was)
{
	static const char *const steps[] = {
		"{\"targeting\":{\"if\":[{\"var\":\"a\"},\"on\"]}}",
		"{\"serve\":\"on\"}",
		"{\"defaultVariant\":\"on\"}",
		"{\"state\":\"DISABLED\"}",
		"{\"serve\":\"off\"}",
		"{\"serve\":null}",
	};
	int64_t revisions[COUNT(steps)];
	char *stored[COUNT(steps)];
	struct ticket t;

	desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "a", "{}");
	for (int i = 0; i < COUNT(steps); i++) {
		revisions[i] =
		    desk_write(&desk, EDIT_PATCH, KIND_TOGGLE, "a", steps[i]);
		stored[i] = mem_copy(desk_toggle(&desk, "a")->stored.data,
				     desk_toggle(&desk, "a")->stored.length);
	}
	for (int i = 0; i < COUNT(steps) * COUNT(steps); i++) {
		const int to = (i * 5 + i / COUNT(steps)) % COUNT(steps);
		const struct definition *a;

		ticket_init(&t, &desk, JOB_ROLLBACK);
		t.job.rollback.to.revision = revisions[to];
		ck_assert_int_eq(ticket_run(&t), STATUS_OK);
		job_fini(&t.job);
		a = desk_toggle(&desk, "a");
		ck_assert_msg(string_is(a->stored, stored[to]), "%s%s",
			      a->text.data, stored[to]);
		ck_assert_int_eq(a->is_held, to >= 1 && to <= 4);
		/* Out of the store as well. */
		desk_stop(&desk);
		desk_start(&desk);
		ck_assert_int_eq(desk_toggle(&desk, "a")->is_held,
				 to >= 1 && to <= 4);
	}
	for (int i = 0; i < COUNT(steps); i++)
		free(stored[i]);
}
END_TEST

/* What is held counts as a reference. */
START_TEST(test_segment_when_only_held_then_it_cannot_be_removed)
{
	struct ticket t;

	desk_write(&desk, EDIT_PUT, KIND_SEGMENT, "s", "{\"var\":\"a\"}");
	desk_write(&desk, EDIT_PUT, KIND_TOGGLE, "a",
		   "{\"targeting\":{\"if\":[{\"$ref\":\"s\"},\"on\"]},"
		   "\"serve\":\"off\"}");
	ticket_edit(&t, &desk, EDIT_REMOVE, KIND_SEGMENT, "s", NULL);
	ck_assert_int_eq(ticket_run(&t), STATUS_CONFLICT);
	job_fini(&t.job);
	/* A changed one compiles nothing, and stays one. */
	desk_write(&desk, EDIT_PUT, KIND_SEGMENT, "s", "{\"var\":\"b\"}");
	ck_assert_ptr_null(desk_toggle(&desk, "a")->program);
	ticket_edit(&t, &desk, EDIT_REMOVE, KIND_SEGMENT, "s", NULL);
	ck_assert_int_eq(ticket_run(&t), STATUS_CONFLICT);
	job_fini(&t.job);
	desk_write(&desk, EDIT_PATCH, KIND_TOGGLE, "a", "{\"serve\":null}");
	ck_assert_ptr_nonnull(desk_toggle(&desk, "a")->program);
}
END_TEST

static void
add(struct TCase *tc)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(
	    tc, test_advice_when_a_toggle_is_written_then_as_expected, 0,
	    COUNT(advice));
	tcase_add_test(
	    tc, test_advice_when_many_are_disabled_then_the_first_are_named);
	tcase_add_test(tc,
		       test_advice_when_a_rollback_disables_then_it_is_said);
	tcase_add_test(tc,
		       test_rollback_when_over_a_hold_then_exactly_as_it_was);
	tcase_add_test(tc,
		       test_segment_when_only_held_then_it_cannot_be_removed);
}

int
main(void)
{
	return suite_main("registry/advice", add);
}

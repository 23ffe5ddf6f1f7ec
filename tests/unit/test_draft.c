/*
 * A change in the making: what it takes while it is made goes by what it
 * changes, not by how many toggles that concerns.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "../../src/registry/draft.h"
#include "fixture_registry.h"
#include "suite.h"

enum {
	TOGGLES = 400,
	/* Of what lasts as long as the draft; a rule that is compiled anew
	 * takes more than a thousand. */
	BYTES_A_TOGGLE = 64,
};

static const char toggle[] =
    "{\"targeting\":{\"if\":[{\"or\":[{\"$ref\":\"s\"},"
    "{\"in\":[{\"var\":\"a\"},[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]]},"
    "{\"in\":[{\"var\":\"b\"},[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]]}]},"
    "\"on\",\"off\"]}}";

static struct desk desk;
static struct ticket ticket; /* its job is what the draft is for */
static struct draft draft;
static struct edit *edits;

static void
setup(void)
{
	struct stamp stamp = { .at_ms = INT64_C(4000000000000) };
	char key[16];

	desk_open(&desk);
	edits = arena_zalloc(&desk.arena, TOGGLES, sizeof(*edits));
	(void)desk_write(&desk, EDIT_PUT, KIND_SEGMENT, "s",
			 "{\"==\":[{\"var\":\"a\"},1]}");
	for (int i = 0; i < TOGGLES; i++) {
		(void)snprintf(key, sizeof(key), "t%03d", i);
		edits[i] = *desk_edit(&desk, EDIT_PUT, KIND_TOGGLE,
				      arena_copy(&desk.arena, key, strlen(key)),
				      toggle);
	}
	ticket_init(&ticket, &desk, JOB_WRITE);
	ticket.job.write.edits = edits;
	ticket.job.write.count = TOGGLES;
	ck_assert_int_eq(ticket_run(&ticket), STATUS_OK);
	job_fini(&ticket.job);
	ticket_init(&ticket, &desk, JOB_WRITE);
	stamp.revision = desk.catalog->head + 1;
	stamp.actor = ticket.job.actor;
	draft_init(&draft, catalog_find(desk.catalog, "default", 7),
		   &ticket.job, &stamp);
}

static void
teardown(void)
{
	draft_fini(&draft);
	job_fini(&ticket.job);
	desk_close(&desk);
}

static void
finish(void)
{
	struct snapshot *after = NULL;

	ck_assert_int_eq(draft_finish(&draft, &after, &desk.err), STATUS_OK);
	ck_assert_uint_eq(tree_count(after->toggles), TOGGLES);
	snapshot_unref(after);
	printf("%zu bytes for %d toggles\n", draft.arena.used_bytes, TOGGLES);
	ck_assert_uint_le(draft.arena.used_bytes,
			  (size_t)BYTES_A_TOGGLE * TOGGLES);
	ck_assert_uint_eq(draft.scratch.used_bytes, 0);
}

START_TEST(test_draft_when_segment_of_many_changes_then_takes_little)
{
	const struct edit *edit = desk_edit(&desk, EDIT_PUT, KIND_SEGMENT, "s",
					    "{\"==\":[{\"var\":\"a\"},2]}");

	ck_assert_int_eq(draft_apply(&draft, edit, 1, &desk.err), STATUS_OK);
	ck_assert_uint_eq(draft.change->count, 1);
	finish();
}
END_TEST

START_TEST(test_draft_when_many_change_then_takes_little)
{
	for (int i = 0; i < TOGGLES; i++)
		edits[i].value = desk_edit(&desk, EDIT_PUT, KIND_TOGGLE, "x",
					   "{\"targeting\":{\"$ref\":\"s\"}}")
				     ->value;
	ck_assert_int_eq(draft_apply(&draft, edits, TOGGLES, &desk.err),
			 STATUS_OK);
	ck_assert_uint_eq(draft.change->count, TOGGLES);
	finish();
}
END_TEST

static void
add(TCase *tc)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(
	    tc, test_draft_when_segment_of_many_changes_then_takes_little);
	tcase_add_test(tc, test_draft_when_many_change_then_takes_little);
}

int
main(void)
{
	return suite_main("draft", add);
}

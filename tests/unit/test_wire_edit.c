#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "model/name.h"
#include "unit/wire_case.h"
#include "wire/edit.h"

static struct arena arena;
static struct error err;
static struct bytes out;

static void
setup(void)
{
	arena_init(&arena);
	error_init(&err);
	bytes_init(&out);
}

static void
teardown(void)
{
	bytes_fini(&out);
	arena_fini(&arena);
}

/* One line an edit: verb, kind, key, pointer, value. */
static void
describe(const struct edit_list *list)
{
	static const char *const verbs[] = { "put", "patch", "flag", "remove" };

	for (size_t i = 0; i < list->count; i++) {
		const struct edit *edit = &list->edits[i];

		bytes_printf(&out, "%s %s %s %s ", verbs[edit->verb],
			     kind_name(edit->kind), edit->key.data,
			     edit->pointer);
		value_encode(&edit->value, &out);
		bytes_append_char(&out, '\n');
	}
	bytes_append_str(&out, list->comment.data);
}

static const struct {
	const char *body;
	const char *edits;
} changes[] = {
	{ "{}", "" },
	{ "{\"comment\":\"why\"}", "why" },
	{ "{\"toggles\":{\"a\":{\"state\":\"DISABLED\"},\"b\":null},"
	  "\"segments\":{\"s\":{\"==\":[1,1]},\"t\":null},\"comment\":\"c\"}",
	  "put segment s /segments/s {\"==\":[1,1]}\n"
	  "remove segment t /segments/t null\n"
	  "patch toggle a /toggles/a {\"state\":\"DISABLED\"}\n"
	  "remove toggle b /toggles/b null\n"
	  "c" },
	{ "{\"revision\":7,\"epoch\":\"e\",\"cursor\":\"e.7\","
	  "\"environment\":\"x\",\"full\":true,\"toggles\":{\"a~b\":{}},"
	  "\"segments\":{}}",
	  "put toggle a~b /toggles/a~0b {}\n" },
	{ "{\"$schema\":\"x\",\"flags\":{\"a\":{\"variants\":{}},"
	  "\"b\":null},"
	  "\"$evaluators\":{\"s\":{\"!\":[1]}},\"metadata\":{\"v\":1,"
	  "\"flagSetId\":\"shop\",\"version\":\"3\"}}",
	  "patch environment   {\"metadata\":{\"v\":1}}\n"
	  "put segment s /$evaluators/s {\"!\":[1]}\n"
	  "flag toggle a /flags/a {\"variants\":{}}\n"
	  "flag toggle b /flags/b null\n" },
	{ "{\"flags\":[{\"key\":\"a\",\"value\":1},{\"key\":\"b\","
	  "\"variants\":{}}],"
	  "\"comment\":\"import\"}",
	  "flag toggle a /flags/0 {\"key\":\"a\",\"value\":1}\n"
	  "flag toggle b /flags/1 {\"key\":\"b\",\"variants\":{}}\n"
	  "import" },
	{ "{\"$evaluators\":{}}", "" },
};

START_TEST(test_changes_when_good_then_edits)
{
	struct value body = wire_case_value(&arena, changes[_i].body);
	struct edit_list list;

	if (edit_decode_changes(&body, &arena, &list, &err) != STATUS_OK)
		ck_abort_msg("%s", err.text);
	bytes_append_str(&out, "");
	describe(&list);
	ck_assert_str_eq(out.data, changes[_i].edits);
}
END_TEST

static const struct {
	const char *body;
	const char *pointer;
	const char *detail; /* the beginning */
} refused[] = {
	{ "[]", "", "the body must be an object" },
	{ "{\"toggle\":{}}", "/toggle", "unknown member 'toggle'; did you" },
	{ "{\"toggles\":[]}", "/toggles", "must be an object, not array" },
	{ "{\"segments\":1}", "/segments", "must be an object" },
	{ "{\"comment\":1}", "/comment", "must be a string" },
	{ "{\"comment\":null}", "/comment", "must be a string, not null" },
	{ "{\"toggles\":{\"a b\":{}}}", "/toggles/a b", "'a b' is no name" },
	{ "{\"toggles\":{\"\":{}}}", "/toggles/", "'' is no name for a to" },
	{ "{\"segments\":{\"ü\":{}}}", "/segments/ü", "'ü' is no name for" },
	{ "{\"flags\":{},\"toggles\":{}}", "/toggles", "unknown member" },
	{ "{\"flags\":\"x\"}", "/flags", "must be an object or an array" },
	{ "{\"flags\":[{}]}", "/flags/0", "must be an object with a string" },
	{ "{\"flags\":[1]}", "/flags/0", "must be an object with a string" },
	{ "{\"flags\":[{\"key\":1}]}", "/flags/0", "must be an object with" },
	{ "{\"flags\":[{\"key\":\"a\",\"variants\":{}},{\"key\":\"a\","
	  "\"variants\":{}}]}",
	  "/flags/1", "key 'a' is there twice" },
	{ "{\"flags\":{\"a\":{\"state\":\"ENABLED\"}}}", "/flags/a",
	  "member 'variants' is missing" },
	{ "{\"flags\":[{\"key\":\"a\"}]}", "/flags/0",
	  "member 'variants' is missing" },
	{ "{\"flags\":[{\"key\":\"a b\",\"variants\":{}}]}", "/flags/0",
	  "'a b' is no name" },
	{ "{\"$evaluators\":[]}", "/$evaluators", "must be an object" },
};

START_TEST(test_changes_when_wrong_then_the_place_is_named)
{
	struct value body = wire_case_value(&arena, refused[_i].body);
	struct edit_list list = { .count = 99 };

	ck_assert_int_eq(edit_decode_changes(&body, &arena, &list, &err),
			 STATUS_INVALID);
	ck_assert_uint_eq(err.place_count, 1);
	ck_assert_str_eq(err.places[0].pointer, refused[_i].pointer);
	ck_assert_int_eq(strncmp(err.places[0].detail, refused[_i].detail,
				 strlen(refused[_i].detail)),
			 0);
	ck_assert_uint_eq(list.count, 99);
}
END_TEST

START_TEST(test_changes_when_too_many_then_too_large)
{
	struct edit_list list;
	struct value body;

	bytes_append_str(&out, "{\"toggles\":{\"k\":null");
	for (int i = 0; i < LIMIT_CHANGE_ITEMS; i++)
		bytes_printf(&out, ",\"k%d\":null", i);
	bytes_append_str(&out, "}}");
	body = wire_case_value(&arena, out.data);
	ck_assert_int_eq(edit_decode_changes(&body, &arena, &list, &err),
			 STATUS_TOO_LARGE);
}
END_TEST

START_TEST(test_flags_when_too_many_then_too_large)
{
	struct edit_list list;
	struct value body;

	bytes_append_str(&out, "{\"flags\":[0");
	for (int i = 0; i < LIMIT_CHANGE_ITEMS; i++)
		bytes_append_str(&out, ",0");
	bytes_append_str(&out, "]}");
	body = wire_case_value(&arena, out.data);
	ck_assert_int_eq(edit_decode_changes(&body, &arena, &list, &err),
			 STATUS_TOO_LARGE);
}
END_TEST

START_TEST(test_rollback_when_too_many_keys_then_refused)
{
	struct rollback rollback;
	struct value body;

	bytes_append_str(&out, "{\"to\":1,\"keys\":[\"k\"");
	for (int i = 0; i < LIMIT_CHANGE_ITEMS; i++)
		bytes_append_str(&out, ",\"k\"");
	bytes_append_str(&out, "]}");
	body = wire_case_value(&arena, out.data);
	ck_assert_int_eq(rollback_decode(&body, 0, &arena, &rollback, &err),
			 STATUS_INVALID);
	ck_assert_str_eq(err.places[0].pointer, "/keys");
}
END_TEST

START_TEST(test_changes_when_comment_is_long_then_refused)
{
	struct edit_list list;
	struct value body;

	bytes_append_str(&out, "{\"comment\":\"");
	for (int i = 0; i <= NAME_COMMENT_MAX; i++)
		bytes_append_char(&out, 'x');
	bytes_append_str(&out, "\"}");
	body = wire_case_value(&arena, out.data);
	ck_assert_int_eq(edit_decode_changes(&body, &arena, &list, &err),
			 STATUS_INVALID);
	ck_assert_str_eq(err.places[0].pointer, "/comment");
}
END_TEST

START_TEST(test_rollback_when_to_is_no_moment_then_said_once)
{
	struct value body = wire_case_value(&arena, "{\"to\":\"soon\"}");
	struct rollback rollback;

	ck_assert_int_eq(rollback_decode(&body, 0, &arena, &rollback, &err),
			 STATUS_INVALID);
	ck_assert_int_eq(strncmp(err.text, "/to: 'soon' is no moment: ", 26),
			 0);
}
END_TEST

START_TEST(test_rollback_when_whole_then_no_keys)
{
	struct value body =
	    wire_case_value(&arena, "{\"to\":7,\"comment\":\"oops\"}");
	struct rollback rollback;

	ck_assert_int_eq(rollback_decode(&body, 0, &arena, &rollback, &err),
			 STATUS_OK);
	ck_assert_int_eq(rollback.to.revision, 7);
	ck_assert(!rollback.to.is_time);
	ck_assert_ptr_null(rollback.keys);
	ck_assert_uint_eq(rollback.key_count, 0);
	ck_assert_str_eq(rollback.comment.data, "oops");
}
END_TEST

START_TEST(test_rollback_when_keys_then_those)
{
	struct value body = wire_case_value(
	    &arena, "{\"to\":\"1970-01-01T00:00:01Z\",\"keys\":[\"a\",\"b\"]}");
	struct rollback rollback;

	ck_assert_int_eq(rollback_decode(&body, 0, &arena, &rollback, &err),
			 STATUS_OK);
	ck_assert(rollback.to.is_time);
	ck_assert_int_eq(rollback.to.at_ms, 1000);
	ck_assert_uint_eq(rollback.key_count, 2);
	ck_assert_str_eq(rollback.keys[1].data, "b");
	ck_assert_uint_eq(rollback.comment.length, 0);
}
END_TEST

static const struct {
	const char *body;
	const char *pointer;
} bad_rollbacks[] = {
	{ "1", "" },
	{ "{}", "" },
	{ "{\"to\":-1}", "/to" },
	{ "{\"to\":1.5}", "/to" },
	{ "{\"to\":\"soon\"}", "/to" },
	{ "{\"to\":null}", "/to" },
	{ "{\"to\":1,\"keys\":[]}", "/keys" },
	{ "{\"to\":1,\"keys\":null}", "/keys" },
	{ "{\"to\":1,\"keys\":\"a\"}", "/keys" },
	{ "{\"to\":1,\"keys\":[\"a\",1]}", "/keys/1" },
	{ "{\"to\":1,\"keys\":[\"a b\"]}", "/keys/0" },
	{ "{\"to\":1,\"key\":[\"a\"]}", "/key" },
	{ "{\"to\":1,\"comment\":[]}", "/comment" },
};

START_TEST(test_rollback_when_wrong_then_the_place_is_named)
{
	struct value body = wire_case_value(&arena, bad_rollbacks[_i].body);
	struct rollback rollback;

	ck_assert_int_eq(rollback_decode(&body, 0, &arena, &rollback, &err),
			 STATUS_INVALID);
	ck_assert_str_eq(err.places[0].pointer, bad_rollbacks[_i].pointer);
}
END_TEST

#define LOOP(tc, test, table)                                                  \
	tcase_add_loop_test(tc, test, 0, sizeof(table) / sizeof((table)[0]))

static Suite *
suite(void)
{
	Suite *s = suite_create("wire/edit");
	TCase *tc = tcase_create("edit");

	tcase_add_checked_fixture(tc, setup, teardown);
	LOOP(tc, test_changes_when_good_then_edits, changes);
	LOOP(tc, test_changes_when_wrong_then_the_place_is_named, refused);
	tcase_add_test(tc, test_changes_when_too_many_then_too_large);
	tcase_add_test(tc, test_flags_when_too_many_then_too_large);
	tcase_add_test(tc, test_rollback_when_too_many_keys_then_refused);
	tcase_add_test(tc, test_changes_when_comment_is_long_then_refused);
	tcase_add_test(tc, test_rollback_when_to_is_no_moment_then_said_once);
	tcase_add_test(tc, test_rollback_when_whole_then_no_keys);
	tcase_add_test(tc, test_rollback_when_keys_then_those);
	LOOP(tc, test_rollback_when_wrong_then_the_place_is_named,
	     bad_rollbacks);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	SRunner *runner = srunner_create(suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/*
 * Documents against golden files (tests/cases/wire/document), and what a delta
 * has to hold.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/change.h"
#include "model/snapshot.h"
#include "unit/wire_case.h"
#include "wire/document.h"
#include "wire/json.h"
#include "wire/values.h"

#define GOLDEN "tests/cases/wire/document/"
#define EPOCH "0123456789abcdef"

static struct bytes out;

static void
setup(void)
{
	bytes_init(&out);
}

static void
teardown(void)
{
	bytes_fini(&out);
}

/* One definition that a change sets, or removes when there is no text. */
struct step {
	int64_t revision;
	enum kind kind;
	const char *key;
	const char *text;
};

/* Revisions 1 to 9: toggles of two teams, two segments, one toggle gone. */
static const struct step history[] = {
	{ 1, KIND_ENVIRONMENT, "shop",
	  "{\"description\":\"The shop\",\"metadata\":{\"team\":\"shop\"}}" },
	{ 2, KIND_SEGMENT, "staff",
	  "{\"ends_with\":[{\"var\":\"email\"},\"@example.com\"]}" },
	{ 2, KIND_SEGMENT, "gold", "{\"==\":[{\"var\":\"plan\"},\"gold\"]}" },
	{ 3, KIND_TOGGLE, "web.checkout",
	  "{\"owner\":\"shop\",\"tags\":[\"q4\"],\"targeting\":{\"if\":[{"
	  "\"$ref\":\"staff\"},\"on\"]}}" },
	{ 4, KIND_TOGGLE, "app.speed",
	  "{\"type\":\"float\",\"variants\":{\"slow\":1,\"fast\":10},"
	  "\"defaultVariant\":\"slow\",\"metadata\":{\"unit\":\"s\"}}" },
	{ 5, KIND_TOGGLE, "app.old", "{}" },
	{ 6, KIND_TOGGLE, "web.banner",
	  "{\"state\":\"DISABLED\",\"variants\":{\"text\":\"Hi \\\"you\\\"\"},"
	  "\"defaultVariant\":\"text\"}" },
	{ 7, KIND_TOGGLE, "app.none", "{\"defaultVariant\":null}" },
	{ 8, KIND_TOGGLE, "app.old", NULL },
	{ 9, KIND_TOGGLE, "web.checkout",
	  "{\"owner\":\"shop\",\"tags\":[\"q4\"],\"defaultVariant\":\"on\","
	  "\"targeting\":{\"if\":[{\"$ref\":\"staff\"},\"on\"]}}" },
};

enum { HISTORY = sizeof(history) / sizeof(history[0]) };

/* Put one step into `change`, as what it is after `base`. */
static void
add_step(struct change *change, const struct snapshot *base,
	 const struct step *step)
{
	const struct definition *before =
	    snapshot_find(base, step->kind, step->key, strlen(step->key));
	struct string key = wire_case_string(step->key);
	struct definition *after =
	    step->text != NULL
		? wire_case_definition(step->kind, step->key, step->text,
				       step->revision)
		: NULL;

	change_add(change, step->kind, key, before, after);
	definition_unref(after);
}

static struct change *
new_change(int64_t revision)
{
	struct change *change =
	    change_new(wire_case_string("shop"), wire_case_string("alice"),
		       wire_case_string("as \"asked\""));

	change->revision = revision;
	change->at_ms = 1700000000000 + revision;
	return change;
}

/* `base`, owned, after `count` steps. */
static struct snapshot *
after_steps(struct snapshot *base, const struct step *steps, size_t count)
{
	for (size_t i = 0; i < count;) {
		struct change *change = new_change(steps[i].revision);
		struct snapshot *next;

		for (; i < count && steps[i].revision == change->revision; i++)
			add_step(change, base, &steps[i]);
		next = snapshot_apply(base, change);
		change_free(change);
		snapshot_unref(base);
		base = next;
	}
	return base;
}

static struct snapshot *
shop(void)
{
	return after_steps(snapshot_new(wire_case_string("shop")), history,
			   HISTORY);
}

/* What was built has to be JSON that our own reader takes. */
static void
assert_json(void)
{
	struct arena arena;

	arena_init(&arena);
	(void)wire_case_value(&arena, out.data);
	arena_fini(&arena);
}

static const struct {
	const char *name;
	struct selection selection;
} selections[] = {
	{ "toggles_all", { .prefix = { "", 0 }, .tag = { "", 0 } } },
	{ "toggles_prefix", { .prefix = { "web.", 4 }, .tag = { "", 0 } } },
	{ "toggles_tag", { .prefix = { "", 0 }, .tag = { "q4", 2 } } },
	{ "toggles_none", { .prefix = { "x", 1 }, .tag = { "q4", 2 } } },
};

static void
expect(const char *name)
{
	char path[256];

	assert_json();
	(void)snprintf(path, sizeof(path), GOLDEN "%s.json", name);
	wire_case_expect(path, &out);
}

START_TEST(test_toggles_when_selected_then_golden)
{
	struct snapshot *snapshot = shop();

	document_toggles(snapshot, EPOCH, &selections[_i].selection, &out);
	expect(selections[_i].name);
	snapshot_unref(snapshot);
}
END_TEST

static const struct {
	const char *name;
	const char *prefix;
	int64_t since;
	bool has_changes;
} deltas[] = {
	{ "changes_full", "", 0, true },
	{ "changes_full_prefix", "app.", 0, true },
	{ "changes_from_1", "", 1, true },
	{ "changes_from_2_prefix", "web.", 2, true },
	{ "changes_from_7", "", 7, true },
	{ "changes_from_7_prefix", "app.", 7, true },
	{ "changes_from_8_prefix", "app.", 8, false },
	{ "changes_from_8_prefix_web", "web.", 8, true },
	{ "changes_current", "", 9, false },
	{ "changes_ahead", "", 99, false },
};

START_TEST(test_changes_when_since_then_golden)
{
	struct snapshot *snapshot = shop();
	struct string prefix = wire_case_string(deltas[_i].prefix);

	document_changes(snapshot, EPOCH, prefix, deltas[_i].since, &out);
	expect(deltas[_i].name);
	ck_assert_int_eq(
	    document_has_changes(snapshot, prefix, deltas[_i].since),
	    deltas[_i].has_changes);
	snapshot_unref(snapshot);
}
END_TEST

/* A changed segment wakes whom it concerns, and nobody else. */
static const struct {
	const char *name;
	const char *prefix;
	const char *segment;
	bool concerned;
} segments[] = {
	{ "segment_all", "", "gold", true },
	{ "segment_used", "web.", "staff", true },
	{ "segment_unused", "web.", "gold", false },
	{ "segment_elsewhere", "app.", "staff", false },
};

START_TEST(test_changes_when_a_segment_changed_then_only_users_see_it)
{
	struct step step = { 10, KIND_SEGMENT, segments[_i].segment,
			     "{\"==\":[1,1]}" };
	struct snapshot *snapshot = after_steps(shop(), &step, 1);
	struct string prefix = wire_case_string(segments[_i].prefix);

	ck_assert_int_eq(document_has_changes(snapshot, prefix, 9),
			 segments[_i].concerned);
	document_changes(snapshot, EPOCH, prefix, 9, &out);
	expect(segments[_i].name);
	snapshot_unref(snapshot);
}
END_TEST

START_TEST(test_changes_when_a_segment_was_removed_then_null)
{
	struct step step = { 10, KIND_SEGMENT, "gold", NULL };
	struct snapshot *snapshot = after_steps(shop(), &step, 1);
	struct string none = { "", 0 };

	ck_assert(document_has_changes(snapshot, none, 9));
	document_changes(snapshot, EPOCH, none, 9, &out);
	expect("segment_removed");
	snapshot_unref(snapshot);
}
END_TEST

START_TEST(test_changes_when_before_the_horizon_then_full)
{
	struct snapshot *snapshot = shop();
	struct string none = { "", 0 };

	snapshot->horizon = 5;
	ck_assert(document_has_changes(snapshot, none, 4));
	document_changes(snapshot, EPOCH, none, 4, &out);
	ck_assert_ptr_nonnull(strstr(out.data, "\"full\":true"));
	bytes_clear(&out);
	document_changes(snapshot, EPOCH, none, 5, &out);
	ck_assert_ptr_nonnull(strstr(out.data, "\"full\":false"));
	snapshot_unref(snapshot);
}
END_TEST

START_TEST(test_no_changes_when_built_then_the_form_of_a_delta)
{
	document_no_changes(EPOCH, 9, &out);
	expect("changes_none");
}
END_TEST

START_TEST(test_documents_when_appended_then_what_was_there_stays)
{
	bytes_append_str(&out, "data: ");
	document_no_changes(EPOCH, 9, &out);
	ck_assert_int_eq(strncmp(out.data, "data: {\"revision\":9,", 20), 0);
}
END_TEST

START_TEST(test_flagd_when_built_then_golden)
{
	struct snapshot *snapshot = shop();

	document_flagd(snapshot, &out);
	expect("flagd");
	snapshot_unref(snapshot);
}
END_TEST

START_TEST(test_flagd_when_empty_then_golden)
{
	struct snapshot *snapshot = snapshot_new(wire_case_string("new"));

	document_flagd(snapshot, &out);
	expect("flagd_empty");
	snapshot_unref(snapshot);
}
END_TEST

START_TEST(test_values_when_no_context_then_defaults_of_enabled_toggles)
{
	struct snapshot *snapshot = shop();

	document_values(snapshot, EPOCH, NULL, (struct string){ "", 0 }, &out);
	expect("values");
	bytes_clear(&out);
	document_values(snapshot, EPOCH, NULL, (struct string){ "app.", 4 },
			&out);
	expect("values_prefix");
	snapshot_unref(snapshot);
}
END_TEST

START_TEST(test_values_when_context_then_evaluated)
{
	struct step step = {
		10, KIND_TOGGLE, "web.checkout",
		"{\"targeting\":{\"if\":[{\"==\":[{\"var\":\"plan\"},\"gold\"]}"
		",\"on\"]}}"
	};
	struct snapshot *snapshot = after_steps(shop(), &step, 1);
	struct arena arena;
	struct value data;
	struct eval_context context = { .fractional = FRACTIONAL_V2,
					.data = &data,
					.scratch = eval_scratch_new() };

	arena_init(&arena);
	data = wire_case_value(&arena, "{\"plan\":\"gold\"}");
	document_values(snapshot, EPOCH, &context, (struct string){ "", 0 },
			&out);
	expect("values_context");
	eval_scratch_free(context.scratch);
	arena_fini(&arena);
	snapshot_unref(snapshot);
}
END_TEST

START_TEST(test_change_when_many_kinds_then_golden)
{
	static const struct step steps[] = {
		{ 10, KIND_TOGGLE, "web.new", "{}" },
		{ 10, KIND_TOGGLE, "app.speed", NULL },
		{ 10, KIND_SEGMENT, "gold", "{\"==\":[1,1]}" },
		{ 10, KIND_TOGGLE, "web", "{\"value\":1}" },
		{ 10, KIND_ENVIRONMENT, "shop", "{\"fractional\":\"v3\"}" },
	};
	struct snapshot *snapshot = shop();
	struct change *change = new_change(10);

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		add_step(change, snapshot, &steps[i]);
	document_change(change, "\"dryRun\":true,", &out);
	expect("change");
	change_free(change);
	snapshot_unref(snapshot);
}
END_TEST

START_TEST(test_change_when_empty_then_golden)
{
	struct change *change = new_change(3);

	document_change(change, NULL, &out);
	expect("change_empty");
	change_free(change);
}
END_TEST

START_TEST(test_environments_when_listed_then_golden)
{
	struct catalog *empty = catalog_new(EPOCH, 0);
	struct snapshot *snapshot = shop();
	struct catalog *catalog = catalog_with(empty, snapshot, 9);

	document_environments(empty, NULL, &out);
	ck_assert_str_eq(out.data, "{\"environments\":{}}");
	bytes_clear(&out);
	document_environments(catalog, NULL, &out);
	expect("environments");
	catalog_unref(catalog);
	catalog_unref(empty);
	snapshot_unref(snapshot);
}
END_TEST

START_TEST(test_problem_when_no_places_then_no_errors_member)
{
	struct error err;

	error_init(&err);
	(void)error_set(&err, STATUS_NOT_FOUND, "no toggle '%s'", "a\"b");
	document_problem(&err, NULL, (struct string){ NULL, 0 }, &out);
	expect("problem_not_found");
}
END_TEST

START_TEST(test_problem_when_extra_then_it_is_a_member)
{
	struct error err;

	error_init(&err);
	(void)error_set(&err, STATUS_PRECONDITION, "it moved");
	document_problem(&err, "current", wire_case_string("{\"key\":\"a\"}"),
			 &out);
	expect("problem_extra");
}
END_TEST

START_TEST(test_problem_when_many_places_then_counted)
{
	struct error err;

	error_init(&err);
	for (int i = 0; i < ERROR_PLACES_MAX + 3; i++)
		(void)error_at(&err, "/a", "fault %d", i);
	document_problem(&err, NULL, (struct string){ NULL, 0 }, &out);
	expect("problem_many");
}
END_TEST

#define LOOP(tc, test, table)                                                  \
	tcase_add_loop_test(tc, test, 0, sizeof(table) / sizeof((table)[0]))

static Suite *
suite(void)
{
	Suite *s = suite_create("wire/document");
	TCase *tc = tcase_create("document");

	tcase_add_checked_fixture(tc, setup, teardown);
	LOOP(tc, test_toggles_when_selected_then_golden, selections);
	LOOP(tc, test_changes_when_since_then_golden, deltas);
	LOOP(tc, test_changes_when_a_segment_changed_then_only_users_see_it,
	     segments);
	tcase_add_test(tc, test_changes_when_a_segment_was_removed_then_null);
	tcase_add_test(tc, test_changes_when_before_the_horizon_then_full);
	tcase_add_test(tc, test_no_changes_when_built_then_the_form_of_a_delta);
	tcase_add_test(tc,
		       test_documents_when_appended_then_what_was_there_stays);
	tcase_add_test(tc, test_flagd_when_built_then_golden);
	tcase_add_test(tc, test_flagd_when_empty_then_golden);
	tcase_add_test(
	    tc, test_values_when_no_context_then_defaults_of_enabled_toggles);
	tcase_add_test(tc, test_values_when_context_then_evaluated);
	tcase_add_test(tc, test_change_when_many_kinds_then_golden);
	tcase_add_test(tc, test_change_when_empty_then_golden);
	tcase_add_test(tc, test_environments_when_listed_then_golden);
	tcase_add_test(tc, test_problem_when_no_places_then_no_errors_member);
	tcase_add_test(tc, test_problem_when_extra_then_it_is_a_member);
	tcase_add_test(tc, test_problem_when_many_places_then_counted);
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

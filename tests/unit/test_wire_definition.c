/*
 * Most of what a definition may be stands in tests/cases/wire: a folder with
 * input.json and output.json (valid) or error.json (invalid). The name begins
 * with the kind; what does not is a toggle.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/definition.h"
#include "unit/wire_case.h"
#include "wire/definition.h"
#include "wire/document.h"
#include "wire/json.h"

#define CASES "tests/cases/wire/"

static char **valid;
static int valid_count;
static char **invalid;
static int invalid_count;

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

static enum kind
kind_of(const char *name)
{
	if (strncmp(name, "segment_", 8) == 0)
		return KIND_SEGMENT;
	if (strncmp(name, "environment_", 12) == 0)
		return KIND_ENVIRONMENT;
	return KIND_TOGGLE;
}

static const char *
path_of(const char *folder, const char *name, const char *file)
{
	static char path[512];

	(void)snprintf(path, sizeof(path), CASES "%s/%s/%s", folder, name,
		       file);
	return path;
}

static enum status
decode_text(enum kind kind, struct string text, bool lenient,
	    struct definition **definition)
{
	struct stamp stamp = { 42, 1700000000123, wire_case_string("alice") };
	struct definition_scope scope = wire_case_scope();
	struct value json;
	enum status status;

	scope.lenient = lenient;
	status = json_decode(text.data, text.length, NULL, &arena, &json, &err);
	if (status != STATUS_OK)
		return status;
	return definition_decode(kind, wire_case_string("k"), &json, &stamp,
				 &scope, &arena, definition, &err);
}

static struct definition *
decoded(enum kind kind, const char *text)
{
	struct definition *definition = NULL;
	enum status status =
	    decode_text(kind, wire_case_string(text), false, &definition);

	if (status != STATUS_OK)
		ck_abort_msg("%s: %s", text, err.text);
	return definition;
}

static struct definition *
loaded(const struct definition *from)
{
	struct stamp stamp = { 42, 1700000000123, wire_case_string("alice") };
	struct definition_scope scope = wire_case_scope();
	struct definition *definition = NULL;

	ck_assert_int_eq(definition_load(from->kind, from->key, from->stored,
					 &stamp, &scope, &arena, &definition,
					 &err),
			 STATUS_OK);
	return definition;
}

static void
assert_same(struct string a, struct string b)
{
	ck_assert_uint_eq(a.length, b.length);
	if (a.length > 0)
		ck_assert_mem_eq(a.data, b.data, a.length);
}

static void
assert_equal(const struct definition *a, const struct definition *b)
{
	assert_same(a->text, b->text);
	assert_same(a->stored, b->stored);
	assert_same(a->core, b->core);
	assert_same(a->metadata, b->metadata);
	ck_assert_int_eq(a->enabled, b->enabled);
	ck_assert_int_eq(a->type, b->type);
	ck_assert_int_eq(a->default_variant, b->default_variant);
	ck_assert_uint_eq(a->variant_count, b->variant_count);
	for (size_t i = 0; i < a->variant_count; i++) {
		assert_same(a->variants[i].name, b->variants[i].name);
		assert_same(a->variants[i].json, b->variants[i].json);
	}
	ck_assert_uint_eq(a->tag_count, b->tag_count);
	for (size_t i = 0; i < a->tag_count; i++)
		assert_same(a->tags[i], b->tags[i]);
	ck_assert_uint_eq(a->reference_count, b->reference_count);
	for (size_t i = 0; i < a->reference_count; i++)
		assert_same(a->references[i], b->references[i]);
	ck_assert_int_eq(a->program != NULL, b->program != NULL);
}

START_TEST(test_decode_when_valid_then_text_is_as_expected)
{
	const char *name = valid[_i];
	struct definition *definition = NULL;
	struct string input =
	    wire_case_read(&arena, path_of("valid", name, "input.json"));

	if (decode_text(kind_of(name), input, false, &definition) != STATUS_OK)
		ck_abort_msg("%s: %s", name, err.text);
	bytes_append(&out, definition->text.data, definition->text.length);
	wire_case_expect(path_of("valid", name, "output.json"), &out);
	definition_unref(definition);
}
END_TEST

/* What was answered can be sent back, and what was stored can be loaded. */
START_TEST(test_decode_when_own_text_comes_back_then_nothing_changes)
{
	const char *name = valid[_i];
	struct definition *first = NULL, *again = NULL, *stored;
	struct string input =
	    wire_case_read(&arena, path_of("valid", name, "input.json"));

	ck_assert_int_eq(decode_text(kind_of(name), input, false, &first),
			 STATUS_OK);
	if (decode_text(first->kind, first->text, false, &again) != STATUS_OK)
		ck_abort_msg("%s: %s", name, err.text);
	stored = loaded(first);
	assert_equal(first, again);
	assert_equal(first, stored);
	ck_assert_ptr_eq(first->text.data,
			 strstr(first->text.data, first->text.data));
	ck_assert(first->stored.data > first->text.data);
	ck_assert(first->core.data >= first->stored.data);
	ck_assert(first->core.data + first->core.length <=
		  first->stored.data + first->stored.length);
	definition_unref(first);
	definition_unref(again);
	definition_unref(stored);
}
END_TEST

START_TEST(test_decode_when_invalid_then_every_fault_is_named)
{
	const char *name = invalid[_i];
	struct definition *definition = NULL;
	struct string input =
	    wire_case_read(&arena, path_of("invalid", name, "input.json"));

	ck_assert_int_ne(decode_text(kind_of(name), input, false, &definition),
			 STATUS_OK);
	ck_assert_ptr_null(definition);
	document_problem(&err, NULL, (struct string){ NULL, 0 }, &out);
	wire_case_expect(path_of("invalid", name, "error.json"), &out);
}
END_TEST

START_TEST(test_decode_when_nobody_wants_the_error_then_it_fails_all_the_same)
{
	const char *name = invalid[_i];
	struct stamp stamp = { 1, 1, wire_case_string("a") };
	struct definition_scope scope = wire_case_scope();
	struct definition *definition = NULL;
	struct value json;
	struct string input =
	    wire_case_read(&arena, path_of("invalid", name, "input.json"));

	if (json_decode(input.data, input.length, NULL, &arena, &json, NULL) !=
	    STATUS_OK)
		return;
	ck_assert_int_ne(definition_decode(kind_of(name), wire_case_string("k"),
					   &json, &stamp, &scope, &arena,
					   &definition, NULL),
			 STATUS_OK);
}
END_TEST

static const char *const broken[] = {
	"{\"targeting\":{\"invalid\":[true]}}",
	"{\"targeting\":{\"if\":[{\"$ref\":\"unknown\"},\"on\"]}}",
	"{\"targeting\":{\"if\":[true,\"no such variant\"]}}",
};

START_TEST(test_decode_when_lenient_then_broken_targeting_is_reported_and_kept)
{
	struct definition *definition = NULL;

	ck_assert_int_eq(decode_text(KIND_TOGGLE, wire_case_string(broken[_i]),
				     true, &definition),
			 STATUS_OK);
	ck_assert_ptr_nonnull(strstr(definition->text.data, "\"targeting\":{"));
	ck_assert_int_eq(err.code, STATUS_OK);
	ck_assert_uint_gt(err.place_count, 0);
	ck_assert_int_eq(strncmp(err.places[0].pointer, "/targeting", 10), 0);
	definition_unref(definition);
}
END_TEST

START_TEST(test_decode_when_lenient_then_other_faults_still_fail)
{
	struct definition *definition = NULL;
	const char *text = "{\"state\":1,\"targeting\":{\"invalid\":[true]}}";

	ck_assert_int_eq(
	    decode_text(KIND_TOGGLE, wire_case_string(text), true, &definition),
	    STATUS_INVALID);
}
END_TEST

START_TEST(test_decode_when_lenient_then_a_broken_segment_is_kept)
{
	struct definition *definition = NULL;

	ck_assert_int_eq(decode_text(KIND_SEGMENT,
				     wire_case_string("{\"invalid\":[1]}"),
				     true, &definition),
			 STATUS_OK);
	ck_assert_int_eq(err.code, STATUS_OK);
	ck_assert_uint_gt(err.place_count, 0);
	definition_unref(definition);
}
END_TEST

START_TEST(test_decode_when_too_large_then_it_says_so)
{
	struct definition *definition = NULL;
	struct bytes text;

	bytes_init(&text);
	bytes_append_str(&text, "{\"value\":\"");
	for (int i = 0; i < LIMIT_DEFINITION_BYTES; i++)
		bytes_append_char(&text, 'x');
	bytes_append_str(&text, "\"}");
	ck_assert_int_eq(decode_text(KIND_TOGGLE,
				     (struct string){ text.data, text.length },
				     false, &definition),
			 STATUS_TOO_LARGE);
	bytes_fini(&text);
}
END_TEST

START_TEST(test_decode_when_refused_then_pointers_start_at_the_definition)
{
	struct stamp stamp = { 42, 1, wire_case_string("alice") };
	struct definition_scope scope = wire_case_scope();
	struct definition *definition = NULL;
	struct value json = wire_case_value(&arena, "{\"variants\":{}}");

	scope.pointer = "/toggles/k";
	ck_assert_int_eq(definition_decode(KIND_TOGGLE, wire_case_string("k"),
					   &json, &stamp, &scope, &arena,
					   &definition, &err),
			 STATUS_INVALID);
	ck_assert_str_eq(err.places[0].pointer, "/toggles/k/variants");
}
END_TEST

START_TEST(test_decode_when_done_then_parts_are_filled)
{
	struct definition *toggle = decoded(
	    KIND_TOGGLE, "{\"type\":\"float\",\"variants\":{\"a\":1,\"b\":2},"
			 "\"defaultVariant\":\"b\",\"tags\":[\"x\"],"
			 "\"metadata\":{\"m\":1},\"owner\":\"o\","
			 "\"targeting\":{\"if\":[{\"$ref\":\"staff\"},"
			 "\"a\",{\"$ref\":\"staff\"},\"b\"]}}");

	ck_assert_int_eq(toggle->type, VARIANT_FLOAT);
	ck_assert_str_eq(toggle->variants[1].json.data, "2.0");
	ck_assert_int_eq(toggle->default_variant, 1);
	ck_assert(definition_has_tag(toggle, "x"));
	ck_assert_str_eq(toggle->metadata.data, "{\"m\":1}");
	ck_assert_uint_eq(toggle->reference_count, 1);
	ck_assert_str_eq(toggle->references[0].data, "staff");
	ck_assert_ptr_nonnull(toggle->program);
	ck_assert_int_eq(strncmp(toggle->core.data, "\"state\":", 8), 0);
	ck_assert_int_eq(
	    strncmp(toggle->stored.data, "\"type\":\"float\",\"owner\"", 22),
	    0);
	ck_assert_int_eq(toggle->revision, 42);
	definition_unref(toggle);
}
END_TEST

START_TEST(test_load_when_a_newer_release_wrote_then_its_members_are_kept)
{
	struct stamp stamp = { 7, 0, wire_case_string("a") };
	struct definition_scope scope = wire_case_scope();
	struct definition *toggle = NULL;
	struct string stored = wire_case_string(
	    "\"note\":{\"state\":\"\\\"state\\\":\"},\"state\":\"ENABLED\","
	    "\"variants\":{\"on\":true},\"sticky\":true");

	ck_assert_int_eq(definition_load(KIND_TOGGLE, wire_case_string("k"),
					 stored, &stamp, &scope, &arena,
					 &toggle, &err),
			 STATUS_OK);
	ck_assert(toggle->has_later);
	/* They stand before what flagd reads. */
	assert_same(toggle->stored,
		    wire_case_string("\"note\":{\"state\":\"\\\"state\\\":\"},"
				     "\"sticky\":true,\"state\":\"ENABLED\","
				     "\"variants\":{\"on\":true}"));
	assert_same(toggle->core,
		    wire_case_string("\"state\":\"ENABLED\",\"variants\":{"
				     "\"on\":true}"));
	definition_unref(toggle);
}
END_TEST

static const struct {
	enum kind kind;
	const char *stored;
} damaged[] = {
	{ KIND_TOGGLE, "" },
	{ KIND_TOGGLE, "\"state\"" },
	{ KIND_TOGGLE, "\"state\":\"MAYBE\"" },
	{ KIND_TOGGLE, "\"state\":\"ENABLED\",\"variants\":{}" },
	{ KIND_SEGMENT, "" },
	{ KIND_SEGMENT, "{" },
	{ KIND_ENVIRONMENT, "}" },
};

START_TEST(test_load_when_damaged_then_corrupt)
{
	struct stamp stamp = { 7, 0, wire_case_string("a") };
	struct definition_scope scope = wire_case_scope();
	struct definition *definition = NULL;

	ck_assert_int_eq(
	    definition_load(damaged[_i].kind, wire_case_string("k"),
			    wire_case_string(damaged[_i].stored), &stamp,
			    &scope, &arena, &definition, &err),
	    STATUS_CORRUPT);
	ck_assert_uint_eq(err.place_count, 0);
}
END_TEST

START_TEST(test_recompile_when_done_then_only_the_program_is_new)
{
	struct definition *toggle = decoded(
	    KIND_TOGGLE, "{\"tags\":[\"x\"],\"targeting\":{\"if\":[{\"$ref\":"
			 "\"staff\"},\"on\"]}}");
	struct definition_scope scope = wire_case_scope();
	struct definition *again = NULL;

	ck_assert_int_eq(
	    definition_recompile(toggle, &scope, &arena, &again, &err),
	    STATUS_OK);
	assert_equal(toggle, again);
	ck_assert_int_eq(again->revision, toggle->revision);
	ck_assert_ptr_ne(again->program, toggle->program);
	definition_unref(toggle);
	definition_unref(again);
}
END_TEST

START_TEST(test_recompile_when_a_segment_is_gone_then_strict_refuses)
{
	struct definition *toggle =
	    decoded(KIND_TOGGLE,
		    "{\"targeting\":{\"if\":[{\"$ref\":\"staff\"},\"on\"]}}");
	struct definition_scope scope = { .pointer = "" };
	struct definition *again = NULL;

	ck_assert_int_eq(
	    definition_recompile(toggle, &scope, &arena, &again, &err),
	    STATUS_INVALID);
	scope.lenient = true;
	error_init(&err);
	ck_assert_int_eq(
	    definition_recompile(toggle, &scope, &arena, &again, &err),
	    STATUS_OK);
	definition_unref(again);
	definition_unref(toggle);
}
END_TEST

static const struct {
	const char *before; /* NULL: nothing was there */
	const char *patch;
	const char *after;
} patches[] = {
	{ NULL, "{\"value\":1}",
	  "{\"variants\":{\"value\":1},\"defaultVariant\":\"value\"}" },
	{ NULL, "{\"owner\":null,\"state\":\"ENABLED\"}",
	  "{\"state\":\"ENABLED\"}" },
	{ "{}", "{\"state\":\"DISABLED\"}",
	  "{\"state\":\"DISABLED\",\"variants\":{\"on\":true,\"off\":false},"
	  "\"defaultVariant\":\"off\"}" },
	{ "{}", "{\"state\":\"DISABLED\",\"defaultVariant\":null}",
	  "{\"state\":\"DISABLED\",\"variants\":{\"on\":true,\"off\":false}}" },
	/* A rule is replaced, it does not grow together with the old one. */
	{ "{\"targeting\":{\"if\":[{\"$ref\":\"staff\"},\"on\"]}}",
	  "{\"targeting\":{\"fractional\":[[\"on\",1]]}}",
	  "{\"state\":\"ENABLED\",\"variants\":{\"on\":true,\"off\":false},"
	  "\"defaultVariant\":\"off\",\"targeting\":{\"fractional\":[[\"on\","
	  "1]]}}" },
	{ "{\"targeting\":{\"if\":[{\"$ref\":\"staff\"},\"on\"]}}",
	  "{\"targeting\":null}",
	  "{\"state\":\"ENABLED\",\"variants\":{\"on\":true,\"off\":false},"
	  "\"defaultVariant\":\"off\"}" },
	{ "{\"type\":\"float\",\"variants\":{\"a\":1}}",
	  "{\"variants\":{\"a\":2,\"b\":3}}",
	  "{\"type\":\"float\",\"state\":\"ENABLED\",\"variants\":{\"a\":2,"
	  "\"b\":3}}" },
	{ "{}", "3", "3" },
};

START_TEST(test_patch_when_merged_then_value_is_as_expected)
{
	struct definition *before = NULL;
	struct value patch = wire_case_value(&arena, patches[_i].patch);
	struct value after;

	if (patches[_i].before != NULL)
		before = decoded(KIND_TOGGLE, patches[_i].before);
	ck_assert_int_eq(
	    definition_patch(before, &patch, "", &arena, &after, &err),
	    STATUS_OK);
	value_encode(&after, &out);
	ck_assert_str_eq(out.data, patches[_i].after);
	definition_unref(before);
}
END_TEST

START_TEST(test_patch_when_sugar_is_wrong_then_pointer_names_the_patch)
{
	struct value patch = wire_case_value(&arena, "{\"enabled\":1}");
	struct value after;

	ck_assert_int_eq(
	    definition_patch(NULL, &patch, "/toggles/k", &arena, &after, &err),
	    STATUS_INVALID);
	ck_assert_str_eq(err.places[0].pointer, "/toggles/k/enabled");
}
END_TEST

START_TEST(test_patch_when_environment_then_no_sugar)
{
	struct definition *before = decoded(KIND_ENVIRONMENT, "{}");
	struct value patch =
	    wire_case_value(&arena, "{\"description\":\"d\",\"enabled\":true}");
	struct value after;

	ck_assert_int_eq(
	    definition_patch(before, &patch, "", &arena, &after, &err),
	    STATUS_OK);
	value_encode(&after, &out);
	ck_assert_str_eq(out.data, "{\"fractional\":\"v2\",\"description\":"
				   "\"d\",\"enabled\":true}");
	definition_unref(before);
}
END_TEST

START_TEST(test_fractional_when_set_then_version)
{
	struct definition *v2 = decoded(KIND_ENVIRONMENT, "{}");
	struct definition *v3 =
	    decoded(KIND_ENVIRONMENT,
		    "{\"description\":\"\\\"fractional\\\":\",\"metadata\":{"
		    "\"fractional\":\"v2\"},\"fractional\":\"v3\"}");
	struct definition *stored = loaded(v3);

	ck_assert_int_eq(definition_fractional(NULL), FRACTIONAL_V2);
	ck_assert_int_eq(definition_fractional(v2), FRACTIONAL_V2);
	ck_assert_int_eq(definition_fractional(v3), FRACTIONAL_V3);
	ck_assert_int_eq(definition_fractional(stored), FRACTIONAL_V3);
	definition_unref(v2);
	definition_unref(v3);
	definition_unref(stored);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("wire/definition");
	TCase *tc = tcase_create("definition");

	valid = wire_case_list(CASES "valid", &valid_count);
	invalid = wire_case_list(CASES "invalid", &invalid_count);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, test_decode_when_valid_then_text_is_as_expected,
			    0, valid_count);
	tcase_add_loop_test(
	    tc, test_decode_when_own_text_comes_back_then_nothing_changes, 0,
	    valid_count);
	tcase_add_loop_test(tc,
			    test_decode_when_invalid_then_every_fault_is_named,
			    0, invalid_count);
	tcase_add_loop_test(
	    tc,
	    test_decode_when_nobody_wants_the_error_then_it_fails_all_the_same,
	    0, invalid_count);
	tcase_add_loop_test(
	    tc,
	    test_decode_when_lenient_then_broken_targeting_is_reported_and_kept,
	    0, sizeof(broken) / sizeof(broken[0]));
	tcase_add_test(tc,
		       test_decode_when_lenient_then_other_faults_still_fail);
	tcase_add_test(tc,
		       test_decode_when_lenient_then_a_broken_segment_is_kept);
	tcase_add_test(tc, test_decode_when_too_large_then_it_says_so);
	tcase_add_test(
	    tc, test_decode_when_refused_then_pointers_start_at_the_definition);
	tcase_add_test(tc, test_decode_when_done_then_parts_are_filled);
	tcase_add_test(
	    tc, test_load_when_a_newer_release_wrote_then_its_members_are_kept);
	tcase_add_loop_test(tc, test_load_when_damaged_then_corrupt, 0,
			    sizeof(damaged) / sizeof(damaged[0]));
	tcase_add_test(tc,
		       test_recompile_when_done_then_only_the_program_is_new);
	tcase_add_test(
	    tc, test_recompile_when_a_segment_is_gone_then_strict_refuses);
	tcase_add_loop_test(tc,
			    test_patch_when_merged_then_value_is_as_expected, 0,
			    sizeof(patches) / sizeof(patches[0]));
	tcase_add_test(
	    tc, test_patch_when_sugar_is_wrong_then_pointer_names_the_patch);
	tcase_add_test(tc, test_patch_when_environment_then_no_sugar);
	tcase_add_test(tc, test_fractional_when_set_then_version);
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

/* Compiling: what strict refuses and how it says so, what lenient leaves to
 * the evaluation, and what a program knows of itself. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "eval_case.h"

static struct eval_case c;

static void
setup(void)
{
	eval_case_init(&c);
	c.segments = "{\"staff\":{\"==\":[{\"var\":\"org\"},\"x\"]},"
		     "\"typo\":{\"if\":[true,{\"ni\":[1,[1]]},\"on\"]},"
		     "\"outer\":{\"!\":{\"$ref\":\"staff\"}},"
		     "\"clock\":{\"<\":[{\"var\":\"$flagd.timestamp\"},9]}}";
}

static void
teardown(void)
{
	eval_case_fini(&c);
}

struct fault {
	const char *rule;
	const char *pointer;
	const char *detail;
};

/* Variants are "on", "off" and "true". */
static const struct fault faults[] = {
	{ "{\"iff\":[true,\"on\"]}", "/targeting/iff",
	  "unknown operator \"iff\"; did you mean \"if\"?" },
	{ "{\"if\":[{\"startswith\":[1,2]},\"on\",\"off\"]}",
	  "/targeting/if/0/startswith",
	  "unknown operator \"startswith\"; did you mean \"starts_with\"?" },
	{ "{\"if\":[{\"frobnicate\":1},\"on\"]}", "/targeting/if/0/frobnicate",
	  "unknown operator \"frobnicate\"" },
	{ "{\"!\":{\"a/b~c\":1}}", "/targeting/!/a~1b~0c",
	  "unknown operator \"a/b~c\"" },
	{ "{\"if\":[{\"in\":[\"a\",[1,{\"X\":1}]]},\"on\"]}",
	  "/targeting/if/0/in/1/1/X", "unknown operator \"X\"" },
	{ "{\"if\":[{\"==\":[1]},\"on\"]}",
	  "/targeting/if/0/==", "== takes 2 operands, not 1" },
	{ "{\"if\":[{\"<\":[1,2,3,4]},\"on\"]}", "/targeting/if/0/<",
	  "< takes 2 to 3 operands, not 4" },
	{ "{\"if\":[]}", "/targeting/if",
	  "if takes at least 1 operand, not 0" },
	{ "{\"if\":[{\"!\":[1,2]},\"on\"]}", "/targeting/if/0/!",
	  "! takes 1 operand, not 2" },
	{ "{\"if\":[{\"/\":[1]},\"on\"]}", "/targeting/if/0/~1",
	  "/ takes 2 operands, not 1" },
	{ "{\"if\":[{\"starts_with\":[\"a\"]},\"on\"]}",
	  "/targeting/if/0/starts_with",
	  "starts_with takes 2 operands, not 1" },
	{ "{\"if\":[true,\"onn\",\"off\"]}", "/targeting/if/1",
	  "\"onn\" is not a variant; did you mean \"on\"?" },
	{ "{\"if\":[true,\"on\",\"zebra\"]}", "/targeting/if/2",
	  "\"zebra\" is not a variant" },
	{ "{\"if\":[true,\"on\",{\"if\":[1,\"offf\"]}]}",
	  "/targeting/if/2/if/1",
	  "\"offf\" is not a variant; did you mean \"off\"?" },
	{ "{\"if\":[true,false]}", "/targeting/if/1",
	  "\"false\" is not a variant" },
	{ "{\"if\":[true,3]}", "/targeting/if/1", "\"3\" is not a variant" },
	{ "{\"if\":[true,[\"on\"]]}", "/targeting/if/1",
	  "the result is an array, not a variant's name" },
	{ "{\"if\":[true,true,2.5]}", "/targeting/if/2",
	  "\"2.5\" is not a variant" },
	{ "{\"if\":[true,{}]}", "/targeting/if/1",
	  "the result is an object, not a variant's name" },
	{ "\"zebra\"", "/targeting", "\"zebra\" is not a variant" },
	{ "{\"fractional\":[[\"on\",1],[\"zebra\",1]]}",
	  "/targeting/fractional/1/0", "\"zebra\" is not a variant" },
	{ "{\"fractional\":[[{\"if\":[1,\"zebra\"]},1],[\"on\",1]]}",
	  "/targeting/fractional/0/0/if/1", "\"zebra\" is not a variant" },
	{ "{\"fractional\":[{\"var\":\"a\"},\"on\"]}",
	  "/targeting/fractional/1", "a share is [variant, weight]" },
	{ "{\"fractional\":[{\"var\":\"a\"}]}", "/targeting/fractional",
	  "fractional has no share to give" },
	{ "{\"fractional\":[[\"on\",0.5]]}", "/targeting/fractional/0",
	  "a weight is a whole number up to 2147483647" },
	{ "{\"fractional\":[[\"on\",\"5\"]]}", "/targeting/fractional/0",
	  "a weight is a whole number up to 2147483647" },
	{ "{\"fractional\":[[\"on\",2147483647],[\"off\",1]]}",
	  "/targeting/fractional/1",
	  "the weights sum up to more than 2147483647" },
	{ "{\"if\":[{\"sem_ver\":[{\"var\":\"v\"},\"=>\",\"1.0.0\"]},\"on\"]}",
	  "/targeting/if/0/sem_ver/1",
	  "the relation of sem_ver is one of = != < <= > >= ~ ^" },
	{ "{\"if\":[{\"sem_ver\":[{\"var\":\"v\"},\"=\",\"1.x\"]},\"on\"]}",
	  "/targeting/if/0/sem_ver/2", "\"1.x\" is no semantic version" },
	{ "{\"if\":[{\"sem_ver\":[null,\"=\",\"1.0\"]},\"on\"]}",
	  "/targeting/if/0/sem_ver/0",
	  "a version is a string such as \"1.2.3\"" },
	{ "{\"if\":[{\"$ref\":\"nobody\"},\"on\"]}", "/targeting/if/0/$ref",
	  "there is no segment \"nobody\"" },
	{ "{\"if\":[{\"$ref\":[\"staff\"]},\"on\"]}", "/targeting/if/0/$ref",
	  "$ref takes a segment's name" },
	{ "{\"if\":[{\"$ref\":\"outer\"},\"on\"]}", "/targeting/if/0/$ref",
	  "segment \"outer\": a segment cannot refer to another segment" },
	{ "{\"if\":[{\"$ref\":\"typo\"},\"on\"]}", "/targeting/if/0/$ref",
	  "segment \"typo\": unknown operator \"ni\"; did you mean \"in\"?" },
};

enum { FAULT_COUNT = sizeof(faults) / sizeof(faults[0]) };

START_TEST(test_compile_when_strict_and_faulty_then_names_the_place)
{
	const struct fault *fault = &faults[_i];
	enum status status =
	    eval_case_compile_text(&c, fault->rule, "on off true", false);

	ck_assert_int_eq(status, STATUS_INVALID);
	ck_assert_ptr_null(c.program);
	ck_assert_uint_eq(c.err.place_count, 1);
	ck_assert_str_eq(c.err.places[0].pointer, fault->pointer);
	ck_assert_str_eq(c.err.places[0].detail, fault->detail);
}
END_TEST

START_TEST(test_compile_when_lenient_and_faulty_then_compiles)
{
	enum status status =
	    eval_case_compile_text(&c, faults[_i].rule, "on off true", true);

	ck_assert_int_eq(status, STATUS_OK);
	ck_assert_ptr_nonnull(c.program);
	ck_assert_uint_eq(c.err.place_count, 0);
}
END_TEST

START_TEST(test_compile_when_several_faults_then_names_all)
{
	const char *rule = "{\"if\":[{\"ab\":1},\"x\",{\"==\":[1]},\"y\","
			   "{\"$ref\":\"z\"}]}";

	ck_assert_int_eq(eval_case_compile_text(&c, rule, "on", false),
			 STATUS_INVALID);
	ck_assert_uint_eq(c.err.place_count, 5);
	ck_assert_str_eq(c.err.places[4].pointer, "/targeting/if/4/$ref");
}
END_TEST

static const char *const sound[] = {
	"{\"if\":[{\"==\":[{\"var\":\"a\"},\"zebra\"]},\"on\",null]}",
	"{\"if\":[true,\"on\",{\"var\":\"chosen\"}]}",
	"{\"if\":[{\"fractional\":[[true,1],[false,9]]},\"on\",\"off\"]}",
	"{\"fractional\":[{\"var\":\"id\"},[\"on\",{\"var\":\"w\"}],[null]]}",
	"{\"==\":[1,1]}",
	"{\"and\":[{\"var\":\"a\"},\"zebra\"]}",
	"{\"if\":[{\"$ref\":\"staff\"},\"on\",\"off\"]}",
	"{\"sem_ver\":[1.5,\"^\",{\"var\":\"v\"}]}",
	"{\"?:\":[true,\"on\",\"off\"]}",
	"{\"var\":[]}",
	"{\"merge\":[]}",
};

START_TEST(test_compile_when_strict_and_sound_then_compiles)
{
	ck_assert_int_eq(
	    eval_case_compile_text(&c, sound[_i], "on off true", false),
	    STATUS_OK);
	ck_assert_ptr_nonnull(c.program);
}
END_TEST

START_TEST(test_compile_when_there_is_no_rule_then_no_program)
{
	ck_assert_int_eq(eval_case_compile_text(&c, "{}", "on", false),
			 STATUS_OK);
	ck_assert_ptr_null(c.program);
	ck_assert_int_eq(eval_case_compile_text(&c, "null", "on", false),
			 STATUS_OK);
	ck_assert_ptr_null(c.program);
	ck_assert_int_eq(eval_case_compile(&c, NULL, "on", false), STATUS_OK);
	ck_assert_ptr_null(c.program);
	ck_assert(!program_uses_context(NULL));
	ck_assert(!program_uses_timestamp(NULL));
}
END_TEST

/* A value in `depth` arrays, each with an operator in it. */
static struct value
nested(unsigned depth)
{
	struct value value = { .type = VALUE_INTEGER, .integer = 1 };

	for (unsigned i = 0; i < depth; i++) {
		struct member *member = arena_alloc(&c.arena, sizeof(*member));

		*member = (struct member){ { "!", 1 }, value };
		value = (struct value){ .type = VALUE_OBJECT,
					.object = { member, 1 } };
	}
	return value;
}

START_TEST(test_compile_when_nested_too_deeply_then_refused)
{
	struct value rule = nested(63);

	ck_assert_int_eq(eval_case_compile(&c, &rule, NULL, false), STATUS_OK);
	rule = nested(64);
	ck_assert_int_eq(eval_case_compile(&c, &rule, NULL, false),
			 STATUS_INVALID);
	ck_assert_str_eq(c.err.places[0].detail,
			 "the rule is nested deeper than 64 levels");
}
END_TEST

START_TEST(test_compile_when_too_large_then_refused)
{
	size_t count = 200 * 1000;
	struct value *items = arena_zalloc(&c.arena, count, sizeof(*items));
	struct value rule = { .type = VALUE_ARRAY, .array = { items, count } };

	ck_assert_int_eq(eval_case_compile(&c, &rule, NULL, false),
			 STATUS_INVALID);
	ck_assert_str_eq(c.err.places[0].detail,
			 "the rule has more than 200000 values");
}
END_TEST

struct use {
	const char *rule;
	bool context;
	bool timestamp;
};

static const struct use uses[] = {
	{ "{\"if\":[{\"==\":[1,1]},\"a\",\"b\"]}", false, false },
	{ "{\"var\":\"a\"}", true, false },
	{ "{\"missing\":[\"a\"]}", true, false },
	{ "{\"fractional\":[[\"a\",1]]}", true, false },
	{ "{\"fractional\":[\"seed\",[\"a\",1]]}", false, false },
	{ "{\"var\":\"$flagd.flagKey\"}", false, false },
	{ "{\"var\":\"$flagd.timestamp\"}", false, true },
	{ "{\"$ref\":\"clock\"}", false, true },
	{ "{\"var\":\"$flagd\"}", false, true },
	{ "{\"var\":\"\"}", true, true },
	{ "{\"var\":[]}", true, true },
	{ "{\"var\":{\"var\":\"a\"}}", true, true },
	{ "{\"map\":[[1],{\"var\":\"\"}]}", true, false },
};

enum { USE_COUNT = sizeof(uses) / sizeof(uses[0]) };

START_TEST(test_program_when_asked_what_it_uses_then_says)
{
	ck_assert_int_eq(eval_case_compile_text(&c, uses[_i].rule, NULL, false),
			 STATUS_OK);
	ck_assert_int_eq(program_uses_context(c.program), uses[_i].context);
	ck_assert_int_eq(program_uses_timestamp(c.program), uses[_i].timestamp);
}
END_TEST

START_TEST(test_references_when_repeated_then_each_once_in_order)
{
	const char *rule =
	    "{\"if\":[{\"$ref\":\"b\"},\"x\",{\"and\":[{\"$ref\":"
	    "\"a\"},{\"$ref\":\"b\"}]},{\"data\":{\"$ref\":"
	    "\"no\"},\"more\":1},{\"$ref\":3}]}";
	struct value value = eval_case_json(&c, rule, strlen(rule));
	struct string names[4];

	ck_assert_uint_eq(rule_references(&value, names, 4), 2);
	ck_assert_str_eq(names[0].data, "b");
	ck_assert_str_eq(names[1].data, "a");
	ck_assert_uint_eq(rule_references(&value, names, 1), 2);
	ck_assert_uint_eq(rule_references(NULL, names, 4), 0);
}
END_TEST

/* Whatever there are before they are looked up in a map, and behind that. */
START_TEST(test_references_when_many_then_each_once_in_order)
{
	const size_t count = (size_t)_i;
	struct string names[64];
	struct value value;
	struct bytes rule;

	bytes_init(&rule);
	bytes_append_str(&rule, "{\"or\":[");
	for (size_t i = 0; i < 3 * count; i++)
		bytes_printf(&rule, "%s{\"$ref\":\"n%zu\"}", i > 0 ? "," : "",
			     i % count);
	bytes_append_str(&rule, "]}");
	value = eval_case_json(&c, rule.data, rule.length);
	ck_assert_uint_eq(rule_references(&value, names, 64), count);
	for (size_t i = 0; i < count; i++) {
		char name[8];

		(void)snprintf(name, sizeof(name), "n%zu", i);
		ck_assert_str_eq(names[i].data, name);
	}
	bytes_fini(&rule);
}
END_TEST

static void
add_tests(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(
	    tcase, test_compile_when_strict_and_faulty_then_names_the_place, 0,
	    FAULT_COUNT);
	tcase_add_loop_test(tcase,
			    test_compile_when_lenient_and_faulty_then_compiles,
			    0, FAULT_COUNT);
	tcase_add_test(tcase, test_compile_when_several_faults_then_names_all);
	tcase_add_loop_test(tcase,
			    test_compile_when_strict_and_sound_then_compiles, 0,
			    sizeof(sound) / sizeof(sound[0]));
	tcase_add_test(tcase,
		       test_compile_when_there_is_no_rule_then_no_program);
	tcase_add_test(tcase, test_compile_when_nested_too_deeply_then_refused);
	tcase_add_test(tcase, test_compile_when_too_large_then_refused);
	tcase_add_loop_test(tcase,
			    test_program_when_asked_what_it_uses_then_says, 0,
			    USE_COUNT);
	tcase_add_test(tcase,
		       test_references_when_repeated_then_each_once_in_order);
	tcase_add_loop_test(
	    tcase, test_references_when_many_then_each_once_in_order, 1, 64);
}

int
main(void)
{
	Suite *suite = suite_create("eval program");
	TCase *tcase = tcase_create("program");
	SRunner *runner;
	int failed;

	add_tests(tcase);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

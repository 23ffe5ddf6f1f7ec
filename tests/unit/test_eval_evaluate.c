/* Evaluating toggles: reason, variant and error for each case, and what holds
 * for every rule: the same answer again, no allocation, steady buckets. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eval_case.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif

static _Atomic size_t allocations;

/* The sanitizers bring an allocator of their own. */
#ifndef HAS_SANITIZER
extern void *__libc_malloc(size_t size);

void *
malloc(size_t size)
{
	allocations++;
	return __libc_malloc(size);
}
#endif

static struct eval_case c;

static void
setup(void)
{
	eval_case_init(&c);
}

static void
teardown(void)
{
	eval_case_fini(&c);
}

static struct evaluation
evaluate_rule(const char *rule, const char *variants, int default_variant,
	      const char *data)
{
	struct evaluation out;

	ck_assert_int_eq(eval_case_compile_text(&c, rule, variants, true),
			 STATUS_OK);
	eval_case_evaluate(&c, variants, default_variant, data, &out);
	return out;
}

struct row {
	const char *rule;
	const char *data;
	int default_variant;
	enum reason reason;
	int variant;
	enum eval_error error;
	const char *detail;
};

/* Variants are "off", "on", "true", "1" and "0.5". */
static const struct row rows[] = {
	{ "{}", "{}", 0, REASON_STATIC, 0, EVAL_ERROR_NONE, "" },
	{ "null", "{}", 1, REASON_STATIC, 1, EVAL_ERROR_NONE, "" },
	{ "{}", "{}", -1, REASON_DEFAULT, -1, EVAL_ERROR_NONE, "" },
	{ "{\"if\":[{\"var\":\"a\"},\"on\",null]}", "{\"a\":1}", 0,
	  REASON_TARGETING_MATCH, 1, EVAL_ERROR_NONE, "" },
	{ "{\"if\":[{\"var\":\"a\"},\"on\",null]}", "{}", 0, REASON_DEFAULT, 0,
	  EVAL_ERROR_NONE, "" },
	{ "{\"if\":[{\"var\":\"a\"},\"on\"]}", "{}", -1, REASON_DEFAULT, -1,
	  EVAL_ERROR_NONE, "" },
	{ "{\"if\":[{\"var\":\"a\"},\"on\",\"off\"]}", "{}", -1,
	  REASON_TARGETING_MATCH, 0, EVAL_ERROR_NONE, "" },
	{ "{\"==\":[{\"var\":\"a\"},1]}", "{\"a\":1}", 0,
	  REASON_TARGETING_MATCH, 2, EVAL_ERROR_NONE, "" },
	{ "{\"==\":[{\"var\":\"a\"},1]}", "{}", 0, REASON_ERROR, -1,
	  EVAL_ERROR_GENERAL,
	  "targeting returned \"false\", which is not a variant" },
	{ "{\"var\":\"a\"}", "{\"a\":1}", 0, REASON_TARGETING_MATCH, 3,
	  EVAL_ERROR_NONE, "" },
	{ "{\"var\":\"a\"}", "{\"a\":1.0}", 0, REASON_TARGETING_MATCH, 3,
	  EVAL_ERROR_NONE, "" },
	{ "{\"var\":\"a\"}", "{\"a\":0.5}", 0, REASON_TARGETING_MATCH, 4,
	  EVAL_ERROR_NONE, "" },
	{ "{\"var\":\"a\"}", "{\"a\":\"zebra\"}", 0, REASON_ERROR, -1,
	  EVAL_ERROR_GENERAL,
	  "targeting returned \"zebra\", which is not a variant" },
	{ "{\"var\":\"a\"}", "{\"a\":\"\"}", 0, REASON_ERROR, -1,
	  EVAL_ERROR_GENERAL,
	  "targeting returned \"\", which is not a variant" },
	{ "{\"var\":\"a\"}", "{\"a\":[\"on\"]}", 0, REASON_ERROR, -1,
	  EVAL_ERROR_GENERAL,
	  "targeting returned an array, not a variant's name" },
	{ "{\"/\":[1,{\"var\":\"a\"}]}", "{\"a\":0}", 0, REASON_ERROR, -1,
	  EVAL_ERROR_GENERAL,
	  "targeting returned \"Infinity\", which is not a variant" },
	{ "{\"fractional\":[[\"on\",1]]}", "{\"targetingKey\":\"u\"}", 0,
	  REASON_TARGETING_MATCH, 1, EVAL_ERROR_NONE, "" },
	{ "{\"fractional\":[[\"on\",1]]}", "{}", 0, REASON_DEFAULT, 0,
	  EVAL_ERROR_NONE, "" },
	{ "{\"iff\":[1]}", "{}", 0, REASON_ERROR, -1, EVAL_ERROR_PARSE_ERROR,
	  "unknown operator \"iff\"; did you mean \"if\"?" },
	{ "{\"$ref\":\"nobody\"}", "{}", 0, REASON_ERROR, -1,
	  EVAL_ERROR_PARSE_ERROR, "there is no segment \"nobody\"" },
	{ "{\"reduce\":[{\"var\":\"a\"},{\"cat\":[{\"var\":\"accumulator\"},"
	  "{\"var\":\"accumulator\"}]},\"0123456789012345678901234567890\"]}",
	  "{\"a\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}", 0, REASON_ERROR, -1,
	  EVAL_ERROR_GENERAL,
	  "the rule takes more than 1048576 bytes of memory" },
};

START_TEST(test_evaluate_when_any_rule_then_as_specified)
{
	const struct row *row = &rows[_i];
	struct evaluation out = evaluate_rule(row->rule, "off on true 1 0.5",
					      row->default_variant, row->data);

	ck_assert_str_eq(out.detail, row->detail);
	ck_assert_str_eq(reason_name(out.reason), reason_name(row->reason));
	ck_assert_int_eq(out.variant, row->variant);
	ck_assert_str_eq(eval_error_name(out.error),
			 eval_error_name(row->error));
}
END_TEST

START_TEST(test_evaluate_when_result_is_long_then_cut_between_characters)
{
	char data[256] = "{\"a\":\"";
	struct evaluation out;

	for (int i = 0; i < 40; i++)
		strcat(data, i % 2 == 0 ? "\xe2\x82\xac" : "x");
	strcat(data, "\"}");
	out = evaluate_rule("{\"var\":\"a\"}", "on", 0, data);
	ck_assert_ptr_nonnull(
	    strstr(out.detail, "\xe2\x82\xacx\", which is not a variant"));
}
END_TEST

START_TEST(test_evaluate_when_absent_removed_or_disabled_then_says_so)
{
	struct value none = { .type = VALUE_OBJECT };
	struct eval_context context = { .data = &none, .scratch = c.scratch };
	struct definition toggle = { .kind = KIND_TOGGLE };
	struct evaluation out;

	evaluate(NULL, &context, &out);
	ck_assert_int_eq(out.error, EVAL_ERROR_FLAG_NOT_FOUND);
	ck_assert_int_eq(out.reason, REASON_ERROR);
	evaluate(&toggle, &context, &out);
	ck_assert_int_eq(out.reason, REASON_DISABLED);
	ck_assert_int_eq(out.variant, -1);
	ck_assert_int_eq(out.error, EVAL_ERROR_NONE);
	toggle.removed = true;
	evaluate(&toggle, &context, &out);
	ck_assert_int_eq(out.error, EVAL_ERROR_FLAG_NOT_FOUND);
}
END_TEST

/* 70 attributes, more than there are slots; the context changes between two
 * evaluations with the same scratch. */
START_TEST(test_evaluate_when_more_paths_than_slots_then_all_found)
{
	char rule[4096] = "{\"+\":[";
	char data[4096] = "{";
	char part[64];
	struct value first;
	struct value second = eval_case_json(&c, "{\"a69\":5}", 9);
	struct value result;
	enum eval_error error;

	for (int i = 0; i < 70; i++) {
		snprintf(part, sizeof(part), "%s{\"var\":[\"a%d\",0]}",
			 i > 0 ? "," : "", i);
		strcat(rule, part);
		snprintf(part, sizeof(part), "%s\"a%d\":1", i > 0 ? "," : "",
			 i);
		strcat(data, part);
	}
	strcat(rule, "]}");
	strcat(data, "}");
	first = eval_case_json(&c, data, strlen(data));
	ck_assert_int_eq(eval_case_compile_text(&c, rule, NULL, false),
			 STATUS_OK);
	result = eval_case_run(&c, &first, &error);
	ck_assert_double_eq(result.real, 70);
	result = eval_case_run(&c, &second, &error);
	ck_assert_double_eq(result.real, 5);
	result = eval_case_run(&c, NULL, &error);
	ck_assert_double_eq(result.real, 0);
}
END_TEST

static void
fractional_rule(char *rule, size_t size, int percent)
{
	snprintf(rule, size, "{\"fractional\":[[\"on\",%d],[\"off\",%d]]}",
		 percent, 100 - percent);
}

static int
variant_of_user(int user)
{
	struct evaluation out;
	char data[64];

	snprintf(data, sizeof(data), "{\"targetingKey\":\"user-%d\"}", user);
	eval_case_evaluate(&c, "on off", -1, data, &out);
	return out.variant;
}

/* Loops over both versions. */
START_TEST(test_fractional_when_percentage_rises_then_nobody_leaves)
{
	bool was_on[300] = { false };
	char rule[128];

	c.fractional = _i == 0 ? FRACTIONAL_V2 : FRACTIONAL_V3;
	for (int percent = 0; percent <= 100; percent += 5) {
		fractional_rule(rule, sizeof(rule), percent);
		ck_assert_int_eq(
		    eval_case_compile_text(&c, rule, "on off", false),
		    STATUS_OK);
		for (int user = 0; user < 300; user++) {
			bool is_on = variant_of_user(user) == 0;

			ck_assert(is_on || !was_on[user]);
			ck_assert(is_on || percent < 100);
			ck_assert(!is_on || percent > 0);
			was_on[user] = is_on;
		}
	}
}
END_TEST

/* 20,000 users, 30 %: six standard deviations are 1.9 %. */
START_TEST(test_fractional_when_many_users_then_shares_are_met)
{
	char rule[128];
	int on = 0;

	c.fractional = _i == 0 ? FRACTIONAL_V2 : FRACTIONAL_V3;
	fractional_rule(rule, sizeof(rule), 30);
	ck_assert_int_eq(eval_case_compile_text(&c, rule, "on off", false),
			 STATUS_OK);
	for (int user = 0; user < 20000; user++)
		on += variant_of_user(user) == 0;
	ck_assert_int_gt(on, 20000 * 281 / 1000);
	ck_assert_int_lt(on, 20000 * 319 / 1000);
}
END_TEST

static const char *const conditions[] = {
	"{\"==\":[{\"var\":\"x\"},\"gold\"]}",
	"{\"===\":[{\"var\":\"x\"},\"gold\"]}",
	"{\"==\":[{\"var\":\"x\"},0]}",
	"{\"in\":[{\"var\":\"x\"},[\"\",\"a\",0,false]]}",
	"{\"in\":[{\"var\":\"x\"},\"null undefined\"]}",
	"{\"in\":[\"a\",{\"var\":\"x\"}]}",
	"{\"starts_with\":[{\"var\":\"x\"},\"\"]}",
	"{\"ends_with\":[{\"var\":\"x\"},\"\"]}",
	"{\"sem_ver\":[{\"var\":\"x\"},\"!=\",\"1.0.0\"]}",
	"{\"sem_ver\":[{\"var\":\"x\"},\"<\",\"9.0.0\"]}",
	"{\"fractional\":[{\"var\":\"x\"},[true,1]]}",
	"{\"fractional\":[[true,1]]}",
	"{\"some\":[{\"var\":\"x\"},true]}",
	"{\"all\":[{\"var\":\"x\"},true]}",
	"{\">\":[{\"var\":\"x\"},0]}",
	"{\"!!\":[{\"var\":\"x\"}]}",
};

enum { CONDITION_COUNT = sizeof(conditions) / sizeof(conditions[0]) };

START_TEST(test_evaluate_when_attribute_is_unknown_then_does_not_match)
{
	char rule[256];
	struct evaluation out;

	snprintf(rule, sizeof(rule), "{\"if\":[%s,\"on\",\"off\"]}",
		 conditions[_i]);
	out = evaluate_rule(rule, "on off", -1, "{}");
	ck_assert_int_eq(out.variant, 1);
	out = evaluate_rule(rule, "on off", -1, "{\"x\":null}");
	ck_assert_int_eq(out.variant, 1);
}
END_TEST

/* Each but the last needs more memory than is left: see below. */
static const char *const greedy[] = {
	"{\"map\":[{\"var\":\"l\"},1]}",
	"{\"filter\":[{\"var\":\"l\"},true]}",
	"{\"merge\":[{\"var\":\"l\"},{\"var\":\"l\"}]}",
	"{\"missing\":[{\"var\":\"l\"}]}",
	"{\"missing_some\":[1,{\"var\":\"l\"}]}",
	"{\"var\":\"\"}",
	"{\"cat\":[{\"var\":\"l\"},{\"var\":\"l\"},{\"var\":\"l\"}]}",
	"{\"fractional\":[{\"var\":\"\"},[1]]}",
	"{\"fractional\":[{\"var\":\"o\"},[1]]}",
	"{\"fractional\":[{\"merge\":[[],{\"var\":\"p\"}]},[1]]}",
};

enum { GREEDY_COUNT = sizeof(greedy) / sizeof(greedy[0]) };

/* Text that doubles eleven times leaves 3,888 bytes of the memory. */
START_TEST(test_evaluate_when_memory_is_used_up_then_general_error)
{
	char rule[1024];
	struct bytes data;
	struct value value;
	enum eval_error error;

	bytes_init(&data);
	bytes_printf(&data, "{\"t\":\"%0255d\",\"l\":[0", 7);
	for (int i = 0; i < 200; i++)
		bytes_printf(&data, ",%d", 100000 + i);
	bytes_append_str(&data, "],\"k\":[1,2,3,4,5,6,7,8,9,10,11],\"p\":[");
	bytes_append_str(&data, "{\"a\":1}],\"o\":{\"\":0");
	for (int i = 0; i < 200; i++)
		bytes_printf(&data, ",\"%d\":1", i);
	bytes_append_str(&data, "}");
	for (int i = 0; i < 200; i++)
		bytes_printf(&data, ",\"m%d\":1", i);
	bytes_append_str(&data, "}");
	value = eval_case_json(&c, data.data, data.length);
	snprintf(rule, sizeof(rule),
		 "[{\"reduce\":[{\"var\":\"k\"},{\"cat\":[{\"var\":"
		 "\"accumulator\"},{\"var\":\"accumulator\"}]},\"%0255d\"]},"
		 "%s]",
		 7, greedy[_i]);
	c.fractional = FRACTIONAL_V3;
	ck_assert_int_eq(eval_case_compile_text(&c, rule, NULL, false),
			 STATUS_OK);
	value = eval_case_run(&c, &value, &error);
	if (_i == GREEDY_COUNT - 1) {
		ck_assert_int_eq(error, EVAL_ERROR_NONE);
		ck_assert_int_eq(value.array.items[1].integer, 1);
	} else {
		ck_assert_int_eq(error, EVAL_ERROR_GENERAL);
	}
	bytes_fini(&data);
}
END_TEST

static const char everything[] =
    "{\"if\":["
    "{\"and\":[{\"==\":[{\"var\":\"plan\"},\"gold\"]},"
    "{\"in\":[{\"var\":\"country\"},[\"DE\",\"AT\",\"CH\"]]},"
    "{\"starts_with\":[{\"cat\":[{\"var\":\"n\"},\"-\",{\"var\":\"r\"}]},"
    "\"7-0.\"]},"
    "{\"some\":[{\"map\":[{\"var\":\"l\"},{\"+\":[{\"var\":\"\"},1]}]},"
    "{\"==\":[{\"var\":\"\"},4]}]},"
    "{\"!\":{\"missing\":[\"plan\"]}},"
    "{\"sem_ver\":[{\"var\":\"v\"},\"^\",\"2.1.0\"]}]},"
    "{\"fractional\":[[\"on\",100],[\"off\",{\"var\":\"zero\"}]]},"
    "\"off\"]}";

static const char everything_data[] =
    "{\"targetingKey\":\"u\",\"plan\":\"gold\",\"country\":\"AT\",\"n\":7,"
    "\"r\":0.25,\"l\":[1,2,3],\"v\":\"2.3.4\",\"zero\":0}";

static struct definition
toggle_of(const struct eval_case *of, struct variant variants[2])
{
	variants[0] = (struct variant){ .name = { "on", 2 } };
	variants[1] = (struct variant){ .name = { "off", 3 } };
	return (struct definition){
		.kind = KIND_TOGGLE,
		.enabled = true,
		.variants = variants,
		.variant_count = 2,
		.default_variant = -1,
		.program = of->program,
	};
}

START_TEST(test_evaluate_when_repeated_then_same_answer_without_allocation)
{
	struct value data =
	    eval_case_json(&c, everything_data, strlen(everything_data));
	struct eval_context context = { .data = &data,
					.fractional = FRACTIONAL_V2,
					.scratch = c.scratch };
	struct variant variants[2];
	struct definition toggle;
	struct evaluation first;
	struct evaluation again;
	size_t before;
	int changed = 0;

	ck_assert_int_eq(
	    eval_case_compile_text(&c, everything, "on off", false), STATUS_OK);
	toggle = toggle_of(&c, variants);
	evaluate(&toggle, &context, &first);
	ck_assert_str_eq(first.detail, "");
	ck_assert_int_eq(first.variant, 0);
	before = allocations;
	for (int i = 0; i < 1000; i++) {
		evaluate(&toggle, &context, &again);
		changed += again.variant != first.variant ||
			   again.reason != first.reason;
	}
	before = allocations - before;
	ck_assert_uint_eq(before, 0);
	ck_assert_int_eq(changed, 0);
}
END_TEST

static void *
evaluate_often(void *ctx)
{
	struct eval_context context = *(const struct eval_context *)ctx;
	struct variant variants[2];
	struct definition toggle = toggle_of(&c, variants);
	struct evaluation out;
	int wrong = 0;

	context.scratch = eval_scratch_new();
	for (int i = 0; i < 2000; i++) {
		evaluate(&toggle, &context, &out);
		wrong += out.variant != 0;
	}
	eval_scratch_free(context.scratch);
	return wrong == 0 ? NULL : ctx;
}

START_TEST(test_evaluate_when_two_threads_share_a_program_then_same_answer)
{
	struct value data =
	    eval_case_json(&c, everything_data, strlen(everything_data));
	struct eval_context context = { .data = &data,
					.fractional = FRACTIONAL_V2 };
	pthread_t threads[2];
	void *failed = NULL;

	ck_assert_int_eq(
	    eval_case_compile_text(&c, everything, "on off", false), STATUS_OK);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(
		    pthread_create(&threads[i], NULL, evaluate_often, &context),
		    0);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
		ck_assert_ptr_null(failed);
	}
}
END_TEST

static const char loop_rule[] =
    "{\"if\":[{\"some\":[{\"var\":\"a\"},{\"==\":[{\"var\":\"\"},7]}]},"
    "\"on\",\"off\"]}";
static const char loop_data[] = "{\"a\":[1,2,3,4,5,6,7]}";

/* What an evaluation takes is taken off; when nothing is left the next one is
 * not begun. */
START_TEST(test_evaluate_when_request_has_steps_then_all_pay_from_them)
{
	struct value data = eval_case_json(&c, loop_data, strlen(loop_data));
	int64_t steps = 1000;
	struct eval_context context = { .data = &data,
					.fractional = FRACTIONAL_V2,
					.scratch = c.scratch,
					.steps = &steps };
	struct variant variants[2];
	struct definition toggle;
	struct evaluation out;
	int64_t each;

	ck_assert_int_eq(eval_case_compile_text(&c, loop_rule, "on off", false),
			 STATUS_OK);
	toggle = toggle_of(&c, variants);
	evaluate(&toggle, &context, &out);
	ck_assert_int_eq(out.reason, REASON_TARGETING_MATCH);
	each = 1000 - steps;
	/* Three nodes an element at least. */
	ck_assert_int_ge(each, 21);
	evaluate(&toggle, &context, &out);
	ck_assert_int_eq(1000 - steps, 2 * each);
	steps = each - 1;
	evaluate(&toggle, &context, &out);
	ck_assert_int_eq(out.error, EVAL_ERROR_GENERAL);
	ck_assert_ptr_nonnull(strstr(out.detail, "one request"));
	ck_assert_int_le(steps, 0);
	steps = 0;
	evaluate(&toggle, &context, &out);
	ck_assert_int_eq(out.error, EVAL_ERROR_GENERAL);
	ck_assert_int_eq(steps, 0);
	steps = each;
	evaluate(&toggle, &context, &out);
	ck_assert_int_eq(out.reason, REASON_TARGETING_MATCH);
	ck_assert_int_eq(steps, 0);
}
END_TEST

/* A number that becomes text takes as long as many nodes do: a request pays for
 * that, the rule's own limit does not know it. */
START_TEST(test_evaluate_when_work_is_heavy_then_the_request_pays_more)
{
	static const char rule[] = "{\"cat\":[{\"var\":\"a\"}]}";
	static const char texts[][16] = { "{\"a\":\"on\"}", "{\"a\":1.25}" };
	struct variant variants[2];
	struct definition toggle;
	int64_t taken[2];

	ck_assert_int_eq(eval_case_compile_text(&c, rule, "on off", false),
			 STATUS_OK);
	toggle = toggle_of(&c, variants);
	for (int i = 0; i < 2; i++) {
		struct value data =
		    eval_case_json(&c, texts[i], strlen(texts[i]));
		int64_t steps = 1000;
		struct eval_context context = { .data = &data,
						.fractional = FRACTIONAL_V2,
						.scratch = c.scratch,
						.steps = &steps };
		struct evaluation out;

		evaluate(&toggle, &context, &out);
		taken[i] = 1000 - steps;
	}
	ck_assert_int_gt(taken[0], 0);
	ck_assert_int_ge(taken[1], taken[0] + 40);
}
END_TEST

START_TEST(test_names_when_asked_then_as_on_the_wire)
{
	ck_assert_str_eq(reason_name(REASON_TARGETING_MATCH),
			 "TARGETING_MATCH");
	ck_assert_str_eq(reason_name(REASON_ERROR), "ERROR");
	ck_assert_str_eq(eval_error_name(EVAL_ERROR_NONE), "");
	ck_assert_str_eq(eval_error_name(EVAL_ERROR_FLAG_NOT_FOUND),
			 "FLAG_NOT_FOUND");
}
END_TEST

static void
add_tests(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase,
			    test_evaluate_when_any_rule_then_as_specified, 0,
			    sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(
	    tcase, test_evaluate_when_work_is_heavy_then_the_request_pays_more);
	tcase_add_test(
	    tcase, test_evaluate_when_request_has_steps_then_all_pay_from_them);
	tcase_add_test(
	    tcase,
	    test_evaluate_when_result_is_long_then_cut_between_characters);
	tcase_add_test(
	    tcase, test_evaluate_when_absent_removed_or_disabled_then_says_so);
	tcase_add_test(tcase,
		       test_evaluate_when_more_paths_than_slots_then_all_found);
	tcase_add_loop_test(
	    tcase, test_fractional_when_percentage_rises_then_nobody_leaves, 0,
	    2);
	tcase_add_loop_test(
	    tcase, test_fractional_when_many_users_then_shares_are_met, 0, 2);
	tcase_add_loop_test(
	    tcase, test_evaluate_when_attribute_is_unknown_then_does_not_match,
	    0, CONDITION_COUNT);
	tcase_add_loop_test(
	    tcase, test_evaluate_when_memory_is_used_up_then_general_error, 0,
	    GREEDY_COUNT);
	tcase_add_test(
	    tcase,
	    test_evaluate_when_repeated_then_same_answer_without_allocation);
	tcase_add_test(
	    tcase,
	    test_evaluate_when_two_threads_share_a_program_then_same_answer);
	tcase_add_test(tcase, test_names_when_asked_then_as_on_the_wire);
}

int
main(void)
{
	Suite *suite = suite_create("eval evaluate");
	TCase *tcase = tcase_create("evaluate");
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

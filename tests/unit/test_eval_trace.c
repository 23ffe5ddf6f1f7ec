/* What a trace records. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "eval/trace.h"
#include "eval_case.h"

static struct eval_case c;

static void
setup(void)
{
	eval_case_init(&c);
	c.segments = "{\"st/aff\":{\"in\":[{\"var\":\"org\"},[\"x\",\"y\"]]}}";
}

static void
teardown(void)
{
	eval_case_fini(&c);
}

struct row {
	const char *rule;
	const char *data;
	const char *steps;
};

static const struct row rows[] = {
	{ "{\"if\":[{\"==\":[{\"var\":\"plan\"},\"gold\"]},\"on\",\"off\"]}",
	  "{\"plan\":\"gold\"}",
	  "[{\"pointer\":\"/targeting/if/0/==/0/var\",\"operator\":\"var\","
	  "\"operands\":[\"plan\"],\"result\":\"gold\"},"
	  "{\"pointer\":\"/targeting/if/0/==\",\"operator\":\"==\","
	  "\"operands\":[\"gold\",\"gold\"],\"result\":true},"
	  "{\"pointer\":\"/targeting/if\",\"operator\":\"if\","
	  "\"operands\":[true,\"on\"],\"result\":\"on\"}]" },
	{ "{\"fractional\":[{\"var\":\"id\"},[\"a\",36],[\"b\",1],"
	  "[\"c\",63]]}",
	  "{\"id\":\"jon@company.com\"}",
	  "[{\"pointer\":\"/targeting/fractional/0/var\",\"operator\":\"var\","
	  "\"operands\":[\"id\"],\"result\":\"jon@company.com\"},"
	  "{\"pointer\":\"/targeting/fractional\",\"operator\":\"fractional\","
	  "\"operands\":[\"jon@company.com\",\"b\"],\"bucket\":36,"
	  "\"buckets\":100,\"result\":\"b\"}]" },
	{ "{\"fractional\":[\"seed\",[{\"var\":\"v\"}]]}", "{\"v\":\"a\"}",
	  "[{\"pointer\":\"/targeting/fractional/1/0/var\",\"operator\":"
	  "\"var\",\"operands\":[\"v\"],\"result\":\"a\"},"
	  "{\"pointer\":\"/targeting/fractional\",\"operator\":\"fractional\","
	  "\"operands\":[\"seed\",\"a\"],\"bucket\":0,\"buckets\":1,"
	  "\"result\":\"a\"}]" },
	{ "{\"!\":{\"$ref\":\"st/aff\"}}", "{}",
	  "[{\"pointer\":\"/segments/st~1aff/in/0/var\",\"operator\":\"var\","
	  "\"operands\":[\"org\"],\"result\":null},"
	  "{\"pointer\":\"/segments/st~1aff/in\",\"operator\":\"in\","
	  "\"operands\":[null,[\"x\",\"y\"]],\"result\":false},"
	  "{\"pointer\":\"/targeting/!/$ref\",\"operator\":\"$ref\","
	  "\"operands\":[false],\"result\":false},"
	  "{\"pointer\":\"/targeting/!\",\"operator\":\"!\","
	  "\"operands\":[false],\"result\":true}]" },
	{ "{\"filter\":[{\"var\":\"l\"},{\">\":[{\"var\":\"\"},1]}]}",
	  "{\"l\":[2]}",
	  "[{\"pointer\":\"/targeting/filter/0/var\",\"operator\":\"var\","
	  "\"operands\":[\"l\"],\"result\":[2]},"
	  "{\"pointer\":\"/targeting/filter/1/>/0/var\",\"operator\":\"var\","
	  "\"operands\":[\"\"],\"result\":2},"
	  "{\"pointer\":\"/targeting/filter/1/>\",\"operator\":\">\","
	  "\"operands\":[2,1],\"result\":true},"
	  "{\"pointer\":\"/targeting/filter\",\"operator\":\"filter\","
	  "\"operands\":[[2]],\"result\":[2]}]" },
	{ "{\"/\":[{\"var\":\"a\"},0]}", "{\"a\":1}",
	  "[{\"pointer\":\"/targeting/~1/0/var\",\"operator\":\"var\","
	  "\"operands\":[\"a\"],\"result\":1},"
	  "{\"pointer\":\"/targeting/~1\",\"operator\":\"/\","
	  "\"operands\":[1,0],\"result\":null}]" },
	{ "\"on\"", "{}", "[]" },
};

static const char *
trace_text(const char *rule, const char *data)
{
	struct value value = eval_case_json(&c, data, strlen(data));
	struct value steps;
	struct bytes text;
	enum eval_error error;
	const char *copy;

	c.trace = trace_new(&c.arena);
	ck_assert_int_eq(eval_case_compile_text(&c, rule, NULL, true),
			 STATUS_OK);
	(void)eval_case_run(&c, &value, &error);
	steps = trace_result(c.trace);
	bytes_init(&text);
	value_encode(&steps, &text);
	copy = arena_copy(&c.arena, text.data, text.length);
	bytes_fini(&text);
	return copy;
}

START_TEST(test_trace_when_evaluated_then_has_every_step)
{
	ck_assert_str_eq(trace_text(rows[_i].rule, rows[_i].data),
			 rows[_i].steps);
}
END_TEST

START_TEST(test_trace_when_many_steps_then_keeps_the_first)
{
	char data[4096] = "{\"l\":[1";
	struct value steps;

	for (int i = 0; i < 1000; i++)
		strcat(data, ",1");
	strcat(data, "]}");
	(void)trace_text("{\"map\":[{\"var\":\"l\"},{\"var\":\"\"}]}", data);
	steps = trace_result(c.trace);
	ck_assert_uint_eq(steps.array.count, TRACE_STEPS_MAX);
}
END_TEST

/* The result of reduce holds itself 2^16 times over. */
START_TEST(test_trace_when_value_is_huge_then_not_shown)
{
	const char *rule = "{\"reduce\":[{\"var\":\"l\"},[{\"var\":"
			   "\"accumulator\"},{\"var\":\"accumulator\"}],1]}";
	const char *data = "{\"l\":[1,2,3,4,5,6,7,8,9,10,11,12,13]}";

	ck_assert_ptr_nonnull(
	    strstr(trace_text(rule, data), "(too large to show)"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("eval trace");
	TCase *tcase = tcase_create("trace");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase,
			    test_trace_when_evaluated_then_has_every_step, 0,
			    sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tcase, test_trace_when_many_steps_then_keeps_the_first);
	tcase_add_test(tcase, test_trace_when_value_is_huge_then_not_shown);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

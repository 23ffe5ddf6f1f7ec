/* OFREP's bodies: what its clients break on. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "wire/ofrep.h"

static const struct metadata_case {
	const char *environment;
	const char *toggle;
	const char *expected;
} metadata_cases[] = {
	{ "", "", "{}" },
	{ "", "{\"a\":1}", "{\"a\":1}" },
	{ "{\"a\":1}", "", "{\"a\":1}" },
	{ "{\"a\":1}", "{\"b\":2}", "{\"a\":1,\"b\":2}" },
	{ "{\"a\":1,\"b\":2}", "{\"b\":3}", "{\"a\":1,\"b\":3}" },
	{ "{\"a\":\"x,y}\"}", "{\"b\":\"\\\"a\\\":1\"}",
	  "{\"a\":\"x,y}\",\"b\":\"\\\"a\\\":1\"}" },
	{ "{\"a\":\"1\\\\\",\"b\":true}", "{\"c\":\",\\\"b\\\":\"}",
	  "{\"a\":\"1\\\\\",\"b\":true,\"c\":\",\\\"b\\\":\"}" },
	{ "{\"a\\\"b\":1}", "{\"a\\\"b\":2}", "{\"a\\\"b\":2}" },
};

static struct string
str(const char *s)
{
	return (struct string){ s, strlen(s) };
}

START_TEST(test_metadata_when_both_have_some_then_the_toggles_wins)
{
	const struct metadata_case *c = &metadata_cases[_i];
	struct definition settings = { .metadata = str(c->environment) };
	struct definition toggle = { .key = { "k", 1 },
				     .metadata = str(c->toggle) };
	struct snapshot snapshot = { .settings = &settings };
	struct evaluation evaluation = { .reason = REASON_DISABLED,
					 .variant = -1 };
	struct bytes out, expected;

	bytes_init(&out);
	bytes_init(&expected);
	ofrep_encode_flag(&snapshot, toggle.key, &toggle, &evaluation, &out);
	bytes_printf(&expected,
		     "{\"key\":\"k\",\"reason\":\"DISABLED\",\"variant\":\"\","
		     "\"metadata\":%s}",
		     c->expected);
	ck_assert_str_eq(out.data, expected.data);
	bytes_fini(&out);
	bytes_fini(&expected);
}
END_TEST

START_TEST(test_flag_when_absent_then_key_code_details_and_metadata)
{
	struct evaluation evaluation;
	struct bytes out;

	evaluate(NULL, &(struct eval_context){ .now_s = 0 }, &evaluation);
	bytes_init(&out);
	ofrep_encode_flag(NULL, str("nope"), NULL, &evaluation, &out);
	ck_assert_uint_eq(ofrep_status(&evaluation), 404);
	ck_assert_ptr_nonnull(strstr(out.data, "\"key\":\"nope\""));
	ck_assert_ptr_nonnull(
	    strstr(out.data, "\"errorCode\":\"FLAG_NOT_FOUND\""));
	ck_assert_ptr_nonnull(strstr(out.data, "\"errorDetails\":\""));
	ck_assert_ptr_nonnull(strstr(out.data, "\"metadata\":{}"));
	bytes_fini(&out);
}
END_TEST

static const struct context_case {
	const char *body;
	bool good;
	size_t members;
} context_cases[] = {
	{ "", true, 0 },
	{ "  \n", true, 0 },
	{ "{}", true, 0 },
	{ "{\"context\":null}", true, 0 },
	{ "{\"context\":{}}", true, 0 },
	{ "{\"context\":{\"targetingKey\":\"u\",\"n\":1}}", true, 2 },
	{ "{\"context\":[]}", false, 0 },
	{ "{\"context\":\"x\"}", false, 0 },
	{ "[]", false, 0 },
	{ "{\"context\":", false, 0 },
};

START_TEST(test_context_when_decoded_then_only_objects_pass)
{
	const struct context_case *c = &context_cases[_i];
	struct arena arena;
	struct value context;
	struct error err;
	enum status rc;

	error_init(&err);
	arena_init(&arena);
	rc = ofrep_decode_context(str(c->body), &arena, &context, &err);
	ck_assert_int_eq(rc == STATUS_OK, c->good);
	if (c->good) {
		ck_assert_int_eq(context.type, VALUE_OBJECT);
		ck_assert_uint_eq(context.object.count, c->members);
	}
	arena_fini(&arena);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("wire/ofrep");
	TCase *tc = tcase_create("ofrep");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(
	    tc, test_metadata_when_both_have_some_then_the_toggles_wins, 0,
	    (int)(sizeof(metadata_cases) / sizeof(metadata_cases[0])));
	tcase_add_test(
	    tc, test_flag_when_absent_then_key_code_details_and_metadata);
	tcase_add_loop_test(
	    tc, test_context_when_decoded_then_only_objects_pass, 0,
	    (int)(sizeof(context_cases) / sizeof(context_cases[0])));
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

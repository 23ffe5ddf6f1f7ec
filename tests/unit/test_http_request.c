/* What handlers see of a request, and what their replies become. */
#include "http/request.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "http/request_life.h"
#include "model/value.h"
#include "wire/json.h"

static struct request_pair query[] = {
	{ { "a", 1 }, { "1", 1 } },    { { "a", 1 }, { "2", 1 } },
	{ { "t", 1 }, { "true", 4 } }, { { "one", 3 }, { "1", 1 } },
	{ { "e", 1 }, { "", 0 } },     { { "f", 1 }, { "false", 5 } },
	{ { "nil", 3 }, { "0", 1 } },  { { "x", 1 }, { "maybe", 5 } },
};

static struct request_pair headers[] = {
	{ { "Content-Type", 12 }, { "text/plain", 10 } },
	{ { "content-type", 12 }, { "other", 5 } },
};

static struct request request;

static void
set_up(void)
{
	request_init(&request);
	request.query = query;
	request.query_count = sizeof(query) / sizeof(query[0]);
	request.headers = headers;
	request.header_count = 2;
}

static void
tear_down(void)
{
	request_fini(&request);
}

static const struct route ofrep = { METHOD_POST, "/ofrep/{key...}", NULL,
				    ROUTE_OFREP };

/* The reply's body as JSON. */
static struct value
body(void)
{
	struct value value;

	ck_assert_ptr_nonnull(request.reply.body);
	ck_assert_int_eq(json_decode(request.reply.body->data,
				     request.reply.body->length, NULL,
				     &request.arena, &value, NULL),
			 STATUS_OK);
	return value;
}

static const char *
text_at(const struct value *object, const char *name)
{
	const struct value *member = value_get(object, name);

	ck_assert_ptr_nonnull(member);
	ck_assert_int_eq(member->type, VALUE_STRING);
	return member->string.data;
}

START_TEST(test_query_when_repeated_then_the_first)
{
	ck_assert_str_eq(request_query(&request, "a"), "1");
	ck_assert_str_eq(request_query(&request, "e"), "");
	ck_assert_ptr_null(request_query(&request, "A"));
}
END_TEST

START_TEST(test_header_when_asked_for_then_case_does_not_matter)
{
	ck_assert_str_eq(request_header(&request, "CONTENT-TYPE"),
			 "text/plain");
	ck_assert_ptr_null(request_header(&request, "Content"));
}
END_TEST

static const struct {
	const char *name;
	bool value;
} flags[] = {
	{ "t", true },  { "one", true },  { "e", true },
	{ "f", false }, { "nil", false }, { "absent", false },
};

START_TEST(test_flag_when_in_table_then_read_so)
{
	bool value = !flags[_i].value;

	ck_assert(request_flag(&request, flags[_i].name, &value));
	ck_assert_int_eq(value, flags[_i].value);
}
END_TEST

START_TEST(test_flag_when_neither_then_400)
{
	bool value;

	ck_assert(!request_flag(&request, "x", &value));
	ck_assert_uint_eq(request.reply.status, 400);
}
END_TEST

START_TEST(test_known_query_when_one_is_not_then_400_with_a_hint)
{
	static const char *const all[] = { "a", "t",   "one", "e",
					   "f", "nil", "x",   NULL };
	static const char *const few[] = { "a", "t", "ones", NULL };
	struct value problem;

	ck_assert(request_known_query(&request, all));
	ck_assert_uint_eq(request.reply.status, 0);
	ck_assert(!request_known_query(&request, few));
	ck_assert_uint_eq(request.reply.status, 400);
	problem = body();
	ck_assert_ptr_nonnull(
	    strstr(text_at(&problem, "detail"), "did you mean 'ones'"));
}
END_TEST

START_TEST(test_json_when_body_is_empty_then_400)
{
	struct value value;

	ck_assert(!request_json(&request, &value));
	ck_assert_uint_eq(request.reply.status, 400);
}
END_TEST

START_TEST(test_json_when_body_is_json_then_decoded)
{
	struct value value;

	bytes_append_str(&request.body, "{\"a\":1}");
	ck_assert(request_json(&request, &value));
	ck_assert_int_eq(value_get(&value, "a")->integer, 1);
}
END_TEST

START_TEST(test_error_when_busy_then_retry_after)
{
	struct value problem;

	reply_fail(&request, STATUS_BUSY, "too much of %s", "it");
	ck_assert_uint_eq(request.reply.status, 503);
	ck_assert_str_eq(request.reply.content_type,
			 "application/problem+json");
	ck_assert_uint_eq(request.reply.header_count, 1);
	ck_assert_str_eq(request.reply.headers[0].name, "Retry-After");
	problem = body();
	ck_assert_str_eq(text_at(&problem, "detail"), "too much of it");
}
END_TEST

static const struct {
	enum status status;
	unsigned http;
	const char *code;
} ofrep_errors[] = {
	{ STATUS_INVALID, 400, "INVALID_CONTEXT" },
	{ STATUS_TOO_LARGE, 400, "INVALID_CONTEXT" },
	{ STATUS_MEDIA_TYPE, 400, "INVALID_CONTEXT" },
	{ STATUS_NOT_FOUND, 404, "FLAG_NOT_FOUND" },
	{ STATUS_UNAUTHORIZED, 401, "GENERAL" },
	{ STATUS_BUSY, 429, "GENERAL" },
	{ STATUS_INTERNAL, 500, "GENERAL" },
};

START_TEST(test_error_when_on_ofrep_then_its_shape)
{
	const struct value *metadata;
	struct value error;

	request.route = &ofrep;
	request.is_ofrep = true;
	request.params[0] = (struct string){ "my\"key", 6 };
	reply_fail(&request, ofrep_errors[_i].status, "why");
	ck_assert_uint_eq(request.reply.status, ofrep_errors[_i].http);
	ck_assert_str_eq(request.reply.content_type, "application/json");
	error = body();
	ck_assert_str_eq(text_at(&error, "key"), "my\"key");
	ck_assert_str_eq(text_at(&error, "errorCode"), ofrep_errors[_i].code);
	ck_assert_str_eq(text_at(&error, "errorDetails"), "why");
	metadata = value_get(&error, "metadata");
	ck_assert_ptr_nonnull(metadata);
	ck_assert_int_eq(metadata->type, VALUE_OBJECT);
}
END_TEST

START_TEST(test_reply_when_filled_twice_then_the_last_counts)
{
	reply_blob(&request, 200, "text/plain", blob_new("a", 1));
	reply_blob(&request, 201, "text/plain", blob_new("b", 1));
	ck_assert_uint_eq(request.reply.status, 201);
	ck_assert_str_eq(request.reply.body->data, "b");
	reply_empty(&request, 204);
	ck_assert_ptr_null(request.reply.body);
}
END_TEST

START_TEST(test_request_when_reset_then_nothing_is_left)
{
	bytes_append_str(&request.body, "x");
	reply_headerf(&request, "A", "%d", 1);
	reply_fail(&request, STATUS_INVALID, "y");
	request_reset(&request);
	ck_assert_uint_eq(request.reply.status, 0);
	ck_assert_uint_eq(request.reply.header_count, 0);
	ck_assert_uint_eq(request.query_count, 0);
	ck_assert_uint_eq(request.body.length, 0);
	ck_assert_int_eq(request.error.code, STATUS_OK);
	ck_assert_int_eq(request.reply.fd, -1);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof((table)[0])))

static Suite *
suite(void)
{
	Suite *s = suite_create("http/request");
	TCase *t = tcase_create("request");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, test_query_when_repeated_then_the_first);
	tcase_add_test(t, test_header_when_asked_for_then_case_does_not_matter);
	tcase_add_loop_test(t, test_flag_when_in_table_then_read_so, 0,
			    COUNT(flags));
	tcase_add_test(t, test_flag_when_neither_then_400);
	tcase_add_test(t,
		       test_known_query_when_one_is_not_then_400_with_a_hint);
	tcase_add_test(t, test_json_when_body_is_empty_then_400);
	tcase_add_test(t, test_json_when_body_is_json_then_decoded);
	tcase_add_test(t, test_error_when_busy_then_retry_after);
	tcase_add_loop_test(t, test_error_when_on_ofrep_then_its_shape, 0,
			    COUNT(ofrep_errors));
	tcase_add_test(t, test_reply_when_filled_twice_then_the_last_counts);
	tcase_add_test(t, test_request_when_reset_then_nothing_is_left);
	suite_add_tcase(s, t);
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

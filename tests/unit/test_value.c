#include "model/value.h"

#include <check.h>
#include <float.h>
#include <jansson.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

static struct arena arena;
static struct bytes out;

static void
setup(void)
{
	arena_init(&arena);
	bytes_init(&out);
}

static void
teardown(void)
{
	bytes_fini(&out);
	arena_fini(&arena);
}

static struct value from_json(json_t *json);

static struct string
string_of(const char *data, size_t length)
{
	return (struct string){ arena_copy(&arena, data, length), length };
}

static struct value
array_from_json(json_t *json)
{
	struct value value = { .type = VALUE_ARRAY };

	value.array.count = json_array_size(json);
	value.array.items =
	    arena_zalloc(&arena, value.array.count, sizeof(struct value));
	for (size_t i = 0; i < value.array.count; i++)
		value.array.items[i] = from_json(json_array_get(json, i));
	return value;
}

static struct value
object_from_json(json_t *json)
{
	struct value value = { .type = VALUE_OBJECT };
	struct member *at;
	const char *key;
	json_t *member;

	value.object.count = json_object_size(json);
	value.object.members =
	    arena_zalloc(&arena, value.object.count, sizeof(struct member));
	at = value.object.members;
	json_object_foreach(json, key, member)
	{
		at->name = string_of(key, strlen(key));
		at->value = from_json(member);
		at++;
	}
	return value;
}

static struct value
from_json(json_t *json)
{
	struct value value = { .type = VALUE_NULL };

	switch (json_typeof(json)) {
	case JSON_OBJECT:
		return object_from_json(json);
	case JSON_ARRAY:
		return array_from_json(json);
	case JSON_STRING:
		value.type = VALUE_STRING;
		value.string = string_of(json_string_value(json),
					 json_string_length(json));
		break;
	case JSON_INTEGER:
		value.type = VALUE_INTEGER;
		value.integer = json_integer_value(json);
		break;
	case JSON_REAL:
		value.type = VALUE_REAL;
		value.real = json_real_value(json);
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		value.type = VALUE_BOOL;
		value.boolean = json_is_true(json);
		break;
	case JSON_NULL:
		break;
	}
	return value;
}

static struct value
parse(const char *text)
{
	json_t *json = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	struct value value;

	ck_assert_msg(json != NULL, "no JSON: %s", text);
	value = from_json(json);
	json_decref(json);
	return value;
}

static const char *
encode(const struct value *value)
{
	bytes_clear(&out);
	value_encode(value, &out);
	return out.data;
}

enum { MANY = 100 };

struct patch_case {
	const char *target; /* NULL: absent */
	const char *patch;
	const char *result;
};

static const struct patch_case patch_cases[] = {
	/* RFC 7396, appendix A, in its order. */
	{ "{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
	{ "{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}" },
	{ "{\"a\":\"b\"}", "{\"a\":null}", "{}" },
	{ "{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}" },
	{ "{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}" },
	{ "{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}" },
	{ "{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}",
	  "{\"a\":{\"b\":\"d\"}}" },
	{ "{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}" },
	{ "[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]" },
	{ "{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]" },
	{ "{\"a\":\"foo\"}", "null", "null" },
	{ "{\"a\":\"foo\"}", "\"bar\"", "\"bar\"" },
	{ "{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}" },
	{ "[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}" },
	{ "{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}" },
	/* The example of section 3. */
	{ "{\"title\":\"Goodbye!\",\"author\":{\"givenName\":\"John\","
	  "\"familyName\":\"Doe\"},\"tags\":[\"example\",\"sample\"],"
	  "\"content\":\"This will be unchanged\"}",
	  "{\"title\":\"Hello!\",\"phoneNumber\":\"+01-123-456-7890\","
	  "\"author\":{\"familyName\":null},\"tags\":[\"example\"]}",
	  "{\"title\":\"Hello!\",\"author\":{\"givenName\":\"John\"},"
	  "\"tags\":[\"example\"],\"content\":\"This will be unchanged\","
	  "\"phoneNumber\":\"+01-123-456-7890\"}" },
	/* Ours. */
	{ NULL, "{\"a\":{\"b\":null,\"c\":[null]}}", "{\"a\":{\"c\":[null]}}" },
	{ NULL, "1", "1" },
	{ "{\"a\":1,\"b\":2,\"c\":3}", "{}", "{\"a\":1,\"b\":2,\"c\":3}" },
};

START_TEST(test_value_merge_patch_when_rfc_example_then_its_result)
{
	const struct patch_case *c = &patch_cases[_i];
	struct value target = parse(c->target == NULL ? "null" : c->target);
	struct value patch = parse(c->patch);
	struct value result = value_merge_patch(
	    &arena, c->target == NULL ? NULL : &target, &patch);

	ck_assert_str_eq(encode(&result), c->result);
	if (c->target != NULL)
		ck_assert_str_eq(encode(&target), c->target);
	ck_assert_str_eq(encode(&patch), c->patch);
}
END_TEST

/* So many that they are looked for by name in another way. */
START_TEST(test_value_when_members_are_many_then_merged_and_compared_as_few)
{
	struct value even = { .type = VALUE_OBJECT };
	struct value odd = { .type = VALUE_OBJECT };
	struct value merged;
	struct value swapped;
	char name[8];

	even.object.members = arena_zalloc(&arena, MANY, sizeof(struct member));
	odd.object.members = arena_zalloc(&arena, MANY, sizeof(struct member));
	for (size_t i = 0; i < MANY; i++) {
		int length = snprintf(name, sizeof(name), "m%zu", i);
		struct value *to = i % 2 == 0 ? &even : &odd;
		struct member *m = &to->object.members[to->object.count++];

		m->name.data = arena_copy(&arena, name, (size_t)length);
		m->name.length = (size_t)length;
		m->value = (struct value){ .type = VALUE_BOOL };
	}
	merged = value_merge_patch(&arena, &even, &odd);
	swapped = value_merge_patch(&arena, &odd, &even);
	ck_assert_uint_eq(merged.object.count, MANY);
	ck_assert(value_equal(&merged, &swapped));
	for (size_t i = 0; i < odd.object.count; i++)
		odd.object.members[i].value.type = VALUE_NULL;
	merged = value_merge_patch(&arena, &merged, &odd);
	ck_assert(value_equal(&merged, &even));
	swapped.object.members[MANY - 1].value.boolean = true;
	merged = value_merge_patch(&arena, &swapped, &even);
	ck_assert(!value_equal(&swapped, &even));
	ck_assert_uint_eq(merged.object.count, MANY);
}
END_TEST

struct equal_case {
	const char *a;
	const char *b;
	bool is_equal;
};

static const struct equal_case equal_cases[] = {
	{ "null", "null", true },
	{ "true", "true", true },
	{ "true", "false", false },
	{ "1", "1", true },
	{ "1", "1.0", false },
	{ "1.5", "1.5", true },
	{ "1.5", "1.25", false },
	{ "0.0", "-0.0", true },
	{ "\"a\"", "\"a\"", true },
	{ "\"a\"", "\"ab\"", false },
	{ "\"a\\u0000b\"", "\"a\\u0000c\"", false },
	{ "null", "false", false },
	{ "[1,2]", "[1,2]", true },
	{ "[1,2]", "[2,1]", false },
	{ "[1]", "[1,2]", false },
	{ "[]", "{}", false },
	{ "{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", true },
	{ "{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":2}", false },
	{ "{\"a\":1,\"b\":2}", "{\"a\":1,\"c\":2}", false },
	{ "{\"a\":1}", "{\"a\":1,\"b\":2}", false },
	{ "{\"a\":{\"b\":[{}]}}", "{\"a\":{\"b\":[{}]}}", true },
};

START_TEST(test_value_equal_when_compared_then_as_json)
{
	const struct equal_case *c = &equal_cases[_i];
	struct value a = parse(c->a);
	struct value b = parse(c->b);

	ck_assert(value_equal(&a, &b) == c->is_equal);
	ck_assert(value_equal(&b, &a) == c->is_equal);
}
END_TEST

static const char *const documents[] = {
	"null",
	"true",
	"false",
	"-9223372036854775808",
	"10.0",
	"-0.0",
	"\"\"",
	"[]",
	"{}",
	"[1,1.0,\"x\",null,[[]],{\"a\":{}}]",
	"{\"z\":1,\"a\":[true,false],\"m\":{\"k\":\"v\"}}",
	"\"\\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f/\x7f\xc3\xa4\"",
};

START_TEST(test_value_encode_when_parsed_then_same_text)
{
	struct value value = parse(documents[_i]);

	ck_assert_str_eq(encode(&value), documents[_i]);
}
END_TEST

START_TEST(test_value_copy_when_source_is_gone_then_same)
{
	struct arena other;
	struct value value = parse(documents[_i]);
	struct value copy;

	arena_init(&other);
	copy = value_copy(&other, &value);
	ck_assert(value_equal(&copy, &value));
	arena_fini(&arena);
	ck_assert_str_eq(encode(&copy), documents[_i]);
	arena_fini(&other);
}
END_TEST

START_TEST(test_value_encode_real_when_integers_then_reals)
{
	struct value value = parse("{\"a\":[1,2.5,-3],\"b\":\"1\"}");

	value_encode_real(&value, &out);
	ck_assert_str_eq(out.data, "{\"a\":[1.0,2.5,-3.0],\"b\":\"1\"}");
}
END_TEST

struct number_case {
	double number;
	const char *js;
	const char *real; /* NULL: the same */
};

static const struct number_case number_cases[] = {
	{ 0.0, "0", "0.0" },
	{ -0.0, "0", "-0.0" },
	{ 1.0, "1", "1.0" },
	{ -10.0, "-10", "-10.0" },
	{ 0.1, "0.1", NULL },
	{ -0.1, "-0.1", NULL },
	{ 0.1 + 0.2, "0.30000000000000004", NULL },
	{ 1.0 / 3.0, "0.3333333333333333", NULL },
	{ 123.456, "123.456", NULL },
	{ 1e21, "1e+21", NULL },
	{ 1e20, "100000000000000000000", "100000000000000000000.0" },
	{ 123456789012345680000.0, "123456789012345680000",
	  "123456789012345680000.0" },
	{ 1.5e300, "1.5e+300", NULL },
	{ 1e-6, "0.000001", NULL },
	{ 1.5e-6, "0.0000015", NULL },
	{ 1e-7, "1e-7", NULL },
	{ 1.25e-7, "1.25e-7", NULL },
	{ 9007199254740992.0, "9007199254740992", "9007199254740992.0" },
	{ DBL_MAX, "1.7976931348623157e+308", NULL },
	{ DBL_MIN, "2.2250738585072014e-308", NULL },
	{ 4.9406564584124654e-324, "5e-324", NULL },
	{ 2e-323, "2e-323", NULL },
	/* Powers of two whose nearest 16 digits read as their neighbour. */
	{ 5.684341886080802e-14, "5.684341886080802e-14", NULL },
	{ 8.41e21, "8.41e+21", NULL },
	{ 2.0019531250e-3, "0.002001953125", NULL },
};

START_TEST(test_value_encode_number_when_any_then_shortest)
{
	const struct number_case *c = &number_cases[_i];
	struct value value = { .type = VALUE_REAL, .real = c->number };

	value_encode_number_js(c->number, &out);
	ck_assert_str_eq(out.data, c->js);
	ck_assert_str_eq(encode(&value), c->real == NULL ? c->js : c->real);
}
END_TEST

START_TEST(test_value_encode_number_when_not_finite_then_as_javascript)
{
	struct value value = { .type = VALUE_REAL, .real = INFINITY };

	value_encode_number_js(-INFINITY, &out);
	bytes_append_char(&out, ' ');
	value_encode_number_js(NAN, &out);
	ck_assert_str_eq(out.data, "-Infinity NaN");
	ck_assert_str_eq(encode(&value), "null");
}
END_TEST

static void
check_round_trip(double number)
{
	double read;

	bytes_clear(&out);
	value_encode_number_js(number, &out);
	read = strtod(out.data, NULL);
	if (memcmp(&read, &number, sizeof(read)) != 0)
		ck_abort_msg("%a became %s", number, out.data);
}

START_TEST(test_value_encode_number_when_random_bits_then_reads_back)
{
	struct random random;

	random_seed(&random, 3);
	for (int i = 0; i < 30000; i++) {
		uint64_t bits = random_below(&random, UINT64_MAX);
		double number;

		memcpy(&number, &bits, sizeof(number));
		if (isfinite(number) && fabs(number) > 0)
			check_round_trip(number);
	}
	for (int e = -1074; e < 1024; e++)
		check_round_trip(ldexp(1.0, e));
}
END_TEST

START_TEST(test_value_encode_number_when_locale_has_comma_then_point)
{
	static const char *const locales[] = { "de_DE.UTF-8", "de_DE.utf8",
					       "fr_FR.UTF-8", "fr_FR.utf8" };

	for (int i = 0; i < COUNT_OF(locales); i++) {
		(void)setlocale(LC_ALL, locales[i]);
		bytes_clear(&out);
		value_encode_number_js(1234.5, &out);
		ck_assert_str_eq(out.data, "1234.5");
	}
	(void)setlocale(LC_ALL, "C");
}
END_TEST

START_TEST(test_value_get_when_asked_then_member_or_null)
{
	struct value object = parse("{\"a\":1,\"ab\":2}");
	struct value array = parse("[1]");

	ck_assert_int_eq(value_get(&object, "ab")->integer, 2);
	ck_assert_int_eq(value_get_n(&object, "abc", 1)->integer, 1);
	ck_assert_ptr_null(value_get(&object, "b"));
	ck_assert_ptr_null(value_get(&array, "a"));
}
END_TEST

START_TEST(test_value_type_name_when_each_type_then_json_name)
{
	struct value value = parse("[null,true,1,1.0,\"x\",[],{}]");
	static const char *const names[] = { "null",   "boolean", "integer",
					     "number", "string",  "array",
					     "object" };

	for (int i = 0; i < COUNT_OF(names); i++) {
		const struct value *item = &value.array.items[i];

		ck_assert_str_eq(value_type_name(item), names[i]);
		ck_assert(value_is_number(item) == (i == 2 || i == 3));
		ck_assert(value_is_string(item, "x") == (i == 4));
		ck_assert(!value_is_string(item, "xy"));
	}
}
END_TEST

static Suite *
value_suite(void)
{
	Suite *suite = suite_create("value");
	TCase *tcase = tcase_create("value");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(
	    tcase, test_value_merge_patch_when_rfc_example_then_its_result, 0,
	    COUNT_OF(patch_cases));
	tcase_add_test(
	    tcase,
	    test_value_when_members_are_many_then_merged_and_compared_as_few);
	tcase_add_loop_test(tcase, test_value_equal_when_compared_then_as_json,
			    0, COUNT_OF(equal_cases));
	tcase_add_loop_test(tcase, test_value_encode_when_parsed_then_same_text,
			    0, COUNT_OF(documents));
	tcase_add_loop_test(tcase,
			    test_value_copy_when_source_is_gone_then_same, 0,
			    COUNT_OF(documents));
	tcase_add_test(tcase, test_value_encode_real_when_integers_then_reals);
	tcase_add_loop_test(tcase,
			    test_value_encode_number_when_any_then_shortest, 0,
			    COUNT_OF(number_cases));
	tcase_add_test(
	    tcase, test_value_encode_number_when_not_finite_then_as_javascript);
	tcase_add_test(
	    tcase, test_value_encode_number_when_random_bits_then_reads_back);
	tcase_add_test(
	    tcase, test_value_encode_number_when_locale_has_comma_then_point);
	tcase_add_test(tcase, test_value_get_when_asked_then_member_or_null);
	tcase_add_test(tcase,
		       test_value_type_name_when_each_type_then_json_name);
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(value_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#include <check.h>
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "model/name.h"
#include "unit/wire_case.h"
#include "wire/json.h"

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

static enum status
decode(const char *text, struct value *value)
{
	return json_decode(text, strlen(text), NULL, &arena, value, &err);
}

/* Read, then written: what came through. */
static const struct {
	const char *text;
	const char *written;
} good[] = {
	{ "{}", "{}" },
	{ " [ ] ", "[]" },
	{ "null", "null" },
	{ "true", "true" },
	{ "\"x\"", "\"x\"" },
	{ "1", "1" },
	{ "1.0", "1.0" },
	{ "-0", "0" },
	{ "1e2", "100.0" },
	{ "9223372036854775807", "9223372036854775807" },
	{ "-9223372036854775808", "-9223372036854775808" },
	{ "0.1", "0.1" },
	{ "{\"z\":1,\"a\":[2,{\"\":null}],\"m\":false}",
	  "{\"z\":1,\"a\":[2,{\"\":null}],\"m\":false}" },
	{ "\"\\u00e9\\ud83d\\ude00\\/\\n\"", "\"é😀/\\n\"" },
	{ "\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[[\"",
	  "\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[[\"" },
};

START_TEST(test_decode_when_good_then_the_same_comes_out)
{
	struct value value;

	ck_assert_int_eq(decode(good[_i].text, &value), STATUS_OK);
	value_encode(&value, &out);
	ck_assert_str_eq(out.data, good[_i].written);
}
END_TEST

static const char *const bad[] = {
	"",
	"  ",
	"{",
	"[1,]",
	"{\"a\":1,\"a\":1}",
	"01",
	"1.",
	"nul",
	"\"\\ud800\"",
	"\"\xff\"",
	"\"\xc3\"",
	"\"a\nb\"",
	"\"\\u0000\"",
	"{\"\\u0000\":1}",
	"{\"a\":[1,\"x\\u0000\"]}",
	"{\"\\udc00\":1}",
	"18446744073709551616x",
	"-",
	"[1e999,01]",
	"[1e999,1.]",
	"[1e999,1e]",
	"[1e999,\"\\ud83d",
	"[1e999,\"\\u12",
	"{\"\\ud83d\":1,\"\\ud83e\":1}",
	"NaN",
	"Infinity",
	"{} {}",
	"'a'",
	"\xef\xbb\xbf{}",
	"[1 \"\xf0\x9f\x98\x80\"]",
	"[\"\xf0\x9f\x98",
	"[1 \x01]",
	"[1 \x7f]",
};

START_TEST(test_decode_when_bad_then_invalid_and_text_is_clean)
{
	struct value value;

	ck_assert_int_eq(decode(bad[_i], &value), STATUS_INVALID);
	ck_assert_uint_gt(strlen(err.text), 0);
	ck_assert(utf8_is_valid(err.text, strlen(err.text)));
	for (const char *c = err.text; *c != '\0'; c++)
		ck_assert_int_ge((unsigned char)*c, 0x20);
}
END_TEST

START_TEST(test_decode_when_syntax_is_wrong_then_line_and_column)
{
	struct value value;

	ck_assert_int_eq(decode("{\n \"a\": tru\n}", &value), STATUS_INVALID);
	ck_assert_str_eq(err.text, "malformed JSON at line 2, column 9: "
				   "invalid token near 'tru'");
}
END_TEST

START_TEST(test_decode_when_quoted_text_is_cut_then_still_utf8)
{
	struct value value;
	struct bytes text;

	for (size_t n = 1; n < 200; n++) {
		bytes_init(&text);
		for (size_t i = 0; i < n; i++)
			bytes_append_char(&text, 'a');
		for (int i = 0; i < 100; i++)
			bytes_append_str(&text, "é");
		error_init(&err);
		ck_assert_int_eq(json_decode(text.data, text.length, NULL,
					     &arena, &value, &err),
				 STATUS_INVALID);
		ck_assert(utf8_is_valid(err.text, strlen(err.text)));
		bytes_fini(&text);
	}
}
END_TEST

/* What a program writes that knows nothing of us, and what it is here. */
static const struct {
	const char *text;
	const char *written;
} foreign[] = {
	{ "18446744073709551615", "18446744073709552000.0" },
	{ "-9223372036854775809", "-9223372036854776000.0" },
	{ "9223372036854775807", "9223372036854775807" },
	{ "9223372036854775808", "9223372036854776000.0" },
	{ "1e400", "1.7976931348623157e+308" },
	{ "-1.5E+400", "-1.7976931348623157e+308" },
	{ "[1e-400,1e308]", "[0.0,1e+308]" },
	{ "\"\\ud83d\"", "\"\xef\xbf\xbd\"" },
	{ "\"a\\uDC00\\ud83d\\ude00\\ud83d!\"",
	  "\"a\xef\xbf\xbd\xf0\x9f\x98\x80\xef\xbf\xbd!\"" },
	{ "\"\\ud83d\\ud83d\\ude00\"", "\"\xef\xbf\xbd\xf0\x9f\x98\x80\"" },
	{ "\"\\\\ud83d \\ud83d\"", "\"\\\\ud83d \xef\xbf\xbd\"" },
	{ "\"a\\u0000b\"", "\"a\\u0000b\"" },
	{ "{\"a\\u0000\":{\"a\":1,\"a\\u0000\":2,\"\":3}}",
	  "{\"a\\u0000\":{\"a\":1,\"a\\u0000\":2,\"\":3}}" },
	/* What we write for ourselves may stand there already. */
	{ "[1e400,\"\xef\xb7\x90\",\"\\ufdd00\",{\"\\uFDD02\":\"\\ud83d\"}]",
	  "[1.7976931348623157e+308,\"\xef\xb7\x90\",\"\xef\xb7\x90"
	  "0\",{\"\xef\xb7\x90"
	  "2\":\"\xef\xbf\xbd\"}]" },
};

START_TEST(test_decode_when_foreign_then_all_that_is_json_is_taken)
{
	struct json_limits limits = { .foreign = true };
	struct value value, again;
	const char *text = foreign[_i].text;

	ck_assert_msg(json_decode(text, strlen(text), &limits, &arena, &value,
				  &err) == STATUS_OK,
		      "%s: %s", text, err.text);
	value_encode(&value, &out);
	ck_assert_str_eq(out.data, foreign[_i].written);
	ck_assert_int_eq(
	    json_decode(out.data, out.length, &limits, &arena, &again, NULL),
	    STATUS_OK);
	ck_assert(value_equal(&value, &again));
}
END_TEST

/* Of a name that looks like another up to its NUL. */
START_TEST(test_decode_when_foreign_then_names_have_their_length)
{
	struct json_limits limits = { .foreign = true };
	const char *text = "{\"a\\u0000b\":1}";
	struct value value;

	ck_assert_int_eq(
	    json_decode(text, strlen(text), &limits, &arena, &value, &err),
	    STATUS_OK);
	ck_assert_ptr_null(value_get(&value, "a"));
	ck_assert_ptr_nonnull(value_get_n(&value, "a\0b", 3));
}
END_TEST

static const struct {
	const char *text;
	const char *pointer;
	const char *detail;
} refused[] = {
	{ "{\"a\":[\"\",\"x\\ud83d\"]}", "/a/1", "surrogate pair" },
	{ "{\"a\":{\"b/c\":\"\\u0000\"}}", "/a/b~1c", "NUL (\\u0000)" },
	{ "{\"a\":{\"b\\udfff\":1}}", "/a", "name of a member" },
	{ "{\"\\u0000\":1}", "", "name of a member" },
	{ "\"\\u0000\"", "", "NUL" },
};

START_TEST(test_decode_when_a_definition_holds_it_then_place_and_reason)
{
	struct value value;

	ck_assert_int_eq(decode(refused[_i].text, &value), STATUS_INVALID);
	ck_assert_uint_eq(err.place_count, 1);
	ck_assert_str_eq(err.places[0].pointer, refused[_i].pointer);
	ck_assert_msg(strstr(err.places[0].detail, refused[_i].detail) != NULL,
		      "%s", err.places[0].detail);
}
END_TEST

/* Their definitions say where, when they check what numbers they may have. */
START_TEST(test_decode_when_numbers_are_beyond_then_real)
{
	struct value value;

	ck_assert_int_eq(decode("[18446744073709551615,-1e400]", &value),
			 STATUS_OK);
	ck_assert_int_eq(value.array.items[0].type, VALUE_REAL);
	ck_assert_double_eq(value.array.items[0].real, 18446744073709551615.0);
	ck_assert_double_eq(value.array.items[1].real, -DBL_MAX);
}
END_TEST

START_TEST(test_decode_when_rewritten_and_wrong_then_line_and_column_as_sent)
{
	struct value value;

	ck_assert_int_eq(decode("{\"x\":[1e400,\n18446744073709551615,"
				"\"\\ud83d\\u0000\"],\n \"a\": tru\n}",
				&value),
			 STATUS_INVALID);
	ck_assert_str_eq(err.text, "malformed JSON at line 3, column 9: "
				   "invalid token near 'tru'");
}
END_TEST

/* A pointer is made for a fault that is shown, not for each value: with these
 * names that would be 20 GB. */
START_TEST(test_decode_when_names_are_long_then_their_length_counts_once)
{
	enum { NAME_BYTES = 200000, ITEMS = 100000 };
	struct value value;
	struct bytes text;

	bytes_init(&text);
	bytes_append_str(&text, "{\"");
	for (int i = 0; i < NAME_BYTES; i++)
		bytes_append_char(&text, 'n');
	bytes_append_str(&text, "\":[\"\\ud83d\"");
	for (int i = 0; i < ITEMS; i++)
		bytes_append_str(&text, ",\"\\u0000\"");
	bytes_append_str(&text, "]}");
	ck_assert_int_eq(
	    json_decode(text.data, text.length, NULL, &arena, &value, &err),
	    STATUS_INVALID);
	ck_assert_uint_eq(err.place_count, ITEMS + 1);
	ck_assert_uint_lt(arena.used_bytes, 64U << 20);
	bytes_fini(&text);
}
END_TEST

START_TEST(test_decode_when_text_has_no_end_then_length_counts)
{
	struct value value;

	ck_assert_int_eq(
	    json_decode("[1]garbage", 3, NULL, &arena, &value, &err),
	    STATUS_OK);
	ck_assert_int_eq(json_decode("\"ab", 3, NULL, &arena, &value, &err),
			 STATUS_INVALID);
	error_init(&err);
	ck_assert_int_eq(json_decode("\"a\\", 3, NULL, &arena, &value, &err),
			 STATUS_INVALID);
}
END_TEST

static void
nest(struct bytes *text, size_t depth)
{
	for (size_t i = 0; i < depth; i++)
		bytes_append_str(text, i % 2 == 0 ? "[" : "{\"a\":");
	bytes_append_char(text, '1');
	for (size_t i = depth; i > 0; i--)
		bytes_append_char(text, i % 2 == 1 ? ']' : '}');
}

START_TEST(test_decode_when_nested_to_the_limit_then_ok_and_one_more_is_not)
{
	struct json_limits limits = { .depth = (size_t)_i };
	size_t depth = _i > 0 ? (size_t)_i : LIMIT_JSON_DEPTH;
	struct bytes text;
	struct value value;

	bytes_init(&text);
	nest(&text, depth);
	ck_assert_int_eq(
	    json_decode(text.data, text.length, &limits, &arena, &value, &err),
	    STATUS_OK);
	bytes_clear(&text);
	nest(&text, depth + 1);
	ck_assert_int_eq(
	    json_decode(text.data, text.length, &limits, &arena, &value, &err),
	    STATUS_INVALID);
	ck_assert_ptr_nonnull(strstr(err.text, "nested deeper than"));
	bytes_fini(&text);
}
END_TEST

START_TEST(test_decode_when_a_bomb_then_nothing_is_built)
{
	enum { BOMB = 1024 * 1024 };
	char *text = malloc(BOMB);
	struct value value;

	memset(text, '[', BOMB);
	ck_assert_int_eq(json_decode(text, BOMB, NULL, &arena, &value, &err),
			 STATUS_INVALID);
	ck_assert_uint_eq(arena.used_bytes, 0);
	free(text);
}
END_TEST

START_TEST(test_pointer_when_name_needs_it_then_escaped)
{
	ck_assert_str_eq(json_pointer(&arena, "", "a", 1), "/a");
	ck_assert_str_eq(json_pointer(&arena, "/x", "", 0), "/x/");
	ck_assert_str_eq(json_pointer(&arena, "/x", "a/b~c~1", 7),
			 "/x/a~1b~0c~01");
	ck_assert_str_eq(json_pointer(&arena, "", "abc", 2), "/ab");
	ck_assert_str_eq(json_pointer_index(&arena, "/a", 0), "/a/0");
	ck_assert_str_eq(json_pointer_index(&arena, "/a", 4711), "/a/4711");
}
END_TEST

static const struct {
	const char *name;
	const char *hint;
} hints[] = {
	{ "defaultVarient", "defaultVariant" },
	{ "default_variant", "defaultVariant" },
	{ "DEFAULTVARIANT", "defaultVariant" },
	{ "defaultVaraint", "defaultVariant" },
	{ "stte", "state" },
	{ "stats", "state" },
	{ "tsate", "state" },
	{ "variant", "variants" },
	{ "on", NULL },
	{ "", NULL },
	{ "s", NULL },
	{ "something", NULL },
	{ "an exceedingly long name that nobody could have meant", NULL },
};

START_TEST(test_hint_when_close_then_the_closest)
{
	static const char *const names[] = { "state", "variants",
					     "defaultVariant", "tags", NULL };

	ck_assert_pstr_eq(
	    json_hint(names, hints[_i].name, strlen(hints[_i].name)),
	    hints[_i].hint);
}
END_TEST

START_TEST(test_known_members_when_some_are_not_then_each_is_named)
{
	static const char *const names[] = { "state", "tags", NULL };
	struct value value =
	    wire_case_value(&arena, "{\"state\":1,\"stat\":1,\"what\":1}");

	ck_assert(!json_known_members(&value, names, "/x", &arena, &err));
	ck_assert_uint_eq(err.place_count, 2);
	ck_assert_str_eq(err.places[0].pointer, "/x/stat");
	ck_assert_str_eq(err.places[0].detail,
			 "unknown member 'stat'; did you mean state?");
	ck_assert_str_eq(err.places[1].detail, "unknown member 'what'");
}
END_TEST

START_TEST(test_known_members_when_all_are_then_true)
{
	static const char *const names[] = { "state", "tags", NULL };
	struct value value = wire_case_value(&arena, "{\"tags\":1}");
	struct value number = wire_case_value(&arena, "7");

	ck_assert(json_known_members(&value, names, "", &arena, &err));
	ck_assert(json_known_members(&number, names, "", &arena, &err));
	ck_assert_int_eq(err.code, STATUS_OK);
}
END_TEST

START_TEST(test_quoted_when_long_then_cut_between_characters)
{
	struct bytes text;

	ck_assert_int_eq(json_quoted(wire_case_string("abc")), 3);
	bytes_init(&text);
	bytes_append_char(&text, 'a');
	for (int i = 0; i < 100; i++)
		bytes_append_str(&text, "é");
	ck_assert_int_eq(json_quoted((struct string){ text.data, text.length }),
			 79);
	bytes_fini(&text);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("wire/json");
	TCase *tc = tcase_create("json");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, test_decode_when_good_then_the_same_comes_out,
			    0, sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(tc,
			    test_decode_when_bad_then_invalid_and_text_is_clean,
			    0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tc,
		       test_decode_when_syntax_is_wrong_then_line_and_column);
	tcase_add_test(tc, test_decode_when_quoted_text_is_cut_then_still_utf8);
	tcase_add_loop_test(
	    tc, test_decode_when_foreign_then_all_that_is_json_is_taken, 0,
	    sizeof(foreign) / sizeof(foreign[0]));
	tcase_add_test(tc,
		       test_decode_when_foreign_then_names_have_their_length);
	tcase_add_loop_test(
	    tc, test_decode_when_a_definition_holds_it_then_place_and_reason, 0,
	    sizeof(refused) / sizeof(refused[0]));
	tcase_add_test(tc, test_decode_when_numbers_are_beyond_then_real);
	tcase_add_test(
	    tc,
	    test_decode_when_rewritten_and_wrong_then_line_and_column_as_sent);
	tcase_add_test(
	    tc, test_decode_when_names_are_long_then_their_length_counts_once);
	tcase_add_test(tc, test_decode_when_text_has_no_end_then_length_counts);
	tcase_add_loop_test(
	    tc,
	    test_decode_when_nested_to_the_limit_then_ok_and_one_more_is_not, 0,
	    6);
	tcase_add_test(tc, test_decode_when_a_bomb_then_nothing_is_built);
	tcase_add_test(tc, test_pointer_when_name_needs_it_then_escaped);
	tcase_add_loop_test(tc, test_hint_when_close_then_the_closest, 0,
			    sizeof(hints) / sizeof(hints[0]));
	tcase_add_test(tc,
		       test_known_members_when_some_are_not_then_each_is_named);
	tcase_add_test(tc, test_known_members_when_all_are_then_true);
	tcase_add_test(tc, test_quoted_when_long_then_cut_between_characters);
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

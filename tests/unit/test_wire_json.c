#include <check.h>
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
	"18446744073709551616",
	"1e999",
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

START_TEST(test_decode_when_nul_is_allowed_then_string_has_it)
{
	struct json_limits limits = { .allow_nul = true };
	struct value value;
	const char *text = "\"a\\u0000b\"";

	ck_assert_int_eq(
	    json_decode(text, strlen(text), &limits, &arena, &value, &err),
	    STATUS_OK);
	ck_assert_uint_eq(value.string.length, 3);
	ck_assert_mem_eq(value.string.data, "a\0b\0", 4);
	text = "{\"\\u0000\":1}";
	ck_assert_int_eq(
	    json_decode(text, strlen(text), &limits, &arena, &value, &err),
	    STATUS_INVALID);
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
	tcase_add_test(tc, test_decode_when_nul_is_allowed_then_string_has_it);
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

/* Cutting a document into changes that the server takes. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/daemon/part.h"
#include "base/arena.h"
#include "model/name.h"
#include "wire/json.h"

static struct parts
cut(struct arena *arena, const char *text)
{
	struct value document;
	struct parts parts;

	arena_init(arena);
	ck_assert_int_eq(
	    json_decode(text, strlen(text), NULL, arena, &document, NULL),
	    STATUS_OK);
	parts_init(&parts, &document);
	return parts;
}

static const struct {
	const char *in;
	const char *out;
} small[] = {
	{ "{}", "{}" },
	{ "[1]", "[1]" },
	{ "{\"flags\":{\"a\":{\"x\":1}},\"$evaluators\":{\"s\":true},"
	  "\"metadata\":{}}",
	  "{\"metadata\":{},\"$evaluators\":{\"s\":true},"
	  "\"flags\":{\"a\":{\"x\":1}}}" },
	{ "{\"flags\":[{\"key\":\"a\"},{\"key\":\"b\"}]}",
	  "{\"flags\":[{\"key\":\"a\"},{\"key\":\"b\"}]}" },
	{ "{\"revision\":3,\"toggles\":{\"a\":null},\"segments\":{\"s\":1}}",
	  "{\"revision\":3,\"segments\":{\"s\":1},\"toggles\":{\"a\":null}}" },
	{ "{\"flags\":5}", "{\"flags\":5}" },
	{ "{\"flags\":{}}", "{\"flags\":{}}" },
	{ "{\"flags\":{},\"$evaluators\":{},\"metadata\":{\"a\":1}}",
	  "{\"flags\":{},\"$evaluators\":{},\"metadata\":{\"a\":1}}" },
	{ "{\"flags\":[],\"$evaluators\":{\"s\":1}}",
	  "{\"flags\":[],\"$evaluators\":{\"s\":1}}" },
};

START_TEST(test_part_when_small_then_one_and_nothing_is_lost)
{
	struct arena arena;
	struct parts parts = cut(&arena, small[_i].in);

	ck_assert_uint_eq(parts.count, 1);
	ck_assert_str_eq(parts.items[0].data, small[_i].out);
	parts_fini(&parts);
	arena_fini(&arena);
}
END_TEST

/* {"flags":{"k0":"xxx…",…},"$evaluators":{"s":true}} */
static char *
large(size_t count, size_t width)
{
	struct bytes text;

	bytes_init(&text);
	bytes_append_str(&text, "{\"flags\":{");
	for (size_t i = 0; i < count; i++) {
		bytes_printf(&text, "%s\"k%zu\":\"", i ? "," : "", i);
		for (size_t j = 0; j < width; j++)
			bytes_append_char(&text, 'x');
		bytes_append_char(&text, '"');
	}
	bytes_append_str(&text, "},\"$evaluators\":{\"s\":true}}");
	return bytes_take(&text);
}

static const struct {
	size_t count;
	size_t width;
	size_t parts;
} sizes[] = {
	{ LIMIT_CHANGE_ITEMS - 1, 1, 1 },
	{ LIMIT_CHANGE_ITEMS, 1, 2 },
	{ 25000, 1, 3 },
	{ 30, 100 * 1024, 4 },
	{ 2, LIMIT_CHANGE_BYTES, 3 },
};

START_TEST(test_part_when_large_then_cut_below_the_limits)
{
	struct arena arena;
	char *text = large(sizes[_i].count, sizes[_i].width);
	struct parts parts = cut(&arena, text);
	size_t toggles = 0;

	ck_assert_uint_eq(parts.count, sizes[_i].parts);
	ck_assert_ptr_nonnull(strstr(parts.items[0].data, "$evaluators"));
	for (size_t i = 0; i < parts.count; i++) {
		struct value part;
		const struct value *flags;

		ck_assert_int_eq(json_decode(parts.items[i].data,
					     parts.items[i].length, NULL,
					     &arena, &part, NULL),
				 STATUS_OK);
		flags = value_get(&part, "flags");
		if (!flags)
			continue;
		toggles += flags->object.count;
		ck_assert_uint_le(flags->object.count, LIMIT_CHANGE_ITEMS);
		if (flags->object.count > 1)
			ck_assert_uint_lt(parts.items[i].length,
					  LIMIT_CHANGE_BYTES);
	}
	ck_assert_uint_eq(toggles, sizes[_i].count);
	parts_fini(&parts);
	arena_fini(&arena);
	free(text);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("daemon part");
	TCase *tc = tcase_create("part");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc,
			    test_part_when_small_then_one_and_nothing_is_lost,
			    0, (int)(sizeof(small) / sizeof(*small)));
	tcase_add_loop_test(tc, test_part_when_large_then_cut_below_the_limits,
			    0, (int)(sizeof(sizes) / sizeof(*sizes)));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/*
 * The cases in tests/cases/eval: lists of {description, rule, data, result}.
 * Optional: "key", "segments", "fractional" (2 or 3), "error". Each runs in its
 * prepared form and, under a trace, in its general form: both have to agree.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "eval/trace.h"
#include "eval_case.h"

static const char *const files[] = {
	"vendor/jsonlogic.json",
	"vendor/flagd_fractional.json",
	"vendor/flagd_sem_ver.json",
	"coercion.json",
	"compare.json",
	"arithmetic.json",
	"data.json",
	"array.json",
	"string.json",
	"sem_ver.json",
	"fractional.json",
	"fractional_v3.json",
	"segments.json",
	"faults.json",
};

enum { FILE_COUNT = sizeof(files) / sizeof(files[0]) };

static char *
read_file(const char *name, size_t *length)
{
	char path[256];
	char *text = mem_alloc(1 << 20);
	FILE *f;

	snprintf(path, sizeof(path), "tests/cases/eval/%s", name);
	f = fopen(path, "rb");
	ck_assert_msg(f != NULL, "%s: run from the top of the tree", path);
	*length = fread(text, 1, 1 << 20, f);
	fclose(f);
	return text;
}

static const char *
text_of(const struct value *object, const char *name, const char *otherwise)
{
	const struct value *value = value_get(object, name);

	return value != NULL && value->type == VALUE_STRING ? value->string.data
							    : otherwise;
}

/* A case may set what the server would. */
static void
take_settings(struct eval_case *c, const struct value *test)
{
	const struct value *data = value_get(test, "data");
	const struct value *version = value_get(test, "fractional");
	const struct value *segments = value_get(test, "segments");
	const struct value *flagd =
	    data != NULL ? value_get(data, "$flagd") : NULL;
	const struct value *now =
	    flagd != NULL ? value_get(flagd, "timestamp") : NULL;

	c->key = text_of(test, "key", "toggle");
	if (flagd != NULL)
		c->key = text_of(flagd, "flagKey", c->key);
	if (now != NULL && now->type == VALUE_INTEGER)
		c->now_s = now->integer;
	if (version != NULL && version->integer == 3)
		c->fractional = FRACTIONAL_V3;
	if (segments != NULL) {
		struct bytes text;

		bytes_init(&text);
		value_encode(segments, &text);
		c->segments = arena_copy(&c->arena, text.data, text.length);
		bytes_fini(&text);
	}
}

static bool
is_as_expected(struct eval_case *c, const struct value *test)
{
	static const struct value null = { .type = VALUE_NULL };
	const struct value *wanted = value_get(test, "result");
	const struct value *data = value_get(test, "data");
	enum eval_error error = EVAL_ERROR_NONE;
	struct value result = eval_case_run(c, data, &error);

	if (value_get(test, "error") != NULL)
		return error != EVAL_ERROR_NONE &&
		       strcmp(text_of(test, "error", "?"),
			      eval_error_name(error)) == 0;
	if (wanted == NULL)
		wanted = &null;
	return error == EVAL_ERROR_NONE && eval_case_same(&result, wanted);
}

static bool
check_case(const char *file, const struct value *test)
{
	struct eval_case c;
	const char *what = text_of(test, "description", "no description");
	bool plain = false;
	bool traced = false;

	eval_case_init(&c);
	take_settings(&c, test);
	ck_assert_int_eq(
	    eval_case_compile(&c, value_get(test, "rule"), NULL, true),
	    STATUS_OK);
	plain = is_as_expected(&c, test);
	c.trace = trace_new(&c.arena);
	traced = is_as_expected(&c, test);
	if (!plain || !traced)
		fprintf(stderr, "%s: %s%s\n", file, what,
			plain ? " (traced)" : "");
	eval_case_fini(&c);
	return plain && traced;
}

START_TEST(test_cases_when_evaluated_then_give_their_results)
{
	const char *file = files[_i];
	struct eval_case c;
	struct value list;
	size_t length = 0;
	char *text = read_file(file, &length);
	int ran = 0;
	int failed = 0;

	eval_case_init(&c);
	list = eval_case_json(&c, text, length);
	for (size_t i = 0; i < list.array.count; i++) {
		if (list.array.items[i].type != VALUE_OBJECT)
			continue;
		ran++;
		failed += !check_case(file, &list.array.items[i]);
	}
	ck_assert_msg(ran > 0 && failed == 0, "%s: %d of %d failed", file,
		      failed, ran);
	eval_case_fini(&c);
	free(text);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("eval cases");
	TCase *tcase = tcase_create("files");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase,
			    test_cases_when_evaluated_then_give_their_results,
			    0, FILE_COUNT);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

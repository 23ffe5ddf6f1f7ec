#include "model/definition.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static void
assert_text(struct string s, const char *expected)
{
	ck_assert_uint_eq(s.length, strlen(expected));
	ck_assert_mem_eq(s.data, expected, s.length);
	ck_assert_int_eq(s.data[s.length], '\0');
}

static const char TEXT[] = "{\"key\":\"k\",\"state\":1,\"revision\":7}";

/* Every source string is scribbled over afterwards. */
static struct definition *
make(void)
{
	char text[sizeof(TEXT)];
	char names[] = "onofftag1tag2seg";
	struct variant variants[] = {
		{ { names, 2 }, { "true", 4 } },
		{ { names + 2, 3 }, { NULL, 1 } },
	};
	struct string tags[] = { { names + 5, 4 }, { names + 9, 4 } };
	struct string references[] = { { names + 13, 3 } };
	struct definition parts = {
		.kind = KIND_TOGGLE,
		.revision = 7,
		.key = { text + 8, 1 },
		.text = { text, sizeof(TEXT) - 1 },
		.stored = { text + 11, 9 },
		.core = { text + 1, 9 },
		.type = VARIANT_STRING,
		.enabled = true,
		.variants = variants,
		.variant_count = 2,
		.default_variant = 1,
		.tags = tags,
		.tag_count = 2,
		.references = references,
		.reference_count = 1,
	};
	struct definition *d;

	memcpy(text, TEXT, sizeof(TEXT));
	variants[1].json.data = text + 19;
	d = definition_new(&parts);
	memset(text, '#', sizeof(text));
	memset(names, '#', sizeof(names));
	memset(variants, 0, sizeof(variants));
	return d;
}

START_TEST(test_definition_when_made_then_holds_its_own_strings)
{
	struct definition *d = make();

	assert_text(d->key, "k");
	assert_text(d->text, TEXT);
	assert_text(d->variants[0].name, "on");
	assert_text(d->variants[0].json, "true");
	assert_text(d->variants[1].name, "off");
	ck_assert_mem_eq(d->variants[1].json.data, "1", 1);
	assert_text(d->tags[0], "tag1");
	assert_text(d->tags[1], "tag2");
	assert_text(d->references[0], "seg");
	ck_assert_uint_eq(d->metadata.length, 0);
	ck_assert_int_eq(d->revision, 7);
	ck_assert_int_eq(d->default_variant, 1);
	definition_unref(d);
}
END_TEST

START_TEST(test_definition_when_made_then_parts_keep_their_place_in_text)
{
	struct definition *d = make();

	ck_assert_ptr_eq(d->stored.data, d->text.data + 11);
	ck_assert_uint_eq(d->stored.length, 9);
	ck_assert_ptr_eq(d->core.data, d->text.data + 1);
	ck_assert_ptr_eq(d->variants[1].json.data, d->text.data + 19);
	definition_unref(d);
}
END_TEST

START_TEST(test_definition_when_made_from_another_then_equal_in_size)
{
	struct definition *d = make();
	struct definition *copy = definition_new(d);

	ck_assert_uint_eq(definition_size(copy), definition_size(d));
	definition_unref(d);
	assert_text(copy->text, TEXT);
	assert_text(copy->tags[1], "tag2");
	definition_unref(copy);
}
END_TEST

START_TEST(test_definition_when_small_then_takes_little_memory)
{
	struct definition *d = make();

	ck_assert_uint_le(definition_size(d),
			  sizeof(*d) + sizeof(TEXT) + 2 * 32 + 3 * 16 + 40);
	definition_unref(d);
}
END_TEST

START_TEST(test_definition_when_removed_then_only_key_and_revision_stay)
{
	struct definition *d =
	    definition_new_removed(KIND_SEGMENT, (struct string){ "s", 1 }, 9);

	ck_assert(d->removed);
	ck_assert_int_eq(d->kind, KIND_SEGMENT);
	ck_assert_int_eq(d->revision, 9);
	assert_text(d->key, "s");
	ck_assert_uint_eq(d->text.length, 0);
	ck_assert_int_eq(d->default_variant, -1);
	definition_unref(d);
}
END_TEST

START_TEST(test_definition_when_asked_for_a_part_then_found_by_whole_name)
{
	struct definition *d = make();

	ck_assert_int_eq(definition_find_variant(d, "on", 2), 0);
	ck_assert_int_eq(definition_find_variant(d, "off", 3), 1);
	ck_assert_int_eq(definition_find_variant(d, "of", 2), -1);
	ck_assert_int_eq(definition_find_variant(d, "", 0), -1);
	ck_assert(definition_has_tag(d, "tag2"));
	ck_assert(!definition_has_tag(d, "tag"));
	ck_assert(definition_refers_to(d, "seg", 3));
	ck_assert(!definition_refers_to(d, "segment", 7));
	definition_unref(d);
}
END_TEST

struct program {
	int freed;
};

static void
free_program(struct program *program)
{
	program->freed++;
}

START_TEST(test_definition_when_last_reference_goes_then_program_freed_once)
{
	struct program program = { 0 };
	struct definition parts = {
		.kind = KIND_TOGGLE,
		.key = { "k", 1 },
		.program = &program,
		.program_free = free_program,
	};
	struct definition *d = definition_new(&parts);

	ck_assert_ptr_eq(definition_ref(d), d);
	definition_unref(d);
	ck_assert_int_eq(program.freed, 0);
	definition_unref(d);
	ck_assert_int_eq(program.freed, 1);
	definition_unref(NULL);
	ck_assert_ptr_null(definition_ref(NULL));
}
END_TEST

static void *
ref_and_unref(void *ctx)
{
	for (int i = 0; i < 10000; i++)
		definition_unref(definition_ref(ctx));
	return NULL;
}

START_TEST(test_definition_when_shared_by_threads_then_count_holds)
{
	struct definition *d = make();
	pthread_t threads[4];

	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(
		    pthread_create(&threads[i], NULL, ref_and_unref, d), 0);
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_uint_eq(atomic_load(&d->refs), 1);
	definition_unref(d);
}
END_TEST

START_TEST(test_variant_type_when_named_then_parsed_back)
{
	enum variant_type type;

	for (unsigned i = VARIANT_BOOLEAN; i <= VARIANT_OBJECT; i++) {
		const char *name = variant_type_name((enum variant_type)i);

		ck_assert(variant_type_parse(name, &type));
		ck_assert_int_eq(type, i);
	}
	ck_assert(!variant_type_parse("bool", &type));
	ck_assert_str_eq(kind_name(KIND_TOGGLE), "toggle");
	ck_assert_str_eq(kind_name(KIND_ENVIRONMENT), "environment");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("definition");
	TCase *tcase = tcase_create("definition");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase,
		       test_definition_when_made_then_holds_its_own_strings);
	tcase_add_test(
	    tcase,
	    test_definition_when_made_then_parts_keep_their_place_in_text);
	tcase_add_test(
	    tcase, test_definition_when_made_from_another_then_equal_in_size);
	tcase_add_test(tcase,
		       test_definition_when_small_then_takes_little_memory);
	tcase_add_test(
	    tcase,
	    test_definition_when_removed_then_only_key_and_revision_stay);
	tcase_add_test(
	    tcase,
	    test_definition_when_asked_for_a_part_then_found_by_whole_name);
	tcase_add_test(
	    tcase,
	    test_definition_when_last_reference_goes_then_program_freed_once);
	tcase_add_test(tcase,
		       test_definition_when_shared_by_threads_then_count_holds);
	tcase_add_test(tcase, test_variant_type_when_named_then_parsed_back);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

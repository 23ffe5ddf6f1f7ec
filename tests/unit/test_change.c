#include "model/change.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "fixture_model.h"

START_TEST(test_change_when_made_then_copies_its_strings)
{
	char name[] = "prod";
	struct change *change = change_new(
	    fixture_string(name), fixture_string("ann"), fixture_string(""));

	memset(name, '#', sizeof(name) - 1);
	ck_assert_str_eq(change->environment.data, "prod");
	ck_assert_str_eq(change->actor.data, "ann");
	ck_assert_uint_eq(change->comment.length, 0);
	ck_assert_uint_eq(change->count, 0);
	change_free(change);
}
END_TEST

START_TEST(test_change_when_items_are_added_then_kept_in_order)
{
	struct change *change = change_new(
	    fixture_string("e"), fixture_string("a"), fixture_string("c"));
	char key[2] = "a";

	for (int i = 0; i < 26; i++) {
		key[0] = (char)('a' + i);
		change_add(change, KIND_TOGGLE, fixture_string(key), NULL,
			   NULL);
	}
	ck_assert_uint_eq(change->count, 26);
	for (int i = 0; i < 26; i++)
		ck_assert_int_eq(change->items[i].key.data[0], 'a' + i);
	change_free(change);
}
END_TEST

START_TEST(test_change_when_freed_then_gives_its_references_back)
{
	struct definition *d = fixture_definition(KIND_TOGGLE, "k", 3);
	struct change *change = change_new(
	    fixture_string("e"), fixture_string("a"), fixture_string("c"));

	change_add(change, KIND_TOGGLE, d->key, d, d);
	ck_assert_uint_eq(atomic_load(&d->refs), 3);
	change_free(change);
	ck_assert_uint_eq(atomic_load(&d->refs), 1);
	definition_unref(d);
	change_free(NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("change");
	TCase *tcase = tcase_create("change");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, test_change_when_made_then_copies_its_strings);
	tcase_add_test(tcase,
		       test_change_when_items_are_added_then_kept_in_order);
	tcase_add_test(tcase,
		       test_change_when_freed_then_gives_its_references_back);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#include "model/catalog.h"

#include <check.h>
#include <stdlib.h>

#include "fixture_model.h"

START_TEST(test_catalog_when_an_environment_changes_then_old_one_stays)
{
	struct catalog *old = catalog_new("0123456789abcdef", 0);
	struct snapshot *one = fixture_environment("one", 1);
	struct snapshot *two = fixture_environment("two", 2);
	struct catalog *kept;

	fixture_publish(&old, one);
	kept = catalog_ref(old);
	fixture_publish(&old, two);
	ck_assert_ptr_eq(catalog_find(old, "one", 3), one);
	ck_assert_ptr_eq(catalog_find(old, "two", 3), two);
	ck_assert_int_eq(old->head, 2);
	ck_assert_str_eq(old->epoch, "0123456789abcdef");
	ck_assert_ptr_null(catalog_find(kept, "two", 3));
	ck_assert_ptr_null(catalog_find(old, "on", 2));
	fixture_change(&one, "t", 3, false);
	fixture_publish(&old, one);
	ck_assert_ptr_eq(catalog_find(old, "one", 3), one);
	ck_assert_ptr_ne(catalog_find(kept, "one", 3), one);
	catalog_unref(kept);
	catalog_unref(old);
	ck_assert_uint_eq(atomic_load(&one->refs), 1);
	ck_assert_uint_eq(atomic_load(&two->refs), 1);
	snapshot_unref(one);
	snapshot_unref(two);
	catalog_unref(NULL);
}
END_TEST

START_TEST(test_catalog_when_an_environment_loses_its_settings_then_it_leaves)
{
	struct catalog *catalog = catalog_new("e", 0);
	struct snapshot *one = fixture_environment("one", 1);
	struct snapshot *bare = snapshot_new(fixture_string("one"));

	fixture_publish(&catalog, one);
	fixture_publish(&catalog, bare);
	ck_assert_ptr_null(catalog_find(catalog, "one", 3));
	ck_assert_int_eq(catalog->head, 1);
	snapshot_unref(one);
	snapshot_unref(bare);
	catalog_unref(catalog);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("catalog");
	TCase *tcase = tcase_create("catalog");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(
	    tcase, test_catalog_when_an_environment_changes_then_old_one_stays);
	tcase_add_test(
	    tcase,
	    test_catalog_when_an_environment_loses_its_settings_then_it_leaves);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

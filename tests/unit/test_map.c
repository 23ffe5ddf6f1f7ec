#include "base/map.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"

enum { KEYS = 300, STEPS = 20000 };

/* Key number i, and a value that can be told from others. */
static size_t
key_text(int i, char text[16])
{
	return (size_t)snprintf(text, 16, "key-%d", i);
}

START_TEST(test_map_when_empty_then_nothing_is_found)
{
	struct map map;
	size_t at = 0;

	map_init(&map);
	ck_assert_ptr_null(map_find(&map, "a", 1));
	ck_assert_ptr_null(map_take(&map, "a", 1));
	ck_assert_ptr_null(map_next(&map, &at));
	map_fini(&map);
}
END_TEST

START_TEST(test_map_put_when_key_exists_then_old_value_is_returned)
{
	struct map map;
	char key[] = "key";
	int a;
	int b;

	map_init(&map);
	ck_assert_ptr_null(map_put(&map, key, 3, &a));
	key[0] = 'x'; /* keys are copied */
	ck_assert_ptr_eq(map_put(&map, "key", 3, &b), &a);
	ck_assert_uint_eq(map.count, 1);
	ck_assert_ptr_eq(map_find(&map, "key", 3), &b);
	ck_assert_ptr_null(map_find(&map, "ke", 2));
	ck_assert_ptr_eq(map_take(&map, "key", 3), &b);
	ck_assert_uint_eq(map.count, 0);
	map_fini(&map);
}
END_TEST

START_TEST(test_map_when_keys_hold_nul_or_are_empty_then_told_apart)
{
	struct map map;
	int a;
	int b;
	int c;

	map_init(&map);
	ck_assert_ptr_null(map_put(&map, "x\0a", 3, &a));
	ck_assert_ptr_null(map_put(&map, "x\0b", 3, &b));
	ck_assert_ptr_null(map_put(&map, "", 0, &c));
	ck_assert_ptr_eq(map_find(&map, "x\0a", 3), &a);
	ck_assert_ptr_eq(map_find(&map, "x\0b", 3), &b);
	ck_assert_ptr_eq(map_find(&map, "", 0), &c);
	map_fini(&map);
}
END_TEST

static void
check_against(const struct map *map, int *const model[KEYS])
{
	size_t count = 0;
	size_t at = 0;
	char key[16];

	for (int i = 0; i < KEYS; i++) {
		count += model[i] != NULL;
		ck_assert_ptr_eq(map_find(map, key, key_text(i, key)),
				 model[i]);
	}
	ck_assert_uint_eq(map->count, count);
	while (map_next(map, &at) != NULL)
		count--;
	ck_assert_uint_eq(count, 0);
}

START_TEST(test_map_when_random_steps_then_as_the_model)
{
	int *model[KEYS] = { NULL };
	int values[KEYS];
	struct random random;
	struct map map;

	random_seed(&random, (uint64_t)_i);
	map_init(&map);
	for (int step = 0; step < STEPS; step++) {
		int i = (int)random_below(&random, KEYS);
		int *value = &values[random_below(&random, KEYS)];
		char key[16];
		size_t length = key_text(i, key);

		if (random_below(&random, 2) == 0) {
			ck_assert_ptr_eq(map_put(&map, key, length, value),
					 model[i]);
			model[i] = value;
		} else {
			ck_assert_ptr_eq(map_take(&map, key, length), model[i]);
			model[i] = NULL;
		}
		if (step % 1000 == 0)
			check_against(&map, model);
	}
	/* Taken entries do not make it grow. */
	ck_assert_uint_le(map.capacity, 4 * KEYS);
	map_fini(&map);
}
END_TEST

START_TEST(test_map_next_when_entries_are_taken_then_all_are_seen)
{
	char keys[KEYS][16];
	bool seen[KEYS] = { false };
	struct map map;
	size_t at = 0;
	const char *key;

	map_init(&map);
	for (int i = 0; i < KEYS; i++)
		ck_assert_ptr_null(
		    map_put(&map, keys[i], key_text(i, keys[i]), keys[i]));
	for (key = map_next(&map, &at); key != NULL;
	     key = map_next(&map, &at)) {
		int i = (int)strtol(key + 4, NULL, 10);

		ck_assert(!seen[i]);
		seen[i] = true;
		if (i % 3 != 0)
			ck_assert_ptr_eq(map_take(&map, key, strlen(key)), key);
	}
	for (int i = 0; i < KEYS; i++)
		ck_assert(seen[i]);
	ck_assert_uint_eq(map.count, (KEYS + 2) / 3);
	map_fini(&map);
}
END_TEST

static Suite *
map_suite(void)
{
	Suite *suite = suite_create("map");
	TCase *tcase = tcase_create("map");

	tcase_add_test(tcase, test_map_when_empty_then_nothing_is_found);
	tcase_add_test(tcase,
		       test_map_put_when_key_exists_then_old_value_is_returned);
	tcase_add_test(
	    tcase, test_map_when_keys_hold_nul_or_are_empty_then_told_apart);
	tcase_add_loop_test(tcase, test_map_when_random_steps_then_as_the_model,
			    0, 4);
	tcase_add_test(tcase,
		       test_map_next_when_entries_are_taken_then_all_are_seen);
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(map_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#include "base/tree.h"

#include <check.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/random.h"

enum { KEYS = 100, STEPS = 1000 };

/* ck_assert writes to a pipe each time, too slow for what is asked millions of
 * times. */
#define REQUIRE(condition)                                                     \
	do {                                                                   \
		if (!(condition))                                              \
			ck_abort_msg("not so: %s", #condition);                \
	} while (0)

/* Every version of an entry: its key, and who refers to it. */
struct item {
	int key;
	int refs;
};

static int
item_compare(const void *key, const void *entry)
{
	int a = *(const int *)key;
	int b = ((const struct item *)entry)->key;

	return (a > b) - (a < b);
}

static const void *
item_key(const void *entry)
{
	return &((const struct item *)entry)->key;
}

static void *
item_ref(void *entry)
{
	((struct item *)entry)->refs++;
	return entry;
}

static void
item_unref(void *entry)
{
	REQUIRE(((struct item *)entry)->refs > 0);
	((struct item *)entry)->refs--;
}

static const struct tree_ops ops = { item_compare, item_key, item_ref,
				     item_unref };

/* The same map as an array: what stands at each key, or NULL. */
struct model {
	struct item *at[KEYS];
};

static size_t
model_count(const struct model *model)
{
	size_t count = 0;

	for (int i = 0; i < KEYS; i++)
		count += model->at[i] != NULL;
	return count;
}

static void
check_find(const struct tree *tree, const struct model *model)
{
	REQUIRE(tree_count(tree) == model_count(model));
	for (int i = 0; i < KEYS; i++) {
		REQUIRE(tree_find(tree, &ops, &i) == model->at[i]);
	}
}

/* `from` < 0: from the first. */
static void
check_walk(const struct tree *tree, const struct model *model, int from)
{
	struct tree_walk walk;

	tree_walk_from(&walk, tree, &ops, from < 0 ? NULL : &from);
	for (int i = from < 0 ? 0 : from; i < KEYS; i++) {
		if (model->at[i] != NULL)
			REQUIRE(tree_walk_next(&walk) == model->at[i]);
	}
	REQUIRE(tree_walk_next(&walk) == NULL);
	REQUIRE(tree_walk_next(&walk) == NULL);
}

static void
check_walk_back(const struct tree *tree, const struct model *model)
{
	struct tree_walk walk;

	tree_walk_from_last(&walk, tree);
	for (int i = KEYS - 1; i >= 0; i--) {
		if (model->at[i] != NULL)
			REQUIRE(tree_walk_previous(&walk) == model->at[i]);
	}
	REQUIRE(tree_walk_previous(&walk) == NULL);
}

static void
check_version(const struct tree *tree, const struct model *model)
{
	check_find(tree, model);
	check_walk(tree, model, -1);
	check_walk_back(tree, model);
}

/* Replace *tree by a version with (or without) a random key. */
static void
step(struct tree **tree, struct model *model, struct random *random,
     struct item *fresh)
{
	int key = (int)random_below(random, KEYS);
	struct tree *next;

	if (random_below(random, 2) == 0) {
		fresh->key = key;
		next = tree_put(*tree, &ops, fresh);
		model->at[key] = fresh;
	} else {
		next = tree_remove(*tree, &ops, &key);
		if (model->at[key] == NULL)
			REQUIRE(next == *tree);
		model->at[key] = NULL;
	}
	*tree = next;
}

START_TEST(test_tree_when_random_steps_then_every_version_stays)
{
	static struct item items[STEPS];
	static struct model models[STEPS + 1];
	static struct tree *versions[STEPS + 1];
	struct random random;

	random_seed(&random, (uint64_t)_i);
	for (int i = 0; i < STEPS; i++) {
		versions[i + 1] = versions[i];
		models[i + 1] = models[i];
		step(&versions[i + 1], &models[i + 1], &random, &items[i]);
	}
	for (int i = 0; i <= STEPS; i++) {
		check_version(versions[i], &models[i]);
		check_walk(versions[i], &models[i],
			   (int)random_below(&random, KEYS));
	}
	/* Drop the versions in an order of no meaning; those left stay. */
	for (int i = 0; i <= STEPS; i += 2)
		tree_unref(versions[i], &ops);
	for (int i = 1; i <= STEPS; i += 2)
		check_find(versions[i], &models[i]);
	for (int i = STEPS - 1; i > 0; i -= 2)
		tree_unref(versions[i], &ops);
	for (int i = 0; i < STEPS; i++)
		REQUIRE(items[i].refs == 0);
}
END_TEST

START_TEST(test_tree_when_empty_then_null)
{
	struct tree_walk walk;
	int key = 1;

	ck_assert_uint_eq(tree_count(NULL), 0);
	ck_assert_ptr_null(tree_find(NULL, &ops, &key));
	ck_assert_ptr_null(tree_remove(NULL, &ops, &key));
	ck_assert_ptr_null(tree_build(&ops, NULL, 0));
	ck_assert_ptr_null(tree_ref(NULL));
	tree_unref(NULL, &ops);
	tree_walk_from(&walk, NULL, &ops, NULL);
	ck_assert_ptr_null(tree_walk_next(&walk));
	tree_walk_from_last(&walk, NULL);
	ck_assert_ptr_null(tree_walk_previous(&walk));
}
END_TEST

START_TEST(test_tree_put_when_key_exists_then_entry_is_replaced)
{
	struct item a = { 1, 0 };
	struct item b = { 1, 0 };
	int key = 1;
	struct tree *first = tree_put(NULL, &ops, &a);
	struct tree *second = tree_put(first, &ops, &b);
	struct tree *third = tree_remove(second, &ops, &key);

	ck_assert_ptr_eq(tree_find(first, &ops, &key), &a);
	ck_assert_ptr_eq(tree_find(second, &ops, &key), &b);
	ck_assert_uint_eq(tree_count(second), 1);
	ck_assert_ptr_null(third);
	tree_unref(first, &ops);
	ck_assert_int_eq(a.refs, 0);
	ck_assert_int_eq(b.refs, 1);
	tree_unref(second, &ops);
	ck_assert_int_eq(b.refs, 0);
}
END_TEST

/* A built tree is one like any other: every size, then changed. */
START_TEST(test_tree_build_when_any_count_then_as_if_put)
{
	struct item items[KEYS + 1] = { { 0, 0 } };
	void *entries[KEYS];
	struct model model = { { NULL } };
	struct random random;
	struct tree *tree;
	struct tree *before;

	for (int i = 0; i < _i; i++) {
		items[i].key = i;
		entries[i] = &items[i];
		model.at[i] = &items[i];
	}
	tree = tree_build(&ops, entries, (size_t)_i);
	check_version(tree, &model);
	random_seed(&random, (uint64_t)_i);
	for (int i = 0; i < 50; i++) {
		int key = (int)random_below(&random, KEYS);

		before = tree;
		tree = tree_remove(before, &ops, &key);
		tree_unref(before, &ops);
		model.at[key] = NULL;
	}
	check_version(tree, &model);
	tree_unref(tree, &ops);
	for (int i = 0; i < _i; i++)
		ck_assert_int_eq(items[i].refs, 0);
}
END_TEST

static int compares;

static int
counting_compare(const void *key, const void *entry)
{
	compares++;
	return item_compare(key, entry);
}

/* The worst order to insert in, and the height that AVL promises:
 * 1.44 * log2(20,002) is below 21. */
START_TEST(test_tree_when_put_in_order_then_stays_low)
{
	enum { MANY = 20000 };
	static struct item items[MANY];
	static const struct tree_ops counting = { counting_compare, item_key,
						  item_ref, item_unref };
	struct tree *tree = NULL;

	for (int i = 0; i < MANY; i++) {
		struct tree *before = tree;

		items[i].key = _i == 0 ? i : MANY - i;
		tree = tree_put(before, &ops, &items[i]);
		tree_unref(before, &ops);
	}
	ck_assert_uint_eq(tree_count(tree), MANY);
	for (int i = 0; i < MANY; i++) {
		compares = 0;
		REQUIRE(tree_find(tree, &counting, &items[i].key) == &items[i]);
		REQUIRE(compares <= 21);
	}
	tree_unref(tree, &ops);
	for (int i = 0; i < MANY; i++)
		REQUIRE(items[i].refs == 0);
}
END_TEST

static Suite *
tree_suite(void)
{
	Suite *suite = suite_create("tree");
	TCase *tcase = tcase_create("tree");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, test_tree_when_empty_then_null);
	tcase_add_test(tcase,
		       test_tree_put_when_key_exists_then_entry_is_replaced);
	tcase_add_loop_test(
	    tcase, test_tree_when_random_steps_then_every_version_stays, 0, 4);
	tcase_add_loop_test(
	    tcase, test_tree_build_when_any_count_then_as_if_put, 0, KEYS + 1);
	tcase_add_loop_test(tcase, test_tree_when_put_in_order_then_stays_low,
			    0, 2);
	suite_add_tcase(suite, tcase);
	return suite;
}

int
main(void)
{
	SRunner *runner = srunner_create(tree_suite());
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "store_fixture.h"

static const struct stored_key toggle_b = { { "default", 7 },
					    KIND_TOGGLE,
					    { "b", 1 } };
static const struct stored_key segment_b = { { "default", 7 },
					     KIND_SEGMENT,
					     { "b", 1 } };

/* Two environments, each kind, removals, a key with many versions. */
static void
fill(struct store_fixture *f)
{
	struct change *change = store_fixture_change(f, "default");

	store_fixture_add(f, change, KIND_ENVIRONMENT, "default", "e");
	ck_assert_int_eq(store_fixture_commit(f, change), STATUS_OK);
	change = store_fixture_change(f, "default");
	store_fixture_add(f, change, KIND_TOGGLE, "b", "b2");
	store_fixture_add(f, change, KIND_TOGGLE, "a", "a2");
	store_fixture_add(f, change, KIND_SEGMENT, "s", "s2");
	ck_assert_int_eq(store_fixture_commit(f, change), STATUS_OK);
	change = store_fixture_change(f, "prod");
	store_fixture_add(f, change, KIND_TOGGLE, "a", "p3");
	ck_assert_int_eq(store_fixture_commit(f, change), STATUS_OK);
	store_fixture_put(f, "b", NULL);
	store_fixture_put(f, "a", "a5");
}

START_TEST(test_load_when_empty_then_nothing)
{
	struct store_fixture f;

	store_fixture_init(&f);
	ck_assert_str_eq(store_fixture_dump(&f, "", INT64_MAX), "");
	ck_assert_int_eq(store_head(f.store), 0);
	store_fixture_fini(&f);
}
END_TEST

static int64_t
born_at(struct store_fixture *f, const char *environment, int64_t at)
{
	int64_t revision = -1;

	ck_assert_int_eq(
	    store_born(f->store, text_of(environment), at, &revision, &f->err),
	    STATUS_OK);
	return revision;
}

static int64_t
born(struct store_fixture *f, const char *environment)
{
	return born_at(f, environment, INT64_MAX);
}

/* At each revision: what the settings of `e` become, and the change that made
 * the environment that is there then. */
static const struct {
	const char *settings; /* NULL: removed; "": another change */
	int64_t born;
	int64_t life; /* that goes on with this change */
} births[] = {
	{ "one", 1, 0 },   { "two", 1, 0 },   { "", 1, 0 },   { NULL, 0, 0 },
	{ "", 0, 0 },      { "three", 6, 0 }, { "", 6, 0 },   { NULL, 0, 0 },
	{ "back", 6, 6 },  { "four", 6, 0 },  { "", 6, 0 },   { NULL, 0, 0 },
	{ "five", 13, 0 }, { NULL, 0, 0 },    { "to", 1, 1 }, { "six", 1, 0 },
};

START_TEST(test_born_when_made_again_then_the_last_time_unless_life_goes_on)
{
	struct store_fixture f;
	int64_t changes = 0;
	bool done = false;

	store_fixture_init(&f);
	ck_assert_int_eq(born(&f, "e"), 0);
	for (size_t i = 0; i < sizeof(births) / sizeof(births[0]); i++) {
		struct change *change = store_fixture_change(&f, "e");

		if (births[i].settings == NULL || births[i].settings[0] != '\0')
			store_fixture_add(&f, change, KIND_ENVIRONMENT, "e",
					  births[i].settings);
		else
			store_fixture_add(&f, change, KIND_TOGGLE, "a", "x");
		change->life = births[i].life;
		ck_assert_int_eq(store_fixture_commit(&f, change), STATUS_OK);
		ck_assert_int_eq(born(&f, "e"), births[i].born);
	}
	for (size_t i = 0; i < sizeof(births) / sizeof(births[0]); i++)
		ck_assert_int_eq(born_at(&f, "e", (int64_t)i + 1),
				 births[i].born);
	ck_assert_int_eq(store_verify(f.store, &changes, &f.err), STATUS_OK);
	/* It is nothing that a later release has stored, nor seen otherwise. */
	(void)store_fixture_dump(&f, "", INT64_MAX);
	ck_assert_uint_eq(store_later(f.store), 0);
	/* What says so is kept as long as it is in force. */
	while (!done)
		ck_assert_msg(store_prune(f.store, INT64_MAX, INT64_MAX, 3,
					  &done, &f.err) == STATUS_OK,
			      "%s", f.err.text);
	ck_assert_int_eq(born(&f, "e"), 1);
	ck_assert_int_eq(store_verify(f.store, &changes, &f.err), STATUS_OK);
	ck_assert_int_eq(born(&f, "other"), 0);
	store_fixture_fini(&f);
}
END_TEST

struct load_case {
	const char *environment;
	int64_t at;
	const char *expected;
};

static const struct load_case load_cases[] = {
	{ "", 0, "" },
	{ "", 1, "default/0/default@1=e\n" },
	{ "", 2,
	  "default/0/default@1=e\ndefault/1/s@2=s2\n"
	  "default/2/a@2=a2\ndefault/2/b@2=b2\n" },
	{ "", 3,
	  "default/0/default@1=e\ndefault/1/s@2=s2\n"
	  "default/2/a@2=a2\ndefault/2/b@2=b2\nprod/2/a@3=p3\n" },
	{ "", INT64_MAX,
	  "default/0/default@1=e\ndefault/1/s@2=s2\n"
	  "default/2/b@4=-\ndefault/2/a@5=a5\nprod/2/a@3=p3\n" },
	{ "prod", INT64_MAX, "prod/2/a@3=p3\n" },
	{ "prod", 2, "" },
	{ "default", 3,
	  "default/0/default@1=e\ndefault/1/s@2=s2\n"
	  "default/2/a@2=a2\ndefault/2/b@2=b2\n" },
	{ "def", INT64_MAX, "" },
	{ "zzz", INT64_MAX, "" },
};

START_TEST(test_load_when_asked_as_of_then_that_version)
{
	const struct load_case *c = &load_cases[_i];
	struct store_fixture f;

	store_fixture_init(&f);
	fill(&f);
	ck_assert_str_eq(store_fixture_dump(&f, c->environment, c->at),
			 c->expected);
	store_fixture_reopen(&f);
	ck_assert_str_eq(store_fixture_dump(&f, c->environment, c->at),
			 c->expected);
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_load_when_history_is_long_then_each_key_once)
{
	struct store_fixture f;
	char expected[128];

	store_fixture_init(&f);
	store_fixture_put(&f, "z", "z");
	for (int i = 0; i < _i; i++)
		store_fixture_put(&f, "a", "a");
	for (int i = 0; i < _i; i++)
		store_fixture_put(&f, "b", "b");
	(void)snprintf(expected, sizeof(expected),
		       "default/2/z@1=z\ndefault/2/a@%d=a\ndefault/2/b@%d=b\n",
		       1 + _i, 1 + 2 * _i);
	ck_assert_str_eq(store_fixture_dump(&f, "", INT64_MAX), expected);
	store_fixture_fini(&f);
}
END_TEST

static enum status
stop(const struct stored_item *item, void *ctx, struct error *err)
{
	int *calls = ctx;

	(void)item;
	(*calls)++;
	return error_set(err, STATUS_BUSY, "enough");
}

START_TEST(test_load_when_callback_fails_then_walk_ends_with_its_status)
{
	struct store_fixture f;
	int calls = 0;

	store_fixture_init(&f);
	fill(&f);
	ck_assert_int_eq(
	    store_load(f.store, text_of(""), INT64_MAX, stop, &calls, &f.err),
	    STATUS_BUSY);
	ck_assert_int_eq(calls, 1);
	ck_assert_str_eq(f.err.text, "enough");
	store_fixture_put(&f, "goes", "on");
	store_fixture_fini(&f);
}
END_TEST

static enum status
check_item(const struct stored_item *item, void *ctx, struct error *err)
{
	const struct stored_item *expected = ctx;

	(void)err;
	ck_assert_int_eq(item->revision, expected->revision);
	ck_assert_int_eq(item->at_ms, expected->at_ms);
	ck_assert_int_eq((int)item->removed, (int)expected->removed);
	ck_assert_uint_eq(item->text.length, expected->text.length);
	ck_assert_mem_eq(item->text.data, expected->text.data,
			 expected->text.length);
	ck_assert_mem_eq(item->actor.data, expected->actor.data,
			 expected->actor.length);
	return STATUS_OK;
}

START_TEST(test_load_one_when_there_then_its_version_and_stamp)
{
	struct store_fixture f;
	struct stored_item old = { .revision = 2,
				   .at_ms = 2000,
				   .text = { "b2", 2 },
				   .actor = { "actor2", 6 } };
	struct stored_item removed = { .revision = 4,
				       .at_ms = 4000,
				       .removed = true,
				       .text = { "", 0 },
				       .actor = { "actor4", 6 } };

	store_fixture_init(&f);
	fill(&f);
	ck_assert_int_eq(
	    store_load_one(f.store, &toggle_b, 3, check_item, &old, &f.err),
	    STATUS_OK);
	ck_assert_int_eq(store_load_one(f.store, &toggle_b, INT64_MAX,
					check_item, &removed, &f.err),
			 STATUS_OK);
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_load_one_when_never_there_then_not_found)
{
	struct store_fixture f;

	store_fixture_init(&f);
	fill(&f);
	ck_assert_int_eq(
	    store_load_one(f.store, &toggle_b, 1, check_item, NULL, &f.err),
	    STATUS_NOT_FOUND);
	ck_assert_int_eq(store_load_one(f.store, &segment_b, INT64_MAX,
					check_item, NULL, NULL),
			 STATUS_NOT_FOUND);
	store_fixture_fini(&f);
}
END_TEST

static enum status
accept(const struct stored_item *item, void *ctx, struct error *err)
{
	(void)item;
	(void)ctx;
	(void)err;
	return STATUS_OK;
}

START_TEST(test_load_when_kind_is_unknown_then_corrupt)
{
	struct store_fixture f;

	store_fixture_init(&f);
	fill(&f);
	store_fixture_tamper(&f, "UPDATE newest SET kind = 77 WHERE key = 'b'");
	ck_assert_int_eq(
	    store_load(f.store, text_of(""), INT64_MAX, accept, NULL, &f.err),
	    STATUS_CORRUPT);
	store_fixture_fini(&f);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("store_load");
	TCase *tcase = tcase_create("load");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, test_load_when_empty_then_nothing);
	tcase_add_test(
	    tcase,
	    test_born_when_made_again_then_the_last_time_unless_life_goes_on);
	tcase_add_loop_test(tcase, test_load_when_asked_as_of_then_that_version,
			    0,
			    (int)(sizeof(load_cases) / sizeof(load_cases[0])));
	tcase_add_loop_test(
	    tcase, test_load_when_history_is_long_then_each_key_once, 1, 20);
	tcase_add_test(
	    tcase,
	    test_load_when_callback_fails_then_walk_ends_with_its_status);
	tcase_add_test(tcase,
		       test_load_one_when_there_then_its_version_and_stamp);
	tcase_add_test(tcase, test_load_one_when_never_there_then_not_found);
	tcase_add_test(tcase, test_load_when_kind_is_unknown_then_corrupt);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

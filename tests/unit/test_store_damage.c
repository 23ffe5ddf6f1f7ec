/*
 * A database with a row that is wrong or gone: whoever comes upon it says
 * which, and nothing is made up for it. What store_verify finds is in
 * test_store_verify.c; here nobody has verified.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_fixture.h"

enum { CHANGES = 6 };

/* Odd revisions write "a", even ones "b". */
static void
fill(struct store_fixture *f)
{
	struct store_write write = { .idempotency = { .revision = CHANGES } };

	for (int i = 1; i <= CHANGES; i++)
		store_fixture_put(f, i % 2 ? "a" : "b", "text");
	write.idempotency.key = text_of("request");
	write.idempotency.environment = text_of("default");
	ck_assert_int_eq(store_commit(f->store, &write, 1, &f->err), STATUS_OK);
}

static enum status
take_item(const struct stored_item *item, void *ctx, struct error *err)
{
	(void)item;
	(void)ctx;
	(void)err;
	return STATUS_OK;
}

static enum status
take_change(const struct stored_change *change, void *ctx, struct error *err)
{
	(void)change;
	(void)ctx;
	(void)err;
	return STATUS_OK;
}

static enum status
open_it(struct store_fixture *f)
{
	return store_open(f->path, STORE_CREATE, 5, &f->store, &f->err);
}

static enum status
load(struct store_fixture *f)
{
	return store_load(f->store, text_of(""), INT64_MAX, take_item, NULL,
			  &f->err);
}

static enum status
load_older(struct store_fixture *f)
{
	return store_load(f->store, text_of(""), 2, take_item, NULL, &f->err);
}

static enum status
load_one(struct store_fixture *f)
{
	const struct stored_key key = { text_of("default"), KIND_TOGGLE,
					text_of("b") };

	return store_load_one(f->store, &key, 2, take_item, NULL, &f->err);
}

static enum status
history(struct store_fixture *f)
{
	const struct history_query query = { .limit = SIZE_MAX };

	return store_history(f->store, &query, take_change, NULL, &f->err);
}

static enum status
history_of_key(struct store_fixture *f)
{
	const struct history_query query = { .environment = text_of("default"),
					     .key = text_of("b"),
					     .limit = SIZE_MAX };

	return store_history(f->store, &query, take_change, NULL, &f->err);
}

static enum status
revision_at(struct store_fixture *f)
{
	int64_t revision = 0;

	return store_revision_at(f->store, 2000, &revision, &f->err);
}

static enum status
find_request(struct store_fixture *f)
{
	struct idempotency found;

	return store_find_request(f->store, text_of("default"),
				  text_of("request"), &found, &f->err);
}

static enum status
prune(struct store_fixture *f)
{
	bool done = false;
	enum status status = STATUS_OK;

	while (status == STATUS_OK && !done)
		status = store_prune(f->store, 1000 * CHANGES, INT64_MAX, 10,
				     &done, &f->err);
	return status;
}

struct damage {
	const char *sql;
	enum status (*ask)(struct store_fixture *f);
	const char *text; /* in the report */
};

static const struct damage damages[] = {
	{ "UPDATE change SET hash = x'00' WHERE revision = 6", open_it,
	  "revision 6: has no hash" },
	{ "DELETE FROM meta", open_it, "no epoch" },
	{ "UPDATE meta SET epoch = 'short'", open_it, "no epoch" },
	{ "DELETE FROM horizon", open_it, "there is no horizon" },
	{ "UPDATE horizon SET revision = -1", open_it, "horizon is damaged" },
	{ "UPDATE horizon SET kind = -2", open_it, "horizon is damaged" },
	{ "UPDATE horizon SET kind = 77", open_it, "horizon is damaged" },
	{ "UPDATE horizon SET hash = x'00'", open_it, "horizon is damaged" },
	{ "UPDATE horizon SET sum = x''", open_it, "horizon is damaged" },
	{ "DELETE FROM item WHERE revision = 6", load,
	  "revision 6: its item 'b' is missing" },
	{ "DELETE FROM item WHERE revision IN (4, 6)", load_older,
	  "revision 6: its item 'b' is missing" },
	{ "DELETE FROM item WHERE revision = 6", load_one,
	  "revision 6: its item 'b' is missing" },
	{ "UPDATE item SET kind = 77 WHERE revision = 5", load_older,
	  "revision 5: its item 'a' is missing" },
	{ "UPDATE item SET previous = 6 WHERE revision = 6", load_older,
	  "revision 6: its item 'b' points forward" },
	{ "UPDATE item SET kind = 77 WHERE revision = 5", history,
	  "revision 5: unknown kind 77" },
	{ "UPDATE item SET previous = 3 WHERE revision = 6", history,
	  "revision 6: revision 3: its item 'b' is missing" },
	{ "DELETE FROM change WHERE revision = 6", history_of_key,
	  "revision 6: it is missing" },
	{ "DELETE FROM change WHERE revision = 4", history_of_key,
	  "revision 6: revision 4: its item 'b' is missing" },
	{ "DELETE FROM item WHERE revision = 6", history_of_key,
	  "revision 6: its item 'b' is missing" },
	{ "DELETE FROM change WHERE revision = 3", revision_at,
	  "revision 3: it is missing" },
	{ "UPDATE request SET fingerprint = x'00'", find_request,
	  "no fingerprint" },
	{ "DELETE FROM change WHERE revision = 1", prune,
	  "revision 1: it is missing" },
	{ "DELETE FROM item WHERE revision = 1;"
	  "DELETE FROM change WHERE revision = 1",
	  prune, "revision 1: it has no hash" },
	{ "UPDATE change SET hash = x'00' WHERE revision = 2", prune,
	  "revision 2: it has no hash" },
	{ "UPDATE item SET kind = 77 WHERE revision = 1", prune,
	  "unknown kind 77" },
	{ "DELETE FROM item WHERE revision = 1", prune,
	  "revision 1: its item 'a' is missing" },
};

START_TEST(test_damage_when_come_upon_then_named)
{
	const struct damage *damage = &damages[_i];
	struct store_fixture f;
	struct bytes sql;

	store_fixture_init(&f);
	fill(&f);
	bytes_init(&sql);
	bytes_printf(&sql, "PRAGMA ignore_check_constraints = ON; %s",
		     damage->sql);
	store_fixture_tamper_closed(&f, sql.data);
	if (damage->ask != open_it)
		store_fixture_reopen(&f);
	error_init(&f.err);
	ck_assert_int_eq(damage->ask(&f), STATUS_CORRUPT);
	ck_assert_msg(strstr(f.err.text, damage->text) != NULL,
		      "'%s', not '%s'", f.err.text, damage->text);
	/* One thing is broken; the log goes on. */
	if (damage->ask != open_it)
		store_fixture_put(&f, "c", "goes on");
	bytes_fini(&sql);
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_prune_when_damaged_then_nothing_of_the_step_stays)
{
	struct store_fixture f;
	const char *before;

	store_fixture_init(&f);
	fill(&f);
	store_fixture_tamper(&f, "DELETE FROM item WHERE revision = 2");
	before = store_fixture_dump(&f, "", INT64_MAX);
	ck_assert_int_eq(prune(&f), STATUS_CORRUPT);
	ck_assert_ptr_nonnull(strstr(f.err.text, "prune the history"));
	ck_assert_int_eq(store_oldest(f.store), 1);
	ck_assert_str_eq(store_fixture_dump(&f, "", INT64_MAX), before);
	store_fixture_fini(&f);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("store_damage");
	TCase *tcase = tcase_create("store_damage");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tcase, test_damage_when_come_upon_then_named, 0,
			    (int)(sizeof(damages) / sizeof(damages[0])));
	tcase_add_test(tcase,
		       test_prune_when_damaged_then_nothing_of_the_step_stays);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

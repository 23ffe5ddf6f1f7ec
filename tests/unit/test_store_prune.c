/* Forgetting: what goes, what stays, and that the log stays whole. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_fixture.h"

enum { CHANGES = 60, STEPS_MAX = 5000, MANY = 500 };

/* Revisions 1 to CHANGES over few keys, with segments, removals, another
 * environment and changes of several items. */
static void
fill(struct store_fixture *f)
{
	char key[16];
	char text[32];

	while (store_head(f->store) < CHANGES) {
		const int64_t r = store_head(f->store) + 1;
		struct change *change =
		    store_fixture_change(f, r % 7 == 0 ? "other" : "default");

		(void)snprintf(text, sizeof(text), "text %lld", (long long)r);
		for (int64_t i = 0; i <= r % 3; i++) {
			(void)snprintf(key, sizeof(key), "k%lld",
				       (long long)((r * 5 + i * 3) % 11));
			store_fixture_add(f, change, KIND_TOGGLE, key,
					  r % 5 == 0 ? NULL : text);
		}
		if (r % 4 == 0)
			store_fixture_add(f, change, KIND_SEGMENT, "s", text);
		ck_assert_msg(store_fixture_commit(f, change) == STATUS_OK,
			      "%s", f->err.text);
	}
	store_fixture_put(f, "k0", "the newest");
}

/* The time of a change is 1000 * its revision. True: done. */
static bool
prune_once(struct store_fixture *f, int64_t in_force, int items)
{
	bool done = false;

	ck_assert_msg(store_prune(f->store, 1000 * in_force, INT64_MAX, items,
				  &done, &f->err) == STATUS_OK,
		      "%s", f->err.text);
	return done;
}

static void
prune(struct store_fixture *f, int64_t in_force)
{
	int steps = 0;

	while (!prune_once(f, in_force, 7))
		ck_assert_int_lt(++steps, STEPS_MAX);
}

static void
check_whole(struct store_fixture *f)
{
	int64_t changes = -1;

	ck_assert_msg(store_verify(f->store, &changes, &f->err) == STATUS_OK,
		      "%s", f->err.text);
	ck_assert_int_ge(changes,
			 store_head(f->store) + 1 - store_oldest(f->store));
}

/* The dump of every revision from `from` on, joined. */
static const char *
dump_since(struct store_fixture *f, int64_t from)
{
	struct bytes all;
	const char *kept;

	bytes_init(&all);
	for (int64_t at = from; at <= store_head(f->store); at++)
		bytes_printf(&all, "%lld:\n%s", (long long)at,
			     store_fixture_dump(f, "", at));
	kept = arena_copy(&f->arena, all.data, all.length);
	bytes_fini(&all);
	return kept;
}

static enum status
tell(const struct stored_change *change, void *ctx, struct error *err)
{
	(void)err;
	bytes_printf(ctx, "%lld at %lld by %.*s\n", (long long)change->revision,
		     (long long)change->at_ms, (int)change->actor.length,
		     change->actor.data);
	for (size_t i = 0; i < change->count; i++) {
		const struct stored_change_item *item = &change->items[i];
		bytes_printf(ctx, " %.*s: %.*s@%lld -> %.*s\n",
			     (int)item->key.length, item->key.data,
			     (int)item->before.length, item->before.data,
			     (long long)item->before_revision,
			     (int)item->after.length, item->after.data);
	}
	return STATUS_OK;
}

/* The newest `limit` changes, of all or of one key. */
static const char *
history(struct store_fixture *f, const char *key, size_t limit)
{
	const struct history_query query = {
		.environment = text_of(*key ? "default" : ""),
		.key = text_of(key),
		.limit = limit,
	};
	struct bytes out;
	const char *kept;

	bytes_init(&out);
	bytes_append_str(&out, "");
	ck_assert_msg(store_history(f->store, &query, tell, &out, &f->err) ==
			  STATUS_OK,
		      "%s", f->err.text);
	kept =
	    arena_copy(&f->arena, out.data != NULL ? out.data : "", out.length);
	bytes_fini(&out);
	return kept;
}

START_TEST(test_prune_when_nothing_is_old_then_nothing_goes)
{
	struct store_fixture f;

	store_fixture_init(&f);
	ck_assert(prune_once(&f, 10, 7));
	fill(&f);
	ck_assert(prune_once(&f, 0, 7));
	ck_assert(prune_once(&f, 1, 7));
	ck_assert_int_eq(store_oldest(f.store), 1);
	check_whole(&f);
	store_fixture_fini(&f);
}
END_TEST

/* Every revision as the one in force at the horizon. */
START_TEST(test_prune_when_done_then_the_rest_reads_as_before)
{
	struct store_fixture f;
	const int64_t at = _i + 1;
	const char *states;
	const char *changes;
	const char *of_key;

	store_fixture_init(&f);
	fill(&f);
	states = dump_since(&f, at);
	changes = history(&f, "", (size_t)(store_head(f.store) - at + 1));
	prune(&f, at);
	ck_assert_int_eq(store_oldest(f.store), at);
	check_whole(&f);
	ck_assert_str_eq(dump_since(&f, at), states);
	ck_assert_str_eq(history(&f, "", SIZE_MAX), changes);
	of_key = history(&f, "k3", SIZE_MAX);
	store_fixture_reopen(&f);
	ck_assert_int_eq(store_oldest(f.store), at);
	check_whole(&f);
	ck_assert_str_eq(dump_since(&f, at), states);
	ck_assert_str_eq(history(&f, "k3", SIZE_MAX), of_key);
	store_fixture_put(&f, "k3", "goes on");
	check_whole(&f);
	store_fixture_fini(&f);
}
END_TEST

/* A step at a time, each the last before a crash or the first after one. */
START_TEST(test_prune_when_in_the_middle_then_whole_and_readable)
{
	struct store_fixture f;
	bool done = false;
	int steps = 0;

	store_fixture_init(&f);
	fill(&f);
	while (!done) {
		const int64_t oldest = store_oldest(f.store);
		const char *before = dump_since(&f, oldest + 1);

		done = prune_once(&f, 40, 1);
		ck_assert_int_le(store_oldest(f.store), oldest + 1);
		ck_assert_str_eq(dump_since(&f, oldest + 1), before);
		check_whole(&f);
		if (++steps % 16 == 0) {
			store_fixture_reopen(&f);
			store_fixture_put(&f, "k1", "meanwhile");
		}
		ck_assert_int_lt(steps, STEPS_MAX);
	}
	ck_assert_int_eq(store_oldest(f.store), 40);
	ck_assert_int_gt(steps, 60);
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_prune_when_done_then_rows_are_gone)
{
	struct store_fixture f;
	char answer[32];

	store_fixture_init(&f);
	for (int i = 0; i < MANY; i++)
		store_fixture_put(&f, i % 2 ? "a" : "b", "x");
	store_fixture_put(&f, "once", "x");
	prune(&f, MANY + 1);
	ck_assert_int_eq(statement_once(f.store->db,
					"SELECT (SELECT count(*) FROM item) "
					"|| ' ' || count(*) FROM change",
					answer, sizeof(answer), &f.err),
			 STATUS_OK);
	ck_assert_str_eq(answer, "3 3");
	check_whole(&f);
	store_fixture_fini(&f);
}
END_TEST

/* A change of many items goes in as many steps as it takes. */
START_TEST(test_prune_when_change_is_large_then_steps_stay_small)
{
	struct store_fixture f;
	struct change *change;
	char key[16];
	int steps = 0;

	store_fixture_init(&f);
	for (int round = 0; round < 2; round++) {
		change = store_fixture_change(&f, "default");
		for (int i = 0; i < MANY; i++) {
			(void)snprintf(key, sizeof(key), "k%d", i);
			store_fixture_add(&f, change, KIND_TOGGLE, key,
					  round ? "new" : "old");
		}
		ck_assert_int_eq(store_fixture_commit(&f, change), STATUS_OK);
	}
	store_fixture_put(&f, "k0", "last");
	while (!prune_once(&f, 3, 10)) {
		check_whole(&f);
		steps++;
	}
	ck_assert_int_ge(steps, 2 * MANY / 10);
	ck_assert_int_eq(store_oldest(f.store), 3);
	store_fixture_fini(&f);
}
END_TEST

static void
remember(struct store_fixture *f, const char *key, bool with_change)
{
	struct store_write write = {
		.idempotency = { .key = text_of(key),
				 .environment = text_of("default"),
				 .revision = 1 },
	};

	if (with_change) {
		struct change *change = store_fixture_change(f, "default");

		store_fixture_add(f, change, KIND_TOGGLE, "a", key);
		write.change = change;
		write.idempotency.revision = change->revision;
	}
	ck_assert_int_eq(store_commit(f->store, &write, 1, &f->err), STATUS_OK);
}

static bool
is_remembered(struct store_fixture *f, const char *key)
{
	struct idempotency found;

	return store_find_request(f->store, text_of("default"), text_of(key),
				  &found, NULL) == STATUS_OK;
}

START_TEST(test_prune_when_request_is_older_then_forgotten_too)
{
	struct store_fixture f;
	char answer[32];

	store_fixture_init(&f);
	remember(&f, "first", true);
	remember(&f, "second", true);
	remember(&f, "unchanged", false); /* refers to revision 1 */
	remember(&f, "third", true);
	remember(&f, "new and unchanged", false);
	prune(&f, 3);
	ck_assert_int_eq(store_oldest(f.store), 3);
	ck_assert(!is_remembered(&f, "first"));
	ck_assert(!is_remembered(&f, "second"));
	ck_assert(!is_remembered(&f, "unchanged"));
	ck_assert(is_remembered(&f, "third"));
	ck_assert(is_remembered(&f, "new and unchanged"));
	ck_assert_int_eq(statement_once(f.store->db,
					"SELECT count(*) FROM request", answer,
					sizeof(answer), &f.err),
			 STATUS_OK);
	ck_assert_str_eq(answer, "2");
	store_fixture_fini(&f);
}
END_TEST

/* The release before takes a missing revision for damage. */
START_TEST(test_prune_when_done_then_the_release_before_refuses)
{
	struct embedded_file older[] = { embedded_migrations[0], { 0 } };
	struct store_options options = store_options_default(STORE_CREATE, 5);
	struct store_fixture f;

	store_fixture_init(&f);
	fill(&f);
	options.migrations = older;
	for (int pruned = 0; pruned < 2; pruned++) {
		struct error err;
		enum status status;

		if (pruned)
			prune(&f, 20);
		store_fixture_close(&f);
		error_init(&err);
		status = store_open_with(f.path, &options, &f.store, &err);
		ck_assert_int_eq(status, pruned ? STATUS_INVALID : STATUS_OK);
		if (pruned)
			ck_assert_ptr_nonnull(
			    strstr(err.text, "or a newer one"));
		store_fixture_reopen(&f);
	}
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_time_when_before_horizon_then_none)
{
	struct store_fixture f;
	int64_t revision = -1;

	store_fixture_init(&f);
	fill(&f);
	prune(&f, 20);
	ck_assert_int_eq(store_revision_at(f.store, 19999, &revision, &f.err),
			 STATUS_OK);
	ck_assert_int_eq(revision, 0);
	ck_assert_int_eq(store_revision_at(f.store, 20000, &revision, &f.err),
			 STATUS_OK);
	ck_assert_int_eq(revision, 20);
	store_fixture_fini(&f);
}
END_TEST

struct tampering {
	const char *sql;
	const char *text; /* how the report begins */
};

/* Pruned up to 20. */
static const struct tampering tamperings[] = {
	{ "UPDATE item SET definition = 'x' WHERE revision = "
	  "(SELECT min(revision) FROM item WHERE definition IS NOT NULL)",
	  "revision 20: what is kept from before it" },
	{ "UPDATE change SET actor = 'eve' WHERE revision < 19",
	  "revision 20: what is kept from before it" },
	{ "DELETE FROM item WHERE revision = "
	  "(SELECT min(revision) FROM item)",
	  "revision " },
	{ "UPDATE item SET previous = 3 WHERE revision < 19", "revision " },
	{ "UPDATE horizon SET hash = zeroblob(32)",
	  "revision 20: what is stored is not what was committed" },
	{ "UPDATE horizon SET items = items + 1",
	  "revision 20: what is kept from before it" },
	{ "UPDATE horizon SET revision = 21", "revision " },
	{ "UPDATE horizon SET revision = 99", "revision " },
	{ "UPDATE horizon SET revision = 18", "revision " },
	{ "UPDATE horizon SET kind = 2, key = 'k0'", "revision " },
	{ "UPDATE horizon SET kind = 0",
	  "revision 20: the horizon stands on an item of it that is not" },
	{ "DELETE FROM change WHERE revision = 20",
	  "revision 20: it is missing" },
	{ "DELETE FROM item WHERE revision > 19;"
	  "DELETE FROM change WHERE revision > 19",
	  "revision 20: it is missing" },
	{ "INSERT INTO change VALUES (2, 'default', 2000, '', '', "
	  "zeroblob(32), 0)",
	  "revision 2: it is pruned, but still there" },
	{ "UPDATE item SET definition = 'x' WHERE revision = 30",
	  "revision 30: " },
};

START_TEST(test_verify_when_pruned_and_tampered_then_damage_is_found)
{
	const struct tampering *t = &tamperings[_i];
	struct store_fixture f;
	int64_t changes = -1;

	store_fixture_init(&f);
	fill(&f);
	prune(&f, 20);
	store_fixture_tamper(&f, t->sql);
	ck_assert_int_eq(store_verify(f.store, &changes, &f.err),
			 STATUS_CORRUPT);
	ck_assert_msg(strncmp(f.err.text, t->text, strlen(t->text)) == 0,
		      "'%s', not '%s'", f.err.text, t->text);
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_prune_when_dead_then_refused)
{
	struct store_fixture f;
	bool done = false;

	store_fixture_init(&f);
	f.store->dead = true;
	ck_assert_int_eq(store_prune(f.store, 1, 1, 1, &done, &f.err),
			 STATUS_IO);
	store_fixture_fini(&f);
}
END_TEST

/* What follows is as durable as ever. */
START_TEST(test_prune_when_done_then_commits_are_synced_again)
{
	struct store_fixture f;
	char answer[8];

	store_fixture_init(&f);
	fill(&f);
	prune(&f, 20);
	ck_assert_int_eq(statement_once(f.store->db, "PRAGMA synchronous",
					answer, sizeof(answer), &f.err),
			 STATUS_OK);
	ck_assert_str_eq(answer, "2");
	store_fixture_fini(&f);
}
END_TEST

/* Changes at these times, in hours; the newest of them is an hour old. What is
 * older than 100 hours goes. */
static const struct clocked {
	int64_t hours[6];
	int64_t oldest; /* that is left */
} clocked[] = {
	{ { 800, 850, 880, 950, 990, 999 }, 3 },
	/* Made while the clock was far ahead. */
	{ { 800, 9000, 9001, 880, 890, 999 }, 5 },
	{ { 800, 810, 820, 830, 840, 9000 }, 5 },
	{ { 9000, 9001, 9002, 9003, 9004, 9005 }, 1 },
	/* Made while it was far behind: the good ones stay. */
	{ { 950, 960, 970, 980, 1, 999 }, 1 },
	{ { 950, 960, 970, 980, 990, 1 }, 1 },
	{ { 800, 1, 880, 950, 990, 999 }, 3 },
};

START_TEST(test_prune_when_clock_was_wrong_then_no_good_history_goes)
{
	const struct clocked *c = &clocked[_i];
	struct store_fixture f;
	bool done = false;

	store_fixture_init(&f);
	for (int i = 0; i < 6; i++) {
		struct change *change = store_fixture_change(&f, "default");

		change->at_ms = c->hours[i];
		store_fixture_add(&f, change, KIND_TOGGLE, "a", "x");
		ck_assert_int_eq(store_fixture_commit(&f, change), STATUS_OK);
	}
	while (!done) {
		ck_assert_int_eq(
		    store_prune(f.store, 900, 1000, 1, &done, &f.err),
		    STATUS_OK);
		check_whole(&f);
	}
	ck_assert_int_eq(store_oldest(f.store), c->oldest);
	store_fixture_fini(&f);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("store_prune");
	TCase *tcase = tcase_create("store_prune");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, test_prune_when_nothing_is_old_then_nothing_goes);
	tcase_add_loop_test(tcase,
			    test_prune_when_done_then_the_rest_reads_as_before,
			    0, CHANGES);
	tcase_add_test(tcase,
		       test_prune_when_in_the_middle_then_whole_and_readable);
	tcase_add_test(tcase, test_prune_when_done_then_rows_are_gone);
	tcase_add_test(tcase,
		       test_prune_when_change_is_large_then_steps_stay_small);
	tcase_add_test(tcase,
		       test_prune_when_request_is_older_then_forgotten_too);
	tcase_add_test(tcase,
		       test_prune_when_done_then_the_release_before_refuses);
	tcase_add_test(tcase, test_time_when_before_horizon_then_none);
	tcase_add_loop_test(
	    tcase, test_verify_when_pruned_and_tampered_then_damage_is_found, 0,
	    (int)(sizeof(tamperings) / sizeof(tamperings[0])));
	tcase_add_test(tcase, test_prune_when_dead_then_refused);
	tcase_add_test(tcase,
		       test_prune_when_done_then_commits_are_synced_again);
	tcase_add_loop_test(
	    tcase, test_prune_when_clock_was_wrong_then_no_good_history_goes, 0,
	    (int)(sizeof(clocked) / sizeof(clocked[0])));
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

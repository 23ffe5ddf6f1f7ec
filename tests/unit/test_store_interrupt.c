/*
 * Every operation of the store with one of its statements giving up, at each
 * place where SQLite can: it says so, what it answers otherwise is all of it,
 * and the store goes on as if nothing had been.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "interrupt.h"
#include "store/database.h"
#include "store_fixture.h"
#include "suite.h"

enum { CHANGES = 12, OLDEST = 4, TIMEOUT_S = 600 };

static void
setup(void)
{
	interrupt_install();
	interrupt_at(0);
}

/* Revisions up to CHANGES; a removal, a segment, another environment, a
 * remembered request; pruned up to OLDEST. */
static void
fill(struct store_fixture *f)
{
	struct store_write write = { .idempotency = { .revision = CHANGES } };
	char key[8];
	bool done = false;

	while (store_head(f->store) < CHANGES - 1) {
		const int64_t r = store_head(f->store) + 1;
		struct change *change =
		    store_fixture_change(f, r % 5 == 0 ? "prod" : "default");

		(void)snprintf(key, sizeof(key), "k%lld", (long long)(r % 4));
		store_fixture_add(f, change, KIND_TOGGLE, key,
				  r == 7 ? NULL : "text");
		if (r % 3 == 0)
			store_fixture_add(f, change, KIND_SEGMENT, "s", key);
		ck_assert_int_eq(store_fixture_commit(f, change), STATUS_OK);
	}
	write.change = store_fixture_change(f, "default");
	write.idempotency.key = text_of("request");
	write.idempotency.environment = text_of("default");
	ck_assert_int_eq(store_commit(f->store, &write, 1, &f->err), STATUS_OK);
	while (!done)
		ck_assert_int_eq(store_prune(f->store, 1000 * OLDEST, INT64_MAX,
					     3, &done, &f->err),
				 STATUS_OK);
}

/* --- reading ------------------------------------------------------------ */

static enum status
tell_item(const struct stored_item *item, void *ctx, struct error *err)
{
	(void)err;
	bytes_printf(
	    ctx, "%.*s/%.*s@%lld=%.*s by %.*s\n", (int)item->environment.length,
	    item->environment.data, (int)item->key.length, item->key.data,
	    (long long)item->revision, (int)item->text.length, item->text.data,
	    (int)item->actor.length, item->actor.data);
	return STATUS_OK;
}

static enum status
tell_change(const struct stored_change *change, void *ctx, struct error *err)
{
	(void)err;
	bytes_printf(ctx, "%lld %.*s\n", (long long)change->revision,
		     (int)change->comment.length, change->comment.data);
	for (size_t i = 0; i < change->count; i++)
		bytes_printf(ctx, " %.*s:%.*s@%lld\n",
			     (int)change->items[i].key.length,
			     change->items[i].key.data,
			     (int)change->items[i].before.length,
			     change->items[i].before.data,
			     (long long)change->items[i].before_revision);
	return STATUS_OK;
}

static enum status
load(struct store_fixture *f, struct bytes *told)
{
	return store_load(f->store, text_of(""), INT64_MAX, tell_item, told,
			  &f->err);
}

static enum status
load_older(struct store_fixture *f, struct bytes *told)
{
	return store_load(f->store, text_of("default"), CHANGES - 5, tell_item,
			  told, &f->err);
}

static enum status
load_one(struct store_fixture *f, struct bytes *told)
{
	const struct stored_key key = { text_of("default"), KIND_TOGGLE,
					text_of("k1") };

	return store_load_one(f->store, &key, CHANGES - 5, tell_item, told,
			      &f->err);
}

static enum status
history(struct store_fixture *f, struct history_query query, struct bytes *told)
{
	query.limit = SIZE_MAX;
	return store_history(f->store, &query, tell_change, told, &f->err);
}

static enum status
history_of_all(struct store_fixture *f, struct bytes *told)
{
	return history(f, (struct history_query){ .before = 0 }, told);
}

static enum status
history_of_key(struct store_fixture *f, struct bytes *told)
{
	return history(
	    f,
	    (struct history_query){ .environment = text_of("default"),
				    .key = text_of("k2"),
				    .before = CHANGES },
	    told);
}

static enum status
history_of_revision(struct store_fixture *f, struct bytes *told)
{
	return history(f, (struct history_query){ .revision = 9 }, told);
}

static enum status
revision_at(struct store_fixture *f, struct bytes *told)
{
	int64_t revision = 0;
	const enum status status =
	    store_revision_at(f->store, 8500, &revision, &f->err);

	bytes_append_int(told, revision);
	return status;
}

static enum status
find_request(struct store_fixture *f, struct bytes *told)
{
	struct idempotency found = { .revision = 0 };
	const enum status status = store_find_request(
	    f->store, text_of("default"), text_of("request"), &found, &f->err);

	bytes_append_int(told, found.revision);
	return status;
}

static enum status
verify(struct store_fixture *f, struct bytes *told)
{
	int64_t changes = 0;
	const enum status status = store_verify(f->store, &changes, &f->err);

	bytes_append_int(told, changes);
	return status;
}

/* A file that nobody serves, next to the store. */
static enum status
verify_file(struct store_fixture *f, struct bytes *told)
{
	struct database_facts facts = { .changes = 0 };
	char copy[128];
	enum status status;

	(void)snprintf(copy, sizeof(copy), "%s/copy.db", f->directory);
	status = database_verify(copy, &facts, &f->err);
	bytes_printf(told, "%lld %lld %lld", (long long)facts.head,
		     (long long)facts.oldest, (long long)facts.changes);
	return status;
}

struct question {
	const char *name;
	enum status (*ask)(struct store_fixture *f, struct bytes *told);
};

static const struct question questions[] = {
	{ "load", load },
	{ "load an older state", load_older },
	{ "load one", load_one },
	{ "history", history_of_all },
	{ "history of a key", history_of_key },
	{ "history of a revision", history_of_revision },
	{ "revision at a time", revision_at },
	{ "find a request", find_request },
	{ "verify", verify },
	{ "verify a file", verify_file },
};

static void
back_up(struct store_fixture *f)
{
	struct store_backup *backup = NULL;
	char copy[128];
	bool done = false;

	(void)snprintf(copy, sizeof(copy), "%s/copy.db", f->directory);
	ck_assert_int_eq(store_backup_begin(f->store, copy, &backup, &f->err),
			 STATUS_OK);
	while (!done)
		ck_assert_int_eq(store_backup_step(backup, 100, &done, &f->err),
				 STATUS_OK);
	store_backup_end(backup);
}

START_TEST(test_read_when_statement_gives_up_then_error_or_all_of_it)
{
	const struct question *question = &questions[_i];
	struct store_fixture f;
	struct bytes expected;
	struct bytes told;
	struct strikes strikes = { .struck = true };

	store_fixture_init(&f);
	fill(&f);
	back_up(&f);
	bytes_init(&expected);
	bytes_init(&told);
	ck_assert_int_eq(question->ask(&f, &expected), STATUS_OK);
	while (strikes.struck) {
		enum status status;

		bytes_clear(&told);
		error_init(&f.err);
		strikes_next(&strikes);
		status = question->ask(&f, &told);
		strikes_end(&strikes, status != STATUS_OK);
		ck_assert(!store_is_dead(f.store));
		if (status != STATUS_OK) {
			ck_assert_msg(strstr(f.err.text, "interrupted") != NULL,
				      "%s: '%s'", question->name, f.err.text);
			continue;
		}
		ck_assert_msg(
		    told.length == expected.length &&
			memcmp(told.data, expected.data, told.length) == 0,
		    "%s, look %lld", question->name, (long long)strikes.n);
	}
	ck_assert_msg(strikes.refused > 0, "%s: never stopped", question->name);
	/* No statement was left open: it would hold its place in the log. */
	store_fixture_put(&f, "goes", "on");
	bytes_fini(&expected);
	bytes_fini(&told);
	store_fixture_fini(&f);
}
END_TEST

/* --- writing ------------------------------------------------------------ */

static void
check_whole(struct store_fixture *f)
{
	int64_t changes = 0;

	ck_assert_msg(store_verify(f->store, &changes, &f->err) == STATUS_OK,
		      "%s", f->err.text);
	ck_assert_int_eq(changes,
			 store_head(f->store) + 1 - store_oldest(f->store));
}

static enum status
commit_pair(struct store_fixture *f)
{
	struct store_write writes[2];
	struct change *first = store_fixture_change(f, "default");
	struct change *second = store_fixture_change(f, "prod");

	memset(writes, 0, sizeof(writes));
	store_fixture_add(f, first, KIND_TOGGLE, "k1", "new");
	store_fixture_add(f, first, KIND_TOGGLE, "k0", NULL);
	second->revision++;
	second->at_ms += 1000;
	store_fixture_add(f, second, KIND_SEGMENT, "s", "new");
	writes[0].change = first;
	writes[1].change = second;
	writes[1].idempotency.key = text_of("pair");
	writes[1].idempotency.environment = text_of("prod");
	writes[1].idempotency.revision = second->revision;
	return store_commit(f->store, writes, 2, &f->err);
}

START_TEST(test_commit_when_statement_gives_up_then_all_or_nothing)
{
	struct store_fixture f;
	struct strikes strikes = { .struck = true };

	store_fixture_init(&f);
	fill(&f);
	while (strikes.struck) {
		const int64_t head = store_head(f.store);
		enum status status;

		strikes_next(&strikes);
		status = commit_pair(&f);
		strikes_end(&strikes, status != STATUS_OK);
		ck_assert(!store_is_dead(f.store));
		ck_assert_int_eq(store_head(f.store),
				 head + (status == STATUS_OK ? 2 : 0));
		check_whole(&f);
	}
	ck_assert_int_gt(strikes.refused, 0);
	store_fixture_reopen(&f);
	check_whole(&f);
	store_fixture_fini(&f);
}
END_TEST

START_TEST(test_prune_when_statement_gives_up_then_whole_and_goes_on)
{
	struct store_fixture f;
	struct strikes strikes = { .struck = true };
	int died = 0;
	bool done = false;

	store_fixture_init(&f);
	fill(&f);
	while (!done) {
		const int64_t oldest = store_oldest(f.store);
		enum status status;

		strikes_next(&strikes);
		status = store_prune(f.store, 1000 * (CHANGES + 1), INT64_MAX,
				     40, &done, &f.err);
		strikes_end(&strikes, status != STATUS_OK);
		check_whole(&f);
		/* Only when commits could not be made durable again. */
		if (store_is_dead(f.store)) {
			ck_assert_int_ne(status, STATUS_OK);
			ck_assert_int_ne(commit_pair(&f), STATUS_OK);
			store_fixture_reopen(&f);
			died++;
			continue;
		}
		if (status == STATUS_OK)
			continue;
		ck_assert_int_eq(store_oldest(f.store), oldest);
		ck_assert_ptr_nonnull(strstr(f.err.text, "prune the history"));
	}
	/* Some were refused by a store that lived on. */
	ck_assert_int_gt(strikes.refused, died);
	ck_assert_int_gt(died, 0);
	ck_assert_int_eq(store_oldest(f.store), CHANGES);
	store_fixture_put(&f, "goes", "on");
	check_whole(&f);
	store_fixture_fini(&f);
}
END_TEST

/* Migrations and all; the second time there is a store. */
START_TEST(test_open_when_statement_gives_up_then_refused_and_next_opens)
{
	struct store_fixture f;
	struct strikes strikes = { .struck = true };

	store_fixture_init(&f);
	if (_i == 1)
		fill(&f);
	while (strikes.struck) {
		enum status status;

		store_fixture_close(&f);
		if (_i == 0)
			ck_assert_int_eq(unlink(f.path), 0);
		error_init(&f.err);
		strikes_next(&strikes);
		status = store_open(f.path, STORE_CREATE, 5, &f.store, &f.err);
		strikes_end(&strikes, status != STATUS_OK);
		if (status != STATUS_OK) {
			f.store = NULL;
			store_fixture_reopen(&f);
		}
		ck_assert_int_eq(store_head(f.store), _i == 0 ? 0 : CHANGES);
		check_whole(&f);
	}
	ck_assert_int_gt(strikes.refused, 0);
	store_fixture_fini(&f);
}
END_TEST

static void
add(TCase *tc)
{
	tcase_set_timeout(tc, TIMEOUT_S);
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_loop_test(
	    tc, test_read_when_statement_gives_up_then_error_or_all_of_it, 0,
	    (int)(sizeof(questions) / sizeof(questions[0])));
	tcase_add_test(tc,
		       test_commit_when_statement_gives_up_then_all_or_nothing);
	tcase_add_test(
	    tc, test_prune_when_statement_gives_up_then_whole_and_goes_on);
	tcase_add_loop_test(
	    tc, test_open_when_statement_gives_up_then_refused_and_next_opens,
	    0, 2);
}

int
main(void)
{
	return suite_main("store_interrupt", add);
}

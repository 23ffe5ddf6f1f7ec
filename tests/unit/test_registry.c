/* The registry, on a database of its own, driven as the HTTP side drives it. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "model/name.h"
#include "registry/registry.h"
#include "wire/json.h"

/* One registry, and the newest catalog that it published. */
struct fixture {
	char dir[64];
	char path[96];
	struct registry *registry;
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	struct catalog *catalog;
	unsigned published;
	struct arena arena;
	struct error err;
};

static struct fixture f;

static void
publish(void *ctx, const struct catalog *catalog)
{
	struct fixture *fixture = ctx;

	pthread_mutex_lock(&fixture->mutex);
	catalog_unref(fixture->catalog);
	fixture->catalog = catalog_ref(catalog);
	fixture->published++;
	pthread_mutex_unlock(&fixture->mutex);
}

static void
start(void)
{
	struct registry_config config = { .database = f.path,
					  .mailbox_limit = 64,
					  .group_limit = 16,
					  .clock = clock_system(),
					  .publish = publish,
					  .ctx = &f };

	error_init(&f.err);
	ck_assert_msg(registry_start(&config, &f.registry, &f.err) == STATUS_OK,
		      "%s", f.err.text);
}

static void
stop(void)
{
	registry_stop(f.registry);
	f.registry = NULL;
}

static void
setup(void)
{
	memset(&f, 0, sizeof(f));
	strcpy(f.dir, "/tmp/test_registry.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(f.dir));
	snprintf(f.path, sizeof(f.path), "%s/t.db", f.dir);
	pthread_mutex_init(&f.mutex, NULL);
	pthread_cond_init(&f.cond, NULL);
	arena_init(&f.arena);
	start();
}

static void
teardown(void)
{
	char path[128];

	stop();
	catalog_unref(f.catalog);
	arena_fini(&f.arena);
	unlink(f.path);
	snprintf(path, sizeof(path), "%s-wal", f.path);
	unlink(path);
	rmdir(f.dir);
}

/* Jobs tell the test's thread that they are done. */
struct ticket {
	struct job job;
	bool is_done;
};

static void
on_done(struct job *job)
{
	struct ticket *ticket = job->owner;

	pthread_mutex_lock(&f.mutex);
	ticket->is_done = true;
	pthread_cond_broadcast(&f.cond);
	pthread_mutex_unlock(&f.mutex);
}

static void
ticket_init(struct ticket *t, enum job_type type)
{
	memset(t, 0, sizeof(*t));
	job_init(&t->job, type);
	t->job.done = on_done;
	t->job.owner = t;
	t->job.environment = (struct string){ "default", 7 };
	t->job.actor = (struct string){ "ann", 3 };
	t->job.comment = (struct string){ "why", 3 };
}

static void
submit(struct ticket *t)
{
	struct error err;

	error_init(&err);
	ck_assert_int_eq(registry_submit(f.registry, &t->job, &err), STATUS_OK);
}

static void
wait_for(struct ticket *t)
{
	pthread_mutex_lock(&f.mutex);
	while (!t->is_done)
		pthread_cond_wait(&f.cond, &f.mutex);
	pthread_mutex_unlock(&f.mutex);
}

static struct string
str(const char *s)
{
	return (struct string){ s, strlen(s) };
}

static struct edit *
edit(enum edit_verb verb, enum kind kind, const char *key, const char *json)
{
	struct edit *e = arena_zalloc(&f.arena, 1, sizeof(*e));

	e->verb = verb;
	e->kind = kind;
	e->key = str(key);
	e->pointer = "";
	if (json != NULL)
		ck_assert_int_eq(json_decode(json, strlen(json), NULL, &f.arena,
					     &e->value, &f.err),
				 STATUS_OK);
	return e;
}

static void
order(struct ticket *t, enum edit_verb verb, enum kind kind, const char *key,
      const char *json)
{
	ticket_init(t, JOB_WRITE);
	t->job.write.edits = edit(verb, kind, key, json);
	t->job.write.count = 1;
}

static enum status
run(struct ticket *t)
{
	submit(t);
	wait_for(t);
	return t->job.status;
}

/* Do one write; returns its revision. */
static int64_t
write_one(enum edit_verb verb, enum kind kind, const char *key,
	  const char *json)
{
	struct ticket t;
	int64_t revision;

	order(&t, verb, kind, key, json);
	ck_assert_msg(run(&t) == STATUS_OK, "%s", t.job.error.text);
	revision = t.job.revision;
	job_fini(&t.job);
	return revision;
}

static const struct definition *
now(const char *key)
{
	struct snapshot *s = catalog_find(f.catalog, "default", 7);

	return snapshot_find(s, KIND_TOGGLE, key, strlen(key));
}

START_TEST(test_start_when_fresh_then_default_environment_is_revision_one)
{
	ck_assert_int_eq(f.catalog->head, 1);
	ck_assert_ptr_nonnull(catalog_find(f.catalog, "default", 7));
}
END_TEST

START_TEST(test_put_when_empty_object_then_boolean_toggle)
{
	int64_t revision = write_one(EDIT_PUT, KIND_TOGGLE, "a", "{}");
	const struct definition *a = now("a");

	ck_assert_int_eq(revision, 2);
	ck_assert_ptr_nonnull(a);
	ck_assert(a->enabled);
	ck_assert_int_eq((int)a->variant_count, 2);
	ck_assert_int_eq(a->default_variant, 1);
	ck_assert_int_eq(a->revision, 2);
}
END_TEST

START_TEST(test_write_when_nothing_changes_then_no_revision)
{
	struct ticket t;

	write_one(EDIT_PUT, KIND_TOGGLE, "a", "{}");
	order(&t, EDIT_PATCH, KIND_TOGGLE, "a",
	      "{\"variants\":{\"off\":false,\"on\":true}}");
	ck_assert_int_eq(run(&t), STATUS_OK);
	ck_assert_int_eq(t.job.verdict, VERDICT_UNCHANGED);
	ck_assert_ptr_nonnull(t.job.current);
	ck_assert_int_eq(f.catalog->head, 2);
	job_fini(&t.job);
}
END_TEST

START_TEST(test_patch_when_absent_then_not_found)
{
	struct ticket t;

	order(&t, EDIT_PATCH, KIND_TOGGLE, "nope", "{}");
	t.job.write.precondition.is_there = true;
	ck_assert_int_eq(run(&t), STATUS_NOT_FOUND);
	job_fini(&t.job);
}
END_TEST

START_TEST(test_write_when_revision_moved_then_precondition_with_current)
{
	struct ticket t;

	write_one(EDIT_PUT, KIND_TOGGLE, "a", "{}");
	write_one(EDIT_PATCH, KIND_TOGGLE, "a", "{\"state\":\"DISABLED\"}");
	order(&t, EDIT_PATCH, KIND_TOGGLE, "a", "{\"owner\":\"x\"}");
	t.job.write.precondition.revision = 2;
	ck_assert_int_eq(run(&t), STATUS_PRECONDITION);
	ck_assert_ptr_nonnull(t.job.current);
	ck_assert_int_eq(t.job.current->revision, 3);
	job_fini(&t.job);
}
END_TEST

START_TEST(test_write_when_dry_run_then_nothing_is_kept)
{
	struct ticket t;

	order(&t, EDIT_PUT, KIND_TOGGLE, "a", "{}");
	t.job.dry_run = true;
	ck_assert_int_eq(run(&t), STATUS_OK);
	ck_assert_int_eq((int)t.job.change->count, 1);
	ck_assert_ptr_nonnull(t.job.change->items[0].after);
	ck_assert_int_eq(f.catalog->head, 1);
	ck_assert_ptr_null(now("a"));
	job_fini(&t.job);
}
END_TEST

START_TEST(test_key_when_repeated_then_same_answer_also_after_restart)
{
	struct ticket t;
	int64_t first;

	for (int round = 0; round < 3; round++) {
		order(&t, EDIT_PUT, KIND_TOGGLE, "a", "{}");
		t.job.idempotency_key = str("k1");
		ck_assert_int_eq(run(&t), STATUS_OK);
		if (round == 0)
			first = t.job.revision;
		ck_assert_int_eq(t.job.revision, first);
		ck_assert_int_eq(t.job.verdict, VERDICT_CREATED);
		ck_assert_int_eq((int)t.job.change->count, 1);
		job_fini(&t.job);
		write_one(EDIT_PUT, KIND_TOGGLE, "a",
			  round == 0 ? "{\"owner\":\"0\"}"
				     : "{\"owner\":\"1\"}");
		if (round == 1) {
			stop();
			start();
		}
	}
}
END_TEST

START_TEST(test_key_when_used_for_another_request_then_conflict)
{
	struct ticket t;

	order(&t, EDIT_PUT, KIND_TOGGLE, "a", "{}");
	t.job.idempotency_key = str("k1");
	ck_assert_int_eq(run(&t), STATUS_OK);
	job_fini(&t.job);
	order(&t, EDIT_PUT, KIND_TOGGLE, "b", "{}");
	t.job.idempotency_key = str("k1");
	t.job.fingerprint[0] = 1;
	ck_assert_int_eq(run(&t), STATUS_CONFLICT);
	job_fini(&t.job);
}
END_TEST

START_TEST(test_segment_when_referred_to_then_removal_names_the_toggles)
{
	struct ticket t;

	write_one(EDIT_PUT, KIND_SEGMENT, "staff",
		  "{\"==\":[{\"var\":\"plan\"},\"staff\"]}");
	write_one(EDIT_PUT, KIND_TOGGLE, "a",
		  "{\"targeting\":{\"if\":[{\"$ref\":\"staff\"},\"on\"]}}");
	order(&t, EDIT_REMOVE, KIND_SEGMENT, "staff", NULL);
	ck_assert_int_eq(run(&t), STATUS_CONFLICT);
	ck_assert_ptr_nonnull(strstr(t.job.error.text, "'a'"));
	job_fini(&t.job);
	write_one(EDIT_PUT, KIND_TOGGLE, "a", "{}");
	write_one(EDIT_REMOVE, KIND_SEGMENT, "staff", NULL);
}
END_TEST

START_TEST(test_rollback_when_to_a_revision_then_exactly_as_it_was)
{
	struct ticket t;
	int64_t good;

	write_one(EDIT_PUT, KIND_TOGGLE, "a", "{}");
	good = write_one(EDIT_PUT, KIND_TOGGLE, "b", "{}");
	write_one(EDIT_PATCH, KIND_TOGGLE, "a", "{\"state\":\"DISABLED\"}");
	write_one(EDIT_REMOVE, KIND_TOGGLE, "b", NULL);
	write_one(EDIT_PUT, KIND_TOGGLE, "c", "{}");
	ticket_init(&t, JOB_ROLLBACK);
	t.job.rollback.to.revision = good;
	ck_assert_msg(run(&t) == STATUS_OK, "%s", t.job.error.text);
	ck_assert_int_eq((int)t.job.change->count, 3);
	ck_assert_int_eq(t.job.revision, 7);
	job_fini(&t.job);
	ck_assert(now("a")->enabled);
	ck_assert_ptr_nonnull(now("b"));
	ck_assert_ptr_null(now("c"));
	/* Again: there is nothing to do. */
	ticket_init(&t, JOB_ROLLBACK);
	t.job.rollback.to.revision = good;
	ck_assert_int_eq(run(&t), STATUS_OK);
	ck_assert_int_eq(t.job.verdict, VERDICT_UNCHANGED);
	job_fini(&t.job);
}
END_TEST

START_TEST(test_rollback_when_of_some_keys_then_others_stay)
{
	struct string key = { "a", 1 };
	struct ticket t;

	write_one(EDIT_PUT, KIND_TOGGLE, "a", "{}");
	write_one(EDIT_PUT, KIND_TOGGLE, "b", "{}");
	write_one(EDIT_PATCH, KIND_TOGGLE, "a", "{\"state\":\"DISABLED\"}");
	write_one(EDIT_PATCH, KIND_TOGGLE, "b", "{\"state\":\"DISABLED\"}");
	ticket_init(&t, JOB_ROLLBACK);
	t.job.rollback.to.revision = 3;
	t.job.rollback.keys = &key;
	t.job.rollback.key_count = 1;
	ck_assert_int_eq(run(&t), STATUS_OK);
	job_fini(&t.job);
	ck_assert(now("a")->enabled);
	ck_assert(!now("b")->enabled);
}
END_TEST

START_TEST(test_past_when_asked_then_as_it_was_then)
{
	struct ticket t;

	write_one(EDIT_PUT, KIND_TOGGLE, "a", "{}");
	write_one(EDIT_PATCH, KIND_TOGGLE, "a", "{\"state\":\"DISABLED\"}");
	ticket_init(&t, JOB_PAST);
	t.job.past.at.revision = 2;
	ck_assert_int_eq(run(&t), STATUS_OK);
	ck_assert(snapshot_find(t.job.snapshot, KIND_TOGGLE, "a", 1)->enabled);
	ck_assert_int_eq(t.job.snapshot->revision, 2);
	job_fini(&t.job);
}
END_TEST

START_TEST(test_history_when_asked_then_newest_first_with_before_and_after)
{
	struct ticket t;

	write_one(EDIT_PUT, KIND_TOGGLE, "a", "{}");
	write_one(EDIT_PATCH, KIND_TOGGLE, "a", "{\"state\":\"DISABLED\"}");
	ticket_init(&t, JOB_HISTORY);
	t.job.history.environment = str("default");
	t.job.history.key = str("a");
	t.job.history.limit = 10;
	ck_assert_int_eq(run(&t), STATUS_OK);
	ck_assert_int_eq((int)t.job.change_count, 2);
	ck_assert_int_eq(t.job.changes[0]->revision, 3);
	ck_assert(t.job.changes[0]->items[0].before->enabled);
	ck_assert(!t.job.changes[0]->items[0].after->enabled);
	ck_assert_ptr_null(t.job.changes[1]->items[0].before);
	job_fini(&t.job);
}
END_TEST

START_TEST(test_environment_when_removed_then_gone_and_starts_empty_again)
{
	struct ticket t;

	order(&t, EDIT_PUT, KIND_ENVIRONMENT, "prod", "{}");
	t.job.environment = str("prod");
	t.job.write.create_environment = true;
	ck_assert_msg(run(&t) == STATUS_OK, "%s", t.job.error.text);
	job_fini(&t.job);
	order(&t, EDIT_PUT, KIND_TOGGLE, "a", "{}");
	t.job.environment = str("prod");
	ck_assert_int_eq(run(&t), STATUS_OK);
	job_fini(&t.job);
	order(&t, EDIT_REMOVE, KIND_ENVIRONMENT, "prod", NULL);
	t.job.environment = str("prod");
	ck_assert_msg(run(&t) == STATUS_OK, "%s", t.job.error.text);
	job_fini(&t.job);
	ck_assert_ptr_null(catalog_find(f.catalog, "prod", 4));
	order(&t, EDIT_PUT, KIND_ENVIRONMENT, "prod", "{}");
	t.job.environment = str("prod");
	t.job.write.create_environment = true;
	ck_assert_int_eq(run(&t), STATUS_OK);
	job_fini(&t.job);
	ck_assert_uint_eq(
	    tree_count(catalog_find(f.catalog, "prod", 4)->toggles), 0);
	stop();
	start();
	ck_assert_uint_eq(
	    tree_count(catalog_find(f.catalog, "prod", 4)->toggles), 0);
}
END_TEST

START_TEST(test_environment_when_default_then_it_stays)
{
	struct ticket t;

	order(&t, EDIT_REMOVE, KIND_ENVIRONMENT, "default", NULL);
	ck_assert_int_eq(run(&t), STATUS_CONFLICT);
	job_fini(&t.job);
}
END_TEST

START_TEST(test_mailbox_when_many_writes_then_each_has_its_revision)
{
	enum { MANY = 48 };
	struct ticket *tickets = calloc(MANY, sizeof(*tickets));
	char key[16];
	bool seen[MANY + 3] = { false };

	for (int i = 0; i < MANY; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		order(&tickets[i], EDIT_PUT, KIND_TOGGLE,
		      arena_copy(&f.arena, key, strlen(key)), "{}");
	}
	for (int i = 0; i < MANY; i++)
		submit(&tickets[i]);
	for (int i = 0; i < MANY; i++) {
		wait_for(&tickets[i]);
		ck_assert_int_eq(tickets[i].job.status, STATUS_OK);
		ck_assert(!seen[tickets[i].job.revision]);
		seen[tickets[i].job.revision] = true;
		job_fini(&tickets[i].job);
	}
	ck_assert_int_eq(f.catalog->head, MANY + 1);
	free(tickets);
}
END_TEST

START_TEST(test_restart_when_there_is_history_then_the_same_state)
{
	struct string before;

	write_one(EDIT_PUT, KIND_SEGMENT, "s", "{\"var\":\"x\"}");
	write_one(EDIT_PUT, KIND_TOGGLE, "a",
		  "{\"targeting\":{\"if\":[{\"$ref\":\"s\"},\"on\",\"off\"]},"
		  "\"tags\":[\"t\"],\"metadata\":{\"n\":1.0}}");
	write_one(EDIT_PUT, KIND_TOGGLE, "gone", "{}");
	write_one(EDIT_REMOVE, KIND_TOGGLE, "gone", NULL);
	before.data = strdup(now("a")->text.data);
	stop();
	start();
	ck_assert_int_eq(f.catalog->head, 5);
	ck_assert_str_eq(now("a")->text.data, before.data);
	ck_assert_ptr_null(now("gone"));
	free((void *)(uintptr_t)before.data);
}
END_TEST

/* Enough that the loader shares them out to threads. */
START_TEST(test_restart_when_many_toggles_then_the_same_state)
{
	enum { MANY = 1000 };
	struct edit *edits = arena_zalloc(&f.arena, MANY, sizeof(*edits));
	struct ticket t;
	char key[16];

	for (int i = 0; i < MANY; i++) {
		snprintf(key, sizeof(key), "k%04d", i);
		edits[i] = *edit(EDIT_PUT, KIND_TOGGLE,
				 arena_copy(&f.arena, key, strlen(key)),
				 "{\"targeting\":{\"if\":[{\"var\":\"x\"},"
				 "\"on\"]}}");
	}
	ticket_init(&t, JOB_WRITE);
	t.job.write.edits = edits;
	t.job.write.count = MANY;
	ck_assert_int_eq(run(&t), STATUS_OK);
	job_fini(&t.job);
	stop();
	start();
	ck_assert_uint_eq(
	    tree_count(catalog_find(f.catalog, "default", 7)->toggles), MANY);
	for (int i = 0; i < MANY; i++) {
		snprintf(key, sizeof(key), "k%04d", i);
		ck_assert_ptr_nonnull(now(key));
		ck_assert_str_eq(now(key)->key.data, key);
		ck_assert_ptr_nonnull(now(key)->program);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("registry");
	TCase *tc = tcase_create("registry");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(
	    tc, test_start_when_fresh_then_default_environment_is_revision_one);
	tcase_add_test(tc, test_put_when_empty_object_then_boolean_toggle);
	tcase_add_test(tc, test_write_when_nothing_changes_then_no_revision);
	tcase_add_test(tc, test_patch_when_absent_then_not_found);
	tcase_add_test(
	    tc, test_write_when_revision_moved_then_precondition_with_current);
	tcase_add_test(tc, test_write_when_dry_run_then_nothing_is_kept);
	tcase_add_test(
	    tc, test_key_when_repeated_then_same_answer_also_after_restart);
	tcase_add_test(tc,
		       test_key_when_used_for_another_request_then_conflict);
	tcase_add_test(
	    tc, test_segment_when_referred_to_then_removal_names_the_toggles);
	tcase_add_test(tc,
		       test_rollback_when_to_a_revision_then_exactly_as_it_was);
	tcase_add_test(tc, test_rollback_when_of_some_keys_then_others_stay);
	tcase_add_test(tc, test_past_when_asked_then_as_it_was_then);
	tcase_add_test(
	    tc,
	    test_history_when_asked_then_newest_first_with_before_and_after);
	tcase_add_test(
	    tc, test_environment_when_removed_then_gone_and_starts_empty_again);
	tcase_add_test(tc, test_environment_when_default_then_it_stays);
	tcase_add_test(
	    tc, test_mailbox_when_many_writes_then_each_has_its_revision);
	tcase_add_test(tc,
		       test_restart_when_there_is_history_then_the_same_state);
	tcase_add_test(tc, test_restart_when_many_toggles_then_the_same_state);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	SRunner *sr = srunner_create(suite());
	int failed;

	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
